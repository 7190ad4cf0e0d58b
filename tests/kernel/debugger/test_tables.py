"""Numbers of many tensors at once are those of each by itself."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from labdeck.debugger.tables import latest_values, read_counts, read_table
from labdeck.store.ids import new_id
from labdeck.store.tensors.frames import Moment
from labdeck.store.tensors.layout import TensorInfo, make_layout
from labdeck.studio import Studio

NAMES = tuple("abcd")


@pytest.fixture
def reader(tmp_path):
    """Rows of two layouts, in turns and in two modes, one step recorded twice."""
    random = np.random.default_rng(0)
    layouts = [
        make_layout([(TensorInfo(name), ("l2", "histogram", "mean")) for name in "abc"]),
        make_layout([(TensorInfo(name), ("mean",)) for name in "cd"]),
    ]
    with Studio(tmp_path / "store") as studio:
        trial = new_id()
        with closing(studio.session.tensors.writer(trial)) as writer:
            for at, step in enumerate([0, 1, 2, 2, 3, 5, 8, 9]):
                layout = layouts[at % 3 == 2]
                numbers = random.normal(size=layout.width)
                numbers[0] = np.nan if at == 4 else numbers[0]
                writer.row(layout, Moment("EVAL" if at == 6 else "TRAIN", step, at, 1000.0 + at), numbers)
        yield studio.session.tensors.reader(trial)


@pytest.mark.parametrize("reduction", ["l2", "mean"])
@pytest.mark.parametrize(("start", "end"), [(None, None), (1, 5), (9, 2)])
def test_a_table_holds_what_the_series_do(reader, reduction, start, end):
    first, last, values, broken = read_table(reader, NAMES, reduction, "TRAIN", start, end)
    expected: dict[tuple[int, int], float] = {}
    for row, name in enumerate(NAMES):
        series = reader.series(name, reduction, "TRAIN")
        for step, value in zip(series.steps.tolist(), series.values.tolist(), strict=True):
            if (start is None or step >= start) and (end is None or step < end):
                expected[row, step] = value
    assert first.tolist() == last.tolist() == sorted({step for _, step in expected})
    known = np.argwhere(~np.isnan(values) | broken)
    found = {(row, int(first[column])): values[row, column] for row, column in known.tolist()}
    assert found.keys() == expected.keys()
    assert np.array_equal([found[key] for key in expected], list(expected.values()), equal_nan=True)


@pytest.mark.parametrize("most", [1, 3, 4])
def test_a_table_is_folded_while_it_is_read(reader, most):
    first, last, values, broken = read_table(reader, NAMES, "l2", "TRAIN", most=most)
    assert first[0] == 0
    assert last[-1] == 9
    assert len(first) == most
    for row, name in enumerate(NAMES):
        series = reader.series(name, "l2", "TRAIN")
        latest = dict(zip(series.steps.tolist(), series.values.tolist(), strict=True))
        for column, (begin, end) in enumerate(zip(first, last, strict=True)):
            group = np.array([value for step, value in latest.items() if begin <= step <= end])
            finite = group[np.isfinite(group)]
            assert broken[row, column] == (len(finite) < len(group))
            if len(finite):
                assert values[row, column] == finite[np.abs(finite).argmax()]
            else:
                assert np.isnan(values[row, column])


@pytest.mark.parametrize("most", [1, 2, 5, 100])
def test_histograms_of_neighbours_are_summed(reader, most):
    first, last, counts = read_counts(reader, "b", "TRAIN", most)
    series = reader.series("b", "histogram", "TRAIN")
    latest = dict(zip(series.steps.tolist(), series.values, strict=True))
    assert len(first) == min(most, len(latest))
    for begin, end, found in zip(first, last, counts, strict=True):
        assert found == pytest.approx(sum(values for step, values in latest.items() if begin <= step <= end))
    assert sum(begin <= step <= end for begin, end in zip(first, last, strict=True) for step in latest) == len(latest)
    assert [len(part) for part in read_counts(reader, "d", "TRAIN", most)] == [0, 0, 0]


@pytest.mark.parametrize("step", [-1, 0, 2, 4, 100])
def test_the_latest_values_are_the_last_of_each_series(reader, step):
    found = latest_values(reader, "mean", "TRAIN", step)
    expected = {}
    for name in NAMES:
        series = reader.series(name, "mean", "TRAIN")
        before = series.values[series.steps <= step]
        if len(before):
            expected[name] = before[-1]
    assert found == pytest.approx(expected)
    assert latest_values(reader, "histogram", "TRAIN", step) == {}
