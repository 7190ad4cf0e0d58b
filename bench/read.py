"""How fast one metric of 100 trials is read: while they run, after they were packed, beside a table in SQLite."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from pathlib import Path

from _measure import Figures, alternate, machine, table, verdict

from labdeck.store.columns.files import FileColumns
from labdeck.store.contract import SeriesKey
from labdeck.store.ids import new_id

TRIALS, STEPS, METRICS = 100, 1000, 10
ROUNDS = 9
NAMES = [f"metric{number}" for number in range(METRICS)]


class Stores:
    """The same points three times: 100 trials of 10 metrics of 1,000 steps."""

    def __init__(self, folder: Path) -> None:
        self.segments, self.packed = FileColumns(folder / "segments"), FileColumns(folder / "packed")
        self.trials = [new_id() for _ in range(TRIALS)]
        for columns in (self.segments, self.packed):
            for trial_id in self.trials:
                writer = columns.writer(trial_id)
                for step in range(STEPS):
                    writer.log(dict.fromkeys(NAMES, (step * 37 % 1009) / 1009), step)
                writer.close()
        for trial_id in self.trials:
            self.packed.compact(trial_id)
        self.table = sqlite3.connect(folder / "points.db")
        self.table.execute(
            "create table point (trial integer, metric integer, number integer, step integer, time real, value real,"
            " primary key (trial, metric, number)) without rowid"
        )
        rows = (
            (trial, metric, step, step, 0.0, (step * 37 % 1009) / 1009)
            for trial in range(TRIALS)
            for metric in range(METRICS)
            for step in range(STEPS)
        )
        self.table.executemany("insert into point values (?, ?, ?, ?, ?, ?)", rows)
        self.table.commit()

    def read(self, what: str) -> tuple[float, float]:
        """Read one metric of all trials; return milliseconds of the clock and of the processor."""
        start, used = time.perf_counter(), time.process_time()
        if what == "sqlite":
            ask = "select step, time, value from point where trial = ? and metric = 3 order by number"
            found = sum(len(self.table.execute(ask, (trial,)).fetchall()) for trial in range(TRIALS))
        else:
            columns = self.segments if what == "segments" else self.packed
            found = sum(len(columns.series(trial_id, SeriesKey("", NAMES[3]))) for trial_id in self.trials)
        milliseconds = (time.perf_counter() - start) * 1000, (time.process_time() - used) * 1000
        if found != TRIALS * STEPS:
            raise SystemExit(f"{what}: {found} points instead of {TRIALS * STEPS}")
        return milliseconds


def main() -> None:
    """Measure in turns, print the table and the verdicts."""
    print(f"bench/read.py: one metric of {TRIALS} trials × {STEPS:,} steps; each trial has {METRICS} metrics")
    machine()
    with tempfile.TemporaryDirectory() as folder:
        stores = Stores(Path(folder))
        for what in ("segments", "packed", "sqlite"):
            stores.read(what)  # imports, and fills the file cache
        found = alternate({"segments": ROUNDS, "packed": ROUNDS, "sqlite": ROUNDS}, stores.read)
    clock = {what: Figures(tuple(one[0] for one in runs)) for what, runs in found.items()}
    used = {what: Figures(tuple(one[1] for one in runs)) for what, runs in found.items()}
    table(
        ["from", "clock: median (min … max, rounds)", "processor"],
        [
            [what, figures.show(lambda value: f"{value:.1f} ms"), f"{used[what].median:.1f} ms"]
            for what, figures in clock.items()
        ],
    )
    print()
    for what in ("segments", "packed"):
        verdict(f"read, {what}", clock[what].median, 50, at_least=False, unit=" ms")


if __name__ == "__main__":
    main()
