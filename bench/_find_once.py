"""One measurement of finding, in a process of its own: `_find_once.py WHO WHAT PLACE` prints milliseconds as JSON.

WHO is "labdeck" or "mlflow"; WHAT is "list" (a whole frame; filter, sort and page) or "history" (one metric of all
trials). Everything is done once before it is measured: imports and the caches of files and statements are not counted.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

CALLS = 3
PAGE = 100
QUERY = "metrics.m3 > 0.5 and params.p2 = 'sgd'"
METRIC = "m3"


def of_labdeck(place: str) -> dict[str, Callable[[], int]]:
    """Return what is measured of Labdeck; each says how many rows or points it returned."""
    from labdeck.studio import Studio

    experiment = Studio(place).find_experiment("bench")

    def page() -> int:
        found = experiment.search(QUERY, "-metrics.m1", PAGE)
        return len(found)

    return {
        "frame": lambda: len(experiment.frame()),
        "page": page,
        "history": lambda: sum(len(trial.history(METRIC)) for trial in experiment.trials()),
    }


def of_mlflow(place: str) -> dict[str, Callable[[], int]]:
    """Return the same of MLflow, whose pages, other than ours, do not say how many there are in all."""
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{place}")
    client = mlflow.MlflowClient()
    home = client.get_experiment_by_name("bench").experiment_id

    def page() -> int:
        return len(client.search_runs([home], QUERY, max_results=PAGE, order_by=["metrics.m1 DESC"]))

    def history() -> int:
        ids = [run.info.run_id for run in client.search_runs([home], max_results=1000)]
        return sum(len(client.get_metric_history(run_id, METRIC)) for run_id in ids)

    return {
        "frame": lambda: len(mlflow.search_runs([home], max_results=50_000)),
        "page": page,
        "history": history,
    }


def main() -> None:
    """Do it once, then measure the calls and print the medians."""
    who, what, place = sys.argv[1:]
    jobs = of_labdeck(place) if who == "labdeck" else of_mlflow(place)
    answer: dict[str, float] = {}
    for name in ("frame", "page") if what == "list" else ("history",):
        calls = 1 if (who, name) == ("mlflow", "frame") else CALLS
        answer[f"{name} rows"] = jobs[name]()
        taken = []
        for _ in range(calls):
            start = time.perf_counter()
            jobs[name]()
            taken.append((time.perf_counter() - start) * 1000)
        answer[name] = sorted(taken)[len(taken) // 2]
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
