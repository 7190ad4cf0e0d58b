"""The kernel is killed, the server restarted, the page reloaded: all is still there."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from tests.e2e import seeds
from tests.e2e.lab_page import KERNEL, LabPage
from tests.e2e.waiting import wait_until

from labdeck import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Says in a file what it has logged, each time after it has logged it.
TRAINING = """
import itertools, os, time
import labdeck
trial = labdeck.experiment("durable").trial("endless").start()
said = open("said", "a")
for step in itertools.count(1):
    trial.log(loss=1 / step, step=step)
    print(os.getpid(), step, file=said, flush=True)
    time.sleep(0.02)
"""


def test_a_killed_kernel_loses_no_point(lab: LabPage, studio: Studio) -> None:
    lab.new_notebook()
    lab.run_cell(TRAINING)
    expect(lab.row("durable")).to_be_visible(timeout=KERNEL)
    lab.expand("durable")
    lab.expect_state("endless", "running")
    value = lab.row("endless").locator(".jp-Labdeck-value")
    expect(value).to_have_text(re.compile(r"0\.0"))
    pid, _ = _said(lab)

    os.kill(pid, signal.SIGKILL)

    lab.expect_state("endless", "crashed")
    _, said = _said(lab)
    history = studio.find_trial("endless", "durable").history("loss")
    assert list(history.steps[:said]) == list(range(1, said + 1))
    assert len(history) - said in {0, 1}  # it may have died between logging and saying so


def test_page_stays_live_through_a_restart_of_the_server(
    lab: LabPage, studio: Studio, picture: Callable[[LabPage, str], None]
) -> None:
    lab.expect_outage()
    seeds.digits(studio, 2, 5)
    lab.expand("digits")
    expect(lab.row("cnn-5")).to_be_visible()
    lab.page.evaluate("() => { window.labdeckStays = true; }")
    seen = studio.cursor()

    lab.server.stop()
    expect(lab.sidebar).to_contain_text("Reconnecting")
    expect(lab.row("cnn-5")).to_be_visible()
    picture(lab, "reconnecting")
    seeds.digits(studio, 10)
    lab.server.start()

    expect(lab.row("cnn-10")).to_be_visible(timeout=30_000)
    expect(lab.sidebar).not_to_contain_text("Reconnecting")
    assert lab.page.evaluate("() => window.labdeckStays") is True
    stream = [socket.url for socket in lab.sockets if "/labdeck/api/events" in socket.url][-1]
    resumed = re.search(r"after=(\d+)", stream)
    assert resumed
    assert int(resumed[1]) >= seen

    lab.page.reload()
    lab.wait_ready()
    lab.show_sidebar()
    lab.expand("digits")
    wait_until(lambda: lab.names() == ["digits", "cnn-10", "cnn-5", "cnn-2"], "all is there again", why=lab.describe)


def _said(lab: LabPage) -> tuple[int, int]:
    """Return the process that trains and the last step of which it said that it was logged."""
    lines = (lab.server.notebooks / "said").read_text(encoding="ascii").split("\n")[:-1]
    pid, step = lines[-1].split()
    return int(pid), int(step)
