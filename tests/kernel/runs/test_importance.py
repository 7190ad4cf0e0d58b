"""Which fields made the difference: known answers, and the cases in which there is none."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from labdeck.errors import MalformedQuery, NotFound
from labdeck.runs.importance import encode, importance
from labdeck.wire.comparing import FieldRow, FieldTable


def table(columns):
    rows = zip(*columns.values(), strict=True)
    made = tuple(
        FieldRow(trial_id=f"{n:032x}", trial_name=f"t{n}", trial_number=n + 1, values=values)
        for n, values in enumerate(rows)
    )
    return FieldTable(fields=tuple(columns), rows=made)


def ranks(values):
    """Rank by counting who is smaller; ties share the mean of their places."""
    return [sum(o < v for o in values) + (sum(o == v for o in values) + 1) / 2 for v in values]


def spearman(left, right):
    a, b = ranks(left), ranks(right)
    ma, mb = sum(a) / len(a), sum(b) / len(b)
    above = sum((x - ma) * (y - mb) for x, y in zip(a, b, strict=True))
    return above / math.sqrt(sum((x - ma) ** 2 for x in a) * sum((y - mb) ** 2 for y in b))


@pytest.fixture(scope="module")
def known():
    """Sixty trials: the target is mostly `strong`, a little `text`, nothing of `noise`."""
    draw = random.Random(3)
    strong = [draw.random() for _ in range(60)]
    text = [draw.choice(["adam", "sgd", None]) for _ in range(60)]
    noise = [draw.choice([1, 2, 3]) for _ in range(60)]
    target = [3 * s + (0.7 if t == "adam" else 0.0) for s, t in zip(strong, text, strict=True)]
    return {"y": target, "noise": noise, "strong": strong, "text": text, "same": [1] * 60}


@pytest.mark.slow
def test_the_strong_comes_first_and_shares_add_up(known):
    found = importance(table(known))
    assert [row.field for row in found.rows] == ["strong", "text", "noise"]
    assert sum(row.importance for row in found.rows) == pytest.approx(1)
    assert found.rows[0].importance > 0.7
    assert found.rows[2].importance < 0.05
    assert found.constant == ("same",)
    assert found.explained > 0.8
    assert (found.trials, found.left_out, found.warning) == (60, 0, "")
    assert found == importance(table(known)), "the seed is fixed"


@pytest.mark.slow
def test_correlation_is_spearmans(known):
    draw = random.Random(5)
    partly = [None if draw.random() < 0.3 else round(s * 4) for s in known["strong"]]
    rows = {row.field: row for row in importance(table({**known, "partly": partly})).rows}
    for field in ("strong", "noise"):
        assert rows[field].correlation == pytest.approx(spearman(known[field], known["y"]))
    both = [(p, y) for p, y in zip(partly, known["y"], strict=True) if p is not None]
    assert rows["partly"].correlation == pytest.approx(spearman(*zip(*both, strict=True)))
    assert rows["partly"].count == len(both)
    assert rows["text"].correlation is None


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ([1.0, 2.0], "it takes at least 5"),
        ([math.nan, None, "x", math.inf, True, 1.0], "1 of 6 trials have a number"),
        ([2.0] * 8, "same in all trials"),
        ([], "0 of 0 trials"),
    ],
)
def test_what_cannot_be_explained_says_why(target, said):
    found = importance(table({"y": target, "x": list(range(len(target)))}))
    assert said in found.warning
    assert found.explained is None
    assert all(row.importance == 0 for row in found.rows)


def test_nothing_differs():
    found = importance(table({"y": [1.0, 2.0, 3.0, 4.0, 5.0], "x": [1] * 5, "gone": [None] * 5}))
    assert found.warning == "no field differs between the trials"
    assert found.constant == ("x", "gone")


@pytest.mark.slow
def test_few_trials_are_a_hint_and_noise_is_called_noise():
    few = importance(table({"y": [float(n) for n in range(8)], "x": list(range(8))}))
    assert few.warning == "only 8 trials: take it as a hint"
    draw = random.Random(1)
    noise = importance(table({"y": [draw.random() for _ in range(30)], "x": [draw.random() for _ in range(30)]}))
    assert "take nothing from this" in noise.warning


@pytest.mark.slow
def test_great_numbers_do_not_overflow():
    found = importance(table({"y": [1e307 * n for n in range(-10, 10)], "x": [1e300 * n for n in range(20)]}))
    assert found.explained > 0.5
    assert found.rows[0].correlation == pytest.approx(1)


def test_columns_as_numbers():
    np.testing.assert_array_equal(encode([1, None, 2.5, True, math.nan, -7, math.inf]), [1, np.nan, 2, 1, np.nan, 0, 3])
    assert encode(["b", "a", None, 3]).tolist() == [3, 2, 0, 1]
    assert encode([1e308, 1e307, 1e306]).tolist() == [2, 1, 0], "a forest computes in float32"


@pytest.mark.slow
def test_from_an_experiment(experiment):
    with pytest.raises(NotFound):
        experiment.importance()
    for n in range(12):
        with experiment.trial(params={"odd name": n % 4, "fixed": "x"}) as trial:
            trial.log({"val:acc": n % 4 + 0.01 * n})
    found = experiment.importance()
    assert found.target == "metrics.val:acc.best"
    assert [row.field for row in found.rows] == ['params."odd name"']
    assert found.constant == ("params.fixed",)
    assert experiment.importance("metrics.val:acc.last", ["number"]).rows[0].field == "number"
    with pytest.raises(MalformedQuery):
        experiment.importance("metric.x")
