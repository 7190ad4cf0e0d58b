"""Somebody looks closely at one trial, and somebody else has given it hostile names."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from tests.e2e import seeds
from tests.e2e.lab_page import LabPage

from labdeck import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HOSTILE = "<img src=x onerror=\"window.labdeckHacked='{}'\">"


def test_opened_with_enter_and_annotated(lab: LabPage, studio: Studio, picture: Callable[[LabPage, str], None]) -> None:
    trial = seeds.digits(studio, 5)[0]
    lab.expand("digits")
    lab.row("cnn-5").click()
    lab.page.keyboard.press("Enter")
    page = lab.page.locator(".jp-Labdeck-page:visible")
    expect(page.get_by_role("heading", level=2)).to_contain_text("cnn-5")
    expect(page).to_contain_text("hidden")
    expect(page).to_contain_text("test:accuracy")
    for tab in ("Curves", "Artifacts", "Output", "Lineage", "Code", "Environment", "Overview"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
        expect(page.get_by_role("tabpanel")).not_to_be_empty()
        if tab == "Curves":
            expect(page.locator(".js-plotly-plot")).to_have_count(2)
        picture(lab, f"trial-{tab.lower()}")

    page.get_by_role("button", name=re.compile("Edit the note")).click()
    lab.page.keyboard.type("Wide enough.")
    lab.page.keyboard.press("Control+Enter")
    expect(page).to_contain_text("Wide enough.")
    expect(page.get_by_role("textbox", name=re.compile("Edit the note"))).to_have_count(0)
    assert trial.note == "Wide enough."

    lab.page.reload()
    lab.wait_ready()
    expect(page.get_by_role("heading", level=2)).to_contain_text("cnn-5")
    expect(page).to_contain_text("Wide enough.")


def test_hostile_names_are_text(lab: LabPage, studio: Studio, picture: Callable[[LabPage, str], None]) -> None:
    names = {kind: HOSTILE.format(kind) for kind in ("experiment", "trial", "component", "metric", "param", "artifact")}
    file = lab.server.home / "weights.html"
    file.write_text("<script>window.labdeckHacked='content'</script>", encoding="utf-8")
    experiment = studio.experiment(names["experiment"], objective=names["metric"], note=HOSTILE.format("note"))
    for suffix in ("", " again"):
        with experiment.trial(names["trial"] + suffix, params={names["param"]: names["param"] + suffix}) as trial:
            trial.log({names["metric"]: 0.5}, step=1)
            with trial.component(names["component"]) as part:
                part.log({names["metric"]: 0.25}, step=1)
            trial.log_artifact(file, name=names["artifact"])
            trial.tag(tag=HOSTILE.format("tag"))
    lab.expand(names["experiment"])
    lab.row(names["trial"]).click()
    lab.page.keyboard.press("Enter")
    page = lab.page.locator(".jp-Labdeck-page:visible")
    expect(page.get_by_role("heading", level=2)).to_contain_text(names["trial"])
    for kind in ("component", "metric", "param"):
        expect(page).to_contain_text(names[kind])
    page.get_by_role("tab", name="Curves").click()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    page.locator(".js-plotly-plot").first.hover()

    page.get_by_role("tab", name="Artifacts").click()
    expect(page.get_by_role("button", name=names["artifact"])).to_be_visible()
    link = page.get_by_role("link", name="Download")
    with lab.page.expect_download() as download:
        link.click()
    assert download.value.path().read_bytes() == file.read_bytes()
    address = link.evaluate("link => link.getAttribute('href')").removeprefix(lab.server.url)
    status, headers, body = lab.server.fetch(address, headers=lab.server.authorized())
    assert (status, body) == (200, file.read_bytes())
    assert headers["Content-Disposition"].startswith("attachment")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]

    lab.row(names["trial"] + " again").click(modifiers=["Control"])
    lab.sidebar.get_by_role("button", name="Compare").click()
    expect(lab.page.get_by_role("grid", name="Trials compared")).to_contain_text(names["trial"])
    expect(lab.page.locator(".jp-Labdeck-page:visible .js-plotly-plot").first).to_be_visible()
    lab.row(names["trial"]).hover()

    picture(lab, "hostile")
    assert lab.page.evaluate("() => window.labdeckHacked") is None
    assert lab.page.locator('img[src="x"]').count() == 0
