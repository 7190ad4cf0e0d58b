"""What lasts is one finding: against slow, obvious code."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.findings.rules import Above

from labdeck.findings.episodes import HEALTHY, MOST, Episodes, When, legible
from labdeck.findings.rule import Finding
from labdeck.store.tensors.layout import Layout, TensorInfo, make_layout

TENSORS = ("a", "b", "")


def runs(steps: list[list[str]], tensor: str) -> list[tuple[int, int, int]]:
    """Return first step, last step and number of steps of each run in which a tensor was found.

    A run ends with three steps at which it was healthy, the second one with six, and so on.
    """
    found: list[tuple[int, int, int]] = []
    for step, names in enumerate(steps):
        if tensor not in names:
            continue
        if found and step - found[-1][1] <= HEALTHY << min(len(found) - 1, 6):
            found[-1] = (found[-1][0], step, found[-1][2] + 1)
        else:
            found.append((step, step, 1))
    return found


@given(st.lists(st.lists(st.sampled_from(TENSORS), unique=True, max_size=3), max_size=40))
def test_a_run_of_a_tensor_is_one_finding(steps: list[list[str]]) -> None:
    episodes = Episodes("0" * 32, "Above", Above())
    stored = {}
    for step, names in enumerate(steps):
        new = episodes.take([Finding("large", name, 2.0, 1.0) for name in names], When("TRAIN", step, float(step)), {})
        assert {episode.first.tensor for episode in new} <= set(names)
        for episode in episodes.changed(urgent=False):
            stored[episode.first.id] = episode.record()
    for tensor in TENSORS:
        kept = [(each.step, each.last_step, each.count) for each in stored.values() if each.tensor == tensor]
        assert sorted(kept) == runs(steps, tensor)
    assert episodes.kept == len(stored)


def test_two_things_of_one_tensor_are_two_findings() -> None:
    episodes = Episodes("0" * 32, "Above", Above())
    for step, aspects in enumerate((["validation"], ["training", "validation"], ["training"])):
        found = [Finding(aspect, "loss", aspect=aspect) for aspect in aspects]
        episodes.take(found, When("TRAIN", step, float(step)), {})
    told = [(each.first.message, each.first.step, each.last_step) for each in episodes.changed(urgent=False)]
    assert told == [("validation", 0, 1), ("training", 1, 2)]


def test_what_becomes_worse_is_told_anew() -> None:
    episodes = Episodes("0" * 32, "Above", Above())
    new = []
    for step, severity in enumerate(("info", "info", "error", "warning", "error")):
        found = [Finding("large", "loss", severity=severity)]  # type: ignore[arg-type]
        new += episodes.take(found, When("TRAIN", step, float(step)), {})
    assert [(each.first.severity, each.first.step, each.count) for each in new] == [("info", 0, 2), ("error", 2, 3)]


@given(st.lists(st.sampled_from(["TRAIN", "EVAL"]), max_size=20))
def test_each_mode_has_findings_of_its_own(modes: list[str]) -> None:
    episodes = Episodes("0" * 32, "Above", Above())
    for step, mode in enumerate(modes):
        episodes.take([Finding("large", "loss")], When(mode, step, float(step)), {})  # type: ignore[arg-type]
    assert episodes.kept == len(set(modes))


def test_what_is_found_of_another_mode_goes_on_there() -> None:
    """Of a pass of validation is told when training goes on, or at the end of all."""
    episodes = Episodes("0" * 32, "Above", Above())
    for step, when in enumerate(("TRAIN", "TRAIN", "EVAL")):
        episodes.take([Finding("large", "loss", mode="TRAIN", step=step)], When(when, step, 0.0), {})  # type: ignore[arg-type]
    (kept,) = [each.record() for each in episodes.changed(urgent=False)]
    assert (kept.mode, kept.step, kept.last_step, kept.count) == ("TRAIN", 0, 2, 3)


def test_two_findings_of_one_tensor_at_a_step_are_two() -> None:
    episodes = Episodes("0" * 32, "Above", Above())
    for step in range(3):
        both = [Finding("large", "a"), Finding("odd", "a")]
        episodes.take(both, When("TRAIN", step, float(step)), {})
    told = [(each.first.message, each.count) for each in episodes.changed(urgent=False)]
    assert told == [("large", 3), ("odd", 3)]


def test_what_is_more_is_left_out_and_said_once() -> None:
    episodes = Episodes("0" * 32, "Above", Above())
    for step in range(3 * MOST):
        episodes.take([Finding("large", f"t{step}")], When("TRAIN", step, float(step)), {})
    told = [each.record() for each in episodes.changed(urgent=False)]
    assert (len(told), episodes.left_out) == (MOST + 1, 2 * MOST)
    assert [each.tensor for each in told] == [*(f"t{step}" for step in range(MOST)), ""]


def test_the_line_that_is_to_blame_and_the_severity_come_from_where_they_are_known() -> None:
    episodes = Episodes("0" * 32, "Above", Above())
    found = [Finding("x", "a"), Finding("x", "b", origin="mine", severity="error", remedy="do", step=9)]
    first, second = episodes.take(found, When("TRAIN", 3, 5.0), {"a": "net.py:7 in forward"})
    assert (first.first.origin, first.first.severity, first.first.remedy) == (
        "net.py:7 in forward",
        "warning",
        "make it smaller",
    )
    assert (second.first.origin, second.first.severity, second.first.remedy, second.first.step) == (
        "mine",
        "error",
        "do",
        9,
    )


@given(st.text())
def test_every_text_becomes_one_that_is_kept(text: str) -> None:
    kept = legible(text)
    kept.encode()
    assert "\0" not in kept
    assert len(kept) <= 2_000


def layout_of(*names: str) -> Layout:
    return make_layout([(TensorInfo(name), ("l2",)) for name in names])


def judged(episodes: Episodes, step: int, layout: Layout, *names: str) -> int:
    """Judge a step; return how many findings are new."""
    found = [Finding("large", name) for name in names]
    return len(episodes.take(found, When("TRAIN", step, float(step)), {}, layout))


@pytest.mark.parametrize("name", ["w", "all weights"])
def test_steps_that_do_not_hold_the_tensor_end_no_finding(name: str) -> None:
    """A budget that records each 64th step in full must not make each of them a finding."""
    episodes = Episodes("0" * 32, "Above", Above())
    full, light = layout_of("loss", "w"), layout_of("loss")
    for step in range(0, 640, 64):
        assert judged(episodes, step, full, name) == (step == 0)
        for between in range(step + 1, step + 64):
            assert judged(episodes, between, light) == 0
    for step in range(640, 643):
        judged(episodes, step, full)
    assert judged(episodes, 643, full, name) == 1


def test_what_hovers_around_its_threshold_is_a_few_findings() -> None:
    episodes = Episodes("0" * 32, "Above", Above())
    layout, chance = layout_of("w"), random.Random(0)
    for step in range(5_000):
        judged(episodes, step, layout, *(["w"] if chance.random() < 0.3 else []))
    assert 2 <= episodes.kept <= 6
    assert sum(episode.count for episode in episodes.changed(urgent=False)) == pytest.approx(1500, rel=0.1)


def test_kinds_of_steps_without_end_are_bounded() -> None:
    episodes = Episodes("0" * 32, "Above", Above())
    layouts = [layout_of("w", f"new-{step}") for step in range(300)]
    for step, layout in enumerate(layouts):
        judged(episodes, step, layout, "w")
    assert episodes.kept == 1
    assert len(episodes._kinds["TRAIN"]) == 64
