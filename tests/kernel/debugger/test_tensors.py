"""What was recorded is read as it was written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from tests.kernel.debugger.recorded import LAYERS, STEPS, gradient, infos, record

from labdeck.debugger.readings import MOST_COLUMNS, MOST_POINTS, fold_columns, fold_picture, thin
from labdeck.errors import NotFound, UsageError
from labdeck.findings.reductions import reduce
from labdeck.store.ids import new_id
from labdeck.store.tensors.blocks import to_block
from labdeck.store.tensors.frames import Moment
from labdeck.store.tensors.layout import TensorInfo, make_layout
from labdeck.studio import Studio
from labdeck.wire.commands import PutFinding


@pytest.fixture
def recorded(tmp_path):
    with Studio(tmp_path / "store") as studio, studio.experiment("digits").trial("net") as trial:
        found = record(studio.session, trial.id)
        studio.session.flush()
        yield studio.tensors, trial.id, found


def test_everything_is_listed(recorded):
    tensors, trial_id, found = recorded
    listed = tensors.list_of(trial_id)
    assert [row.name for row in listed.tensors] == [info.name for info in infos()]
    assert [row.health for row in listed.tensors] == ["error", "ok", "ok", "ok"]
    assert [row.arrays for row in listed.tensors] == [4, 4, 4, 0]
    assert [(one.mode, one.count, one.first, one.last) for one in listed.modes] == [("TRAIN", STEPS, 0, STEPS - 1)]
    (recording,) = listed.recordings
    assert (recording.id, recording.finding, recording.rule) == (found.recording, found.id, "ExplodingTensor")
    assert recording.severity == "error"
    assert [moment.step for moment in recording.steps] == [17, 18, 19]


def test_a_recording_is_as_bad_as_its_worst_finding(tmp_path, recorded):
    tensors, trial_id, found = recorded
    later = msgspec.structs.replace(found, id=new_id(), rule="VanishingGradient", severity="warning", time=1020.0)
    with Studio(tmp_path / "store") as studio:
        studio.session.catalog.apply([PutFinding(finding=later)])
    (recording,) = tensors.list_of(trial_id).recordings
    assert (recording.severity, recording.finding) == ("error", found.id)


def test_a_trial_without_tensors_has_none(recorded):
    tensors, _, _ = recorded
    listed = tensors.list_of("0" * 32)
    assert (listed.tensors, listed.modes, listed.recordings) == ((), (), ())
    assert tensors.grid("0" * 32, "mean").names == ()


def test_the_grid_holds_every_value(recorded):
    tensors, trial_id, found = recorded
    grid = tensors.grid(trial_id, "abs_mean", collection="gradients")
    assert grid.names == tuple(f"gradient/{name}.weight" for name in LAYERS)
    expected = [[reduce(gradient(layer, step), "abs_mean") for step in range(STEPS)] for layer in range(3)]
    assert np.allclose(grid.values[:, :-1], np.array(expected)[:, :-1])
    assert grid.broken[0, -1]
    assert grid.broken.sum() == 1
    assert [one.id for one in grid.findings] == [found.id]
    part = tensors.grid(trial_id, "abs_mean", names=["gradient/fc.weight"], start=5, end=9)
    assert (part.names, part.first.tolist()) == (("gradient/fc.weight",), [5, 6, 7, 8])
    with pytest.raises(UsageError, match="no single number"):
        tensors.grid(trial_id, "histogram")
    with pytest.raises(UsageError, match="no reduction"):
        tensors.grid(trial_id, "nonsense")


def test_the_curves_of_one_tensor(recorded):
    tensors, trial_id, found = recorded
    curves = tensors.curves(trial_id, "gradient/conv1.weight")
    assert set(curves.curves) == {"mean", "abs_mean", "l2", "nan_count", "p5", "p25", "p50", "p75", "p95"}
    assert curves.curves["nan_count"].tolist() == [0.0] * (STEPS - 1) + [1.0]
    assert np.allclose(curves.curves["p50"][3], np.median(gradient(0, 3)))
    assert [one.id for one in curves.findings] == [found.id]
    with pytest.raises(NotFound):
        tensors.curves(trial_id, "gradient/none")
    elsewhere = tensors.curves(trial_id, "gradient/conv1.weight", "EVAL")
    assert (elsewhere.curves, len(elsewhere.steps)) == ({}, 0)


def test_histograms_come_as_recorded_else_from_whole_arrays(recorded):
    tensors, trial_id, _ = recorded
    spread = tensors.histogram(trial_id, "gradient/fc.weight")
    assert (spread.signed_log, spread.counts.sum(axis=1).tolist()) == (True, [12.0] * STEPS)
    with pytest.raises(NotFound, match="neither histograms nor whole arrays"):
        tensors.histogram(trial_id, "loss")


def written(studio, name, steps, arrays=()):
    """Record a tensor over steps, its mean the step itself, NaN in step 4321; and some whole arrays."""
    layout = make_layout([(TensorInfo(name, shape=(3,)), ("mean", "l2", "histogram"))])
    with studio.experiment("long").trial(name) as trial:
        pass
    with closing(studio.session.tensors.writer(trial.id)) as writer:
        row = np.zeros(layout.width)
        for step in range(steps):
            row[:2] = np.nan if step == 4321 else step, step % 97
            row[layout.column(name, "histogram").start + step % 3] = 1.0
            writer.row(layout, Moment("TRAIN", step, step, 1000.0 + step), row)
        for step, array in enumerate(arrays):
            writer.row(make_layout([(TensorInfo(name), ("mean",))]), Moment("TRAIN", step, step, 1.0), np.zeros(1))
            writer.arrays(Moment("TRAIN", step, step, 1000.0 + step), {name: to_block(array)})
    return trial.id


def test_of_many_steps_no_more_is_drawn_than_a_screen_shows(tmp_path):
    with Studio(tmp_path / "store") as studio:
        trial_id = written(studio, "w", 6_000)
        tensors = studio.tensors
        curves = tensors.curves(trial_id, "w")
        assert len(curves.steps) <= MOST_POINTS
        assert (curves.total, curves.lost) == (6_000, {"mean": 1, "l2": 0})
        assert {0, 4321, 5_999} <= set(curves.steps.tolist())
        recorded = np.where(curves.steps == 4321, np.nan, curves.steps)
        assert np.array_equal(curves.curves["mean"], recorded, equal_nan=True)
        assert np.array_equal(curves.curves["l2"], curves.steps % 97)
        assert curves.curves["l2"].max() == 96
        spread = tensors.histogram(trial_id, "w")
        assert spread.counts.shape == (MOST_COLUMNS, 97)
        assert (spread.steps[0], spread.last[-1]) == (0, 5_999)
        grid = tensors.grid(trial_id, "mean")
        assert len(grid.first) == MOST_COLUMNS
        assert grid.broken.sum() == 1


def test_of_many_whole_arrays_some_are_counted(tmp_path):
    random = np.random.default_rng(0)
    large = random.normal(size=150_001).astype(np.float32)
    large[[7, 11, 13]] = -50.0, np.nan, 60.0
    with Studio(tmp_path / "store") as studio:
        many = studio.tensors.histogram(written(studio, "many", 0, [np.full(3, step) for step in range(350)]), "many")
        assert (len(many.steps), many.total) == (100, 350)
        assert (many.steps[0], many.steps[-1], many.edges[0], many.edges[-1]) == (0, 349, 0.0, 349.0)
        assert (many.counts.sum(axis=1) == 3).all()
        one = studio.tensors.histogram(written(studio, "large", 0, [large, large]), "large")
        assert (one.edges[0], one.edges[-1]) == (-50.0, 60.0)
        assert one.counts.sum(axis=1) == pytest.approx([150_000] * 2, rel=0.01)
        expected = np.histogram(large[np.isfinite(large)], one.edges)[0]
        assert one.counts[0] == pytest.approx(expected, abs=0.02 * len(large))


def test_who_reads_one_trial_does_not_wait_for_another(tmp_path):
    with Studio(tmp_path / "store") as studio, ThreadPoolExecutor(1) as pool:
        first, second = written(studio, "a", 3), written(studio, "b", 3)
        tensors = studio.tensors
        with tensors._reading(first):
            assert pool.submit(tensors.curves, second, "b").result().total == 3
            waiting = pool.submit(tensors.curves, first, "a")
        assert waiting.result().total == 3


@given(
    arrays_of.arrays(np.float64, st.integers(1, 60), elements=st.sampled_from([0.0, 1.0, -2.0, 3.0, np.nan, np.inf])),
    st.integers(1, 60),
)
def test_thinning_loses_no_extreme_and_no_nan(values, most):
    known = np.arange(len(values)) % 5 != 0
    given_values = np.where(known, values, np.nan)
    kept = thin({"a": (given_values, known), "b": (np.arange(len(values)) * 1.0, known)}, len(values), most)
    assert len(kept) <= max(most, 6) + 2
    assert {0, len(values) - 1} <= set(kept.tolist())
    finite, left = (part[np.isfinite(part)] for part in (given_values, given_values[kept]))
    assert (known & ~np.isfinite(given_values)).any() == (known & ~np.isfinite(given_values))[kept].any()
    assert len(finite) == 0 or (left.min(), left.max()) == (finite.min(), finite.max())


def test_values_are_pictures(recorded):
    tensors, trial_id, found = recorded
    kept = tensors.values(trial_id, "gradient/conv2.weight", "TRAIN", 10)
    assert np.allclose(kept.picture, gradient(1, 10))
    flight = tensors.values(trial_id, "gradient/conv1.weight", "TRAIN", STEPS - 1, found.recording)
    assert np.isnan(flight.picture[1, 1])
    with pytest.raises(NotFound):
        tensors.values(trial_id, "gradient/conv2.weight", "TRAIN", 11)


def test_a_recording_is_played_back_step_by_step(recorded):
    tensors, trial_id, found = recorded
    step = tensors.recorded_step(trial_id, found.recording, "TRAIN", STEPS - 1)
    first, second, _ = step.tensors
    assert (first.nan_count, first.mean, second.nan_count) == (1, "NaN", 0)
    moved = np.linalg.norm(gradient(1, STEPS - 1).astype(float) - gradient(1, STEPS - 2))
    assert second.change == pytest.approx(moved / np.linalg.norm(gradient(1, STEPS - 2).astype(float)), rel=1e-6)
    with pytest.raises(NotFound):
        tensors.recorded_step(trial_id, found.recording, "TRAIN", 3)
    with pytest.raises(NotFound):
        tensors.recorded_step(trial_id, "0" * 32, "TRAIN", 3)
    with pytest.raises(NotFound):
        tensors.recorded_step(trial_id, "../../" + "0" * 26, "TRAIN", 3)


def test_the_network_has_values_health_and_edges(recorded):
    tensors, trial_id, _ = recorded
    late = tensors.network(trial_id, "l2")
    assert [(node.path, node.order, node.health) for node in late.nodes] == [
        ("", 0, "ok"),
        ("conv1", 1, "error"),
        ("conv2", 2, "ok"),
        ("fc", 3, "ok"),
    ]
    assert [(edge.source, edge.destination) for edge in late.edges] == [("conv1", "conv2"), ("conv2", "fc")]
    early = tensors.network(trial_id, "l2", "TRAIN", 4)
    assert [node.health for node in early.nodes] == ["ok"] * 4
    assert early.nodes[3].value == pytest.approx(reduce(gradient(2, 4), "l2"))
    others = tensors.network(trial_id, "l2", collection="weights")
    assert [node.value for node in others.nodes] == [None] * 4


def test_what_another_process_records_later_is_seen(recorded):
    tensors, trial_id, _ = recorded
    assert tensors.curves(trial_id, "loss").steps[-1] == STEPS - 1
    layout = make_layout([(TensorInfo("loss", ("losses",)), ("value",))])
    with closing(tensors._session.tensors.writer(trial_id)) as writer:
        writer.row(layout, Moment("TRAIN", STEPS, STEPS, 2000.0), np.array([0.25]))
    curves = tensors.curves(trial_id, "loss")
    assert (curves.steps[-1], curves.curves["value"][-1]) == (STEPS, 0.25)


@given(
    arrays_of.arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 40)), elements=st.floats(width=32)),
    st.integers(1, 12),
)
def test_folding_loses_no_extreme_and_no_nan(values, most):
    steps = np.arange(values.shape[1])
    first, last, folded, broken = fold_columns(steps, values, most)
    assert len(first) == min(most, len(steps))
    assert first[0] == 0
    assert last[-1] == len(steps) - 1
    assert (first[1:] == last[:-1] + 1).all()
    for row in range(len(values)):
        for place, (a, b) in enumerate(zip(first, last, strict=True)):
            group = values[row, a : b + 1]
            finite = group[np.isfinite(group)]
            assert broken[row, place] == (len(finite) < len(group))
            assert np.isnan(folded[row, place]) if not len(finite) else abs(folded[row, place]) == abs(finite).max()


@given(arrays_of.arrays(np.float64, arrays_of.array_shapes(min_dims=0, max_dims=3, max_side=9), elements=st.floats()))
def test_a_picture_keeps_the_largest(array):
    picture, fold = fold_picture(array, most=4)
    assert max(picture.shape) <= 4
    assert min(fold) >= 1
    if np.isnan(array).any():
        assert np.isnan(picture).any()
    else:
        assert np.abs(picture).max() == np.abs(array).max()
