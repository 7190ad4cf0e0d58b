"""Somebody works at night."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect
from tests.e2e import seeds
from tests.e2e.lab_page import LabPage
from tests.e2e.waiting import wait_until

from labdeck import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# What a colour of the theme computes to in this page.
THEME = """names => names.map(name => {
  const probe = document.body.appendChild(document.createElement('span'));
  probe.style.color = `var(${name})`;
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
})"""
COLOURS = ["--jp-layout-color1", "--jp-ui-font-color1", "--jp-success-color1"]


def test_everything_takes_the_colours_of_the_theme(
    lab: LabPage, studio: Studio, picture: Callable[[LabPage, str], None]
) -> None:
    seeds.digits(studio, 2, 5, 10)
    lab.expand("digits")
    lab.row("cnn-2").click()
    lab.row("cnn-10").click(modifiers=["Control"])
    lab.sidebar.get_by_role("button", name="Compare").click()
    expect(lab.page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    seen = {}
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        lab.theme(theme)
        seen[theme] = layout, text, _ = tuple(lab.page.evaluate(THEME, COLOURS))
        wait_until(lambda layout=layout: _drawn_paper(lab) == layout, f"plotly's paper is {layout}")
        assert _computed(lab.row("cnn-5").locator(".jp-Labdeck-name"), "color") == text
        assert _computed(lab.page.get_by_role("grid", name="Trials compared").locator("td").first, "color") == text
        assert _computed(lab.page.locator(".jp-Labdeck-page:visible"), "background-color") in {
            layout,
            "rgba(0, 0, 0, 0)",
        }
        assert _background(lab.sidebar) == layout
        picture(lab, f"theme-{theme.split()[1].lower()}")
    assert seen["JupyterLab Dark"][:2] != seen["JupyterLab Light"][:2]


def _drawn_paper(lab: LabPage) -> str:
    """Return what stands behind the first chart: its own paper, or the page where the paper is clear."""
    svg = lab.page.locator(".js-plotly-plot .main-svg").first
    colour = _computed(svg, "background-color")
    return _background(svg) if colour == "rgba(0, 0, 0, 0)" else colour


def _background(element: Locator) -> str:
    """Return the first colour behind an element that is not clear."""
    return element.evaluate(
        """node => {
          const clear = 'rgba(0, 0, 0, 0)';
          while (node && getComputedStyle(node).backgroundColor === clear) node = node.parentElement;
          return getComputedStyle(node).backgroundColor;
        }"""
    )


def _computed(element: Locator, name: str) -> str:
    return element.evaluate("(node, name) => getComputedStyle(node).getPropertyValue(name)", name)
