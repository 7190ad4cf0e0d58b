"""Somebody asks where a model came from, and follows the graph to the trial that made its data."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect
from tests.e2e.lab_page import LabPage

from labdeck import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG = "predictions-of-the-third-fold-with-a-name-that-is-too-long-for-any-box.parquet"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def pipeline(studio: Studio, place: Path) -> None:
    """Clean data, train two models on it, deploy one."""
    (place / "digits.csv").write_text("1,2\n", encoding="utf-8")
    experiment = studio.experiment("digits")
    with experiment.trial("clean") as clean:
        (place / "digits.csv").read_text(encoding="utf-8")
        (place / "train.npy").write_bytes(b"train")
        (place / "test.npy").write_bytes(b"test")
    assert clean.state == "completed"
    for name in ("cnn-5", "cnn-10"):
        with experiment.trial(name) as trial:
            (place / "train.npy").read_bytes()
            (place / "test.npy").read_bytes()
            (place / f"{name}.pt").write_bytes(name.encode())
            trial.log_artifact(place / f"{name}.pt")
            if name == "cnn-5":
                (place / LONG).write_bytes(b"p")
    lineage = studio.lineage
    endpoint = lineage.context("digits-api", type="Endpoint", uri="http://localhost:8000")
    approval = lineage.action("approved by the board", type="Approval")
    lineage.associate(place / "cnn-5.pt", approval, "AssociatedWith")
    lineage.associate(approval, endpoint, "ContributedTo")
    lineage.associate(place / "cnn-5.pt", endpoint, "ContributedTo")
    studio.session.flush()


def open_lineage(lab: LabPage, trial: str) -> Locator:
    lab.expand("digits")
    lab.row(trial).click()
    lab.page.keyboard.press("Enter")
    page = lab.page.locator(".jp-Labdeck-page:visible")
    page.get_by_role("tab", name="Lineage").click()
    return page


def node(page: Locator, name: str) -> Locator:
    return page.locator(".jp-Labdeck-lineage-node").filter(has_text=re.compile(re.escape(name)))


def test_from_a_model_to_where_it_came_from(
    lab: LabPage, studio: Studio, place: Path, picture: Callable[[LabPage, str], None]
) -> None:
    pipeline(studio, place)
    page = open_lineage(lab, "cnn-5")
    for name in ("digits.csv", "clean", "train.npy", "test.npy", "cnn-5.pt", "digits-api", "approved by the board"):
        expect(node(page, name)).to_have_count(1)
    expect(node(page, "cnn-10")).to_have_count(0)
    picture(lab, "lineage")

    node(page, "digits-api").click()
    details = page.get_by_role("complementary", name="Details")
    expect(details).to_contain_text("http://localhost:8000")
    expect(details).to_contain_text("contributed to")
    node(page, "cnn-5.pt").click()
    expect(details.get_by_role("link", name="Download")).to_be_visible()
    picture(lab, "lineage-details")
    with lab.page.expect_download() as download:
        details.get_by_role("link", name="Download").click()
    assert download.value.path().read_bytes() == b"cnn-5"

    lab.theme("JupyterLab Dark")
    picture(lab, "lineage-dark")
    lab.theme("JupyterLab Light")

    page.get_by_label("show").select_option(label="what it came from")
    expect(node(page, "digits-api")).to_have_count(0)
    expect(node(page, "digits.csv")).to_have_count(1)
    page.get_by_label("show").select_option(label="everything connected")
    expect(node(page, "digits-api")).to_have_count(1)

    node(page, "cnn-5.pt").focus()
    lab.page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name=re.compile("Artifacts"))).to_have_attribute("aria-selected", "true")


def test_by_keyboard_to_another_trial(lab: LabPage, studio: Studio, place: Path) -> None:
    pipeline(studio, place)
    page = open_lineage(lab, "cnn-10")
    start = page.locator('.jp-Labdeck-lineage-node[tabindex="0"]')
    expect(start).to_have_text(re.compile("cnn-10"))
    start.focus()
    lab.page.keyboard.press("ArrowLeft")
    expect(lab.page.locator(":focus")).to_have_text(re.compile(r"t(rain|est)\.npy"))
    lab.page.keyboard.press("ArrowDown")
    lab.page.keyboard.press("ArrowUp")
    lab.page.keyboard.press("ArrowLeft")
    expect(lab.page.locator(":focus")).to_have_text(re.compile("clean"))
    lab.page.keyboard.press("Enter")
    opened = lab.page.locator(".jp-Labdeck-page:visible")
    expect(opened.get_by_role("heading", level=2)).to_contain_text("clean")
    opened.get_by_role("tab", name="Lineage").click()
    expect(node(opened, "cnn-10.pt")).to_have_count(1)


def test_it_grows_while_one_looks(
    lab: LabPage, studio: Studio, place: Path, picture: Callable[[LabPage, str], None]
) -> None:
    with studio.experiment("digits").trial("live") as trial:
        studio.session.flush()
        page = open_lineage(lab, "live")
        expect(page.get_by_text("Nothing is known of what this trial used or made")).to_be_visible()
        picture(lab, "lineage-empty")
        (place / "late.csv").write_text("1", encoding="utf-8")
        (place / "late.csv").read_text(encoding="utf-8")
        trial.log_input(b"bytes", name="by hand")
        expect(node(page, "by hand")).to_be_visible()
        expect(node(page, "late.csv")).to_be_visible()


def test_two_hundred_nodes(lab: LabPage, studio: Studio, picture: Callable[[LabPage, str], None]) -> None:
    experiment = studio.experiment("digits")
    with experiment.trial("wide") as wide:
        for number in range(120):
            wide.log_input(bytes([number]), name=f"part-{number}")
    for number in range(40):
        with experiment.trial(f"t{number}") as trial:
            trial.log_input(wide)
            trial.log_output(f"m{number}".encode(), name=f"model-{number}")
    studio.session.flush()
    lab.execute("labdeck:open-trial", {"trial": wide.id})
    page = lab.page.locator(".jp-Labdeck-page:visible")
    page.get_by_role("tab", name="Lineage").click()
    expect(page.locator(".jp-Labdeck-lineage-node")).to_have_count(200)
    expect(page).to_contain_text("the nearest 200")
    picture(lab, "lineage-many")
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".jp-Labdeck-lineage-node")).to_have_count(201)
