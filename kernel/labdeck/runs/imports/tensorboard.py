"""A folder of TensorBoard: every folder in it that holds event files is a run."""

from __future__ import annotations

import hashlib
import math
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labdeck.errors import MissingExtra
from labdeck.runs.imports.source import Home, Run, Source, SourceFile, is_int64, shown, to_name, to_series
from labdeck.store.contract import SeriesKey
from labdeck.wire.records import ArtifactKind, TrialState

EVENTS = "tfevents"
"""What the name of every event file has in it."""
_FRAME = 16
"""Bytes around a record: its length and two checksums."""
_SIGN = 64
"""First bytes of a file that tell it from any other: they hold the microsecond it was made in."""
_STATUS: dict[int, TrialState] = {1: "completed", 2: "failed", 3: "running"}
_TEXT_SUFFIX = "/text_summary"


class TensorBoardFolder(Source):
    """A log folder of TensorBoard.

    Args:
        place: The folder.

    Raises:
        MissingExtra: TensorBoard, whose reader is used, is not installed.
    """

    kind = "tensorboard"

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self._library = _Library()
        self._folders: dict[str, list[Path]] = {}

    def refs(self) -> Sequence[str]:
        """Return the folders of the runs, those that began first at the front."""
        self._folders, self.skipped = {}, []
        found: dict[str, list[Path]] = defaultdict(list)
        for path in event_files(self.place):
            if path.stat().st_size:
                found[path.parent.relative_to(self.place).as_posix()].append(path)
        self._folders = dict(sorted(found.items(), key=lambda item: (item[1][0].name, item[0])))
        return list(self._folders)

    def read(self, ref: str) -> Run:
        """Return a run."""
        paths = self._folders[ref]
        found = _Found()
        for path in paths:
            self._read_file(path, found)
        begun = min(found.times, default=paths[0].stat().st_mtime)
        with paths[0].open("rb") as file:
            sign = hashlib.sha256(file.read(_SIGN)).hexdigest()[:16]
        name = self.place.resolve().name
        return Run(
            key=f"{paths[0].name}/{sign}",
            home=Home(key=name, name=to_name(name, self.kind), created=begun),
            name=name if ref == "." else ref,
            state=found.state,
            started=found.started or begun,
            ended=None if found.state == "running" else max(found.times, default=begun),
            parent=self._parent(ref),
            tags={"folder": ref},
            params=found.params,
            series={key: to_series(rows) for key, rows in found.points.items()},
            files=found.files,
            doubts=found.doubts,
        )

    def _parent(self, ref: str) -> str | None:
        above = [] if ref == "." else [parent.as_posix() for parent in Path(ref).parents]
        return next((parent for parent in above if parent in self._folders), None)

    def _read_file(self, path: Path, found: _Found) -> None:
        library, size = self._library, 0
        for record in library.records(path):
            size += len(record) + _FRAME
            try:
                event = library.event(record)
            except library.undecodable as error:
                found.doubts.append(f"{path.name}: a record at byte {size:,} cannot be decoded: {error}")
                continue
            if not math.isfinite(event.wall_time) or not is_int64(event.step):
                found.doubts.append(f"{path.name}: a record before byte {size:,} has no time")
                continue
            found.times.append(event.wall_time)
            for value in event.summary.value:
                self._take(value, event.step, event.wall_time, found)
        rest = path.stat().st_size - size
        if rest > 0:
            found.doubts.append(f"{path.name}: the last {rest:,} bytes are no whole records")

    def _take(self, value: Any, step: int, moment: float, found: _Found) -> None:
        tag = value.tag
        if tag not in found.plugins:  # only the first value of a tag says what it is
            found.plugins[tag] = value.metadata.plugin_data.plugin_name
        plugin = found.plugins[tag]
        try:
            if plugin == "hparams":
                self._take_hparams(value.metadata.plugin_data.content, found)
            elif plugin == "scalars":
                number = float(self._library.array(value.tensor).item())
                found.points[SeriesKey("", to_name(tag, "?"))].append((step, moment, number))
            elif plugin == "text":
                rows = self._library.array(value.tensor).ravel().tolist()
                content = b"\n".join(row for row in rows if isinstance(row, bytes))
                found.keep(tag.removesuffix(_TEXT_SUFFIX), content, moment, "text", step)
            elif plugin == "images":
                _, _, *images = self._library.array(value.tensor).ravel().tolist()
                for number, image in enumerate(images):
                    name = tag if len(images) == 1 else f"{tag}/{number}"
                    found.keep(name, bytes(image), moment, "image", step)
            else:
                found.left_out(tag, plugin)
        except (ValueError, TypeError, *self._library.undecodable) as error:
            found.doubts.append(f"{shown(tag)} at step {step}: {error}")

    def _take_hparams(self, content: bytes, found: _Found) -> None:
        start, end = self._library.hparams(content)
        if start is not None:
            found.params.update({to_name(name, "?"): value for name, value in start.items()})
        if end is not None:
            found.state = _STATUS.get(end, found.state)


@dataclass
class _Found:
    """What the event files of one run hold."""

    state: TrialState = "completed"
    started: float = 0.0
    times: list[float] = field(default_factory=list)
    params: dict[str, object] = field(default_factory=dict)
    points: dict[SeriesKey, list[tuple[int, float, float]]] = field(default_factory=lambda: defaultdict(list))
    files: list[SourceFile] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    plugins: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)

    def keep(self, name: str, content: bytes, moment: float, kind: ArtifactKind, step: int) -> None:
        self.files.append(SourceFile(to_name(name, kind), content, moment, kind, step))

    def left_out(self, tag: str, plugin: str) -> None:
        if tag not in self.unknown:
            self.unknown.add(tag)
            self.doubts.append(f"{shown(tag)} is left out: {plugin or 'what has no kind'} cannot be imported")


class _Library:
    """TensorBoard's own reader; the one place that imports it."""

    def __init__(self) -> None:
        try:
            from google.protobuf.message import DecodeError
            from tensorboard import data_compat
            from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
            from tensorboard.compat.proto import event_pb2
            from tensorboard.plugins.hparams import plugin_data_pb2
            from tensorboard.util import tensor_util
        except ImportError as error:
            raise MissingExtra(
                f"TensorBoard's reader cannot be imported: {error}", "pip install 'labdeck[imports]'"
            ) from None
        self.undecodable = (DecodeError,)
        self._migrate = data_compat.migrate_event
        self._loader = RawEventFileLoader
        self._event = event_pb2.Event
        self._hparams = plugin_data_pb2.HParamsPluginData
        self.array: Any = tensor_util.make_ndarray

    def records(self, path: Path) -> Iterator[bytes]:
        """Yield the whole records of an event file, up to the first that is damaged."""
        yield from self._loader(str(path)).Load()

    def event(self, record: bytes) -> Any:
        """Return an event, in the form that the newest writers use."""
        return self._migrate(self._event.FromString(record))

    def hparams(self, content: bytes) -> tuple[dict[str, object] | None, int | None]:
        """Return the parameters that a session began with, and how it ended."""
        data = self._hparams.FromString(content)
        start = end = None
        if data.HasField("session_start_info"):
            values = data.session_start_info.hparams.items()
            start = {name: getattr(value, value.WhichOneof("kind") or "", None) for name, value in values}
        if data.HasField("session_end_info"):
            end = data.session_end_info.status
        return start, end


def event_files(folder: Path) -> Iterator[Path]:
    """Yield the event files below a folder, those of one folder in the order of their names."""
    for where, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if EVENTS in name:
                yield Path(where) / name
