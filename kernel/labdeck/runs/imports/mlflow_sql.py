"""MLflow's database on SQLite, as MLflow 1 to 3 lay it out; it is opened for reading only."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from labdeck.errors import StoreUnreachable, UsageError
from labdeck.runs.imports import mlflow_words
from labdeck.runs.imports.source import BrokenRun, Home, Run, Source, shown, to_series
from labdeck.store.contract import Series, SeriesKey

TABLES = {"experiments", "runs", "metrics", "params", "tags"}
"""What every version of such a database has."""
_PATIENCE = 30.0
"""Seconds to wait for a process that is writing."""


class MlflowDatabase(Source):
    """A database of MLflow.

    Args:
        place: The file.
        deleted: Take the runs, too, that were deleted in MLflow.
        links: Take artifacts that are linked from elsewhere, too.

    Raises:
        StoreUnreachable: It cannot be opened.
        UsageError: It is no database of MLflow.
    """

    kind = mlflow_words.KIND

    def __init__(self, place: Path, *, deleted: bool = False, links: bool = False) -> None:
        super().__init__(place)
        self._deleted = deleted
        self._links = links
        try:
            self._connection = open_read_only(place)
            missing = TABLES - tables_of(self._connection)
        except sqlite3.Error as error:
            raise StoreUnreachable(f"{place} cannot be read: {error}", "check that it is a whole database") from None
        if missing:
            self._connection.close()
            raise UsageError(f"{place} is no database of MLflow", f"it lacks the tables {', '.join(sorted(missing))}")
        self._columns = {table: self._columns_of(table) for table in ("experiments", "runs")}
        self._homes: dict[object, Home] = {}

    def _columns_of(self, table: str) -> set[str]:
        return {row[1] for row in self._connection.execute(f"PRAGMA table_info({table})")}

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def refs(self) -> Sequence[str]:
        """Return the ids of the runs, oldest first; StoreUnreachable."""
        try:
            return self._refs()
        except BrokenRun as error:
            raise StoreUnreachable(f"{self.place}: {error}", "check that it is a whole database") from None

    def _refs(self) -> Sequence[str]:
        self.skipped = []
        self._homes = dict(self._read_homes())
        stages = ("active", "deleted") if self._deleted else ("active",)
        refs = []
        query = "SELECT run_uuid, experiment_id, lifecycle_stage FROM runs ORDER BY start_time, rowid"
        for run_id, home, stage in self._rows(query):
            if stage is not None and stage not in {"active", "deleted"}:
                self.skipped.append(f"run {shown(run_id)}: its stage {shown(stage)} is none of MLflow's")
            elif (stage or "active") in stages:
                if not isinstance(run_id, str) or not run_id.strip():
                    self.skipped.append(f"run {shown(run_id)}: it has no id")
                elif home in self._homes:
                    refs.append(run_id)
                elif not self._is_deleted(home):
                    self.skipped.append(f"run {shown(run_id)}: there is no experiment {shown(home)}")
        self._note_strays()
        return refs

    def _read_homes(self) -> Iterator[tuple[object, Home]]:
        tags: dict[object, dict[str, str]] = defaultdict(dict)
        if "experiment_tags" in tables_of(self._connection):
            for home, key, value in self._rows("SELECT experiment_id, key, value FROM experiment_tags"):
                if isinstance(key, str):
                    tags[home][key] = "" if value is None else str(value)
        times = "creation_time" if "creation_time" in self._columns["experiments"] else "NULL"
        query = f"SELECT experiment_id, name, lifecycle_stage, {times} FROM experiments"  # noqa: S608 - our own words
        for number, name, stage, born in self._rows(query):
            if stage == "deleted" and not self._deleted:
                continue
            doubts: list[str] = []
            created = mlflow_words.time_of(born, "its beginning", doubts)
            self.skipped += [f"experiment {shown(name)}: {doubt}" for doubt in doubts]
            note = tags[number].pop(mlflow_words.NOTE, "")
            text = name if isinstance(name, str) else f"{number}"
            modified = self.place.stat().st_mtime
            yield number, Home(f"{number}/{born or name}", text, created or modified, note, tags[number])

    def _is_deleted(self, home: object) -> bool:
        row = self._connection.execute("SELECT lifecycle_stage FROM experiments WHERE experiment_id = ?", (home,))
        return bool(row.fetchone() == ("deleted",))

    def _note_strays(self) -> None:
        """Say what belongs to runs that are not there."""
        for table in ("metrics", "params", "tags"):
            query = (
                f"SELECT run_uuid, count(*) FROM {table} AS one WHERE NOT EXISTS"  # noqa: S608 - our own words
                " (SELECT 1 FROM runs WHERE runs.run_uuid = one.run_uuid) GROUP BY run_uuid"
            )
            for run_id, count in self._rows(query):
                self.skipped.append(f"run {shown(run_id)}: there is no such run, but {table} of it: {count:,}")

    def read(self, ref: str) -> Run:
        """Return a run; BrokenRun."""
        doubts: list[str] = []
        meta = self._meta(ref)
        home = self._homes[meta["experiment_id"]]
        tags = mlflow_words.told_by(self._texts("tags", ref, doubts))
        params = self._texts("params", ref, doubts)
        series = self._series(ref, doubts)
        begun = mlflow_words.time_of(meta.get("start_time"), "its beginning", doubts)
        beside = [self.place.parent / folder / str(meta["experiment_id"]) / ref / "artifacts" for folder in _BESIDE]
        return Run(
            key=ref,
            home=home,
            name=tags.name or str(meta.get("name") or ref[:8]),
            state=mlflow_words.state_of(meta.get("status"), doubts),
            started=mlflow_words.when_started(begun, series.values(), home.created, doubts),
            ended=mlflow_words.time_of(meta.get("end_time"), "its end", doubts),
            parent=tags.parent,
            note=tags.note,
            tags=tags.tags,
            params={name: mlflow_words.read_param(text) for name, text in params.items()},
            series=series,
            files=mlflow_words.artifacts_of(
                ref, meta.get("artifact_uri"), beside if _is_plain(ref) else [], doubts, links=self._links
            ),
            captures=tags.captures,
            doubts=doubts,
        )

    def _meta(self, ref: str) -> dict[str, Any]:
        wanted = ["experiment_id", "name", "status", "start_time", "end_time", "artifact_uri"]
        here = [name if name in self._columns["runs"] else "NULL" for name in wanted]
        query = f"SELECT {', '.join(here)} FROM runs WHERE run_uuid = ?"  # noqa: S608 - our own words
        for row in self._rows(query, ref):
            return dict(zip(wanted, row, strict=True))
        raise BrokenRun("it is gone")

    def _texts(self, table: str, ref: str, doubts: list[str]) -> dict[str, str]:
        texts = {}
        query = f"SELECT key, value FROM {table} WHERE run_uuid = ?"  # noqa: S608 - our own words
        for key, value in self._rows(query, ref):
            if isinstance(key, str) and isinstance(value, (str, int, float)):
                texts[key] = str(value)
            else:
                doubts.append(f"{table}: {shown(key)} has no value that is text")
        return texts

    def _series(self, ref: str, doubts: list[str]) -> dict[SeriesKey, Series]:
        points: dict[str, list[tuple[int, float, float]]] = defaultdict(list)
        wrong: Counter[str] = Counter()
        self._collect("SELECT key, step, timestamp, value, is_nan FROM metrics", ref, points, wrong)
        if "latest_metrics" in tables_of(self._connection):  # what has a latest value only
            latest: dict[str, list[tuple[int, float, float]]] = defaultdict(list)
            self._collect("SELECT key, step, timestamp, value, is_nan FROM latest_metrics", ref, latest, Counter())
            points.update({key: rows for key, rows in latest.items() if key not in points})
        doubts += [
            f"metric {shown(key)}: rows that are no points are left out: {count:,}" for key, count in wrong.items()
        ]
        return {SeriesKey("", key): to_series(rows) for key, rows in points.items()}

    def _collect(
        self, query: str, ref: str, points: dict[str, list[tuple[int, float, float]]], wrong: Counter[str]
    ) -> None:
        for key, step, logged, value, is_nan in self._rows(f"{query} WHERE run_uuid = ? ORDER BY rowid", ref):
            point = mlflow_words.point_of(step, logged, float("nan") if is_nan == 1 else value)
            if isinstance(key, str) and key.strip() and point is not None:
                points[key].append(point)
            else:
                wrong[str(key)] += 1

    def _rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(query, values)
        except sqlite3.Error as error:
            raise BrokenRun(f"the database cannot be read: {error}") from None


_BESIDE = ("mlruns", "mlartifacts")
"""Where MLflow and its server put artifacts by default, beside the database."""


def open_read_only(path: Path) -> sqlite3.Connection:
    """Open a database that nobody is to change; sqlite3.Error."""
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_PATIENCE, check_same_thread=False
    )
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return connection


def tables_of(connection: sqlite3.Connection) -> set[str]:
    """Return the names of the tables; sqlite3.Error if it is no database."""
    return {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _is_plain(ref: str) -> bool:
    return ref.isalnum()
