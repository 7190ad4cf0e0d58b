"""Somebody watches a model of five thousand modules."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

import numpy as np
import pytest
from playwright.sync_api import expect
from tests.e2e.lab_page import LabPage
from tests.e2e.test_tensors import open_tensors

from labdeck import Studio
from labdeck.store.tensors.frames import Moment
from labdeck.store.tensors.layout import TensorInfo, make_layout

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MODULES, STEPS = 5_000, 60
AT_ONCE = 120
"""Lines, or boxes, that may exist at a time."""
# Scrolls an element to its end in a hundred steps, one a frame; returns how long each frame took, in milliseconds.
SCROLL = """element => new Promise(resolve => {
  const end = element.scrollHeight;
  const frames = [];
  let [step, before] = [0, performance.now()];
  const next = () => {
    const now = performance.now();
    frames.push(now - before);
    before = now;
    element.scrollTop = end * (++step / 100);
    if (step < 100) requestAnimationFrame(next);
    else resolve(frames);
  };
  requestAnimationFrame(next);
})"""


@pytest.fixture
def large(studio: Studio) -> None:
    """Ten thousand tensors of modules in five hundred blocks."""
    paths = [f"blocks.{module // 10}.layer{module % 10}" for module in range(MODULES)]
    infos = [
        TensorInfo(f"gradient/{path}.{part}", ("gradients",), path, "Linear", (64, 64), "float32", f"{path}.{part}")
        for path in paths
        for part in ("weight", "bias")
    ]
    layout = make_layout([(info, ("abs_mean",)) for info in infos])
    random = np.random.default_rng(0)
    now = time.time()
    with (
        studio.experiment("digits").trial("cnn-32") as trial,
        closing(studio.session.tensors.writer(trial.id)) as writer,
    ):
        for step in range(STEPS):
            sizes = 10.0 ** (random.normal(-3, 0.3, layout.width) - np.linspace(0, 2, layout.width))
            writer.row(layout, Moment("TRAIN", step, step, now + step), sizes)
    studio.session.flush()


@pytest.mark.usefixtures("large")
def test_ten_thousand_tensors_are_opened_scrolled_and_searched(
    lab: LabPage, say: Callable[[str], None], picture: Callable[[LabPage, str], None]
) -> None:
    tensors = open_tensors(lab)
    tree = tensors.get_by_role("tree", name="Tensors")
    items = tree.get_by_role("treeitem")
    pages = tensors.get_by_role("status")
    expect(pages).to_have_text("1–200 of 10,000 tensors")
    expect(items).to_have_count(1)  # modules of a large model begin closed
    tree.focus()
    lab.page.keyboard.press("ArrowRight")
    expect(items.nth(1)).to_have_attribute("aria-setsize", "500")
    frames = tree.evaluate(SCROLL)
    expect(items.filter(has_text="499")).to_be_visible()
    assert items.count() < AT_ONCE
    say(f"scrolling through 500 blocks: {len(frames)} frames, longest {max(frames):.0f} ms")

    lab.page.keyboard.press("End")
    lab.page.keyboard.press("Enter")
    expect(pages).to_have_count(0)
    expect(tensors.get_by_role("navigation", name="Shown module")).to_contain_text("499")
    ticks = tensors.get_by_role("figure", name="Layers over steps").locator(".ytick text")
    expect(ticks).to_have_count(20)
    picture(lab, "tensors-large")
    tensors.get_by_role("button", name="the whole model").click()
    expect(pages).to_have_text("1–200 of 10,000 tensors")
    tensors.get_by_role("button", name="Later").click()
    expect(pages).to_have_text("201–400 of 10,000 tensors")
    picture(lab, "tensors-many")

    tensors.get_by_role("searchbox", name="Filter tensors").fill("layer3 weight")
    expect(items.nth(3)).to_contain_text("gradient/weight")
    assert items.count() < AT_ONCE
    frames = tree.evaluate(SCROLL)
    expect(items.filter(has_text="499")).to_be_visible()
    say(f"scrolling through 1,501 found lines: {len(frames)} frames, longest {max(frames):.0f} ms")


@pytest.mark.usefixtures("large")
def test_a_network_of_five_thousand_modules_is_folded_and_walked(
    lab: LabPage, say: Callable[[str], None], picture: Callable[[LabPage, str], None]
) -> None:
    tensors = open_tensors(lab)
    tensors.get_by_role("tab", name="Network").click()
    network = tensors.get_by_role("group", name="Network")
    boxes = network.get_by_role("button")
    expect(boxes.first).to_contain_text("blocks.0")
    expect(boxes.first).to_contain_text("10 modules")
    assert boxes.count() < AT_ONCE
    picture(lab, "network-large")
    frames = network.evaluate(SCROLL)
    expect(boxes.filter(has_text="blocks.499")).to_be_visible()
    assert boxes.count() < AT_ONCE
    say(f"scrolling through a network: {len(frames)} frames, longest {max(frames):.0f} ms")
    network.get_by_role("button").last.focus()
    lab.page.keyboard.press("End")
    lab.page.keyboard.press("Enter")
    expect(boxes).to_have_count(10)
    expect(boxes.last).to_contain_text("blocks.499.layer9")
    tensors.get_by_role("button", name="the whole model").click()
    expect(boxes.first).to_contain_text("10 modules")
