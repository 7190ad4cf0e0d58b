"""Writes a store with MLflow and prints what MLflow reads back: write_mlflow.py URI."""

import json
import os
import sys

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, ViewType

client = MlflowClient(tracking_uri=sys.argv[1])
experiment = client.create_experiment("digits", tags={"mlflow.note.content": "how wide?", "team": "vision"})


def run(name, status, tags, metrics, params):
    run_id = client.create_run(experiment, run_name=name, tags=tags).info.run_id
    client.log_batch(run_id, metrics=metrics, params=[Param(key, value) for key, value in params.items()])
    if status != "RUNNING":
        client.set_terminated(run_id, status)
    return run_id


curve = [Metric("train/loss", 1 / (step + 1), 1_700_000_000_123 + 10 * step, step) for step in range(300)]
odd = [Metric("odd", float(value), 1_700_000_000_000, 0) for value in ("nan", "inf", "-inf", "1e-300")]
whole = run(
    "search",
    "FINISHED",
    {"mlflow.note.content": "a *note*", "mlflow.source.git.commit": "c0ffee"},
    curve,
    {"lr": "1e-3"},
)
client.log_text(whole, "hello", "notes/a.txt")
run(
    "part", "FAILED", {"mlflow.parentRunId": whole, "stage": "dev"}, odd, {"width": "32", "deep": "True", "act": "relu"}
)
run("stopped", "KILLED", {}, [], {})
run("going", "RUNNING", {}, curve[:7], {"opt/name": "sgd"})
client.delete_run(run("gone", "FINISHED", {}, [], {}))

told = []
for found in client.search_runs([experiment], run_view_type=ViewType.ALL):
    history = {key: client.get_metric_history(found.info.run_id, key) for key in found.data.metrics}
    told.append(
        {
            "id": found.info.run_id,
            "name": found.info.run_name,
            "status": found.info.status,
            "deleted": found.info.lifecycle_stage == "deleted",
            "start": found.info.start_time,
            "end": found.info.end_time,
            "params": found.data.params,
            "tags": found.data.tags,
            "points": {key: [[m.step, m.timestamp, repr(m.value)] for m in rows] for key, rows in history.items()},
        }
    )
sys.stdout.write(json.dumps(told))
