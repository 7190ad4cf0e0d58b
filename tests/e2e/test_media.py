"""Somebody looks at what a trial has kept: pictures, sounds, tables, figures, texts, and what must not be drawn."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from playwright.sync_api import Locator, expect
from tests.e2e.lab_page import LabPage

from labdeck import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STEPS = (1, 5, 9)


def kept(studio: Studio, folder: str) -> None:
    """Make a trial that has kept something of every kind."""
    wave = np.sin(np.arange(8000) * 2 * math.pi * 440 / 8000)
    page = f"{folder}/report.html"
    Path(page).write_text("<h1>report</h1><script>window.labdeckHacked='html'</script>", encoding="utf-8")
    with studio.experiment("media").trial("painter") as trial:
        for step in STEPS:
            image = np.zeros((32, 32, 3), dtype=np.uint8)
            image[:, : 3 * step, 0] = 255
            trial.log_image("samples", image, step=step, caption=f"after {step}")
        trial.log_audio("tone", wave, 8000)
        trial.log_table("scores", {"name": [f"row {i}" for i in range(250)], "score": [i / 7 for i in range(250)]})
        trial.log_figure("surface", go.Figure(go.Scatter(y=[1, 3, 2])))
        trial.log_text("words", "first line\n<b>second line</b>")
        trial.log_artifact(page)


def open_trial(lab: LabPage, tab: str) -> Locator:
    lab.expand("media")
    lab.row("painter").click()
    lab.page.keyboard.press("Enter")
    page = lab.page.locator(".jp-Labdeck-page:visible")
    page.get_by_role("tab", name=tab).click()
    return page


def test_everything_kept_is_shown_or_said_not_to_be(
    lab: LabPage, studio: Studio, picture: Callable[[LabPage, str], None]
) -> None:
    kept(studio, str(lab.server.home))
    page = open_trial(lab, "Artifacts")
    preview = page.locator(".jp-Labdeck-preview")

    shown = preview.get_by_role("img", name="after 9")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.naturalWidth") == 32
    preview.get_by_role("slider").focus()
    lab.page.keyboard.press("ArrowLeft")
    expect(preview.get_by_role("img", name="after 5")).to_be_visible()
    picture(lab, "media-image")
    preview.get_by_role("checkbox", name="all steps").check()
    expect(preview.get_by_role("img")).to_have_count(len(STEPS))
    picture(lab, "media-steps")

    page.get_by_role("button", name="tone").click()
    sound = preview.locator("audio")
    expect(sound).to_be_visible()
    lab.page.wait_for_function("sound => Math.abs(sound.duration - 1) < 0.01", arg=sound.element_handle())

    page.get_by_role("button", name="scores").click()
    expect(preview).to_contain_text("rows 1 to 100 of 250")
    preview.get_by_role("button", name="Next").click()
    preview.get_by_role("button", name="Next").click()
    expect(preview).to_contain_text("row 249")
    expect(preview.get_by_role("button", name="Next")).to_be_disabled()
    picture(lab, "media-table")

    page.get_by_role("button", name="surface").click()
    expect(preview.locator(".js-plotly-plot")).to_be_visible()
    page.get_by_role("button", name="words").click()
    expect(preview.locator("pre")).to_have_text("first line\n<b>second line</b>")
    page.get_by_role("button", name="report.html").click()
    expect(preview.locator("pre")).to_contain_text("<script>")
    assert lab.page.evaluate("() => window.labdeckHacked") is None


def test_a_file_that_is_gone_says_so(lab: LabPage, studio: Studio) -> None:
    with studio.experiment("media").trial("painter") as trial:
        record = trial.log_text("words", "gone soon")
    studio.session.artifacts.path(record.sha256).unlink()
    lab.tolerate_status(404)
    page = open_trial(lab, "Artifacts")
    expect(page.get_by_role("alert")).to_contain_text("missing")
    expect(page.get_by_role("alert").get_by_role("button", name="Retry")).to_be_visible()
