"""The page has Labdeck, the server does not, or another version of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect
from tests.e2e import seeds
from tests.e2e.lab_page import LabPage
from tests.e2e.lab_server import LabServer

from labdeck import Studio
from labdeck.wire.messages import WIRE_VERSION

pytestmark = [pytest.mark.browser, pytest.mark.slow]

REMEDY = "jupyter server extension enable labdeck"


def test_the_command_shown_brings_the_server_extension_back(
    server: LabServer,
    studio: Studio,
    window: Callable[[], LabPage],
    picture: Callable[[LabPage, str], None],
) -> None:
    seeds.digits(studio, 2)
    server.install_config()
    _jupyter(server, "jupyter server extension disable labdeck")
    server.restart()
    lab = window()
    lab.tolerate_status(404)
    lab.expect_outage()
    lab.open()
    lab.show_sidebar()
    expect(lab.sidebar).to_contain_text("The Labdeck server extension is not running.")
    expect(lab.sidebar.locator("pre")).to_contain_text(REMEDY)
    picture(lab, "missing")

    _jupyter(server, REMEDY)
    server.restart()
    lab.sidebar.get_by_role("button", name="Retry").click()

    expect(lab.row("digits")).to_be_visible()


def test_another_version_says_to_reload(studio: Studio, window: Callable[[], LabPage]) -> None:
    seeds.digits(studio, 2)
    lab = window()

    def update(route: Route) -> None:
        """Answer as the next version of the server would."""
        answer = route.fetch()
        route.fulfill(response=answer, body=json.dumps({**answer.json(), "wire": WIRE_VERSION + 1}))

    lab.page.route("**/labdeck/api/status*", update)
    lab.open()
    lab.show_sidebar()
    expect(lab.sidebar).to_contain_text("different versions of Labdeck")
    lab.page.unroute("**/labdeck/api/status*")
    lab.sidebar.get_by_role("button", name="Retry").click()
    expect(lab.row("digits")).to_be_visible()


def _jupyter(server: LabServer, command: str) -> None:
    """Run a command of Jupyter for this server alone: `--user` writes into its own folder of settings."""
    verb = command.removeprefix("jupyter server extension ").split()
    program = [sys.executable, "-m", "jupyter_server.extension.serverextension", *verb, "--user"]
    done = subprocess.run(program, env=server.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
