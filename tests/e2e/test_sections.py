"""The sections of the sidebar fill what is left of it, however often the page is loaded, whatever stands above them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.e2e import seeds
from tests.e2e.found import finding, put
from tests.e2e.lab_page import LabPage
from tests.e2e.waiting import wait_until

from labdeck import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# How many pixels lie between the end of each part and the beginning of the next, and the end of the sidebar.
GAPS = """() => {
  const side = document.querySelector('#labdeck-sidebar');
  const parts = side.querySelectorAll(
    '.jp-SidePanel-header, .lm-AccordionPanel-title, .lm-AccordionPanel > .lm-SplitPanel-child');
  const boxes = [...parts].map(part => part.getBoundingClientRect()).sort((a, b) => a.top - b.top);
  const starts = [...boxes.slice(1).map(box => box.top), side.getBoundingClientRect().bottom];
  return boxes.map((box, at) => Math.abs(starts[at] - box.bottom));
}"""
HANDLE = 4
"""Pixels between two sections, by which their border is dragged."""
PARTS = 5
"""The head, and title and body of two sections."""


def expect_filled(lab: LabPage) -> None:
    def filled() -> bool:
        gaps = lab.page.evaluate(GAPS)
        return len(gaps) == PARTS and max(gaps) <= HANDLE

    wait_until(filled, "nothing overlaps, is cut off or left over", why=lambda: str(lab.page.evaluate(GAPS)))


def test_sections_fill_the_sidebar_after_every_reload(lab: LabPage, studio: Studio) -> None:
    trial, *_ = seeds.digits(studio, 2)
    put(studio, *(finding(trial, step) for step in range(20)))
    for _ in range(10):
        lab.page.reload()
        lab.wait_ready()
        lab.show_sidebar()
        lab.sidebar.get_by_role("option").first.wait_for()
        expect_filled(lab)


def test_sections_make_room_for_what_is_wrong_with_a_query(
    lab: LabPage, studio: Studio, picture: Callable[[LabPage, str], None]
) -> None:
    lab.tolerate_status(400)
    trial, *_ = seeds.digits(studio, 2)
    put(studio, *(finding(trial, step) for step in range(20)))
    lab.sidebar.get_by_role("option").first.wait_for()
    search = lab.sidebar.get_by_role("combobox", name="Search trials")
    search.fill("metrics.acc >> 3")
    lab.sidebar.locator(".jp-Labdeck-queryerror").wait_for()
    expect_filled(lab)
    picture(lab, "sections-query")
    search.fill("")
    lab.sidebar.locator(".jp-Labdeck-queryerror").wait_for(state="detached")
    expect_filled(lab)
