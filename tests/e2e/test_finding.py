"""Somebody looks for the few trials that matter among many."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect
from tests.e2e import seeds
from tests.e2e.lab_page import LabPage
from tests.e2e.waiting import wait_until

from labdeck import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def box(lab: LabPage, studio: Studio) -> Locator:
    """The search box, in front of two experiments."""
    seeds.digits(studio, 2, 5, 10, 20, 32)
    other = studio.experiment("other")
    for name in ("plain", "special"):
        with other.trial(name, tags={"team": "vision"}) as trial:
            trial.log(loss=0.5)
    expect(lab.row("special")).to_be_visible()
    expect(lab.row("digits")).to_contain_text("5")
    return lab.sidebar.get_by_role("combobox", name="Search trials")


def test_a_query_is_completed_asked_and_cleared(
    lab: LabPage, studio: Studio, box: Locator, picture: Callable[[LabPage, str], None]
) -> None:
    press = lab.page.keyboard.press
    lab.tree.focus()
    press("/")
    expect(box).to_be_focused()
    lab.page.keyboard.type("params.hid")
    options = lab.sidebar.get_by_role("option")
    expect(options.first).to_contain_text("params.hidden")
    picture(lab, "finding-completion")
    press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    press("Enter")
    expect(box).to_have_value("params.hidden ")
    lab.page.keyboard.type("> 5 and ")
    expect(options.first).to_be_visible()
    lab.page.keyboard.type('state = "completed"')
    press("Enter")
    wait_until(lambda: lab.names() == ["digits", "cnn-32", "cnn-20", "cnn-10"], "three match", why=lab.describe)
    expect(lab.row("digits").locator(".jp-Labdeck-count")).to_have_text("3 of 5")
    expect(lab.sidebar.get_by_role("status").filter(has_text="3 trials")).to_be_visible()
    picture(lab, "finding-found")

    # A trial that begins to match appears, one that ceases to goes.
    with studio.experiment("digits").trial("cnn-64", params={"hidden": 64}) as late:
        expect(lab.row("cnn-20")).to_be_visible()
    expect(lab.row("cnn-64")).to_be_visible()
    expect(lab.row("digits").locator(".jp-Labdeck-count")).to_have_text("4 of 6")
    late.delete()
    expect(lab.row("cnn-64")).to_have_count(0)

    box.focus()
    press("Escape")
    expect(box).to_have_value("")
    expect(lab.row("plain")).to_be_visible()
    press("ArrowDown")
    expect(lab.tree).to_be_focused()

    # What was asked is offered again.
    press("/")
    lab.page.keyboard.press("Control+Space")
    expect(options).to_have_count(1)
    options.first.click()
    expect(box).to_have_value('params.hidden > 5 and state = "completed"')
    expect(lab.row("digits").locator(".jp-Labdeck-count")).to_have_text("3 of 5")


def test_a_mistake_is_shown_where_it_is(lab: LabPage, box: Locator, picture: Callable[[LabPage, str], None]) -> None:
    lab.tolerate_status(400)
    box.fill("metric.loss > 0.1")
    lab.page.keyboard.press("Enter")
    alert = lab.sidebar.get_by_role("alert")
    expect(alert.locator("mark")).to_have_text("m")
    expect(alert).to_contain_text("metrics.loss")
    picture(lab, "finding-mistake")
    lab.theme("JupyterLab Dark")
    picture(lab, "finding-mistake-dark")
    lab.resize_sidebar(220)
    picture(lab, "finding-mistake-220")
    expect(lab.row("plain")).to_be_visible()  # what was there stays

    box.fill("metrics.loss >= 0.5")
    lab.page.keyboard.press("Enter")
    expect(alert).to_have_count(0)
    expect(lab.row("plain")).to_be_visible()
    expect(lab.row("other").locator(".jp-Labdeck-count")).to_have_text("2 of 2")


def test_words_find_names(lab: LabPage, box: Locator) -> None:
    box.fill("spec")
    wait_until(lambda: lab.names() == ["other", "special"], "the trial is found by its name", why=lab.describe)
    box.fill("digit")
    expect(lab.row("other")).to_have_count(0)
    expect(lab.row("digits").locator(".jp-Labdeck-count")).to_have_text("5")
    box.fill("nothing of that name")
    expect(lab.sidebar).to_contain_text("No experiment or trial has “nothing of that name” in its name.")
    lab.sidebar.get_by_role("button", name="Clear the search").click()
    expect(lab.row("special")).to_be_visible()


def test_the_help_has_examples_to_click(lab: LabPage, box: Locator, picture: Callable[[LabPage, str], None]) -> None:
    box.focus()
    lab.page.keyboard.press("?")
    help_panel = lab.sidebar.get_by_role("region", name="How to search")
    expect(help_panel).to_be_visible()
    picture(lab, "finding-help")
    lab.resize_sidebar(220)
    picture(lab, "finding-help-220")
    lab.resize_sidebar(400)
    lab.theme("JupyterLab Dark")
    picture(lab, "finding-help-400-dark")
    help_panel.get_by_role("button", name='tags.team ~ "vision"').click()
    wait_until(lambda: set(lab.names()[1:]) == {"plain", "special"}, "the example is asked", why=lab.describe)
    lab.sidebar.get_by_role("button", name="Close the help").click()
    expect(help_panel).to_have_count(0)

    lab.execute("labdeck:copy-search")
    wait_until(lambda: "search(" in lab.page.evaluate("() => navigator.clipboard.readText()"), "the search is copied")
