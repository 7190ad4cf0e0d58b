"""Somebody opens the sidebar for the first time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from tests.e2e.lab_page import KERNEL, LabPage

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_first_step_leads_from_an_empty_store_to_a_first_trial(
    lab: LabPage, picture: Callable[[LabPage, str], None]
) -> None:
    expect(lab.sidebar).to_contain_text("No experiments yet")
    picture(lab, "empty")
    lab.sidebar.get_by_role("button", name="New notebook with a first step").click()

    lab.wait_kernel()
    expect(lab.notebook.locator(".jp-Cell.jp-mod-active .cm-content")).to_contain_text("labdeck.experiment")
    lab.notebook.locator(".jp-Cell.jp-mod-active .cm-content").click()
    lab.page.keyboard.press("Shift+Enter")

    expect(lab.row("first steps")).to_be_visible(timeout=KERNEL)
    lab.expand("first steps")
    lab.expect_state("trial-1", "completed")
    expect(lab.row("trial-1").locator("svg.jp-Labdeck-spark")).to_be_visible()
