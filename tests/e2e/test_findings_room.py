"""Findings keep their words where there is little room, and stay quick where there are many."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect
from tests.e2e.found import badge, finding, put, rows, running_trial, watched
from tests.e2e.lab_page import LabPage
from tests.e2e.waiting import wait_until

from labdeck import Studio, Trial

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Lines of the list that are wider than it, and parts that stick out of their line.
OVERFLOWING = """() => {
  const bad = [];
  for (const name of document.querySelectorAll('.jp-Labdeck-finding-head > .jp-Labdeck-name')) {
    if (name.textContent === 'VanishingGradient' && name.scrollWidth > name.clientWidth) bad.push('a rule is cut');
  }
  for (const row of document.querySelectorAll('.jp-Labdeck-findings .jp-Labdeck-row')) {
    const box = row.getBoundingClientRect();
    for (const part of row.querySelectorAll('*')) {
      const own = part.getBoundingClientRect();
      if (own.width > 0 && (own.right > box.right + 0.5 || own.left < box.left - 0.5)) bad.push(part.className);
    }
  }
  return bad;
}"""

# Buttons whose words need more room than they have.
CUT_BUTTONS = """() => [...document.querySelectorAll('.jp-Labdeck-button')].filter(node =>
  node.scrollHeight > node.clientHeight + 1 || node.scrollWidth > node.clientWidth + 1).length"""

# Tables of rules that can be scrolled sideways.
SIDEWAYS = """() => [...document.querySelectorAll('.jp-Labdeck-rules .jp-Labdeck-scroll')]
  .filter(node => node.scrollWidth > node.clientWidth + 1).map(node => node.scrollWidth)"""

# Notes when the first line of the list stands in the page.
WAIT_FOR_ROWS = """() => {
  const observer = new MutationObserver(() => {
    if (document.querySelector('.jp-Labdeck-findings .jp-Labdeck-row')) {
      window.firstRows = performance.now();
      observer.disconnect();
    }
  });
  observer.observe(document, { childList: true, subtree: true });
}"""

# Milliseconds from the question for findings until it was sent, its answer began and ended, and the first lines stood.
FIRST_ROWS = """() => {
  const [asked] = performance.getEntriesByType('resource').filter(one => /labdeck.*[/]findings[?]/.test(one.name));
  const { startTime, requestStart, responseStart, responseEnd } = asked;
  const waited = [requestStart, responseStart, responseEnd].map(time => time - startTime);
  return [...waited, window.firstRows - startTime];
}"""


@pytest.fixture
def running(studio: Studio) -> Iterator[Trial]:
    """A trial that runs, beside two that are over."""
    yield from running_trial(studio)


@pytest.mark.parametrize("width", [220, 280, 400])
def test_nothing_sticks_out(
    lab: LabPage, studio: Studio, running: Trial, width: int, picture: Callable[[LabPage, str], None]
) -> None:
    long = "block3.layer_norm.with.a.path.that.is.far.too.long.for.any.sidebar.weight"
    put(
        studio,
        finding(running, 40, count=12, last_step=52),
        finding(running, 123_456, "FeatureImportanceOverweight", severity="info", tensor=long, value=-1.234567e-100),
        finding(running, 55, "ExplodingTensor", severity="error", tensor=long, value="NaN", threshold=None),
    )
    expect(rows(lab)).to_have_count(3)
    # What was found before the page was opened is told by no notice, which would cover the picture.
    lab.page.reload()
    lab.wait_ready()
    lab.show_sidebar()
    expect(rows(lab)).to_have_count(3)
    lab.resize_sidebar(width)
    wait_until(
        lambda: abs(lab.sidebar.evaluate("node => node.clientWidth") - width) <= 2, f"the sidebar is {width} px wide"
    )
    assert lab.page.evaluate(OVERFLOWING) == []
    picture(lab, f"findings-{width}")
    lab.theme("JupyterLab Dark")
    picture(lab, f"findings-{width}-dark")


def test_notices_are_one_a_trial_and_leave_by_themselves(lab: LabPage, studio: Studio, running: Trial) -> None:
    watched(studio, running)
    lab.page.set_viewport_size({"width": 700, "height": 800})
    lab.execute("labdeck:open-rules")
    names = ("ExplodingTensor", "NaNOrigin", "AllZero", "Overfit")
    put(studio, *(finding(running, 55 + at, name, severity="error") for at, name in enumerate(names)))
    notice = lab.page.locator(".Toastify__toast")
    expect(notice).to_contain_text("ExplodingTensor (cnn-deep, step 55)")
    expect(notice).to_have_count(1)
    # Playwright presses only what nothing covers.
    lab.page.get_by_role("button", name="Stop training").click()
    expect(lab.page.get_by_role("button", name="Stop training…")).to_be_disabled()
    notice.get_by_text("ExplodingTensor").hover()
    lab.page.mouse.move(300, 300)
    expect(lab.page.get_by_role("alert").filter(has_text="ExplodingTensor")).to_have_count(0, timeout=20_000)


def test_the_rules_stack_where_it_is_narrow(
    lab: LabPage, studio: Studio, running: Trial, picture: Callable[[LabPage, str], None]
) -> None:
    watched(studio, running)
    put(studio, finding(running, 40))
    lab.page.set_viewport_size({"width": 700, "height": 800})
    lab.execute("labdeck:open-rules")
    rules = lab.page.get_by_role("region", name="cnn-deep").get_by_role("grid", name="Rules")
    expect(rules).to_contain_text("VanishingGradient")
    expect(rules).to_contain_text("threshold = 1e−7")
    expect(rules).not_to_contain_text("null")
    assert lab.page.evaluate(SIDEWAYS) == []
    picture(lab, "rules-narrow")


def test_many_findings_are_listed_at_once(
    lab: LabPage, studio: Studio, running: Trial, say: Callable[[str], None]
) -> None:
    put(studio, *(finding(running, step, tensor=f"gradient/{step}.weight") for step in range(3000)))
    expect(badge(lab)).to_have_text("3,000")
    lab.page.add_init_script(f"({WAIT_FOR_ROWS})()")
    lab.page.reload()
    lab.wait_ready()
    lab.show_sidebar()
    expect(rows(lab).first).to_be_visible()
    sent, began, answered, drawn = lab.page.evaluate(FIRST_ROWS)
    say(
        f"3,000 findings: sent after {sent:.0f} ms, the answer began after {began:.0f} and ended after {answered:.0f},"
        f" first rows after {drawn:.0f}"
    )
    assert rows(lab).count() < 60, "only what is in sight is drawn"
    section = lab.sidebar.locator(".jp-Labdeck-findings")
    expect(section).to_contain_text("500 of 3,000")
    section.get_by_role("button", name="Show older").press("Enter")
    expect(section).to_contain_text("1,000 of 3,000")
    assert rows(lab).count() < 60


def test_the_button_of_an_empty_sidebar_shows_all_its_words(lab: LabPage) -> None:
    for width in (200, 220):
        lab.resize_sidebar(width)
        button = lab.sidebar.get_by_role("button", name="New notebook with a first step")
        expect(button).to_be_visible()
        wait_until(lambda: lab.page.evaluate(CUT_BUTTONS) == 0, f"it is whole at {width} px")
