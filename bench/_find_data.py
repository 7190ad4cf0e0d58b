"""The same trials for Labdeck and for MLflow, which gets them by SQL into its tables: its API would take an hour."""

from __future__ import annotations

import random
import sqlite3
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

TEXT_EVERY = 3
BATCH = 2_000
OPTIMIZERS = ("sgd", "adam", "rmsprop")


@dataclass(frozen=True)
class Run:
    """One trial: parameters by name, and the points of each metric in order."""

    name: str
    params: dict[str, float | str]
    metrics: dict[str, list[float]]


def runs(trials: int, params: int, metrics: int, steps: int) -> Iterator[Run]:
    """Yield the same trials whenever it is called; every third parameter is text."""
    dice = random.Random(7)  # noqa: S311 - figures, no secrets
    for number in range(trials):
        yield Run(
            f"trial-{number}",
            {
                f"p{n}": dice.choice(OPTIMIZERS) if n % TEXT_EVERY == TEXT_EVERY - 1 else round(dice.random(), 6)
                for n in range(params)
            },
            {f"m{n}": [dice.random() for _ in range(steps)] for n in range(metrics)},
        )


def fill_mlflow(database: str, found: Iterator[Run]) -> str:
    """Write trials into a new MLflow store; return the experiment's id."""
    import mlflow

    home = mlflow.MlflowClient().create_experiment("bench")  # makes the tables, too
    connection = sqlite3.connect(database)
    started = 1_700_000_000_000
    for number, run in enumerate(found):
        key = uuid.uuid4().hex
        start = started + number * 1000
        connection.execute(
            "insert into runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time,"
            " end_time, source_version, lifecycle_stage, artifact_uri, experiment_id)"
            " values (?, ?, 'UNKNOWN', '', '', 'bench', 'FINISHED', ?, ?, '', 'active', ?, ?)",
            (key, run.name, start, start + 900, f"mlruns/{key}", int(home)),
        )
        connection.execute("insert into tags values ('mlflow.runName', ?, ?)", (run.name, key))
        params = [(name, str(value), key) for name, value in run.params.items()]
        connection.executemany("insert into params values (?, ?, ?)", params)
        latest = [(name, points[-1], start, len(points) - 1, 0, key) for name, points in run.metrics.items()]
        connection.executemany("insert into latest_metrics values (?, ?, ?, ?, ?, ?)", latest)
        points = [
            (name, value, start + step, key, step, 0)
            for name, values in run.metrics.items()
            for step, value in enumerate(values)
        ]
        connection.executemany("insert into metrics values (?, ?, ?, ?, ?, ?)", points)
    connection.commit()
    connection.close()
    return str(home)


def fill_labdeck(store: str, found: Iterator[Run]) -> None:
    """Write trials into a new Labdeck store as trials do: points into columns, summaries and facts into the catalog."""
    import numpy as np

    from labdeck.runs.summary import RunningSummary
    from labdeck.store.contract import Series, SeriesKey
    from labdeck.store.ids import new_id
    from labdeck.store.open import locate, open_store
    from labdeck.store.process import this_process
    from labdeck.wire import commands as wire
    from labdeck.wire.records import Param

    home, writer = new_id(), this_process()
    with open_store(locate(store)) as opened:
        opened.catalog.apply([wire.OpenExperiment(id=home, name="bench", created=1.0)])
        batch: list[wire.AnyCommand] = []
        for number, run in enumerate(found):
            key, summaries = new_id(), []
            lengths = [len(values) for values in run.metrics.values()]
            if max(lengths) > 1:
                points = opened.columns.writer(key)
                for step in range(lengths[0]):
                    points.log({name: values[step] for name, values in run.metrics.items()}, step)
                points.close()
            for name, values in run.metrics.items():
                steps = np.arange(len(values), dtype=np.int64)
                summary = RunningSummary()
                summary.add(Series(steps, steps + 1.7e9, np.array(values)))
                summaries.append(summary.record(SeriesKey("", name)))
            params = tuple(Param(name=name, value=value) for name, value in run.params.items())
            start = 1.7e9 + number
            batch += [
                wire.StartTrial(
                    id=key, experiment="bench", experiment_id=home, new_experiment_id=home, name=run.name,
                    started=start, writer=writer,
                ),
                wire.LogParams(trial_id=key, params=params),
                wire.AdvanceMetrics(trial_id=key, points=sum(lengths), metrics=tuple(summaries)),
                wire.FinishTrial(id=key, state="completed", ended=start + 0.9),
            ]  # fmt: skip
            if len(batch) > BATCH:
                opened.catalog.apply(batch)
                batch = []
        opened.catalog.apply(batch)


def main() -> None:
    """Fill a store: `_find_data.py WHO PLACE TRIALS PARAMS METRICS STEPS`."""
    who, place, *sizes = sys.argv[1:]
    found = runs(*map(int, sizes))
    if who == "mlflow":
        fill_mlflow(place, found)
    else:
        fill_labdeck(place, found)
    print("null")


if __name__ == "__main__":
    main()
