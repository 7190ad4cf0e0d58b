"""How fast one metric of 100 trials × 1,000 steps is read by the public calls, beside MLflow on the same data."""

from __future__ import annotations

import tempfile
from pathlib import Path

from _measure import Figures, alternate, call, machine, table, verdict

TRIALS, PARAMS, METRICS, STEPS = 100, 3, 10, 1000
ROUNDS = {"labdeck": 7, "mlflow": 3}


def main() -> None:
    """Fill both stores, measure in turns, print the table and the verdicts."""
    print(f"bench/history.py: one of {METRICS} metrics of {TRIALS} trials × {STEPS:,} steps")
    machine()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        places = {"labdeck": str(folder / "store"), "mlflow": str(folder / "mlflow.db")}
        for who, place in places.items():
            call(who, "_find_data.py", who, place, TRIALS, PARAMS, METRICS, STEPS, folder=folder)
        found = alternate(ROUNDS, lambda who: call(who, "_find_once.py", who, "history", places[who], folder=folder))
    for who, runs in found.items():
        if any(run["history rows"] != TRIALS * STEPS for run in runs):
            raise SystemExit(f"{who} does not return all points")
    figures = {who: Figures(tuple(run["history"] for run in runs)) for who, runs in found.items()}
    calls = {"labdeck": "trial.history for each trial", "mlflow": "get_metric_history for each run"}
    rows = [[who, calls[who], figures[who].show(lambda ms: f"{ms:,.1f} ms")] for who in ROUNDS]
    table(["who", "what", "median (min … max, rounds)"], rows)
    print()
    verdict("history", figures["labdeck"].median, 50, at_least=False, unit=" ms")
    verdict("history, MLflow / Labdeck", figures["mlflow"].median / figures["labdeck"].median, 10, at_least=True)


if __name__ == "__main__":
    main()
