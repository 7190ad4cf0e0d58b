"""What a hook leaves with its trial beside the tensors, and the file in `out_dir` that leads to the trial."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from labdeck.compat.smdebug.collection import Collection
from labdeck.compat.smdebug.exceptions import SMDebugError
from labdeck.compat.smdebug.within import Within
from labdeck.store.ids import is_id
from labdeck.wire.commands import LogCapture
from labdeck.wire.records import Capture

if TYPE_CHECKING:
    from labdeck.store.session import Session

KIND = "smdebug"
FOLDER = "labdeck"
"""Where in `out_dir` the files stand, one a worker."""
URI = "labdeck://trials/"
"""What an `out_dir` begins with that is no folder; the trial's id follows."""
_MOST = 1 << 16


class Pointer(msgspec.Struct, frozen=True):
    """Where the tensors of a worker are.

    Attributes:
        trial_id: The trial.
        worker: The worker's name.
        workers: How many workers save each step.
        trial, experiment: Their names, for people.
    """

    trial_id: str
    worker: str = "worker_0"
    workers: int = 1
    trial: str = ""
    experiment: str = ""


def write_pointer(out_dir: Path, pointer: Pointer) -> None:
    """Leave word in a folder; OSError."""
    folder = out_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    name = "".join(char if char.isalnum() or char in "-_" else "_" for char in pointer.worker)
    temporary = folder / f".{name}.tmp"
    temporary.write_bytes(msgspec.json.format(msgspec.json.encode(pointer), indent=2) + b"\n")
    temporary.rename(folder / f"{name}.json")


def read_pointers(out_dir: Path) -> list[Pointer]:
    """Return the words that hooks have left in a folder; what is damaged, or of another form, is left out."""
    files, found = Within(out_dir), []
    for name in files.names(FOLDER):
        try:
            pointer = msgspec.json.decode(files.read(f"{FOLDER}/{name}", _MOST), type=Pointer)
        except (OSError, SMDebugError, msgspec.MsgspecError, UnicodeError):
            continue
        if is_id(pointer.trial_id):
            found.append(pointer)
    return found


def write_sheet(session: Session, trial_id: str, body: Mapping[str, Any]) -> None:
    """Keep what `read_sheet` returns."""
    session.post(LogCapture(trial_id=trial_id, capture=Capture(kind=KIND, body=json.loads(json.dumps(body)))))


def read_sheet(session: Session, trial_id: str) -> dict[str, Any]:
    """Return what a hook has kept with a trial; nothing where none has. NotFound for no trial."""
    for capture in session.catalog.detail(trial_id).captures:
        if capture.kind == KIND:
            return capture.body
    return {}


def to_sheet(collections: Mapping[str, Collection], *, ended: bool) -> dict[str, Any]:
    """Return what is kept of a hook."""
    return {"collections": {name: one.to_json_dict() for name, one in collections.items()}, "ended": ended}


def collections_in(sheet: Mapping[str, Any]) -> dict[str, Collection]:
    """Return the collections of a hook."""
    found = {}
    for name, described in (sheet.get("collections") or {}).items():
        try:
            found[name] = Collection.from_dict(described)
        except (SMDebugError, TypeError, AttributeError):
            continue
    return found
