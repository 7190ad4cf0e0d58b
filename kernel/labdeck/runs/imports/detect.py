"""From a path to the source that reads it."""

from __future__ import annotations

import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args
from urllib.parse import unquote, urlsplit

from labdeck.errors import NotFound, UsageError

if TYPE_CHECKING:
    from labdeck.runs.imports.source import Source

Kind = Literal["labdeck", "mlflow", "tensorboard", "wandb"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""What can be imported."""
_LOOKED_FOR = (
    "an archive of Labdeck (lab.zip), MLflow's mlruns or mlflow.db, event files of TensorBoard, or W&B's folder wandb"
)
_SQLITE = b"SQLite format 3\0"


def to_path(given: str | Path) -> Path:
    """Return the path of what is to be imported; `sqlite:///…` and `file:…` are taken, too.

    Raises:
        UsageError: It is at another address.
        NotFound: There is nothing.
    """
    text = str(given)
    scheme = urlsplit(text).scheme
    if "://" in text and scheme not in {"sqlite", "file"}:
        raise UsageError(f"{scheme}:// is no place on this machine", "give a file or a folder")
    if scheme == "file":
        text = unquote(urlsplit(text).path)
    elif scheme == "sqlite":
        text = text.removeprefix("sqlite:///")
    path = Path(text).expanduser()
    if not path.exists():
        raise NotFound(f"there is no file or folder {text!r}", "check the path")
    return path


def detect(path: Path) -> Kind:
    """Return what wrote a file or folder.

    Raises:
        UsageError: Nobody known did, or several.
    """
    found = [kind for kind, place in _PLACES.items() if place(path) is not None]
    if len(found) > 1:
        named = " or ".join(f"--from {kind}" for kind in found)
        raise UsageError(f"{path} holds runs of {' and '.join(found)}", f"say which you mean: {named}")
    if found:
        return found[0]
    if _tensorboard(path) is not None:  # last: MLflow and W&B keep such files, too
        return "tensorboard"
    raise UsageError(f"nothing in {path} can be imported", f"looked for {_LOOKED_FOR}")


def open_source(path: Path, kind: Kind, *, deleted: bool = False, links: bool = False) -> Source:
    """Open what a tracker left.

    Args:
        path: A file or folder.
        kind: The tracker; not "labdeck".
        deleted: Take the runs, too, that were deleted in MLflow.
        links: Take files that are linked from elsewhere, too.

    Raises:
        UsageError: There is nothing of that tracker.
        MissingExtra: What reads it is not installed.
        StoreUnreachable: It cannot be opened.
    """
    place = (_tensorboard if kind == "tensorboard" else _PLACES[kind])(path)
    if place is None:
        raise UsageError(f"nothing in {path} is of {kind}", f"without --from it is looked for {_LOOKED_FOR}")
    if kind == "tensorboard":
        from labdeck.runs.imports.tensorboard import TensorBoardFolder

        return TensorBoardFolder(place)
    if kind == "wandb":
        from labdeck.runs.imports.wandb_offline import WandbFolder

        return WandbFolder(place, links=links)
    if place.is_dir():
        from labdeck.runs.imports.mlflow_files import MlflowFiles

        return MlflowFiles(place, deleted=deleted, links=links)
    from labdeck.runs.imports.mlflow_sql import MlflowDatabase

    return MlflowDatabase(place, deleted=deleted, links=links)


def _labdeck(path: Path) -> Path | None:
    if not path.is_file() or not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as file:
        return path if "labdeck.json" in file.namelist() else None


def _mlflow(path: Path) -> Path | None:
    """Return MLflow's database, or its folder of files: the path itself or the usual name in it."""
    if path.is_file():
        return path if _is_mlflow_database(path) else None
    if _is_experiment(path / "meta.yaml"):
        return path.parent
    folders = [place for place in (path, path / "mlruns") if any(map(_is_experiment, place.glob("*/meta.yaml")))]
    found = [*folders, *(file for file in sorted(path.glob("*.db")) if _is_mlflow_database(file))]
    if len(found) > 1:
        named = " and ".join(place.name for place in found)
        raise UsageError(f"{path} holds more than one store of MLflow: {named}", "import one after the other")
    return found[0] if found else None


def _is_experiment(meta: Path) -> bool:
    try:
        with meta.open("rb") as file:
            return b"experiment_id" in file.read(1 << 16)
    except OSError:
        return False


def _is_mlflow_database(path: Path) -> bool:
    from labdeck.runs.imports.mlflow_sql import TABLES, open_read_only, tables_of

    try:
        with path.open("rb") as file:
            if file.read(len(_SQLITE)) != _SQLITE:
                return False
        connection = open_read_only(path)
    except (OSError, sqlite3.Error):
        return False
    try:
        return tables_of(connection) >= TABLES
    except sqlite3.Error:
        return False
    finally:
        connection.close()


def _wandb(path: Path) -> Path | None:
    from labdeck.runs.imports.wandb_offline import logs_in

    if path.suffix == ".wandb" and path.is_file():
        return path.parent
    places = (path, path / "wandb") if path.is_dir() else ()
    return next((place for place in places if any(logs_in(place))), None)


def _tensorboard(path: Path) -> Path | None:
    from labdeck.runs.imports.tensorboard import EVENTS, event_files

    if path.is_file():
        return path.parent if EVENTS in path.name else None
    return path if any(event_files(path)) else None


_PLACES: dict[Kind, Callable[[Path], Path | None]] = {"labdeck": _labdeck, "mlflow": _mlflow, "wandb": _wandb}
