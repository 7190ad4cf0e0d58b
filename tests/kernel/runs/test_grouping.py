"""Groups of trials, and their mean curves, against loops that leave no doubt."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labdeck.errors import MalformedQuery, UsageError
from labdeck.runs.grouping import group_trials, mean_curve
from labdeck.store.contract import SeriesKey
from labdeck.wire.comparing import FieldRow, FieldTable
from labdeck.wire.numbers import to_float

LOSS = SeriesKey("", "loss")
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(-3, 3), st.sampled_from(["a", "b", "1", ""]),
    st.just(math.nan), st.just(math.inf),
)  # fmt: skip


def table(fields, rows):
    made = tuple(
        FieldRow(trial_id=f"{n:032x}", trial_name=f"t{n}", trial_number=n + 1, values=tuple(values))
        for n, values in enumerate(rows)
    )
    return FieldTable(fields=tuple(fields), rows=made)


def is_real(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def same(left, right):
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left):
        return math.isnan(right)
    return left == right and isinstance(left, bool) == isinstance(right, bool)


@given(st.lists(st.tuples(VALUES, VALUES), max_size=12))
def test_groups_and_their_statistics(rows):
    groups = group_trials(table(["by", "y"], rows), ["by"], ["y"]).groups
    assert sum(len(group.trials) for group in groups) == len(rows)
    for group in groups:
        members = [n for n, row in enumerate(rows) if same(row[0], group.values[0])]
        assert group.trials == tuple(f"{n:032x}" for n in members)
        numbers = [float(rows[n][1]) for n in members if is_real(rows[n][1])]
        (found,) = group.statistics
        assert found.count == len(numbers)
        if not numbers:
            assert (found.mean, found.std, found.min, found.max) == ("NaN",) * 4
            continue
        mean = sum(numbers) / len(numbers)
        deviation = math.sqrt(sum((n - mean) ** 2 for n in numbers) / len(numbers))
        assert to_float(found.mean) == pytest.approx(mean, abs=1e-12)
        assert to_float(found.std) == pytest.approx(deviation, abs=1e-9)
        assert (found.min, found.max) == (min(numbers), max(numbers))


def test_the_order_of_groups_and_their_labels():
    rows = [["10"], [None], [2], [True], [0.5], ["adam"], [2.0], [math.nan]]
    groups = group_trials(table(["by"], rows), ["by"], []).groups
    assert [group.label for group in groups] == ["0.5", "2", "true", "10", "adam", "nan", "none"]
    assert len(groups[1].trials) == 2, "2 and 2.0 are one value"


def test_two_fields_at_once():
    rows = [[0.1, "a", 1.0], [0.1, "b", 3.0], [0.1, "a", 2.0]]
    groups = group_trials(table(["params.lr", "params.opt", "y"], rows), ["params.lr", "params.opt"], ["y"])
    assert [group.label for group in groups.groups] == [
        "params.lr = 0.1 · params.opt = a", "params.lr = 0.1 · params.opt = b",
    ]  # fmt: skip
    assert [group.statistics[0].mean for group in groups.groups] == [1.5, 3.0]


def test_great_numbers_do_not_overflow():
    (group,) = group_trials(table(["by", "y"], [["a", 1e308], ["a", -1e308], ["a", 1e308]]), ["by"], ["y"]).groups
    assert to_float(group.statistics[0].mean) == pytest.approx(1e308 / 3)
    assert math.isfinite(to_float(group.statistics[0].std))


def curve_at(x, y, place):
    """Interpolate by walking along a curve; None outside of it."""
    for (x0, y0), (x1, y1) in zip(zip(x, y, strict=True), list(zip(x, y, strict=True))[1:] or [], strict=False):
        if x0 <= place <= x1:
            return y0 + (y1 - y0) * (place - x0) / (x1 - x0)
    return y[0] if place == x[0] else None


LINES = st.lists(
    st.dictionaries(st.integers(0, 12), st.floats(-5, 5), min_size=1, max_size=6), min_size=1, max_size=4
)  # fmt: skip


@settings(max_examples=80)
@given(LINES)
def test_mean_curves_are_the_mean_of_what_reaches_there(points):
    lines = [(np.array(sorted(one), dtype=float), np.array([one[x] for x in sorted(one)])) for one in points]
    grid, mean, std, count = mean_curve(lines, 100)
    assert grid.tolist() == sorted({float(x) for one in points for x in one})
    for place, found, deviation, amount in zip(grid, mean, std, count, strict=True):
        values = [v for x, y in lines if (v := curve_at(x.tolist(), y.tolist(), place)) is not None]
        expected = sum(values) / len(values)
        assert amount == len(values)
        assert found == pytest.approx(expected, abs=1e-9)
        assert deviation == pytest.approx(math.sqrt(sum((v - expected) ** 2 for v in values) / len(values)), abs=1e-7)


def test_many_places_are_thinned_and_keep_their_ends():
    x = np.arange(5000.0)
    grid, mean, _, count = mean_curve([(x, x), (x[:2500], x[:2500])], 50)
    assert len(grid) == 50
    assert (grid[0], grid[-1]) == (0.0, 4999.0)
    np.testing.assert_allclose(mean, grid)
    assert (count[0], count[-1]) == (2, 1)


def test_curves_of_a_store(studio, experiment):
    for seed, lr in enumerate((0.1, 0.1, 0.5)):
        with experiment.trial(params={"lr": lr}) as trial:
            for step in range(4):
                trial.log(loss=float(step + seed) if step != 2 else math.nan, step=step)
    ids = [trial.id for trial in experiment.trials()]
    first, second = studio.comparing.grouped_curves(ids, [LOSS, SeriesKey("", "none")], ["params.lr"])
    assert (first.label, second.label) == ("0.1", "0.5")
    assert first.trials == tuple(ids[:2])
    assert first.x.tolist() == [0, 1, 3], "a point that is not finite takes no part"
    assert first.mean.tolist() == [0.5, 1.5, 3.5]
    assert first.std.tolist() == [0.5, 0.5, 0.5]
    assert second.count.tolist() == [1, 1, 1]
    assert (first.number, second.number) == (1, 2)


def test_of_points_at_one_step_the_last_counts(studio, experiment):
    with experiment.trial() as trial:
        for step, value in ((1, 10.0), (0, 5.0), (1, 20.0)):
            trial.log(loss=value, step=step)
    (curve,) = studio.comparing.grouped_curves([trial.id], [LOSS], ["params.none"])
    assert curve.label == "none"
    assert (curve.x.tolist(), curve.mean.tolist()) == ([0, 1], [5.0, 20.0])


def test_from_an_experiment(experiment):
    for lr, acc in ((0.1, 0.5), (0.1, 0.7), (0.2, 0.9)):
        with experiment.trial(params={"lr": lr}) as trial:
            trial.log(acc=acc)
    groups = experiment.group("params.lr", "metrics.acc")
    assert [(g.values, len(g.trials), to_float(g.statistics[0].mean)) for g in groups.groups] == [
        ((0.1,), 2, pytest.approx(0.6)), ((0.2,), 1, 0.9),
    ]  # fmt: skip
    assert experiment.table("params.lr", "metrics.acc", "params.none").rows[2].values == (0.2, 0.9, None)
    with pytest.raises(UsageError):
        experiment.group([])
    with pytest.raises(MalformedQuery):
        experiment.group("parms.lr")
