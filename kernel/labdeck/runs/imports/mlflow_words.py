"""What both kinds of MLflow store have in common: what its tags, states, times and values mean."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from labdeck.runs.imports.source import SourceFile, files_below, is_int64, shown
from labdeck.runs.redact import redact
from labdeck.wire.records import Capture, TrialState

KIND = "mlflow"
NOTE, PARENT, NAME = "mlflow.note.content", "mlflow.parentRunId", "mlflow.runName"
LATEST = 9e11
"""Seconds beyond which a time is none, in the year 30489."""
_COMMIT, _BRANCH, _REMOTE = "mlflow.source.git.commit", "mlflow.source.git.branch", "mlflow.source.git.repoURL"
_USED = {NOTE, PARENT, NAME, _COMMIT, _BRANCH, _REMOTE, "mlflow.log-model.history", "mlflow.rootRunId"}
_STATES: dict[object, TrialState] = {
    "RUNNING": "running",
    "SCHEDULED": "running",
    "FINISHED": "completed",
    "FAILED": "failed",
    "KILLED": "interrupted",
    1: "running",
    2: "running",
    3: "completed",
    4: "failed",
    5: "interrupted",
}
"""By name, as the databases have it, and by number, as the files have it."""
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,18})")
_FLOAT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_WORDS = {"True": True, "False": False, "None": None}
_RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Told:
    """What the tags of a run tell."""

    note: str
    parent: str | None
    name: str
    tags: dict[str, str]
    captures: tuple[Capture, ...]


def told_by(tags: Mapping[str, str]) -> Told:
    """Return what MLflow keeps in tags, apart from the tags that people set."""
    captures: tuple[Capture, ...] = ()
    if commit := tags.get(_COMMIT):
        body = {"root": "", "commit": commit, "branch": tags.get(_BRANCH, ""), "remote": redact(tags.get(_REMOTE, ""))}
        captures = (Capture(kind="git", body={**body, "dirty": False, "diff": ""}),)
    rest = {key: value for key, value in tags.items() if key not in _USED}
    return Told(tags.get(NOTE, ""), tags.get(PARENT) or None, tags.get(NAME, ""), rest, captures)


def state_of(status: object, doubts: list[str]) -> TrialState:
    """Return the state of a run; one that is none counts as interrupted."""
    found = _STATES.get(status) if isinstance(status, (str, int)) else None
    if found is None:
        doubts.append(f"its status {shown(status)} is none of MLflow's; it counts as interrupted")
    return found or "interrupted"


def time_of(milliseconds: object, what: str, doubts: list[str]) -> float | None:
    """Return a time in seconds, None if there is none."""
    if milliseconds is None:
        return None
    if isinstance(milliseconds, (int, float)) and abs(milliseconds) < LATEST * 1000:
        return milliseconds / 1000
    doubts.append(f"{what} is no time: {shown(milliseconds)}")
    return None


def point_of(step: object, milliseconds: object, value: object) -> tuple[int, float, float] | None:
    """Return a point (step, time, value), None if it makes no sense.

    Databases keep an infinity as the greatest float64; it becomes one again.
    """
    if not isinstance(milliseconds, (int, float)) or not abs(milliseconds) < LATEST * 1000:
        return None
    if not isinstance(value, (int, float)) or not isinstance(step, int) or not is_int64(step):
        return None
    number = float(value)
    if abs(number) == _GREATEST:
        number = math.copysign(math.inf, number)
    return step, milliseconds / 1000, number


_GREATEST = 1.7976931348623157e308


def read_param(text: str) -> object:
    """Return what a parameter spells: MLflow keeps all of them as text.

    Example:
        >>> [read_param(text) for text in ("32", "1e-3", "True", "None", "007", "relu")]
        [32, 0.001, True, None, '007', 'relu']
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) and not re.match(r"[+-]?0\d", text) else text


def when_started(told: float | None, points: Iterable[Any], otherwise: float, doubts: list[str]) -> float:
    """Return when a run began; without a word of it, with its first point or its experiment."""
    if told is not None:
        return told
    doubts.append("nothing says when it began; its first point does, or its experiment")
    return min((float(series.times[0]) for series in points if len(series)), default=otherwise)


def artifacts_of(
    run_id: str, uri: object, places: Sequence[Path], doubts: list[str], *, links: bool
) -> tuple[SourceFile, ...]:
    """Return the files of a run.

    A store that was moved names a place where it used to be, and one from somebody else could name any folder of this
    machine: a place outside of the store is taken only if it ends as MLflow makes them: the run's id, then
    "artifacts".

    Args:
        run_id: The run.
        uri: Where the store says they are.
        places: Where they may be beside the store, the likeliest first.
        doubts: Gets a line for what is left out.
        links: Take what is linked from elsewhere, too.
    """
    told = _local(uri)
    candidates = list(places)
    if told is not None and _RUN_ID.fullmatch(run_id) and told.parts[-2:] == (run_id, "artifacts"):
        candidates.append(told)
    for place in candidates:
        if place.is_dir():
            return tuple(files_below(place, doubts, links=links))
    if told is None and uri is not None and urlsplit(str(uri)).scheme != "mlflow-artifacts":
        doubts.append(f"its artifacts are at {shown(uri)}, not on this machine")
    return ()


def _local(uri: object) -> Path | None:
    if not isinstance(uri, str) or not uri or "\0" in uri:
        return None
    parts = urlsplit(uri)
    if parts.scheme == "file" and parts.netloc in {"", "localhost"}:
        return Path(unquote(parts.path))
    return Path(uri) if not parts.scheme else None
