"""One class per tool, all with the same verbs. Runs in the tool's environment: tools are imported when asked for."""

from __future__ import annotations

import sqlite3
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = [f"metric{number}" for number in range(10)]


class Logger:
    """Logs metrics with one tool into the current folder.

    `many` logs a dict, `one` a single value; when `settle` returns, what was logged survives SIGKILL; `end` ends it.
    """

    def many(self, metrics: dict[str, float], step: int) -> None:
        """Log all metrics of a step."""
        for name, value in metrics.items():
            self.one(name, value, step)

    def one(self, name: str, value: float, step: int) -> None:
        """Log one metric."""
        raise NotImplementedError

    def settle(self) -> None:
        """Wait until what was logged survives SIGKILL."""

    def end(self) -> None:
        """End the run."""


class Labdeck(Logger):
    """Labdeck, through its public names."""

    def __init__(self) -> None:
        import labdeck

        self._trial = labdeck.experiment("bench").trial("run").start()
        self.many = self._trial.log  # type: ignore[method-assign,assignment]
        self._log = self._trial.log

    def one(self, name: str, value: float, step: int) -> None:
        self._log({name: value}, step)

    def end(self) -> None:
        self._trial.finish()

    @staticmethod
    def count() -> int:
        """Return how many points its own reader finds."""
        import labdeck

        (trial,) = labdeck.experiment("bench").trials()
        return sum(len(trial.history(name)) for name in NAMES)


class Trackio(Logger):
    """trackio, into its local database."""

    def __init__(self) -> None:
        import trackio

        self._tool = trackio
        trackio.init(project="bench", name="run", embed=False)
        self._log = trackio.log

    def many(self, metrics: dict[str, float], step: int) -> None:
        self._log(metrics, step=step)

    def one(self, name: str, value: float, step: int) -> None:
        self._log({name: value}, step=step)

    def settle(self) -> None:
        self._tool.finish()

    @staticmethod
    def count() -> int:
        """Return how many points its own reader finds."""
        from trackio.sqlite_storage import SQLiteStorage

        logs = SQLiteStorage.get_logs("bench", "run")
        return sum(name in entry for entry in logs for name in NAMES)


class TensorBoard(Logger):
    """TensorBoard's own writer of event files."""

    def __init__(self) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._event, self._summary = Event, Summary
        self._writer = EventFileWriter("tb")

    def one(self, name: str, value: float, step: int) -> None:
        summary = self._summary(value=[self._summary.Value(tag=name, simple_value=value)])
        self._writer.add_event(self._event(wall_time=time.time(), step=step, summary=summary))

    def settle(self) -> None:
        self._writer.flush()

    def end(self) -> None:
        self._writer.close()

    @staticmethod
    def count() -> int:
        """Return how many points its own reader finds."""
        return _count_events("tb")


class TensorBoardX(Logger):
    """tensorboardX."""

    def __init__(self) -> None:
        from tensorboardX import SummaryWriter

        self._writer = SummaryWriter("tbx")
        self.one = self._writer.add_scalar  # type: ignore[method-assign]

    def settle(self) -> None:
        self._writer.flush()

    def end(self) -> None:
        self._writer.close()

    @staticmethod
    def count() -> int:
        """Return how many points the reader of TensorBoard finds."""
        return _count_events("tbx")


class MLflow(Logger):
    """MLflow on SQLite, synchronously."""

    def __init__(self) -> None:
        import mlflow

        mlflow.set_experiment("bench")
        mlflow.start_run(run_name="run")
        self._tool = mlflow

    def many(self, metrics: dict[str, float], step: int) -> None:
        self._tool.log_metrics(metrics, step=step)

    def one(self, name: str, value: float, step: int) -> None:
        self._tool.log_metric(name, value, step=step)

    def end(self) -> None:
        self._tool.end_run()

    @staticmethod
    def count() -> int:
        """Return how many points its own reader finds."""
        import mlflow

        client = mlflow.MlflowClient()
        (experiment,) = client.search_experiments(filter_string="name = 'bench'")
        (run,) = client.search_runs([experiment.experiment_id])
        return sum(len(client.get_metric_history(run.info.run_id, name)) for name in NAMES)


class WandB(Logger):
    """Weights & Biases, offline."""

    def __init__(self) -> None:
        import wandb

        self._run = wandb.init(project="bench", mode="offline")

    def many(self, metrics: dict[str, float], step: int) -> None:
        self._run.log(metrics, step=step)

    def one(self, name: str, value: float, step: int) -> None:
        self._run.log({name: value}, step=step)

    def settle(self) -> None:
        self._run.finish()

    @staticmethod
    def count() -> int:
        """Return how many points are whole in the file it would send later; it has no reader of its own in Python."""
        from wandb.proto import wandb_internal_pb2

        (path,) = Path().glob("wandb/offline-run-*/*.wandb")
        found = 0
        for data in _log_records(path.read_bytes()):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(data)
            found += sum((item.key or item.nested_key[0]) in NAMES for item in record.history.item)
        return found


class SQLite(Logger):
    """A table, filled in bulk: the limit, not a tracker. What is given to it waits in a list until `settle`."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("bulk.db", isolation_level=None)
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = normal")
        self._connection.execute("create table point (series integer, step integer, time real, value real)")
        self._rows: list[tuple[int, int, float, float]] = []
        self._number = {name: number for number, name in enumerate(NAMES)}

    def many(self, metrics: dict[str, float], step: int) -> None:
        now = time.time()
        self._rows += [(self._number[name], step, now, value) for name, value in metrics.items()]

    def one(self, name: str, value: float, step: int) -> None:
        self._rows.append((self._number[name], step, time.time(), value))

    def settle(self) -> None:
        self._connection.execute("begin")
        self._connection.executemany("insert into point values (?, ?, ?, ?)", self._rows)
        self._connection.execute("commit")


TOOLS: dict[str, Any] = {
    "labdeck": Labdeck,
    "trackio": Trackio,
    "tensorboard": TensorBoard,
    "tensorboardX": TensorBoardX,
    "mlflow": MLflow,
    "wandb": WandB,
    "sqlite": SQLite,
}


def _log_records(raw: bytes) -> Iterator[bytes]:
    """Yield the records of a file in LevelDB's log format (doc/log_format.md there), up to a torn one."""
    block, head = 32_768, 7
    at, parts = head, b""
    while at + head <= len(raw):
        if block - at % block < head:
            at += block - at % block
            continue
        length, kind = struct.unpack_from("<HB", raw, at + 4)
        body = raw[at + head : at + head + length]
        if kind == 0 or len(body) < length:
            return
        parts = body if kind in {1, 2} else parts + body
        if kind in {1, 4}:
            yield parts
        at += head + length


def _count_events(folder: str) -> int:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(folder, size_guidance={"scalars": 0})
    events.Reload()
    return sum(len(events.Scalars(name)) for name in events.Tags()["scalars"] if name in NAMES)
