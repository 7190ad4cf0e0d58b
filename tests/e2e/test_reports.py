"""A report's page draws everything by itself, fetches nothing, and runs nothing that a name brings along."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tests.kernel.debugger.reports.trained import NASTY, profiled, watched

from labdeck import Studio
from labdeck.debugger.reports import make_report
from labdeck.debugger.reports.parts import Figure


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["training", "profiler"])
def test_a_page_draws_itself_and_fetches_nothing(browser: Browser, tmp_path: Path, kind: str) -> None:
    with Studio(tmp_path / "store") as studio:
        with studio.experiment(NASTY).trial(NASTY) as trial:
            trial.log({NASTY: 1.0})
            if kind == "training":
                watched(trial)
            else:
                profiled(trial, cards=2, operators=True)
        report = make_report(studio.session, trial.id, kind)
    page_file = tmp_path / "report.html"
    page_file.write_text(report.html(), encoding="utf-8")
    page = browser.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message) or dialog.dismiss())
    page.goto(page_file.as_uri())
    figures = sum(isinstance(part, Figure) for section in report.sections for part in section.parts)
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(figures)
    expect(page.locator("h1")).to_contain_text(NASTY)
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert said == []
    page.close()
