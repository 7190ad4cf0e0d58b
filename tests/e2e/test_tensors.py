"""Somebody looks into a model: layers over steps, one tensor, the network, the flight recording played backwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect
from tests.e2e.lab_page import LabPage
from tests.kernel.debugger.recorded import record

from labdeck import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def recorded(studio: Studio) -> str:
    """A trial whose first gradient shrinks and is NaN in the last step."""
    with studio.experiment("digits").trial("cnn-32") as trial:
        record(studio.session, trial.id)
    studio.session.flush()
    return trial.id


def open_tensors(lab: LabPage) -> Locator:
    lab.expand("digits")
    lab.row("cnn-32").click()
    lab.page.keyboard.press("Enter")
    page = lab.page.locator(".jp-Labdeck-page:visible")
    page.get_by_role("tab", name="Tensors").click()
    return page.locator(".jp-Labdeck-tensors")


@pytest.mark.usefixtures("recorded")
def test_from_the_map_to_the_step_at_which_it_broke(lab: LabPage, picture: Callable[[LabPage, str], None]) -> None:
    tensors = open_tensors(lab)
    expect(tensors.get_by_role("figure", name="Layers over steps").locator(".heatmaplayer image").first).to_be_visible()
    tree = tensors.get_by_role("tree", name="Tensors")
    expect(tree.get_by_role("treeitem")).to_have_count(8)
    expect(tree.get_by_role("treeitem", name="gradient/conv1.weight").get_by_role("img")).to_have_accessible_name(
        "an error"
    )
    tree.get_by_role("treeitem", name="gradient/conv1.weight").click()
    one = tensors.get_by_role("complementary", name="Tensor")
    expect(one.get_by_role("figure", name="Reductions of").locator(".scatterlayer .js-line").first).to_be_visible()
    expect(one.get_by_role("figure", name="Histogram of").locator(".heatmaplayer image").first).to_be_visible()
    picture(lab, "tensors")

    tensors.get_by_role("tab", name="Network").click()
    network = tensors.get_by_role("group", name="Network")
    boxes = network.get_by_role("button")
    expect(boxes).to_have_count(3)
    expect(boxes.first).to_have_attribute("data-health", "error")
    tensors.get_by_role("slider").fill("4")
    expect(boxes.first).to_have_attribute("data-health", "ok")
    tensors.get_by_role("slider").fill("19")
    expect(boxes.first).to_have_attribute("data-health", "error")
    picture(lab, "network")

    tensors.get_by_role("tab", name="Flight recorder").click()
    facts = tensors.get_by_role("table")
    expect(tensors.get_by_text("ExplodingTensor fired here")).to_be_visible()
    expect(facts.get_by_role("row", name="gradient/conv1.weight").get_by_role("cell").first).to_have_text("1")
    picture(lab, "flight-recorder")
    tensors.get_by_role("button", name="Back").click()
    expect(tensors.get_by_text("TRAIN step 18")).to_be_visible()
    expect(facts.get_by_role("row", name="gradient/conv1.weight").get_by_role("cell").first).to_have_text("")


@pytest.mark.usefixtures("recorded")
def test_the_tree_works_by_keyboard(lab: LabPage) -> None:
    tensors = open_tensors(lab)
    tree = tensors.get_by_role("tree", name="Tensors")
    tree.get_by_role("treeitem", name="conv1 Conv2d").focus()
    lab.page.keyboard.press("ArrowDown")
    lab.page.keyboard.press("Enter")
    expect(tree.get_by_role("treeitem", name="gradient/conv1.weight")).to_have_attribute("aria-selected", "true")
    lab.page.keyboard.press("ArrowUp")
    lab.page.keyboard.press("ArrowLeft")
    expect(tree.get_by_role("treeitem", name="gradient/conv1.weight")).to_have_count(0)
    tensors.get_by_role("searchbox", name="Filter tensors").fill("fc")
    expect(tree.get_by_role("treeitem")).to_have_count(2)


def test_a_trial_without_tensors_says_how_to_get_some(lab: LabPage, studio: Studio) -> None:
    with studio.experiment("digits").trial("cnn-32") as trial:
        trial.log(loss=0.5)
    studio.session.flush()
    expect(open_tensors(lab).get_by_text("labdeck.watch(model, optimizer)")).to_be_visible()
