"""The sidebar is narrow, and the hands stay on the keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from tests.e2e import seeds
from tests.e2e.lab_page import LabPage
from tests.e2e.waiting import wait_until

from labdeck import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG = "resnet-with-a-name-that-is-far-too-long-for-any-sidebar-anybody-will-ever-have"
# Lines that are wider than the sidebar, and parts that stick out of their line.
OVERFLOWING = """() => {
  const bad = [];
  for (const row of document.querySelectorAll('#labdeck-sidebar .jp-Labdeck-row')) {
    const box = row.getBoundingClientRect();
    if (row.scrollWidth > row.clientWidth) bad.push(`${row.innerText}: ${row.scrollWidth} > ${row.clientWidth}`);
    for (const part of row.children) {
      const own = part.getBoundingClientRect(); // of width 0 where a narrow line leaves a part out
      if (own.width === 0) continue;
      if (own.right > box.right + 0.5 || own.left < box.left - 0.5) bad.push(`${part.className} sticks out`);
    }
  }
  const list = document.querySelector('#labdeck-sidebar .jp-Labdeck-list');
  if (list.scrollWidth > list.clientWidth) bad.push(`the list: ${list.scrollWidth} > ${list.clientWidth}`);
  return bad;
}"""


@pytest.mark.parametrize("width", [220, 280, 400])
def test_nothing_sticks_out(lab: LabPage, studio: Studio, width: int, picture: Callable[[LabPage, str], None]) -> None:
    seeds.digits(studio, 2, 5)
    experiment = studio.experiment(LONG, objective="loss", goal="min")
    with experiment.trial(f"{LONG}-1") as trial:
        trial.log(loss=-1.234567e-100)
    running = experiment.trial("x").start()
    running.log(loss=1)
    lab.expand("digits")
    lab.expand(LONG)
    lab.resize_sidebar(width)
    wait_until(
        lambda: abs(lab.sidebar.evaluate("node => node.clientWidth") - width) <= 2, f"the sidebar is {width} px wide"
    )
    lab.row("cnn-2").click()
    lab.row("cnn-5").click(modifiers=["Control"])
    assert lab.page.evaluate(OVERFLOWING) == []
    bar = lab.page.locator(".jp-Labdeck-selection")
    assert bar.evaluate("node => node.scrollWidth <= node.clientWidth")
    picture(lab, f"sidebar-{width}")
    running.finish()


def test_a_walk_with_the_keyboard(lab: LabPage, studio: Studio) -> None:
    seeds.digits(studio, 2, 5)
    studio.experiment("other").trial("only").start().finish()
    press = lab.page.keyboard.press
    expect(lab.row("only")).to_be_visible()
    expect(lab.row("cnn-2")).to_be_visible()
    lab.tree.focus()
    expect(lab.tree).to_be_focused()

    # Opening and closing, and the current line for a screen reader. New experiments have opened by themselves.
    press("Home")
    _expect_current(lab, "other")
    press("ArrowDown")
    _expect_current(lab, "only")
    press("ArrowDown")
    _expect_current(lab, "digits")
    press("ArrowLeft")
    expect(lab.row("digits")).to_have_attribute("aria-expanded", "false")
    expect(lab.row("cnn-5")).to_have_count(0)
    press("ArrowRight")
    expect(lab.row("digits")).to_have_attribute("aria-expanded", "true")
    expect(lab.row("cnn-5")).to_have_attribute("aria-level", "2")
    press("ArrowRight")
    _expect_current(lab, "cnn-5")
    press("ArrowRight")
    expect(lab.row("training")).to_have_attribute("aria-level", "3")
    press("ArrowLeft")
    expect(lab.row("training")).to_have_count(0)

    # Choosing, and letting go.
    press("Space")
    expect(lab.row("cnn-5")).to_have_attribute("aria-selected", "true")
    press("Escape")
    expect(lab.row("cnn-5")).to_have_attribute("aria-selected", "false")

    # A new name, thrown away and kept.
    press("F2")
    name = lab.sidebar.get_by_role("textbox", name="New name")
    expect(name).to_be_focused()
    lab.page.keyboard.type("thrown away")
    press("Escape")
    expect(lab.row("cnn-5")).to_be_visible()
    expect(lab.tree).to_be_focused()
    press("F2")
    expect(name).to_be_focused()
    lab.page.keyboard.type("kept")
    press("Enter")
    expect(lab.row("kept")).to_be_visible()
    expect(lab.tree).to_be_focused()


def test_the_filter_is_a_key_away(lab: LabPage, studio: Studio) -> None:
    seeds.digits(studio, 2, 5)
    studio.experiment("other").trial("only").start().finish()
    press = lab.page.keyboard.press
    expect(lab.row("only")).to_be_visible()
    expect(lab.row("cnn-2")).to_be_visible()
    lab.tree.focus()
    press("/")
    box = lab.sidebar.get_by_role("combobox", name="Search trials")
    expect(box).to_be_focused()
    lab.page.keyboard.type("nn-5")
    expect(lab.row("other")).to_have_count(0)
    expect(lab.row("cnn-5")).to_be_visible()
    press("Escape")
    expect(box).to_have_value("")
    expect(lab.row("other")).to_be_visible()


def _expect_current(lab: LabPage, name: str) -> None:
    row = lab.row(name).get_attribute("id")
    expect(lab.tree).to_have_attribute("aria-activedescendant", str(row))
