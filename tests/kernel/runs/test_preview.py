"""Previews of tables: right rows, whatever is in the file."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labdeck.errors import UsageError
from labdeck.runs.preview import preview_table
from labdeck.wire.records import ArtifactRecord


def keep(folder, name, data, media_type=""):
    path = folder / "content"
    path.write_bytes(data)
    record = ArtifactRecord(id="0" * 32, name=name, sha256="0" * 64, size=len(data), media_type=media_type, created=1.0)
    return record, path


def parquet(table, **options):
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


@settings(max_examples=40)
@given(st.integers(0, 60), st.integers(0, 70), st.integers(1, 30), st.integers(1, 25))
def test_rows_of_parquet_are_those_of_a_slice(tmp_path_factory, total, offset, limit, group):
    folder = tmp_path_factory.mktemp("preview")
    data = parquet(pa.table({"n": list(range(total))}, schema=pa.schema([("n", pa.int64())])), row_group_size=group)
    page = preview_table(*keep(folder, "t.parquet", data), offset, limit)
    assert [row[0] for row in page.rows] == [str(n) for n in range(total)][offset : offset + limit]
    assert (page.total, page.offset) == (total, offset)


def test_values_are_text(tmp_path):
    table = pa.table({"x": [1.5, None, float("nan")], "y": ["a", "<b>", "c" * 400], "z": [[1, 2], [], None]})
    page = preview_table(*keep(tmp_path, "t.parquet", parquet(table)), 0, 10)
    assert page.rows == (("1.5", "a", "[1, 2]"), (None, "<b>", "[]"), ("nan", "c" * 299 + "…", None))
    assert page.types[:2] == ("double", "string")


def test_of_many_columns_the_first_are_shown(tmp_path):
    table = pa.table({str(n): [n] for n in range(500)})
    page = preview_table(*keep(tmp_path, "t.pq", parquet(table)), 0, 1)
    assert (len(page.columns), len(page.rows[0]), page.left_out) == (200, 200, 300)


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ("a,b\n1,2\n3,4\n", ("a", "b"), (("1", "2"), ("3", "4"))),
        ("a;b\n1;2\n", ("a", "b"), (("1", "2"),)),
        ('\ufeffa,b\n"x,\ny",2\n', ("a", "b"), (("x,\ny", "2"),)),
        ("a,b\n1\n", ("a", "b"), (("1", None),)),
        ("a\n", ("a",), ()),
        ("", (), ()),
    ],
)
def test_csv(tmp_path, text, columns, rows):
    page = preview_table(*keep(tmp_path, "t.csv", text.encode()), 0, 10)
    assert (page.columns, page.rows, page.total) == (columns, rows, len(rows))


def test_rows_of_csv_from_the_middle(tmp_path):
    text = "n\n" + "".join(f"{n}\n" for n in range(50))
    page = preview_table(*keep(tmp_path, "t", text.encode(), "text/csv"), 20, 3)
    assert (page.rows, page.total) == ((("20",), ("21",), ("22",)), 50)


@pytest.mark.parametrize("name", ["t.parquet", "t.bin"])
@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + bytes(100) + b"PAR1", b"no table"])
def test_what_is_no_table_is_one_line(tmp_path, name, data):
    with pytest.raises(UsageError, match="table") as raised:
        preview_table(*keep(tmp_path, name, data), 0, 10)
    assert "\n" not in str(raised.value)


@given(st.binary(max_size=200))
@settings(max_examples=50)
def test_any_bytes_called_csv_do_no_harm(tmp_path_factory, data):
    kept = keep(tmp_path_factory.mktemp("preview"), "t.csv", data)
    try:
        page = preview_table(*kept, 0, 10)
    except UsageError:
        return
    assert all(len(row) == len(page.columns) for row in page.rows)
