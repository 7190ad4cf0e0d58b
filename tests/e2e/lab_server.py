"""A real JupyterLab as a person starts one: token and XSRF check on, and every folder its own."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from tests.e2e.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN = 60.0
FOLDERS = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "IPYTHONDIR": "ipython",
    "LABDECK_STORE": "store",
}


class LabServer:
    """One JupyterLab on a port of its own; it keeps port and token when it is started again.

    Args:
        home: Folder of everything it writes: settings, notebooks, the store.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.notebooks = home / "notebooks"
        self.store = home / "store"
        self.log = home / "server.log"
        self.token = secrets.token_hex(16)
        self.port = _free_port()
        self.notebooks.mkdir(parents=True)
        self._decline_news()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make any program use this server's folders."""
        own = {name: str(self.home / folder) for name, folder in FOLDERS.items()}
        # Inside a virtual environment Jupyter would prefer that one's settings to the folders above.
        return {**os.environ, **own, "JUPYTER_PREFER_ENV_PATH": "0"}

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", *_options(self)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.notebooks, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(self._answers, "the server answers", STARTS_WITHIN, lambda: self.log.read_text(encoding="utf-8"))

    def stop(self) -> None:
        """Stop it as a person does, kernels included."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def restart(self) -> None:
        """Stop it and start it again on the same port."""
        self.stop()
        self.start()

    def run(self, *arguments: str, text: str | None = None) -> str:
        """Run Python with this server's folders and return what it printed; it must succeed."""
        done = subprocess.run(
            [sys.executable, *arguments], input=text, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def script(self, code: str) -> subprocess.Popen[str]:
        """Start a training script in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-c", code],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def fetch(
        self, path: str, *, method: str = "GET", headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask the server without a browser; returns status, headers and body of any answer."""
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, dict(refusal.headers), refusal.read()

    def authorized(self) -> dict[str, str]:
        """Headers of a program that knows the token."""
        return {"Authorization": f"token {self.token}"}

    def install_config(self) -> None:
        """Put the extension's entry into the settings of its own, as an installation puts it beside Python."""
        folder = self.home / "config" / "jupyter_server_config.d"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "kernel" / "jupyter-config" / "server-config" / "labdeck.json", folder)

    def _decline_news(self) -> None:
        """Answer the question that JupyterLab asks everybody once."""
        answer = self.home / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
        answer.parent.mkdir(parents=True)
        answer.write_text('{"fetchNews": "false", "checkForUpdates": false}', encoding="utf-8")

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text(encoding="utf-8")
        try:
            return self.fetch("/api/status", headers=self.authorized())[0] == 200
        except OSError:
            return False


def _options(server: LabServer) -> list[str]:
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": server.port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": server.notebooks,
        "IdentityProvider.token": server.token,
        "LabApp.expose_app_in_browser": True,
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    given = [f"--{name}={value}" for name, value in options.items()]
    return [*given, "--allow-root"] if os.geteuid() == 0 else given


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
