"""Serve JupyterLab on a folder with a notebook and Labdeck's sidebar open."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
from jupyterlab_server.workspaces_handler import WorkspacesManager
from nbformat.sign import NotebookNotary

SERVER_SECONDS = 180
STOPPING_SECONDS = 10
PORTS_TRIED = 50
SIDEBAR = "labdeck-sidebar"
"""The id of the sidebar's widget, as labextension/src/sidebar names it."""


def free_port(first: int) -> int:
    """Give the first port from `first` on which nobody listens.

    Raises:
        SystemExit: none of the next ports is free.
    """
    for port in range(first, first + PORTS_TRIED):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    sys.exit(f"make demo: no free port from {first} to {first + PORTS_TRIED - 1}; choose one with PORT=…")


def arrange(notebook: Path, home: Path) -> None:
    """Let JupyterLab start with the notebook and Labdeck's sidebar open, and ask no questions.

    An address with the notebook's path would open it, too, but with the file browser in place of the sidebar.
    """
    opened = f"notebook:{notebook.name}"
    main = {"dock": {"type": "tab-area", "currentIndex": 0, "widgets": [opened]}, "current": opened}
    left = {"collapsed": False, "current": SIDEBAR, "visible": True, "widgets": [SIDEBAR], "widgetStates": {}}
    right = {"collapsed": True, "visible": True, "widgets": [], "widgetStates": {}}
    down = {"size": 0, "collapsed": True, "widgets": []}
    layout = {"main": main, "down": down, "left": left, "right": right, "relativeSizes": [0.24, 0.76, 0]}
    data = {"layout-restorer:data": layout, opened: {"data": {"path": notebook.name, "factory": "Notebook"}}}
    workspace = {"data": data, "metadata": {"id": "default"}}
    WorkspacesManager(str(home / "workspaces")).save("default", json.dumps(workspace))
    settings = home / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('{ "fetchNews": "false", "checkForUpdates": false }', encoding="utf-8")


def wait_until_up(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Poll the server until it answers.

    Raises:
        SystemExit: it ended, or the time is up.
    """
    deadline = time.monotonic() + SERVER_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - our own server
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
        else:
            return
    sys.exit(f"make demo: JupyterLab did not start; see {log}")


def trust(notebook: Path, home: Path) -> dict[str, Path]:
    """Sign the outputs of a notebook that was executed here, so that they show; give the options to check by."""
    options = {"db_file": home / "signatures.db", "secret_file": home / "secret"}
    notary = NotebookNotary(**{name: str(path) for name, path in options.items()})
    try:
        notary.sign(nbformat.read(notebook, as_version=4))
    finally:
        notary.store.close()
    return {f"NotebookNotary.{name}": path for name, path in options.items()}


def stop(server: subprocess.Popen[bytes]) -> None:
    """End the server; its worker threads sometimes outlive its shutdown, so it is killed when it lingers."""
    server.terminate()
    try:
        server.wait(STOPPING_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def serve(notebook: Path, home: Path, first_port: int) -> None:
    """Serve JupyterLab, token and XSRF protection on, until it is interrupted; print its address once it is up.

    Args:
        notebook: the notebook to open; its folder is the one that JupyterLab shows.
        home: the folder for settings, workspace and log.
        first_port: the port to try first.
    """
    log = home / "server.log"
    port, token = free_port(first_port), secrets.token_hex(16)
    arrange(notebook, home)
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": notebook.parent,
        "IdentityProvider.token": token,
        "LabApp.workspaces_dir": home / "workspaces",
        "LabApp.user_settings_dir": home / "settings",
        **trust(notebook, home),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser"]
    command += [f"--{key}={value}" for key, value in options.items()]
    if os.geteuid() == 0:
        command.append("--allow-root")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # leaves no server behind, whoever ends this
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_until_up(f"http://127.0.0.1:{port}/api/status?token={token}", server, log)
        print("\nJupyterLab is up; Ctrl-C ends it.")
        print(f"http://127.0.0.1:{port}/lab?token={token}", flush=True)
        server.wait()
    except KeyboardInterrupt:
        print()
    finally:
        stop(server)
