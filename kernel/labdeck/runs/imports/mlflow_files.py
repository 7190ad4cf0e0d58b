"""MLflow's file store: a folder per experiment, in it a folder per run, in it a file per metric, parameter and tag."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from labdeck.runs.imports import mlflow_words
from labdeck.runs.imports.source import BrokenRun, Home, Run, Source, shown, to_series
from labdeck.store.contract import Series, SeriesKey

META = "meta.yaml"
_MOST_META = 1 << 20
_MOST_TEXT = 1 << 20
_RUN = re.compile(r"[0-9a-f]{32}")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FIELDS = 3


class MlflowFiles(Source):
    """The folder `mlruns`.

    Args:
        place: The folder.
        deleted: Take the runs, too, that were deleted in MLflow.
        links: Take artifacts that are linked from elsewhere, too.
    """

    kind = mlflow_words.KIND

    def __init__(self, place: Path, *, deleted: bool = False, links: bool = False) -> None:
        super().__init__(place)
        self._deleted = deleted
        self._links = links
        self._runs: dict[str, tuple[Path, Home]] = {}

    def refs(self) -> Sequence[str]:
        """Return the ids of the runs, oldest first."""
        self._runs, self.skipped = {}, []
        started: dict[str, float] = {}
        folders = [path for path in sorted(self.place.iterdir()) if (path / META).exists()]
        if self._deleted and (self.place / ".trash").is_dir():
            folders += [path for path in sorted((self.place / ".trash").iterdir()) if (path / META).exists()]
        for folder in folders:
            home = self._home(folder)
            for path in self._run_folders(folder) if home is not None else ():
                meta = self._meta(path)
                if meta is None or (meta.get("lifecycle_stage") == "deleted" and not self._deleted):
                    continue
                if path.name in self._runs:
                    self.skipped.append(f"run {shown(path.name)}: it is there twice; the one in {folder.name} is left")
                    continue
                assert home is not None  # noqa: S101 - for the type checker: the loop is empty otherwise
                self._runs[path.name] = (path, home)
                begun = meta.get("start_time")
                started[path.name] = begun if isinstance(begun, (int, float)) else 0
        return sorted(self._runs, key=lambda run_id: started[run_id])

    def _home(self, folder: Path) -> Home | None:
        """Return the experiment of a folder; None if it is none, or a deleted one that is not wanted."""
        try:
            meta = _read_meta(folder)
        except BrokenRun as error:
            self.skipped.append(f"experiment {shown(folder.name)}: {error}")
            return None
        number, name = meta.get("experiment_id"), meta.get("name")
        if number is None or (meta.get("lifecycle_stage") == "deleted" and not self._deleted):
            return None
        doubts: list[str] = []
        created = mlflow_words.time_of(meta.get("creation_time"), "its beginning", doubts)
        tags = _texts(folder / "tags", doubts)
        self.skipped += [f"experiment {shown(folder.name)}: {doubt}" for doubt in doubts]
        return Home(
            key=f"{number}/{meta.get('creation_time') or name}",
            name=str(name) if isinstance(name, (str, int, float)) else str(number)[:64],
            created=created or folder.stat().st_mtime,
            note=tags.pop(mlflow_words.NOTE, ""),
            tags=tags,
        )

    def _run_folders(self, folder: Path) -> Iterator[Path]:
        for path in sorted(folder.iterdir()):
            if path.is_dir() and ((path / META).exists() or _RUN.fullmatch(path.name)):
                yield path

    def _meta(self, folder: Path) -> Mapping[str, Any] | None:
        try:
            meta = _read_meta(folder)
        except BrokenRun as error:
            self.skipped.append(f"run {shown(folder.name)}: {error}")
            return None
        return meta if "run_id" in meta or "run_uuid" in meta else None

    def read(self, ref: str) -> Run:
        """Return a run; BrokenRun."""
        folder, home = self._runs[ref]
        meta = _read_meta(folder)
        doubts: list[str] = []
        tags = mlflow_words.told_by(_texts(folder / "tags", doubts))
        series = dict(_series(folder / "metrics", doubts))
        params = _texts(folder / "params", doubts)
        begun = mlflow_words.time_of(meta.get("start_time"), "its beginning", doubts)
        return Run(
            key=ref,
            home=home,
            name=str(meta.get("run_name") or tags.name or ref[:8]),
            state=mlflow_words.state_of(meta.get("status"), doubts),
            started=mlflow_words.when_started(begun, series.values(), home.created, doubts),
            ended=mlflow_words.time_of(meta.get("end_time"), "its end", doubts),
            parent=tags.parent,
            note=tags.note,
            tags=tags.tags,
            params={name: mlflow_words.read_param(text) for name, text in params.items()},
            series=series,
            files=mlflow_words.artifacts_of(
                ref, meta.get("artifact_uri"), [folder / "artifacts"], doubts, links=self._links
            ),
            captures=tags.captures,
            doubts=doubts,
        )


def _read_meta(folder: Path) -> Mapping[str, Any]:
    path = folder / META
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_META + 1)
        if len(raw) > _MOST_META:
            raise BrokenRun(f"its {META} is beyond {_MOST_META:,} bytes")
        found = yaml.load(raw, Loader=_LOADER)  # noqa: S506 - a safe loader in either case: it makes plain values only
    except FileNotFoundError:
        raise BrokenRun(f"it has no {META}") from None
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise BrokenRun(f"its {META} cannot be read: {str(error).splitlines()[0]}") from None
    if not isinstance(found, Mapping):
        raise BrokenRun(f"its {META} holds no fields")
    return found


def _texts(folder: Path, doubts: list[str]) -> dict[str, str]:
    """Return the content of the files in a folder by name; a slash in a name makes a folder."""
    texts = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        try:
            if path.is_symlink() or not path.is_file():
                continue
            with path.open("rb") as file:
                texts[name] = file.read(_MOST_TEXT).decode("utf-8", "replace")
        except OSError as error:
            doubts.append(f"{folder.name} {shown(name)} cannot be read: {error.strerror}")
    return texts


def _series(folder: Path, doubts: list[str]) -> Iterator[tuple[SeriesKey, Series]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        try:
            if path.is_symlink() or not path.is_file():
                continue
            with path.open(encoding="utf-8", errors="replace") as lines:
                points = [_point(line) for line in lines if line.strip()]
        except OSError as error:
            doubts.append(f"metric {shown(name)} cannot be read: {error.strerror}")
            continue
        wrong = Counter(point is None for point in points)[True]
        if wrong:
            doubts.append(f"metric {shown(name)}: lines that are no points are left out: {wrong:,} of {len(points):,}")
        yield SeriesKey("", name), to_series(point for point in points if point is not None)


def _point(line: str) -> tuple[int, float, float] | None:
    """Return the point of a line "milliseconds value step …"; the oldest stores have no step."""
    fields = line.split()
    try:
        step = int(fields[2]) if len(fields) >= _FIELDS else 0
        return mlflow_words.point_of(step, int(fields[0]), float(fields[1]))
    except (ValueError, IndexError):
        return None
