"""Somebody runs the quickstart and watches its trials."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.e2e.lab_page import KERNEL, LabPage

from labdeck import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

QUICKSTART = Path(__file__).resolve().parents[2] / "examples" / "quickstart.ipynb"
TRIALS = ["cnn-2", "cnn-5", "cnn-10", "cnn-20", "cnn-32"]
TRAINS_WITHIN = 180_000
# Keeps, for every trial, each different (state, value, sparkline) that was on the screen.
RECORDER = """() => {
  const seen = (window.labdeckSeen = {});
  const look = () => {
    for (const row of document.querySelectorAll('#labdeck-sidebar .jp-Labdeck-row.jp-mod-trial')) {
      const shot = JSON.stringify({
        state: row.querySelector('.jp-Labdeck-state')?.dataset.state ?? '',
        value: row.querySelector('.jp-Labdeck-value')?.textContent ?? '',
        spark: row.querySelector('.jp-Labdeck-spark path')?.getAttribute('d') ?? ''
      });
      const shots = (seen[row.querySelector('.jp-Labdeck-name')?.textContent ?? ''] ??= []);
      if (shots[shots.length - 1] !== shot) shots.push(shot);
    }
  };
  new MutationObserver(look).observe(document.querySelector('#labdeck-sidebar'), {
    subtree: true, childList: true, attributes: true, characterData: true
  });
  look();
}"""


@pytest.mark.timeout(300)
def test_quickstart_trials_appear_and_move_while_they_train(
    lab: LabPage, picture: Callable[[LabPage, str], None]
) -> None:
    shutil.copyfile(QUICKSTART, lab.server.notebooks / "quickstart.ipynb")
    lab.page.evaluate(RECORDER)
    lab.execute("docmanager:open", {"path": "quickstart.ipynb"})
    lab.wait_kernel()
    lab.execute("notebook:run-all-cells")

    expect(lab.row("digits")).to_be_visible(timeout=KERNEL)
    lab.expand("digits")
    for name in TRIALS:
        expect(lab.row(name)).to_be_visible(timeout=TRAINS_WITHIN)
    picture(lab, "quickstart")
    for name in TRIALS:
        lab.expect_state(name, "completed", TRAINS_WITHIN)

    seen = lab.page.evaluate(
        "() => Object.fromEntries(Object.entries(window.labdeckSeen).map(([k, v]) => [k, v.map(JSON.parse)]))"
    )
    assert set(TRIALS) <= set(seen)
    for name in TRIALS:
        shots = seen[name]
        running = [shot for shot in shots if shot["state"] == "running"]
        assert shots[0]["state"] == "running"
        assert shots[-1]["state"] == "completed"
        assert len({shot["value"] for shot in running} - {""}) >= 2, f"{name} did not move: {shots}"
        assert len({shot["spark"] for shot in running} - {""}) >= 2, f"the sparkline of {name} stood still"
    last = lab.notebook.locator(".jp-CodeCell").last
    expect(last.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]"), timeout=KERNEL)
    expect(lab.notebook.locator('[data-mime-type="application/vnd.jupyter.stderr"]')).to_have_count(0)
    _compare_beside_the_notebook(lab)
    picture(lab, "comparison")
    lab.theme("JupyterLab Dark")
    picture(lab, "comparison-dark")


def _compare_beside_the_notebook(lab: LabPage) -> None:
    """Compare the widest three on a large screen, as one would to read the notebook and the curves together."""
    lab.page.set_viewport_size({"width": 1920, "height": 1080})
    lab.row("cnn-32").click()
    lab.row("cnn-10").click(modifiers=["Shift"])
    lab.sidebar.get_by_role("button", name="Compare").click()
    expect(lab.page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    lab.page.evaluate(
        """() => {
          const { shell } = window.jupyterapp;
          shell.add(shell.currentWidget, 'main', { mode: 'split-right' });
        }"""
    )
    expect(lab.notebook).to_be_visible()
    expect(lab.page.locator(".js-plotly-plot .main-svg").first).to_be_visible()


def test_a_logged_value_is_on_the_screen_at_once(lab: LabPage, studio: Studio, say: Callable[[str], None]) -> None:
    with studio.experiment("delay", objective="loss", goal="min").trial("clock") as trial:
        trial.log(loss=1000)
        lab.expand("delay")
        expect(lab.row("clock").locator(".jp-Labdeck-value")).to_have_text("1000")
        delays = sorted(_delay(lab, trial.log, 1000 + turn) for turn in range(1, 8))
    say(f"from log() to the screen: median {delays[3]:.0f} ms, longest {delays[-1]:.0f} ms of {len(delays)}")
    lab.expect_state("clock", "completed")


def _delay(lab: LabPage, log: object, value: int) -> float:
    """Log a value and return the milliseconds until the sidebar shows it."""
    lab.page.evaluate(
        """wanted => { window.labdeckShown = new Promise(resolve => {
          const watcher = new MutationObserver(() => {
            if (document.querySelector('#labdeck-sidebar .jp-Labdeck-value')?.textContent === wanted) {
              watcher.disconnect();
              resolve(Date.now());
            }
          });
          watcher.observe(document.querySelector('#labdeck-sidebar'), {
            subtree: true, childList: true, characterData: true
          });
        }); }""",
        str(value),
    )
    before = time.time() * 1000
    log(loss=value)
    return lab.page.evaluate("() => window.labdeckShown") - before
