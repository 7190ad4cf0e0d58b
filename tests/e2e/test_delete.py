"""Somebody deletes the wrong thing, and takes it back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from tests.e2e import seeds
from tests.e2e.lab_page import LabPage
from tests.e2e.waiting import wait_until

from labdeck import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_deleting_a_trial_is_undone(lab: LabPage, studio: Studio) -> None:
    seeds.digits(studio, 2, 5, 10)
    lab.expand("digits")
    lab.row("cnn-5").click()
    lab.page.keyboard.press("Delete")

    expect(lab.row("cnn-5")).to_have_count(0)
    _wait_stored(studio, ["cnn-2", "cnn-10"])
    notice = lab.page.locator(".Toastify__toast", has_text="Deleted cnn-5")
    notice.get_by_role("button", name="Undo").click()

    expect(lab.row("cnn-5")).to_be_visible()
    _wait_stored(studio, ["cnn-2", "cnn-5", "cnn-10"])


def test_deleting_an_experiment_is_undone(lab: LabPage, studio: Studio) -> None:
    seeds.digits(studio, 2)
    studio.experiment("other").trial("only").start().finish()
    expect(lab.row("other")).to_be_visible()
    lab.expand("digits")
    lab.row("cnn-2").click()
    lab.page.keyboard.press("ArrowLeft")
    lab.page.keyboard.press("Delete")

    expect(lab.row("digits")).to_have_count(0)
    expect(lab.row("other")).to_be_visible()
    wait_until(lambda: [e.name for e in studio.experiments()] == ["other"], "the experiment is deleted in the store")
    notice = lab.page.locator(".Toastify__toast", has_text="Deleted digits")
    notice.get_by_role("button", name="Undo").click()

    expect(lab.row("digits")).to_be_visible()
    _wait_stored(studio, ["cnn-2"])
    lab.expand("digits")
    expect(lab.row("cnn-2")).to_be_visible()


def _wait_stored(studio: Studio, names: list[str]) -> None:
    def stored() -> list[str]:
        return [trial.name for trial in studio.find_experiment("digits").trials()]

    wait_until(lambda: stored() == names, f"the store has {names}", why=lambda: str(stored()))
