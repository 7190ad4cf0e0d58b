"""Somebody puts trials side by side."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect
from tests.e2e import seeds
from tests.e2e.lab_page import LabPage
from tests.e2e.waiting import wait_until

from labdeck import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# A training script that logs a point for each line it is told, as another process.
WRITER = """
import sys
import labdeck
with labdeck.experiment("digits").trial("cnn-64", params={"hidden": 64, "epochs": 30}) as trial:
    with trial.component("training") as training:
        training.log({"train:loss": 0.7, "test:accuracy": 0.5}, step=1)
        print("ready", flush=True)
        for step, line in enumerate(sys.stdin, 2):
            training.log({"train:loss": float(line), "test:accuracy": 1 - float(line)}, step=step)
"""
DRAWN = "plots => plots.map(plot => ({ data: plot.data, x: plot.layout.xaxis, y: plot.layout.yaxis }))"


def test_three_trials_chosen_by_keyboard(lab: LabPage, studio: Studio, picture: Callable[[LabPage, str], None]) -> None:
    seeds.digits(studio, 2, 5, 10, 20, 32)
    page = _choose_and_compare(lab)
    table = page.get_by_role("grid", name="Trials compared")
    expect(table.get_by_role("row")).to_have_count(4)
    heads = table.get_by_role("columnheader")

    # Only what differs is shown, and what is the same comes when asked for.
    expect(heads.filter(has_text="hidden")).to_have_count(1)
    expect(heads.filter(has_text="epochs")).to_have_count(0)
    page.get_by_label("differing only").uncheck()
    expect(heads.filter(has_text="epochs")).to_have_count(1)
    page.get_by_label("differing only").check()
    expect(heads.filter(has_text="epochs")).to_have_count(0)

    # Sorting by a click on a head, both ways.
    heads.filter(has_text="hidden").click()
    expect(heads.filter(has_text="hidden")).to_have_attribute("aria-sort", re.compile("ascending|descending"))
    first = _order(table)
    heads.filter(has_text="hidden").click()
    wait_until(lambda: _order(table) == first[::-1], "the order is turned around", why=lambda: str(_order(table)))

    # A baseline: the differences from it.
    _select(page, "baseline").select_option(label="cnn-10")
    expect(page.locator(".jp-Labdeck-pin")).to_have_text("baseline")
    wait_until(lambda: page.locator(".jp-Labdeck-difference").count() >= 4, "differences are shown")
    signs = {text[0] for text in page.locator(".jp-Labdeck-difference").all_inner_texts()}
    assert signs <= {"+", "−", "0"}, signs
    assert {"+", "−"} <= signs
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    picture(lab, "comparison-baseline")


def test_trials_chosen_by_ctrl_click_are_drawn_and_redrawn(lab: LabPage, studio: Studio) -> None:
    seeds.digits(studio, 2, 5, 10)
    page = _click_and_compare(lab, "cnn-2", "cnn-5", "cnn-10")
    page.get_by_role("tab", name="Curves").click()
    plots = page.locator(".js-plotly-plot")
    wait_until(lambda: plots.count() == 2, "two metrics are drawn")
    by_step = _wait_drawn(plots, lambda drawn: all(len(plot["data"]) == 3 for plot in drawn))
    assert by_step[0]["y"].get("type", "linear") == "linear"

    _select(page, "x").select_option("time")
    by_time = _wait_drawn(plots, lambda drawn: drawn[0]["x"]["type"] == "date")
    assert len(by_time[0]["data"]) == 3
    _select(page, "x").select_option("step")
    page.get_by_label("log y").check()
    _wait_drawn(plots, lambda drawn: all(plot["y"]["type"] == "log" for plot in drawn))
    page.get_by_label("log y").uncheck()
    plain = _wait_drawn(plots, lambda drawn: all(plot["y"]["type"] == "linear" for plot in drawn))
    page.get_by_role("slider").fill("0.9")
    _wait_drawn(plots, lambda drawn: drawn[0]["data"] != plain[0]["data"])


def test_a_point_of_another_process_appears_in_the_comparison(lab: LabPage, studio: Studio) -> None:
    seeds.digits(studio, 2)
    with lab.server.script(WRITER) as writer:
        assert writer.stdin
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
        lab.expand("digits")
        lab.expect_state("cnn-64", "running")
        page = _click_and_compare(lab, "cnn-64", "cnn-2")
        row = page.get_by_role("row").filter(has_text="cnn-64")
        expect(row).to_contain_text("0.7")
        plots = page.locator(".js-plotly-plot")
        before = _wait_drawn(plots, lambda drawn: len(drawn) > 0 and len(drawn[0]["data"]) == 2)

        writer.stdin.write("0.0625\n")
        writer.stdin.flush()

        expect(row).to_contain_text("0.0625")
        _wait_drawn(plots, lambda drawn: drawn[0]["data"] != before[0]["data"])
        writer.stdin.close()
        expect(row.locator(".jp-Labdeck-state")).to_have_attribute("data-state", "completed", timeout=20_000)


def test_copied_python_makes_the_same_comparison(lab: LabPage, studio: Studio) -> None:
    seeds.digits(studio, 2, 5, 10)
    page = _click_and_compare(lab, "cnn-2", "cnn-10")
    page.get_by_role("button", name="Copy as Python").click()
    expect(lab.page.locator(".Toastify__toast")).to_contain_text("Copied")
    code = lab.page.evaluate("() => navigator.clipboard.readText()")
    printed = lab.server.run("-c", f"{code}\nprint([trial.name for trial in trials], len({_last(code)}.trials))")
    assert printed.strip() in {"['cnn-2', 'cnn-10'] 2", "['cnn-10', 'cnn-2'] 2"}


def _last(code: str) -> str:
    """Return the last line, whose value a cell would show."""
    return code.rstrip().splitlines()[-1]


def _choose_and_compare(lab: LabPage) -> Locator:
    """Compare the newest three trials without touching the pointer."""
    # All trials first: one that comes while the focus is in the list goes above what the reader looks at.
    expect(lab.row("digits")).to_contain_text("5")
    lab.tree.focus()
    keys = ["Home", "ArrowRight", "ArrowDown", "Space", "ArrowDown", "Space", "ArrowDown", "Space"]
    for key in keys:
        lab.page.keyboard.press(key)
        if key == "ArrowRight":
            for hidden in (2, 5, 10, 20, 32):
                expect(lab.row(f"cnn-{hidden}")).to_be_visible()
    expect(lab.sidebar).to_contain_text("3 selected")
    lab.sidebar.get_by_role("button", name="Compare").click()
    return _comparison(lab)


def _click_and_compare(lab: LabPage, *names: str) -> Locator:
    """Compare trials chosen by Ctrl-click."""
    lab.expand("digits")
    lab.row(names[0]).click()
    for name in names[1:]:
        lab.row(name).click(modifiers=["Control"])
    expect(lab.sidebar).to_contain_text(f"{len(names)} selected")
    lab.sidebar.get_by_role("button", name="Compare").click()
    return _comparison(lab)


def _comparison(lab: LabPage) -> Locator:
    page = lab.page.locator(".jp-Labdeck-page:visible")
    expect(page.get_by_role("heading", name="digits")).to_be_visible()
    return page


def _select(page: Locator, label: str) -> Locator:
    return page.locator("label").filter(has_text=re.compile(f"^{label}")).get_by_role("combobox")


def _order(table: Locator) -> list[str]:
    return table.locator("tbody .jp-Labdeck-trial-name button").all_inner_texts()


def _wait_drawn(plots: Locator, wanted: object) -> list[dict[str, object]]:
    """Wait until what plotly has drawn is as wanted, and return it."""

    def look() -> list[dict[str, object]] | None:
        drawn = plots.evaluate_all(DRAWN)
        return drawn if drawn and wanted(drawn) else None

    return wait_until(look, "the curves are drawn so", why=lambda: str(plots.evaluate_all(DRAWN))[:2000])
