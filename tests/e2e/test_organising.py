"""Somebody tidies up: nests, orders, archives, tags, deletes, and drags code into a notebook."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect
from tests.e2e import seeds
from tests.e2e.lab_page import KERNEL, LabPage
from tests.e2e.waiting import wait_until

from labdeck import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_parts_stand_below_their_whole(lab: LabPage, studio: Studio, picture: Callable[[LabPage, str], None]) -> None:
    experiment = studio.experiment("sweep", objective="loss", goal="min")
    whole = experiment.trial("search").start()
    for number in (1, 2):
        with whole.trial(f"candidate-{number}") as part:
            part.log(loss=1 / number)
    alone = experiment.trial("alone").start()
    alone.finish()
    lab.expand("sweep")
    expect(lab.row("search")).to_have_attribute("aria-level", "2")
    expect(lab.row("alone")).to_have_attribute("aria-setsize", "2")
    expect(lab.row("candidate-1")).to_have_count(0)

    lab.expand("search")
    expect(lab.row("candidate-1")).to_have_attribute("aria-level", "3")
    expect(lab.row("candidate-2")).to_contain_text("0.5")
    late = whole.trial("candidate-3").start()
    expect(lab.row("candidate-3")).to_have_attribute("aria-level", "3")
    picture(lab, "organising-nested")

    lab.row("candidate-1").click(button="right")
    lab.page.get_by_role("menuitem", name="Open Parent Trial").click()
    expect(lab.page.locator(".lm-TabBar-tabLabel", has_text="search")).to_be_visible()

    # A child whose whole is not found stands by itself.
    box = lab.sidebar.get_by_role("combobox", name="Search trials")
    box.fill("candidate")
    expect(lab.row("candidate-1")).to_have_attribute("aria-level", "2")
    expect(lab.row("search")).to_have_count(0)
    late.finish()
    whole.finish()


def test_archiving_puts_away_and_takes_out(
    lab: LabPage, studio: Studio, picture: Callable[[LabPage, str], None]
) -> None:
    seeds.digits(studio, 2, 5, 10)
    lab.expand("digits")
    lab.row("cnn-5").click()
    _choose(lab, lab.row("cnn-5"), "Archive")
    expect(lab.row("cnn-5")).to_have_count(0)
    expect(lab.row("digits").locator(".jp-Labdeck-count")).to_have_text("2")
    wait_until(lambda: studio.find_trial("cnn-5", "digits").record().archived, "it is archived in the store")

    _list_menu(lab, "Show Archived")
    expect(lab.row("cnn-5").get_by_label("archived")).to_be_visible()
    expect(lab.row("digits").locator(".jp-Labdeck-count")).to_have_text("3")
    picture(lab, "organising-archived")
    _choose(lab, lab.row("cnn-5"), "Take out of the Archive")
    expect(lab.row("cnn-5").get_by_label("archived")).to_have_count(0)
    _list_menu(lab, "Show Archived")
    expect(lab.row("cnn-5")).to_be_visible()

    # A whole experiment, taken back by the notice.
    _choose(lab, lab.row("digits"), "Archive")
    expect(lab.sidebar).to_contain_text("All experiments are archived.")
    notice = lab.page.locator(".Toastify__toast", has_text="Archived digits")
    notice.get_by_role("button", name="Undo").click()
    expect(lab.row("cnn-2")).to_be_visible()


def test_several_are_tagged_and_deleted_at_once(
    lab: LabPage, studio: Studio, picture: Callable[[LabPage, str], None]
) -> None:
    seeds.digits(studio, 2, 5, 10)
    lab.expand("digits")
    lab.row("cnn-2").click()
    lab.page.keyboard.press("Control+a")
    bar = lab.sidebar.get_by_role("toolbar", name="Selected trials")
    expect(bar).to_contain_text("3 selected")
    picture(lab, "organising-selected")

    bar.get_by_role("button", name="Tag").click()
    dialog = lab.page.locator(".jp-Dialog")
    dialog.get_by_role("textbox").fill("team=vision\ngood")
    picture(lab, "organising-tags")
    dialog.get_by_role("button", name="Save").click()
    expected = {"team": "vision", "good": ""}
    wait_until(lambda: [t.tags for t in studio.find_experiment("digits").trials()] == [expected] * 3, "all are tagged")

    lab.row("cnn-10").click(modifiers=["Control"])
    expect(bar).to_contain_text("2 selected")
    bar.get_by_role("button", name="Delete").click()
    expect(lab.row("cnn-2")).to_have_count(0)
    expect(lab.row("cnn-10")).to_be_visible()
    notice = lab.page.locator(".Toastify__toast", has_text="Deleted 2 trials")
    notice.get_by_role("button", name="Undo").click()
    expect(lab.row("cnn-2")).to_be_visible()


def test_the_order_is_chosen_and_kept(lab: LabPage, studio: Studio) -> None:
    seeds.digits(studio, 5, 2, 10)
    lab.expand("digits")
    expect(lab.row("cnn-10")).to_be_visible()
    for label, names in (
        ("By name", ["cnn-10", "cnn-2", "cnn-5"]),
        ("Best objective first", ["cnn-10", "cnn-5", "cnn-2"]),
        ("Newest first", ["cnn-10", "cnn-2", "cnn-5"]),
        ("Best objective first", ["cnn-10", "cnn-5", "cnn-2"]),
    ):
        # JupyterLab keeps the state of the page a moment later.
        with lab.page.expect_response(lambda answer: "/api/workspaces" in answer.url and answer.ok):
            _list_menu(lab, label)
        wait_until(lambda names=names: lab.names()[1:] == names, f"{label}: {names}", why=lab.describe)
    lab.page.reload()
    lab.wait_ready()
    lab.show_sidebar()
    wait_until(lambda: lab.names()[1:] == ["cnn-10", "cnn-5", "cnn-2"], "the order was kept", why=lab.describe)


@pytest.mark.timeout(240)
def test_code_is_dragged_into_a_notebook(lab: LabPage, studio: Studio, picture: Callable[[LabPage, str], None]) -> None:
    seeds.digits(studio, 2, 5)
    lab.expand("digits")
    lab.new_notebook()
    editor = lab.notebook.locator(".jp-Cell.jp-mod-active .cm-content")
    _drag(lab, lab.row("digits"), editor)
    expect(editor).to_contain_text('find_experiment("digits")')
    editor.click()
    lab.page.keyboard.press("Shift+Enter")
    output = lab.notebook.locator(".jp-OutputArea-output").first
    expect(output).to_contain_text("cnn-2", timeout=KERNEL)

    # A selection, between the cells: it becomes a cell of its own.
    lab.row("cnn-2").click()
    lab.row("cnn-5").click(modifiers=["Shift"])
    prompt = lab.notebook.locator(".jp-CodeCell").nth(1).locator(".jp-InputPrompt")
    before = lab.notebook.locator(".jp-CodeCell").count()
    _drag(lab, lab.row("cnn-5"), prompt)
    expect(lab.notebook.locator(".jp-CodeCell")).to_have_count(before + 1)
    dropped = lab.notebook.locator(".jp-CodeCell", has_text="compare(*trials)")
    expect(dropped).to_contain_text("cnn-2")
    picture(lab, "organising-dragged")
    dropped.locator(".cm-content").click()
    lab.page.keyboard.press("Shift+Enter")
    expect(dropped.locator(".jp-OutputArea-output").first).to_contain_text("cnn-5", timeout=KERNEL)

    # The same without a pointer.
    lab.row("cnn-2").click()
    lab.execute("labdeck:insert-code")
    expect(lab.notebook.locator(".jp-CodeCell", has_text="find_trial")).to_have_count(2)


def test_code_is_copied_from_the_menu(lab: LabPage, studio: Studio) -> None:
    (trial,) = seeds.digits(studio, 2)
    lab.expand("digits")
    for name, expected in (("digits", 'find_experiment("digits")'), ("cnn-2", f'find_trial("{trial.id}")')):
        _choose(lab, lab.row(name), "Copy as Python")
        wait_until(lambda text=expected: text in _clipboard(lab), f"the clipboard has {expected}")
        compile(_clipboard(lab), "<clipboard>", "exec")
    _choose(lab, lab.row("cnn-2"), "Copy Name")
    wait_until(lambda: _clipboard(lab) == "cnn-2", "the clipboard has the name")
    lab.expand("cnn-2")
    _choose(lab, lab.row("training"), "Copy Name")
    wait_until(lambda: _clipboard(lab) == "training", "the clipboard has the component's name")


def _clipboard(lab: LabPage) -> str:
    return lab.page.evaluate("() => navigator.clipboard.readText()")


def _choose(lab: LabPage, row: Locator, action: str) -> None:
    """Choose from the menu of the right button."""
    row.click(button="right")
    lab.page.get_by_role("menuitem", name=re.compile(f"^{action}")).click()


def _list_menu(lab: LabPage, line: str) -> None:
    """Choose from the menu beside the search box."""
    lab.sidebar.get_by_role("button", name="Order and archive").click()
    lab.page.locator(".lm-Menu-itemLabel", has_text=line).click()


def _drag(lab: LabPage, row: Locator, target: Locator) -> None:
    """Drag a row by the mouse to the middle of something."""
    start, end = row.bounding_box(), target.bounding_box()
    assert start is not None
    assert end is not None
    mouse = lab.page.mouse
    mouse.move(start["x"] + 60, start["y"] + start["height"] / 2)
    mouse.down()
    mouse.move(start["x"] + 80, start["y"] + start["height"] / 2 + 20, steps=4)
    expect(lab.page.locator(".jp-Labdeck-dragged")).to_be_visible()
    mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=8)
    mouse.up()
    expect(lab.page.locator(".jp-Labdeck-dragged")).to_have_count(0)
