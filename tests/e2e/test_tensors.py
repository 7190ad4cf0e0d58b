"""Somebody looks into a model: layers over steps, one tensor, the network, the flight recording played backwards."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect
from tests.e2e import trainings
from tests.e2e.lab_page import LabPage
from tests.e2e.lab_server import LabServer
from tests.e2e.waiting import wait_until

from labdeck import Studio, Trial

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LARGE = {"width": 1600, "height": 900}
# Words of the tensor view that are wider than their place and cannot be seen whole.
CUT = """() => [...document.querySelectorAll('.jp-Labdeck-tensors :is(button, h3, h4, th, label, output, strong)')]
  .filter(node => node.offsetWidth > 0 && node.scrollWidth > node.clientWidth + 1 && !node.closest('[role=tree]')
    && !node.matches('.jp-Labdeck-network-box') && getComputedStyle(node).display !== 'inline')
  .map(node => node.textContent)"""
# Whether no chart is still drawn for another width.
FITTING = """() => [...document.querySelectorAll('.jp-Labdeck-tensors .jp-Labdeck-chart-plot')].every(plot =>
  Math.abs((plot.querySelector('.main-svg')?.getBoundingClientRect().width ?? 0) - plot.clientWidth) <= 1)"""


@pytest.fixture
def broken(studio: Studio) -> Trial:
    """A convolutional network whose gradients became NaN while it learned to read digits."""
    return trainings.breaking(studio)


def open_tensors(lab: LabPage) -> Locator:
    lab.expand("digits")
    lab.row("cnn-32").click()
    lab.page.keyboard.press("Enter")
    page = lab.page.locator(".jp-Labdeck-page:visible")
    page.get_by_role("tab", name="Tensors").click()
    return page.locator(".jp-Labdeck-tensors")


def expect_map(tensors: Locator) -> None:
    expect(tensors.get_by_role("figure", name="Layers over steps").locator(".heatmaplayer image").first).to_be_visible()


def expect_fitting(lab: LabPage) -> None:
    wait_until(lambda: lab.page.evaluate(FITTING), "every chart is as wide as its place")


def in_both_themes(lab: LabPage, picture: Callable[[LabPage, str], None], name: str) -> None:
    expect_fitting(lab)
    picture(lab, name)
    lab.theme("JupyterLab Dark")
    picture(lab, f"{name}-dark")
    lab.theme("JupyterLab Light")


@pytest.mark.usefixtures("broken")
def test_from_the_map_to_the_step_at_which_it_broke(lab: LabPage, picture: Callable[[LabPage, str], None]) -> None:
    tensors = open_tensors(lab)
    expect_map(tensors)
    tree = tensors.get_by_role("tree", name="Tensors")
    gradient = tree.get_by_role("treeitem").filter(has=lab.page.locator("[title='gradient/conv1.weight']"))
    expect(gradient.get_by_role("img")).to_have_accessible_name("an error")
    gradient.click()
    expect(gradient).to_have_attribute("aria-selected", "true")
    one = tensors.get_by_role("complementary", name="Tensor")
    expect(one.get_by_role("figure", name="Reductions of").locator(".scatterlayer .js-line").first).to_be_visible()
    expect(one.get_by_role("figure", name="Histogram of").locator(".heatmaplayer image").first).to_be_visible()
    assert lab.page.evaluate(CUT) == []
    picture(lab, "tensors-small")
    lab.page.set_viewport_size(LARGE)
    in_both_themes(lab, picture, "tensors")

    tensors.get_by_role("tab", name="Network").click()
    network = tensors.get_by_role("group", name="Network")
    boxes = network.get_by_role("button")
    expect(boxes).to_have_count(6)
    expect(boxes.first).to_have_attribute("data-health", "error")
    tensors.get_by_role("slider").fill("4")
    expect(boxes.first).to_have_attribute("data-health", "ok")
    tensors.get_by_role("button", name="latest").click()
    expect(boxes.first).to_have_attribute("data-health", "error")
    assert lab.page.evaluate(CUT) == []
    in_both_themes(lab, picture, "network")

    tensors.get_by_role("tab", name="Flight recorder").click()
    facts = tensors.get_by_role("table")
    broken = facts.get_by_role("row", name="gradient/conv1.weight").get_by_role("cell").first
    expect(tensors.get_by_text("ExplodingTensor fired here")).to_be_visible()
    expect(broken).to_have_text(re.compile(r"^\d+$"))
    expect(tensors.get_by_role("figure", name="Values of").locator(".heatmaplayer image").first).to_be_visible()
    facts.get_by_role("button", name=re.compile("^conv2.weight")).click()
    expect(tensors.get_by_role("figure", name="Values of conv2.weight")).to_be_visible()
    assert lab.page.evaluate(CUT) == []
    in_both_themes(lab, picture, "flight-recorder")
    tensors.get_by_role("button", name="Back").click()
    expect(tensors.get_by_text("ExplodingTensor fired here")).to_have_count(0)
    expect(broken).to_have_text("")


@pytest.mark.usefixtures("broken")
def test_where_there_is_little_room(lab: LabPage, picture: Callable[[LabPage, str], None]) -> None:
    tensors = open_tensors(lab)
    lab.page.set_viewport_size({"width": 960, "height": 800})
    expect_map(tensors)
    for tab in ("Layers over steps", "Network", "Flight recorder"):
        tensors.get_by_role("tab", name=tab).click()
        expect(tensors.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
        expect(tensors.locator(".heatmaplayer image, .jp-Labdeck-network-box").first).to_be_visible()
        expect_fitting(lab)
        assert lab.page.evaluate(CUT) == []
        picture(lab, f"narrow-{tab.split()[0].lower()}")


@pytest.mark.usefixtures("broken")
def test_the_tree_works_by_keyboard(lab: LabPage) -> None:
    tensors = open_tensors(lab)
    press = lab.page.keyboard.press
    tree = tensors.get_by_role("tree", name="Tensors")
    search = tensors.get_by_role("searchbox", name="Filter tensors")
    search.fill("conv2d weight")
    expect(tree.get_by_role("treeitem", name="conv1 Conv2d")).to_be_visible()
    press("ArrowDown")
    expect(tree).to_be_focused()
    press("End")
    press("ArrowLeft")
    expect_current(tree, "conv2 Conv2d")
    press("Enter")
    shown = tensors.get_by_role("navigation", name="Shown module")
    expect(shown).to_contain_text("conv2")
    expect(tree.get_by_role("treeitem", name="conv2 Conv2d")).to_have_attribute("aria-selected", "true")
    press("ArrowLeft")
    expect(tree.get_by_role("treeitem", name="conv2 Conv2d")).to_have_attribute("aria-expanded", "false")
    press("Home")
    press("ArrowRight")
    press("Enter")
    expect(tree.get_by_role("treeitem", level=2).first).to_have_attribute("aria-selected", "true")
    expect(tensors.get_by_role("complementary", name="Tensor").get_by_role("heading").first).to_contain_text("conv1")
    press("/")
    expect(search).to_be_focused()
    press("Escape")
    expect(search).to_have_value("")
    expect(tree.get_by_role("treeitem", name="values of the training")).to_be_visible()
    shown.get_by_role("button", name="the whole model").press("Enter")
    expect(shown).to_have_count(0)

    tensors.get_by_role("tab", name="Network").click()
    boxes = tensors.get_by_role("group", name="Network").get_by_role("button")
    boxes.first.focus()
    press("ArrowDown")
    expect(boxes.nth(1)).to_be_focused()
    press("End")
    expect(boxes.last).to_be_focused()
    press("Enter")
    expect(tensors.get_by_role("complementary", name="Tensor").get_by_role("heading").first).to_contain_text("fc")


@pytest.mark.usefixtures("broken")
def test_a_server_that_goes_and_comes_back(
    lab: LabPage, server: LabServer, picture: Callable[[LabPage, str], None]
) -> None:
    tensors = open_tensors(lab)
    expect_map(tensors)
    lab.expect_outage()
    server.stop()
    tensors.get_by_label("collection").select_option("weights")
    expect(tensors.get_by_role("alert").first).to_be_visible()
    expect_map(tensors)
    picture(lab, "tensors-offline")
    server.start()
    expect(tensors.get_by_role("alert")).to_have_count(0, timeout=60_000)
    expect_map(tensors)


def test_a_trial_without_tensors_says_how_to_get_some(
    lab: LabPage, studio: Studio, picture: Callable[[LabPage, str], None]
) -> None:
    with studio.experiment("digits").trial("cnn-32") as trial:
        trial.log(loss=0.5)
    studio.session.flush()
    expect(open_tensors(lab).get_by_text("labdeck.watch(model, optimizer)")).to_be_visible()
    picture(lab, "tensors-empty")


def expect_current(tree: Locator, name: str) -> None:
    row = tree.get_by_role("treeitem", name=name)
    expect(tree).to_have_attribute("aria-activedescendant", str(row.get_attribute("id")))
