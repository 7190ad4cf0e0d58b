"""From what the user says to an open store: `locate`, then `open_store`."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from labdeck.errors import NotFound, StoreFull, StorePlace, StoreUnreachable
from labdeck.store.contract import Location
from labdeck.store.place import require_local

if TYPE_CHECKING:
    from typing_extensions import Self

    from labdeck.store.artifacts import ArtifactFiles
    from labdeck.store.columns.files import FileColumns
    from labdeck.store.contract import Catalog
    from labdeck.store.outputs import OutputFiles
    from labdeck.store.tensors.files import TensorFiles

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)://")
_CATALOG = "catalog.sqlite"
_PARTS = ("columns", "tensors", "artifacts", "outputs", "outbox")
_OURS = {_CATALOG, "catalog.lock", f"{_CATALOG}-wal", f"{_CATALOG}-shm", *_PARTS}
TEMPORARY = "labdeck-"
"""How the names of folders begin in which something is unpacked for a while."""
_POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")


class Store:
    """An open store: its five parts, and where it is. A context manager.

    The file parts are made when they are first used: whoever only records facts need not import numpy.
    """

    def __init__(self, location: Location, catalog: Catalog) -> None:
        self.location = location
        self.catalog = catalog

    @cached_property
    def columns(self) -> FileColumns:
        """Metric points."""
        from labdeck.store.columns.files import FileColumns

        return FileColumns(self.location.folder / "columns")

    @cached_property
    def artifacts(self) -> ArtifactFiles:
        """Files by content."""
        from labdeck.store.artifacts import ArtifactFiles

        return ArtifactFiles(self.location.folder / "artifacts")

    @cached_property
    def tensors(self) -> TensorFiles:
        """Full arrays."""
        from labdeck.store.tensors.files import TensorFiles

        return TensorFiles(self.location.folder / "tensors")

    @cached_property
    def outputs(self) -> OutputFiles:
        """What was printed."""
        from labdeck.store.outputs import OutputFiles

        return OutputFiles(self.location.folder / "outputs")

    def close(self) -> None:
        """Release the database; files need no closing."""
        self.catalog.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


def locate(text: str | Path | None = None) -> Location:
    """Say where a store is, touching neither disk nor network.

    Args:
        text: A folder, `sqlite:///folder`, or a `postgresql://` URL. None looks at the environment variable
            LABDECK_STORE, then takes the platform's folder for user data.

    Returns:
        The location. The files beside a PostgreSQL catalog lie in a folder of that database's own, inside the one that
        LABDECK_FILES names, by default the user-data folder.

    Raises:
        StorePlace: A URL of another kind.

    Example:
        >>> locate("sqlite:////srv/lab").folder.as_posix()
        '/srv/lab'
    """
    given = os.environ.get("LABDECK_STORE", "") if text is None else str(text)
    scheme = _SCHEME.match(given)
    if scheme is None:
        return _folder(Path(given) if given else _user_data())
    kind = scheme[1].lower()
    if kind == "sqlite":
        path = unquote(given[scheme.end() :].partition("?")[0])
        if not path.startswith("/") or path == "/":
            raise StorePlace("the sqlite URL names no folder", "write sqlite:///relative or sqlite:////absolute")
        return _folder(Path(path[1:]))
    if kind in _POSTGRES:
        return _postgres(given)
    raise StorePlace(f"a store cannot live on {kind}", "give a folder or a postgresql:// URL")


def open_store(location: Location, *, create: bool = True) -> Store:
    """Open a store.

    Args:
        location: Where it is.
        create: Make it first if it is new.

    Raises:
        NotFound: There is none, and none is to be made.
        StorePlace: SQLite on a network file system.
        StoreError: It cannot be opened, is damaged, full, or was written by a newer Labdeck.
    """
    from labdeck.store.sql.catalog import open_catalog

    if not create:
        _require_store(location)
    prepare(location)
    return Store(location, open_catalog(location))


def prepare(location: Location) -> None:
    """Make the folder of a store, private to its user; refuse a place where the catalog cannot live.

    A folder that was there keeps its rights if it holds other things, or belongs to somebody else.

    Raises:
        StorePlace: SQLite on a network file system.
        StoreFull, StoreUnreachable: The folder cannot be made.
    """
    folder = location.folder
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        raise StoreUnreachable(f"{folder} is a file, not a folder", "give the folder of the store") from None
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StoreFull("the disk that holds the store is full", "free some space") from None
        raise StoreUnreachable(
            f"{folder} cannot be made: {error.strerror}", "choose another with LABDECK_STORE"
        ) from None
    if _is_sqlite(location):
        require_local(folder)
    _make_private(folder)


def _make_private(folder: Path) -> None:
    """Close what is ours to other users; what cannot be closed or made is left to whoever needs it."""
    with suppress(OSError):
        if all(path.name in _OURS or path.name.startswith(TEMPORARY) for path in folder.iterdir()):
            _close(folder)
    for part in _PARTS:
        with suppress(OSError):
            (folder / part).mkdir(mode=0o700, exist_ok=True)
        _close(folder / part)


def _close(folder: Path) -> None:
    with suppress(OSError):
        status = folder.stat()
        if status.st_uid == os.getuid() and status.st_mode & 0o077 and not status.st_mode & stat.S_ISVTX:
            folder.chmod(0o700)


def _require_store(location: Location) -> None:
    """Raise NotFound unless there is a store, if only one whose facts still wait in outboxes."""
    folder = location.folder
    if not _is_sqlite(location):
        from labdeck.store.sql.catalog import open_catalog

        open_catalog(location, create=False).close()
    elif not folder.is_file() and not (folder / _CATALOG).exists() and not any(folder.glob("outbox/*.log")):
        raise NotFound(f"there is no store at {location.display}", "`labdeck store where` says where yours is")


def _is_sqlite(location: Location) -> bool:
    return location.url.startswith("sqlite:")


def _user_data() -> Path:
    from platformdirs import user_data_path

    return user_data_path("labdeck", appauthor=False)


def _folder(path: Path) -> Location:
    folder = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - resolve() would follow links
    return Location(url=f"sqlite:///{quote(str(folder))}/catalog.sqlite", folder=folder, display=str(folder))


def _postgres(given: str) -> Location:
    parts = urlsplit(given)
    if not parts.path.strip("/"):
        raise StorePlace("the PostgreSQL URL names no database", "write postgresql://user@host/database")
    netloc = re.sub(r":[^@]*@", "@", parts.netloc) if "@" in parts.netloc else parts.netloc
    shown = [(key, value) for key, value in parse_qsl(parts.query) if "password" not in key.lower()]
    display = urlunsplit(("postgresql", netloc, parts.path, urlencode(shown, safe="/"), ""))
    named = os.environ.get("LABDECK_FILES", "")
    base = Path(named).expanduser() if named else _user_data()
    folder = base / hashlib.sha256(_database(parts).encode()).hexdigest()[:16]
    url = urlunsplit(("postgresql+psycopg", parts.netloc, parts.path, parts.query, ""))
    return Location(url=url, folder=Path(os.path.abspath(folder)), display=display)  # noqa: PTH100


def _database(parts: SplitResult) -> str:
    """Return which database a URL means, whoever connects and with whatever options; libpq's defaults count."""
    options = dict(parse_qsl(parts.query))
    host, _, port = parts.netloc.rpartition("@")[2].lower().partition(":")
    host = host or options.get("host") or os.environ.get("PGHOST", "")
    port = port or options.get("port") or os.environ.get("PGPORT") or "5432"
    return f"{host}:{port}/{unquote(parts.path).strip('/')}"
