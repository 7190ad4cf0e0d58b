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
# Opens the only closed experiment; returns the milliseconds until a trial of it is drawn.
OPEN = """name => new Promise(resolve => {
  const sidebar = document.querySelector('#labdeck-sidebar');
  const before = performance.now();
  const watcher = new MutationObserver(() => {
    if ([...sidebar.querySelectorAll('.jp-Labdeck-name')].some(({ textContent }) => textContent === name)) {
      watcher.disconnect();
      requestAnimationFrame(() => resolve(performance.now() - before));
    }
  });
  watcher.observe(sidebar, { subtree: true, childList: true, characterData: true });
  sidebar.querySelector('.jp-mod-experiment[aria-expanded=false] .jp-Labdeck-caret').click();
})"""
# Scrolls from the bottom to the top in two hundred steps, one a frame; returns how long each frame took, in ms.
SCROLL = """() => new Promise(resolve => {
  const list = document.querySelector('#labdeck-sidebar .jp-Labdeck-list');
  const end = list.scrollTop;
  const frames = [];
  let [step, before] = [0, performance.now()];
  const next = () => {
    const now = performance.now();
    frames.push(now - before);
    before = now;
    list.scrollTop = end * (1 - ++step / 200);
    if (step < 200) requestAnimationFrame(next);
    else resolve(frames);
  };
  requestAnimationFrame(next);
})"""


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

    first = lab.page.evaluate(OPEN, f"trial-{COUNT - 1:05}")
    server_share = lab.page.evaluate(
        "() => performance.getEntriesByType('resource').filter(e => e.name.includes('/trials?')).pop().duration"
    )
    before = time.monotonic()
    lab.tree.focus()
    lab.page.keyboard.press("End")
    lab.row("trial-00000").wait_for()
    last = (time.monotonic() - before) * 1000
    say(f"{COUNT} trials: first rows after {first:.0f} ms, {server_share:.0f} of it the request; last {last:.0f} ms")
    expect(lab.row("trial-00000")).to_be_in_viewport()
    expect(lab.row("trial-00000")).to_have_attribute("aria-posinset", str(COUNT))
    expect(lab.row("trial-00000")).to_have_attribute("aria-setsize", str(COUNT))
    assert lab.tree.get_by_role("treeitem").count() < ROWS_AT_ONCE

    frames = lab.page.evaluate(SCROLL)
    lab.row(f"trial-{COUNT - 1:05}").wait_for()
    say(
        f"scrolling through all of them: {len(frames)} frames, longest {max(frames):.0f} ms, {_late(frames)} over 50 ms"
    )
    assert lab.tree.get_by_role("treeitem").count() < ROWS_AT_ONCE

    before = time.monotonic()
    lab.sidebar.get_by_role("combobox", name="Search trials").fill("trial-04242")
    wait_until(lambda: lab.names() == ["many", "trial-04242"], "the search finds it", why=lab.describe)
    say(f"one of {COUNT} found after {(time.monotonic() - before) * 1000:.0f} ms, the pause for typing included")


def test_a_thousand_are_chosen_from_one_end_to_the_other(
    server: LabServer, studio: Studio, window: Callable[[], LabPage]
) -> None:
    seeds.many(studio, server.store, 1000)
    lab = window()
    lab.open()
    lab.show_sidebar()
    lab.expand("many")
    lab.row("trial-00999").click()
    lab.page.keyboard.press("End")
    lab.row("trial-00000").wait_for()
    lab.row("trial-00000").click(modifiers=["Shift"])
    bar = lab.sidebar.get_by_role("toolbar", name="Selected trials")
    expect(bar).to_contain_text("1000 selected")
    bar.get_by_role("button", name="Archive").click()
    expect(lab.row("many").locator(".jp-Labdeck-count")).to_have_text("0")
    lab.page.locator(".Toastify__toast").get_by_role("button", name="Undo").click()
    expect(lab.row("many").locator(".jp-Labdeck-count")).to_have_text("1,000")


def _late(frames: list[float]) -> int:
    return sum(frame > 50 for frame in frames)
