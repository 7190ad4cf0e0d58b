"""A Chromium, a JupyterLab of its own for every story, and no complaint in the console at its end."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.e2e.lab_page import LabPage
from tests.e2e.lab_server import LabServer

from labdeck import Studio

ROOT = Path(__file__).resolve().parents[2]
LEFT_BEHIND = ROOT / ".build" / "e2e"
FLAGS = ["--disable-dev-shm-usage", "--disable-gpu-sandbox", "--use-gl=angle", "--use-angle=swiftshader"]
FLAGS += ["--enable-unsafe-swiftshader"]
SIZE = {"width": 1280, "height": 800}
NORMAL_WIDTH = 280


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> object:
    """Let the fixtures know at their end how the story went."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert program, "the browser stories need Chromium: apt-get install chromium fonts-dejavu-core"
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LabServer]:
    """A running JupyterLab with an empty store."""
    server = LabServer(tmp_path / "lab")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def studio(server: LabServer) -> Iterator[Studio]:
    """The server's store, from the process of the test."""
    studio = Studio(server.store)
    yield studio
    studio.close()


@pytest.fixture
def window(
    browser: Browser, server: LabServer, request: pytest.FixtureRequest
) -> Iterator[Callable[[int, int], LabPage]]:
    """Make windows on the server; those of a failed story leave a picture, and none may have complained."""
    context = browser.new_context(
        viewport=SIZE, accept_downloads=True, permissions=["clipboard-read", "clipboard-write"]
    )
    context.set_default_timeout(45_000)
    opened: list[LabPage] = []

    def new(width: int = SIZE["width"], height: int = SIZE["height"]) -> LabPage:
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        opened.append(LabPage(page, server))
        return opened[-1]

    yield new
    unexpected = [text for lab in opened for text in lab.unexpected()]
    if request.node.stash.get(FAILED, True) or unexpected:
        _leave_behind(request.node.name, opened, server)
    context.close()
    assert unexpected == []


@pytest.fixture
def lab(window: Callable[[], LabPage]) -> LabPage:
    """A window on JupyterLab with the sidebar open at its normal width."""
    lab = window()
    lab.open()
    lab.show_sidebar()
    lab.resize_sidebar(NORMAL_WIDTH)
    return lab


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Put a measured figure on the terminal: figures of a busy machine are told, never judged."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def write(text: str) -> None:
        with capture.global_and_fixture_disabled():
            sys.stdout.write(f"\n{text}\n")

    return write


@pytest.fixture
def picture() -> Callable[[LabPage, str], None]:
    """Keep what a window shows under a name; `make screenshots` says where the documentation wants it."""
    folder = Path(os.environ.get("LABDECK_PICTURES", LEFT_BEHIND / "pictures"))
    return lambda lab, name: lab.picture(folder / f"{name}.png")


def _leave_behind(name: str, opened: list[LabPage], server: LabServer) -> None:
    folder = LEFT_BEHIND / name
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(server.log, folder / "server.log")
    (folder / "console.log").write_text("\n".join(text for lab in opened for text in lab.complaints), encoding="utf-8")
    for index, lab in enumerate(opened):
        lab.picture(folder / f"{index}.png")
