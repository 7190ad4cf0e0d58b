"""How fast 10,000 trials become a frame, and a page of them is filtered and sorted, beside MLflow on the same data."""

from __future__ import annotations

import tempfile
from pathlib import Path

from _measure import Figures, alternate, call, machine, table, verdict

TRIALS, PARAMS, METRICS = 10_000, 20, 10
ROUNDS = {"labdeck": 7, "mlflow": 3}
WHATS = {"frame": "all trials as a frame of pandas", "page": "filter by a metric and a parameter, sort, first 100"}


def main() -> None:
    """Fill both stores, measure in turns, print the table and the verdicts."""
    print(f"bench/list.py: {TRIALS:,} trials × {PARAMS} parameters × {METRICS} metrics")
    machine()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        places = {"labdeck": str(folder / "store"), "mlflow": str(folder / "mlflow.db")}
        for who, place in places.items():
            call(who, "_find_data.py", who, place, TRIALS, PARAMS, METRICS, 1, folder=folder)
        found = alternate(ROUNDS, lambda who: call(who, "_find_once.py", who, "list", places[who], folder=folder))
    for who, runs in found.items():
        if any(run["frame rows"] != TRIALS for run in runs):
            raise SystemExit(f"{who} does not return all trials")
    figures = {(who, what): Figures(tuple(run[what] for run in runs)) for who, runs in found.items() for what in WHATS}
    rows = [
        [text, who, figures[who, what].show(lambda ms: f"{ms:,.0f} ms")]
        for what, text in WHATS.items()
        for who in ROUNDS
    ]
    table(["what", "who", "median (min … max, rounds)"], rows)
    print()
    for what, goal in (("frame", 500), ("page", 50)):
        ours, theirs = figures["labdeck", what].median, figures["mlflow", what].median
        verdict(f"list, {what}", ours, goal, at_least=False, unit=" ms")
        verdict(f"list, {what}, MLflow / Labdeck", theirs / ours, 5, at_least=True)


if __name__ == "__main__":
    main()
