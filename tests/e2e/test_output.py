"""Somebody reads what a trial prints, while it prints and afterwards."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from tests.e2e.lab_page import LabPage

from labdeck import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PRINTING = """
import sys, labdeck
with labdeck.open(sys.argv[1]).experiment("talk").trial("talker") as trial:
    for number in range(1, 2001):
        print(f"line {number} of the beginning")
    print("careful", file=sys.stderr)
    sys.stdin.readline()
    print("needle in the end")
    sys.stdin.readline()
"""


def test_output_is_live_followed_and_searched(
    lab: LabPage, studio: Studio, picture: Callable[[LabPage, str], None]
) -> None:
    command = [sys.executable, "-c", PRINTING, str(studio.session.location.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stdin is not None
        lab.expand("talk")
        lab.row("talker").click()
        lab.page.keyboard.press("Enter")
        page = lab.page.locator(".jp-Labdeck-page:visible")
        page.get_by_role("tab", name="Output").click()
        log = page.get_by_role("log", name="Output")
        expect(log).to_contain_text("line 2000 of the beginning")
        expect(log.locator("[data-stream=stderr]")).to_contain_text("careful")
        picture(lab, "output")

        process.stdin.write("\n")
        process.stdin.flush()
        expect(log).to_contain_text("needle in the end")

        page.get_by_role("searchbox", name="Search the output").fill("line 7 ")
        expect(page.get_by_role("status")).to_have_text("1 of 1 lines")
        expect(log.locator("[data-current]")).to_contain_text("line 7 of")
        expect(log.locator("mark").first).to_have_text("line 7 ")
        picture(lab, "output-search")
        page.get_by_role("button", name="Go to the end").click()
        expect(log).to_contain_text("needle in the end")

        page.get_by_role("searchbox", name="Search the output").fill("1999")
        expect(page.get_by_role("status")).to_have_text("1 of 1 lines")
        page.get_by_role("searchbox", name="Search the output").fill("not there")
        expect(page.get_by_role("status")).to_have_text("no hit")
        process.stdin.write("\n")
        process.stdin.flush()
    assert process.returncode == 0


def test_a_silent_trial_says_that_nothing_was_printed(lab: LabPage, studio: Studio) -> None:
    with studio.experiment("talk").trial("silent") as trial:
        trial.log(loss=1.0)
    lab.expand("talk")
    lab.row("silent").click()
    lab.page.keyboard.press("Enter")
    page = lab.page.locator(".jp-Labdeck-page:visible")
    page.get_by_role("tab", name="Output").click()
    expect(page).to_contain_text("Nothing was printed while this trial ran.")
