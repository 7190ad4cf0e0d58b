"""Somebody reads Chinese: everything of the studio is in their language, beside a JupyterLab that is."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from tests.e2e import seeds
from tests.e2e.lab_page import LabPage
from tests.e2e.lab_server import LabServer

import translations
from labdeck import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Every text that is shown or read aloud under an element, each as a whole; the words inside charts are the server's.
SHOWN = """roots => roots.flatMap(root => {
  const found = [];
  for (const node of [root, ...root.querySelectorAll('*')]) {
    if (node.closest('.jp-Labdeck-chart-plot')) continue;
    for (const name of ['aria-label', 'title', 'placeholder']) {
      if (node.hasAttribute(name)) found.push(node.getAttribute(name));
    }
    for (const child of node.childNodes) {
      if (child.nodeType === Node.TEXT_NODE && child.data.trim()) found.push(child.data.trim());
    }
  }
  return found;
})"""


@pytest.fixture(params=["zh_CN", "zh_TW"])
def locale(request: pytest.FixtureRequest, server: LabServer) -> str:
    """A language, which the settings of JupyterLab name as its menu does."""
    chosen = server.home / "settings" / "@jupyterlab" / "translation-extension" / "plugin.jupyterlab-settings"
    chosen.parent.mkdir(parents=True, exist_ok=True)
    chosen.write_text(json.dumps({"locale": request.param}), encoding="utf-8")
    return request.param


@pytest.fixture
def texts(locale: str) -> dict[str, str]:
    """What the catalog says for each text that reads otherwise in English."""
    said = {}
    for message in translations.read_catalog(translations.CATALOGS / f"{locale}.po"):
        key, string = translations._text(message).id, translations._said(message)[0]
        if key and key != string:
            said[key] = string
    return said


def test_everything_is_in_the_language_of_the_reader(
    locale: str,
    texts: dict[str, str],
    window: Callable[[], LabPage],
    studio: Studio,
) -> None:
    seeds.digits(studio, 2, 5)
    lab = window()
    lab.open()
    lab.show_sidebar()
    assert lab.page.evaluate("document.documentElement.lang").lower().replace("_", "-") in {
        locale.lower().replace("_", "-"),
        "zh",
    }
    lab.expand("digits")
    expect(lab.row("digits").get_by_label(texts["%1 trial"].replace("%1", "2"))).to_be_visible()
    expect(lab.state("cnn-2")).to_have_attribute("aria-label", texts["completed"])
    lab.row("cnn-2").click()
    lab.row("cnn-5").click(modifiers=["Control"])
    expect(lab.sidebar.get_by_text(texts["%1 selected"].replace("%1", "2"))).to_be_visible()
    expect_translated(lab, texts)
    lab.sidebar.get_by_role("button", name=texts["Compare"], exact=True).click()
    for tab in ("Table", "Curves", "Scatter", "Code Diff", "Importance"):
        lab.page.get_by_role("tab", name=texts[tab], exact=True).click()
        expect(lab.page.get_by_role("tab", name=texts[tab], exact=True)).to_have_attribute("aria-selected", "true")
        expect_translated(lab, texts)
    lab.row("cnn-2").dblclick()
    page = lab.page.locator(".jp-Labdeck-page:visible")
    expect(page.get_by_role("heading", level=2)).to_contain_text("cnn-2")
    for tab in ("Curves", "Artifacts", "Output", "Lineage", "Code", "Environment", "Overview"):
        page.get_by_role("tab", name=texts[tab]).click()
        expect(page.get_by_role("tab", name=texts[tab])).to_have_attribute("aria-selected", "true")
        expect(page.get_by_role("tabpanel")).not_to_be_empty()
        expect_translated(lab, texts)
    lab.sidebar.get_by_role("button", name=texts["How to search"]).click()
    expect(lab.page.get_by_text(texts["the lowest value of a metric"])).to_be_visible()
    expect_translated(lab, texts)


def expect_translated(lab: LabPage, texts: dict[str, str]) -> None:
    """Find nothing in English in the sidebar and on the pages for which the catalog has a text."""
    roots = lab.page.locator("#labdeck-sidebar, .jp-Labdeck-page:visible")
    shown = roots.evaluate_all(SHOWN)
    assert set(shown) & set(texts.values()), "nothing is translated"
    assert set(shown) & set(texts) == set()
