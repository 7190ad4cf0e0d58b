"""Tables come back as they were given."""

import io
from datetime import datetime, timezone

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from labdeck.errors import UsageError
from labdeck.runs.media import table as module
from labdeck.runs.media.table import to_table


def decoded(content):
    return pq.read_table(io.BytesIO(content.data)).to_pydict()


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"x": [1, 2], "y": ["a", None]}, {"x": [1, 2], "y": ["a", None]}),
        ([{"x": 1}, {"x": 2, "y": "b"}], {"x": [1, 2], "y": [None, "b"]}),
        (np.array([[1, 2], [3, 4]]), {"0": [1, 3], "1": [2, 4]}),
        (np.array([(1, 2.5)], dtype=[("n", "i8"), ("v", "f8")]), {"n": [1], "v": [2.5]}),
        ({"mixed": [1, "a", None, 2.5]}, {"mixed": ["1", "a", None, "2.5"]}),
        ({1: [True]}, {"1": [True]}),
        ({"box": np.zeros((2, 3))}, {"box": [[0.0] * 3] * 2}),
        (pa.table({"x": [1]}), {"x": [1]}),
        (pd.DataFrame({"x": [1, 2]}), {"x": [1, 2]}),
        (pd.DataFrame({"x": [1, "a"]}), {"x": ["1", "a"]}),
        (pd.DataFrame({"x": [object]}), {"x": [str(object)]}),
        (pd.Series([1, 2], name="x"), {"x": [1, 2]}),
        ([], {}),
    ],
)
def test_tables_of_many_kinds(table, expected):
    assert decoded(to_table(table)) == expected


def test_an_index_with_a_name_and_times_come_along():
    when = datetime(2026, 11, 1, tzinfo=timezone.utc)
    frame = pd.DataFrame({"x": [1.5]}, index=pd.Index([when], name="when"))
    assert pq.read_table(io.BytesIO(to_table(frame).data)).to_pandas().index[0] == when


@pytest.mark.slow
def test_tensors():
    import torch

    assert decoded(to_table(torch.tensor([[1, 2]]))) == {"0": [1], "1": [2]}
    assert decoded(to_table({"x": torch.tensor([1, 2])})) == {"x": [1, 2]}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"x": [1, 2], "y": [1]}, "'x' has 2, 'y' has 1"),
        ([[1, 2], [3, 4]], "have no names"),
        ([1, 2], "have no names"),
        ("text", "given as str"),
        (7, "given as int"),
        ({"x": "abc"}, "given as str"),
        ({"x": 5}, "given as int"),
        (np.zeros(3), "no table has the shape 3"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns"),
    ],
)
def test_mistakes_are_one_line(table, said):
    with pytest.raises(UsageError, match=said) as raised:
        to_table(table)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("table", [np.zeros((4, 4)), pd.DataFrame(np.zeros((4, 4))), [dict.fromkeys("abcd", 1)] * 4])
def test_a_table_too_large_is_refused(monkeypatch, table):
    monkeypatch.setattr(module, "MAX_CELLS", 10)
    with pytest.raises(UsageError, match="the limit is"):
        to_table(table)
