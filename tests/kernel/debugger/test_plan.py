"""Plans: at each step exactly what somebody wants, once; the same object for steps that look alike."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from labdeck.debugger.collections import UNCHANGED
from labdeck.debugger.plan import Planner
from labdeck.debugger.preview import preview_of, warnings_of
from labdeck.debugger.saving import Saving, to_savings
from labdeck.debugger.schedules import Schedule
from labdeck.findings.rule import Need
from labdeck.store.tensors.frames import MODES
from labdeck.store.tensors.layout import TensorInfo

INFOS = [
    TensorInfo("a.weight", ("weights",), shape=(2, 3)),
    TensorInfo("a.bias", ("biases",), shape=(3,)),
    TensorInfo("gradient/a.weight", ("gradients",), shape=(2, 3)),
    TensorInfo("a_output_0", ("outputs", "relu_outputs"), shape=(8, 3)),
    TensorInfo("odd", ("default",), shape=(4,), dtype="float8_e4m3fn"),
    TensorInfo("loss", ("losses",), shape=()),
    TensorInfo("temperature", ("weights",), shape=()),
]
collections = st.sampled_from(["weights", "biases", "gradients", "outputs", "losses", "default", "all"])
reductions = st.lists(st.sampled_from(["mean", "l2", "nan_count", "histogram"]), max_size=3, unique=True).map(tuple)
schedules = st.builds(
    Schedule,
    interval=st.integers(0, 4),
    start=st.integers(0, 5),
    end=st.none() | st.integers(0, 20),
    steps=st.frozensets(st.integers(0, 20), max_size=3),
)
savings = st.builds(
    Saving,
    collection=collections,
    regex=st.sampled_from(["", "^a", "weight$", "nothing"]),
    reductions=reductions,
    arrays=st.booleans(),
    schedules=st.dictionaries(st.sampled_from(MODES), schedules),
    asked=st.booleans(),
)
needs = st.builds(
    Need,
    collection=st.sampled_from(["", "weights", "gradients", "losses", "nothing"]),
    regex=st.sampled_from(["", "output", "^loss"]),
    reductions=reductions,
    arrays=st.booleans(),
    modes=st.lists(st.sampled_from(MODES), unique=True).map(tuple),
    first=st.none() | st.integers(0, 10),
)


def exists(info, mode, asked):
    if mode in ("TRAIN", "GLOBAL"):
        return True
    inside = set(info.collections)
    return not inside & {"gradients", "optimizer", "updates"} and (asked or not inside & UNCHANGED)


def wishes(given_savings, given_needs, mode, step, factor):
    """Yield every wish that is due, tensor by tensor: the tensor, reductions, whether arrays are wanted and stored."""
    for info in INFOS:
        stretch = 1 if info.name == "loss" else factor
        for saving in given_savings:
            schedule = saving.schedules.get(mode)
            meant = saving.holds(info) and exists(info, mode, saving.asked)
            if schedule is not None and meant and schedule.is_due(step, stretch):
                yield info, saving.reductions, saving.arrays, saving.arrays
        for need in given_needs:
            inside = need.collection in info.collections or (need.regex and re.search(need.regex, info.name))
            meant = inside or not (need.collection or need.regex)
            due = step < need.first if need.first is not None else step % stretch == 0
            if due and meant and mode in need.modes and exists(info, mode, asked=False):
                yield info, need.reductions, need.arrays, False


def expected(*given_wishes):
    """The slow way: every wish, every tensor."""
    columns, arrays, stored = set(), set(), set()
    for info, reductions, whole, kept in wishes(*given_wishes):
        columns |= {(info.name, name) for name in (("value",) if info.name == "loss" else reductions)}
        arrays |= {info.name} if whole else set()
        stored |= {info.name} - {"odd"} if kept else set()
    return columns, arrays, stored


@given(st.lists(savings, max_size=3), st.lists(needs, max_size=3), st.sampled_from([1, 2, 4]))
def test_a_plan_holds_what_is_wanted_at_that_step_and_nothing_else(given_savings, given_needs, factor):
    planner = Planner(given_savings, flight=False)
    planner.describe(INFOS)
    planner.require(given_needs)
    for mode in MODES:
        for step in (*range(9), 12, 19, 20):
            plan = planner.due(mode, step, factor, flight=False)
            columns, arrays, stored = expected(given_savings, given_needs, mode, step, factor)
            if plan is None:
                assert not columns
                assert not arrays
                continue
            layout = plan.layout
            found = [(layout.tensors[column.tensor].name, column.reduction) for column in layout.columns]
            assert len(found) == len(set(found)), "each reduction once"
            assert set(found) == columns
            assert set(plan.arrays) == arrays
            assert set(plan.stored) == stored
            assert planner.due(mode, step, factor, flight=False) is plan


def test_steps_that_look_alike_share_one_plan_and_plans_that_look_alike_one_layout():
    planner = Planner(to_savings({"weights": {"interval": 10}}), flight=True)
    planner.describe(INFOS)
    plans = [planner.due("TRAIN", step, 1, flight=step % 2 == 0) for step in range(100)]
    assert len({id(plan) for plan in plans}) == 3
    assert plans[2].flight == ("a.weight", "a.bias", "gradient/a.weight", "temperature")
    assert not plans[2].is_heavy
    assert plans[10].is_heavy
    assert plans[1].layout is plans[2].layout
    planner.describe(INFOS)
    assert planner.due("TRAIN", 1, 1, flight=False).layout is plans[1].layout, "described anew, it means the same"
    assert planner.due("EVAL", 0, 1, flight=True).flight == (), "weights stand still in an evaluation"


def test_a_parameter_of_one_number_has_reductions_and_a_loss_has_its_value():
    planner = Planner(to_savings({"weights": ["mean"]}), flight=False)
    planner.describe(INFOS)
    layout = planner.due("TRAIN", 0, 1, flight=False).layout
    assert layout.reductions("temperature") == ("mean",)
    assert layout.reductions("loss") == ("value",)


def test_collections_of_ones_own_are_known_to_rules():
    planner = Planner(to_savings({"mine": {"regex": "^a", "reductions": "mean"}}), flight=False)
    planner.describe(INFOS)
    layout = planner.due("TRAIN", 0, 1, flight=False).layout
    assert layout.select("mine") == ("a.weight", "a.bias", "a_output_0")
    planner.require([Need(collection="mine", reductions=("l2",))])
    layout = planner.due("TRAIN", 0, 1, flight=False).layout
    assert layout.reductions("a.bias") == ("mean", "l2")


def test_the_preview_says_what_comes_of_each_wish_and_warns_where_nothing_does():
    save = {"weights": ["mean", "l2"], "gradients": {"arrays": True, "interval": 5}, "mine": {"regex": "^zzz"}}
    planner = Planner(to_savings(save), flight=False)
    assert warnings_of(planner) == (), "nothing is known of a model that was not described"
    planner.describe(INFOS)
    rows = {(row.collection, row.mode): row for row in preview_of(planner)}
    assert rows["weights", "TRAIN"][2:] == (2, ("mean", "l2"), False, 1, 2 * 2 * 8, "")
    assert rows["gradients", "TRAIN"][2:] == (1, (), True, 5, 24, "")
    assert rows["mine", "TRAIN"].tensors == 0
    assert "'^zzz'" in rows["mine", "TRAIN"].warning
    assert rows["losses", "EVAL"].reductions == ("value",)
    assert warnings_of(planner) == (rows["mine", "TRAIN"].warning,)
    planner = Planner(to_savings({"all": {"arrays": True}}), flight=False)
    planner.describe(INFOS)
    assert ["float8_e4m3fn" in text for text in warnings_of(planner)] == [True]
