"""Somebody has a report made from the panel, and reads it there; a page of somebody else is never run."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.e2e.found import finding, put, rows
from tests.e2e.lab_page import LabPage
from tests.e2e.trainings import breaking

from labdeck import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EVIL = """<!doctype html><html><body><h1>Training of evil</h1><section><h2>Loss</h2>
<p>read me<img src="x" onerror="window.ran = 1"></p></section><script>window.ran = 1</script></body></html>"""


def test_a_report_is_made_and_read(lab: LabPage, studio: Studio, picture: Callable[[LabPage, str], None]) -> None:
    trial = breaking(studio)
    put(studio, finding(trial, 3))
    expect(rows(lab).first).to_be_visible()
    rows(lab).first.click(button="right")
    lab.page.get_by_role("menuitem", name="Make Report of Trial").click()
    page = lab.page.locator(".jp-Labdeck-page-body")
    report = page.get_by_role("article", name="Training of digits / cnn-32")
    expect(report).to_be_visible(timeout=60_000)
    expect(report).to_contain_text("not a finite number")
    expect(report.locator(".main-svg").first).to_be_visible()
    expect(page.get_by_role("button", name="training-report.ipynb")).to_be_visible()
    picture(lab, "report")
    report.get_by_role("navigation").get_by_role("button", name="Gradients").click()
    expect(report.get_by_role("heading", name="Gradients")).to_be_in_viewport()
    picture(lab, "report-layers")
    lab.theme("JupyterLab Dark")
    expect(report.get_by_role("heading", name="Gradients")).to_be_in_viewport()
    picture(lab, "report-dark")
    lab.resize_sidebar(400)
    lab.page.set_viewport_size({"width": 900, "height": 700})
    expect(report).to_be_visible()
    picture(lab, "report-narrow")

    # Why there is none is said where it was asked for.
    lab.page.get_by_role("tab", name=re.compile("^Findings")).click()
    bar = lab.page.get_by_role("toolbar", name="Report")
    bar.get_by_role("combobox").select_option("xgboost")
    bar.get_by_role("button", name="Make report").click()
    expect(bar.get_by_role("alert")).to_contain_text("boosted", timeout=60_000)


def test_a_page_of_somebody_else_is_read_and_never_run(lab: LabPage, studio: Studio, tmp_path: Path) -> None:
    for name, text in (("training-report.html", EVIL), ("other.html", EVIL)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    with studio.experiment("digits").trial("evil") as trial:
        for name in ("training-report.html", "other.html"):
            trial.log_artifact(tmp_path / name)
    lab.expand("digits")
    lab.row("evil").dblclick()
    lab.page.get_by_role("tab", name=re.compile("^Artifacts")).click()
    page = lab.page.locator(".jp-Labdeck-page-body")
    page.get_by_role("button", name="training-report.html").click()
    expect(page.get_by_role("article", name="Training of evil")).to_contain_text("read me")
    page.get_by_role("button", name="other.html").click()
    expect(page.locator("pre")).to_contain_text("<script>window.ran = 1</script>")
    assert lab.page.evaluate("() => window.ran === undefined")


def test_the_row_that_is_pressed_in_a_scrolled_list_is_opened(lab: LabPage, studio: Studio) -> None:
    trial = breaking(studio)
    put(studio, *(finding(trial, step, f"Rule{step}") for step in range(2, 40)))
    expect(rows(lab).first).to_be_visible()
    box = lab.sidebar.get_by_role("listbox").bounding_box()
    assert box is not None
    lab.page.mouse.move(box["x"] + 50, box["y"] + box["height"] / 2)
    lab.page.mouse.wheel(0, 400)
    target = lab.sidebar.get_by_role("option", name=re.compile("Rule25"))
    expect(target).to_be_visible()
    target.scroll_into_view_if_needed()
    place = target.bounding_box()
    assert place is not None
    lab.page.mouse.click(place["x"] + 60, place["y"] + 8)
    expect(target).to_have_attribute("aria-selected", "true")
    expect(lab.page.get_by_role("tab", name="Tensors")).to_have_attribute("aria-selected", "true")
