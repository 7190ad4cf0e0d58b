"""A person in front of JupyterLab: what they see and do, in the words of the interface."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Locator, Page, WebSocket, expect
from tests.e2e.lab_server import LabServer

READY = 60_000
"""Milliseconds in which JupyterLab must have come up on a busy machine."""
KERNEL = 60_000
"""Milliseconds in which a kernel must have started and run a short cell."""
# JupyterLab's themes stop at 250 px; those of others do not.
NARROWER = """document.addEventListener('DOMContentLoaded', () => {
  const style = document.head.appendChild(document.createElement('style'));
  style.textContent = ':root { --jp-sidebar-min-width: 200px !important; }';
});"""
# What a browser itself writes when a server is not there; only stories that stop one allow it.
OUTAGE = re.compile(r"ERR_CONNECTION|WebSocket|Failed to (load|fetch)|NetworkError|TypeError: Failed|Connection lost")


class LabPage:
    """One browser window on one server.

    Attributes:
        page: Playwright's page, for whatever has no word here.
        server: The server it looks at.
        complaints: What the page wrote to the console as an error, and uncaught errors.
    """

    def __init__(self, page: Page, server: LabServer) -> None:
        self.page = page
        self.server = server
        self.complaints: list[str] = []
        self._tolerated: list[re.Pattern[str]] = []
        self.sockets: list[WebSocket] = []
        page.add_init_script(NARROWER)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("console", self._hear)
        page.on("websocket", lambda socket: self.sockets.append(socket))  # noqa: PLW0108 - Playwright marks handlers

    # -- the application -------------------------------------------------------------------------------------------

    def open(self, path: str = "/lab") -> None:
        """Open JupyterLab with the token in the address, as a person does from the terminal."""
        self.page.goto(f"{self.server.url}{path}?token={self.server.token}")
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until JupyterLab stands, its opening picture is gone and its first tab has taken the focus."""
        self.page.wait_for_selector("#jp-main-dock-panel", timeout=READY)
        self.page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=READY)
        self.page.wait_for_selector("#jp-main-dock-panel .lm-DockPanel-widget:not(.lm-mod-hidden)", timeout=READY)
        self.page.evaluate("() => window.jupyterapp.restored.then(() => undefined)")

    def execute(self, command: str, args: dict[str, object] | None = None) -> None:
        """Run a command of the command palette."""
        self.page.evaluate("([id, args]) => void window.jupyterapp.commands.execute(id, args)", [command, args or {}])

    def close_dialogs(self) -> None:
        """Dismiss the notices in the corner."""
        self.execute("apputils:dismiss-all-notifications")

    def theme(self, name: str) -> None:
        """Switch JupyterLab's theme and wait until it is applied."""
        self.execute("apputils:change-theme", {"theme": name})
        light = "true" if "Light" in name else "false"
        self.page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def tolerate(self, pattern: re.Pattern[str]) -> None:
        """Expect the console to complain in these words."""
        self._tolerated.append(pattern)

    def expect_outage(self) -> None:
        """Expect what browser and JupyterLab themselves say when the server is away, and close JupyterLab's dialog."""
        self.tolerate(OUTAGE)
        dialog = self.page.locator(".jp-Dialog", has_text="Server Connection Error")
        self.page.add_locator_handler(dialog, lambda shown: shown.get_by_role("button", name="Close").click())

    def tolerate_status(self, status: int) -> None:
        """Expect the console to tell of answers with this status."""
        self.tolerate(re.compile(f"status of {status} "))

    def unexpected(self) -> list[str]:
        """Return the complaints that nobody expected."""
        return [text for text in self.complaints if not any(known.search(text) for known in self._tolerated)]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            place = message.location.get("url", "") if message.location else ""
            self.complaints.append(f"{message.text} ({place})")

    # -- the sidebar -----------------------------------------------------------------------------------------------

    @property
    def sidebar(self) -> Locator:
        return self.page.locator("#labdeck-sidebar")

    @property
    def tree(self) -> Locator:
        return self.sidebar.get_by_role("tree")

    def show_sidebar(self) -> None:
        """Press the sidebar's icon and wait until its first answer is shown."""
        if not self.sidebar.is_visible():
            self.page.locator('.jp-SideBar [data-id="labdeck-sidebar"]').click()
        expect(self.sidebar).to_be_visible()
        self.page.wait_for_selector(
            "#labdeck-sidebar .jp-Labdeck-list, #labdeck-sidebar .jp-Labdeck-note", timeout=READY
        )

    def row(self, name: str) -> Locator:
        """The line of an experiment, trial or component of exactly that name."""
        named = self.page.locator(".jp-Labdeck-name", has_text=re.compile(f"^{re.escape(name)}$"))
        return self.tree.get_by_role("treeitem").filter(has=named)

    def expand(self, name: str) -> None:
        """Open a line unless it is open."""
        row = self.row(name)
        expect(row).to_be_visible()
        if row.get_attribute("aria-expanded") != "true":
            row.locator(".jp-Labdeck-caret").click()
        expect(row).to_have_attribute("aria-expanded", "true")

    def state(self, trial: str) -> Locator:
        """The mark of a trial's state; its `data-state` says which."""
        return self.row(trial).locator(".jp-Labdeck-state")

    def expect_state(self, trial: str, state: str, timeout: float = 20_000) -> None:
        """Wait until the sidebar shows a trial in a state."""
        expect(self.state(trial)).to_have_attribute("data-state", state, timeout=timeout)

    def names(self) -> list[str]:
        """Return the names on the lines that exist, from the top."""
        return self.tree.locator(".jp-Labdeck-row .jp-Labdeck-name").all_inner_texts()

    def describe(self) -> str:
        """Return the lines of the tree as text, for a failure's message."""
        return " | ".join(text.replace("\n", " ") for text in self.tree.get_by_role("treeitem").all_inner_texts())

    def resize_sidebar(self, width: int) -> None:
        """Drag the sidebar's edge until it is so many pixels wide."""
        handle = self.page.locator("#jp-main-split-panel > .lm-SplitPanel-handle:not(.lm-mod-hidden)").first
        edge = handle.bounding_box()
        panel = self.page.locator("#jp-left-stack").bounding_box()
        assert edge is not None
        assert panel is not None
        middle = edge["y"] + edge["height"] / 2
        start = edge["x"] + edge["width"] / 2
        self.page.mouse.move(start, middle)
        self.page.mouse.down()
        self.page.mouse.move(start + width - panel["width"], middle, steps=4)
        self.page.mouse.up()

    # -- notebooks -------------------------------------------------------------------------------------------------

    @property
    def notebook(self) -> Locator:
        """The notebook in front."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def new_notebook(self) -> None:
        """Open a notebook with a Python kernel and wait for the kernel."""
        self.execute("notebook:create-new", {"kernelName": "python3"})
        self.wait_kernel()

    def wait_kernel(self) -> None:
        """Wait until the kernel of the notebook in front is ready."""
        expect(self.notebook).to_be_visible(timeout=READY)
        self.page.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget.sessionContext?.session?.kernel?.status === 'idle'",
            timeout=KERNEL,
        )

    def run_cell(self, code: str) -> None:
        """Put code into the active cell and run it with Shift+Enter; does not wait for its end."""
        self.page.evaluate(
            "code => { window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.setSource(code); }",
            code,
        )
        editor = self.notebook.locator(".jp-Cell.jp-mod-active .cm-content")
        editor.click()
        self.page.keyboard.press("Shift+Enter")

    # -- pictures --------------------------------------------------------------------------------------------------

    def picture(self, path: Path) -> None:
        """Save what the window shows once its letters are there and nothing moves."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.evaluate("() => document.fonts.ready.then(() => undefined)")
        self.page.screenshot(path=path, animations="disabled")
