"""What Weights & Biases keeps on this machine: a folder per run with its log, `run-<id>.wandb`, and its files."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labdeck.errors import MissingExtra
from labdeck.runs.imports.source import (
    BrokenRun,
    Home,
    Run,
    Source,
    files_below,
    is_int64,
    shown,
    to_name,
    to_series,
)
from labdeck.runs.imports.wandb_log import NoLogError, records
from labdeck.runs.redact import redact
from labdeck.store.contract import SeriesKey
from labdeck.store.objective import SYSTEM
from labdeck.wire.records import Capture, TrialState

LOGS = "*run-*/run-*.wandb"
"""Where the logs are within the folder `wandb`."""
_DEEPEST = 32


class WandbFolder(Source):
    """The folder `wandb`, of one run or of many.

    Args:
        place: The folder that holds those of the runs, or the folder of one run.
        links: Take files that are linked from elsewhere, too, as `wandb.save` does.

    Raises:
        MissingExtra: W&B, whose records are read, is not installed.
    """

    kind = "wandb"

    def __init__(self, place: Path, *, links: bool = False) -> None:
        super().__init__(place)
        self._links = links
        self._decode = _decoder()
        self._logs: dict[str, list[Path]] = {}

    def refs(self) -> Sequence[str]:
        """Return the ids of the runs, oldest first; one that was resumed has several logs."""
        found: dict[str, list[Path]] = defaultdict(list)
        for path in logs_in(self.place):
            found[path.stem.removeprefix("run-")].append(path)
        self._logs = dict(found)
        return list(found)

    def read(self, ref: str) -> Run:
        """Return a run; BrokenRun."""
        found = _Found()
        for path in self._logs[ref]:
            self._read_log(path, found)
        run = found.run
        if run is None:
            raise BrokenRun("its log does not say what run it is" + "".join(f"; {doubt}" for doubt in found.doubts))
        begun = run.start_time.ToNanoseconds() / 1e9
        files = {}
        for path in self._logs[ref]:
            if (path.parent / "files").is_dir():
                listed = files_below(path.parent / "files", found.doubts, links=self._links)
                files.update({file.name: file for file in listed})
        found.add_summary(begun)
        project = to_name(run.project, "uncategorized")
        return Run(
            key=f"{run.project}/{run.run_id or ref}",
            home=Home(key=project, name=project, created=begun),
            name=to_name(run.display_name, ref),
            state=found.state,
            started=begun,
            ended=None if found.state == "running" else max([begun, *found.times]),
            note=run.notes,
            tags=_tags(run),
            params=found.config,
            series={key: to_series(rows) for key, rows in found.points.items()},
            files=tuple(files.values()),
            captures=_captures(run),
            doubts=found.doubts,
        )

    def _read_log(self, path: Path, found: _Found) -> None:
        damaged = 0
        try:
            with path.open("rb") as file:
                for content in records(file):
                    record = None if isinstance(content, int) else self._decode(content)
                    if record is None:
                        damaged += content if isinstance(content, int) else len(content)
                    else:
                        found.take(record)
        except (NoLogError, OSError) as error:
            found.doubts.append(f"{path.name}: {error}")
        if damaged:
            found.doubts.append(f"{path.name}: {damaged:,} bytes are no whole records")


@dataclass
class _Found:
    """What the logs of one run hold."""

    run: Any = None
    state: TrialState = "running"
    config: dict[str, object] = field(default_factory=dict)
    summary: dict[str, object] = field(default_factory=dict)
    points: dict[SeriesKey, list[tuple[int, float, float]]] = field(default_factory=lambda: defaultdict(list))
    times: list[float] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def take(self, record: Any) -> None:
        kind = record.WhichOneof("record_type")
        if kind == "run":
            self.run, self.state = record.run, "running"
            self._configure(record.run.config)
        elif kind == "config":
            self._configure(record.config)
        elif kind == "history":
            self._take_history(record.history)
        elif kind == "stats":
            self._take_stats(record.stats)
        elif kind == "summary":
            self.summary.update(_items(record.summary.update))
            for item in record.summary.remove:
                self.summary.pop(_name(item), None)
        elif kind == "exit":
            self.state = "failed" if record.exit.exit_code else "completed"

    def _configure(self, config: Any) -> None:
        for name, value in _items(config.update).items():
            if name == "_wandb" or name.startswith("_wandb."):
                continue
            self._forget(name)
            self.config.update(_flat(name, value))
        for item in config.remove:
            self._forget(_name(item))

    def _forget(self, name: str) -> None:
        gone = [each for each in self.config if each == name or each.startswith(f"{name}.")]
        for each in gone:
            del self.config[each]

    def _take_history(self, history: Any) -> None:
        values = _items(history.item)
        step: Any = history.step.num if history.HasField("step") else values.get("_step", 0)
        moment = _number(values.get("_timestamp"))
        if not is_int64(step) or moment is None or not math.isfinite(moment):
            self.doubts.append(f"a row of its history has no step or no time: {shown(step)}")
            return
        self.times.append(moment)
        self._add("", {name: value for name, value in values.items() if not name.startswith("_")}, int(step), moment)

    def _take_stats(self, stats: Any) -> None:
        moment = stats.timestamp.ToNanoseconds() / 1e9
        for name, value in _items(stats.item).items():
            here = self.points.get(SeriesKey(SYSTEM, name), ())
            self._add(SYSTEM, {name: value}, len(here), moment)

    def _add(self, component: str, values: Mapping[str, object], step: int, moment: float) -> None:
        for name, value in values.items():
            for part, single in _flat(name, value).items():
                number = _number(single)
                if number is not None:
                    self.points[SeriesKey(component, to_name(part, "?"))].append((step, moment, number))

    def add_summary(self, begun: float) -> None:
        """Take what only the summary tells as a single point."""
        logged = {key.name for key in self.points}
        only = {name: value for name, value in self.summary.items() if not name.startswith("_") and name not in logged}
        if only:
            self._add("", only, 0, begun)


def _items(items: Iterable[Any]) -> dict[str, object]:
    """Return named values; those that are no JSON are left out."""
    found = {}
    for item in items:
        with suppress(ValueError, RecursionError):
            found[_name(item)] = json.loads(item.value_json) if item.value_json else _plain(item)
    return found


def _plain(item: Any) -> object:
    """Return a value that is not kept as JSON; there are such records of newer versions."""
    for kind in ("boolean", "integer", "number", "text", "json"):
        with suppress(AttributeError, ValueError):
            if item.HasField(kind):
                return json.loads(item.json) if kind == "json" else getattr(item, kind)
    return None


def _name(item: Any) -> str:
    nested = getattr(item, "nested_key", ())  # the machine's metrics have none
    return ".".join(nested) if nested else str(item.key)


def _flat(name: str, value: object, depth: int = 0) -> dict[str, object]:
    """Return the leaves of nested mappings, named by their way; what stands for a file is no leaf."""
    if not isinstance(value, Mapping) or not value or depth > _DEEPEST:
        return {to_name(name, "?"): value}
    if "_type" in value:
        return {}
    flat: dict[str, object] = {}
    for key, inner in value.items():
        flat.update(_flat(f"{name}.{key}", inner, depth + 1))
    return flat


def _number(value: object) -> float | None:
    """Return a number; W&B writes those that are not finite as text."""
    if isinstance(value, str) and value in {"NaN", "Infinity", "-Infinity"}:
        return float(value)
    with suppress(OverflowError):
        return float(value) if isinstance(value, (int, float)) else None
    return None


def _tags(run: Any) -> dict[str, str]:
    tags = dict.fromkeys(run.tags, "")
    named = {"group": run.run_group, "job_type": run.job_type, "sweep": run.sweep_id, "host": run.host}
    return {**tags, **{key: value for key, value in named.items() if value}}


def _captures(run: Any) -> tuple[Capture, ...]:
    if not run.git.commit:
        return ()
    body = {"root": "", "commit": run.git.commit, "branch": "", "remote": redact(run.git.remote_url)}
    return (Capture(kind="git", body={**body, "dirty": False, "diff": ""}),)


def _decoder() -> Any:
    """Return what makes a record of its bytes, None of bytes that are none; the one place that imports W&B."""
    try:
        from google.protobuf.message import DecodeError
        from wandb.proto import wandb_internal_pb2
    except ImportError as error:
        raise MissingExtra(f"W&B's records cannot be read: {error}", "pip install 'labdeck[imports]'") from None
    messages: Any = wandb_internal_pb2
    kind = messages.Record

    def decode(content: bytes) -> Any:
        try:
            return kind.FromString(content)
        except DecodeError:
            return None

    return decode


def logs_in(folder: Path) -> Iterator[Path]:
    """Yield the logs in a folder, be it that of one run or of many, oldest first; the link to the latest is none."""
    own = sorted(folder.glob("run-*.wandb"))
    if own:
        yield from own
        return
    found = [path for path in folder.glob(LOGS) if not path.parent.is_symlink()]
    yield from sorted(found, key=lambda path: (path.parent.name.partition("run-")[2], path.name))
