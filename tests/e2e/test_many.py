"""Somebody has kept everything for years."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from tests.e2e import seeds
from tests.e2e.lab_page import LabPage
from tests.e2e.lab_server import LabServer
from tests.e2e.waiting import wait_until

from labdeck import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

COUNT = 10_000
ROWS_AT_ONCE = 200


def test_ten_thousand_trials_scroll_to_the_last(
    server: LabServer, studio: Studio, window: Callable[[], LabPage], say: Callable[[str], None]
) -> None:
    seeds.many(studio, server.store, COUNT)
    seeds.digits(studio, 2)  # the latest, which opens by itself
    lab = window()
    lab.open()
    lab.show_sidebar()
    row = lab.row("many")
    expect(row).to_contain_text(f"{COUNT:,}")
    expect(row).to_have_attribute("aria-expanded", "false")

    before = time.monotonic()
    row.locator(".jp-Labdeck-caret").click()
    lab.row(f"trial-{COUNT - 1:05}").wait_for()
    first = (time.monotonic() - before) * 1000
    before = time.monotonic()
    lab.tree.focus()
    lab.page.keyboard.press("End")
    lab.row("trial-00000").wait_for()
    last = (time.monotonic() - before) * 1000
    say(f"{COUNT} trials: first rows after {first:.0f} ms, the last one after {last:.0f} ms")
    expect(lab.row("trial-00000")).to_be_in_viewport()
    assert lab.tree.get_by_role("treeitem").count() < ROWS_AT_ONCE

    lab.sidebar.get_by_role("searchbox").fill("trial-04242")
    wait_until(lambda: lab.names() == ["many", "trial-04242"], "the filter finds it", why=lab.describe)
