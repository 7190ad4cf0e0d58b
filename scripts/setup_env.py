"""Make `.venv` with the locked packages, `node_modules` and the built front end; `make setup` runs it.

Each step leaves the hash of its inputs beside its result and is skipped while they agree, so a second run
takes about a second. Standard library only; the output of the tools goes to `.build/setup.log`.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tomllib

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOG = ROOT / ".build" / "setup.log"
BACKEND = ROOT / "kernel" / "_build_backend"
EXTRAS = ("postgres", "examples", "test", "dev")

sys.path.insert(0, str(BACKEND))
import labdeck_catalogs  # noqa: E402 - from the folder above
import labdeck_frontend  # noqa: E402 - from the folder above


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _stamped(stamp: Path, wanted: str) -> bool:
    return stamp.is_file() and stamp.read_text(encoding="ascii") == wanted


@contextmanager
def _step(what: str) -> Iterator[None]:
    """Announce a step, then say how long it took."""
    start = time.monotonic()
    print(f"· {what} …", end="", flush=True)
    yield
    print(f" {time.monotonic() - start:.0f} s", flush=True)


def _start(*command: str | Path) -> subprocess.Popen[bytes]:
    with LOG.open("ab") as log:
        log.write(f"\n$ {' '.join(map(str, command))}\n".encode())
        log.flush()
        return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)


def _finish(process: subprocess.Popen[bytes]) -> None:
    if process.wait() != 0:
        tail = LOG.read_text(encoding="utf-8", errors="replace").splitlines()[-25:]
        print("\n" + "\n".join(tail))
        sys.exit(f"make setup: a step failed; the whole output is in {LOG.relative_to(ROOT)}")


def _pip(*arguments: str) -> subprocess.Popen[bytes]:
    return _start(PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "-q", *arguments)


def _requirements() -> list[str]:
    """Read what the package, its extras and its build need from pyproject.toml."""
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = data["project"]
    extras = [item for extra in EXTRAS for item in project["optional-dependencies"][extra]]
    return sorted({*data["build-system"]["requires"], *project["dependencies"], *extras})


def make_venv() -> None:
    """Create the virtual environment, anew if it belongs to another Python."""
    version = "{}.{}".format(*sys.version_info[:2])
    stamp = VENV / "python-version"
    if PYTHON.exists() and _stamped(stamp, version):
        return
    with _step(f"virtual environment with Python {version}"):
        shutil.rmtree(VENV, ignore_errors=True)
        venv.create(VENV, with_pip=True)
        stamp.write_text(version, encoding="ascii")


def install_packages() -> None:
    """Install the locked packages of both languages, side by side: both mostly wait for the network."""
    wanted = _requirements()
    stamp = VENV / "packages.sha256"
    digest = _digest("\n".join(wanted).encode(), (ROOT / "constraints.txt").read_bytes())
    if not _stamped(stamp, digest):
        node = [] if labdeck_frontend.node_on_path() else [labdeck_frontend.NODE_PACKAGE]
        with _step("build tools"):
            _finish(_pip("-c", "constraints.txt", "jupyter_builder", *node))
        with _step("locked packages (PyTorch among them: minutes the first time)"):
            front = _start(PYTHON, BACKEND / "labdeck_frontend.py", "install")
            try:
                _finish(_pip("-c", "constraints.txt", *wanted, *node))
                _finish(front)
            finally:
                front.terminate()
        stamp.write_text(digest, encoding="ascii")
    # Also when only yarn.lock changed; it has a stamp of its own.
    _finish(_start(PYTHON, BACKEND / "labdeck_frontend.py", "install"))


def build_front_end() -> None:
    """Build the JupyterLab extension if its sources changed."""
    if not labdeck_frontend.is_fresh():
        with _step("front end"):
            _finish(_start(PYTHON, BACKEND / "labdeck_frontend.py", "build"))


def compile_translations() -> None:
    """Compile the catalogs that changed."""
    if not labdeck_catalogs.are_fresh():
        with _step("translations"):
            _finish(_start(PYTHON, BACKEND / "labdeck_catalogs.py"))


def install_project() -> None:
    """Install the project in editable form, with the two things such an install leaves out."""
    digest = _digest((ROOT / "pyproject.toml").read_bytes(), *(p.read_bytes() for p in sorted(BACKEND.glob("*.py"))))
    stamp = VENV / "project.sha256"
    if not _stamped(stamp, digest):
        with _step("labdeck, editable"):
            _finish(_pip("--no-deps", "--no-build-isolation", "-e", "."))
        stamp.write_text(digest, encoding="ascii")
    extension = VENV / "share" / "jupyter" / "labextensions" / "labdeck"
    if not extension.is_symlink():
        extension.parent.mkdir(parents=True, exist_ok=True)
        extension.symlink_to(labdeck_frontend.BUILT, target_is_directory=True)
    config = VENV / "etc" / "jupyter" / "jupyter_server_config.d" / "labdeck.json"
    config.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / "kernel" / "jupyter-config" / "server-config" / "labdeck.json", config)


def main() -> None:
    """Run every step that has something to do; one run at a time."""
    LOG.parent.mkdir(exist_ok=True)
    with (LOG.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        LOG.write_bytes(b"")
        make_venv()
        install_packages()
        build_front_end()
        compile_translations()
        install_project()


if __name__ == "__main__":
    main()
