"""Columns in files keep the laws, and what is particular to them."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading

import pyarrow.parquet as pq
import pytest

from labdeck.errors import NotFound, StoreUnreachable
from labdeck.store.columns import parquet
from labdeck.store.columns.files import FileColumns
from labdeck.store.contract import SeriesKey
from labdeck.store.ids import new_id
from labdeck.testing.columns_contract import LOSS, ColumnsContract, points, writing


class TestFileColumns(ColumnsContract):
    @pytest.fixture
    def open_columns(self, tmp_path):
        return lambda: FileColumns(tmp_path / "columns")


@pytest.fixture
def columns(tmp_path):
    return FileColumns(tmp_path / "columns")


@pytest.fixture
def trial_id():
    return new_id()


def folder_of(columns, trial_id):
    return columns._folder / trial_id


def test_the_writing_path_imports_nothing_heavy():
    code = """
import sys, tempfile, pathlib
from labdeck.store.columns.files import FileColumns
from labdeck.store.ids import new_id
writer = FileColumns(pathlib.Path(tempfile.mkdtemp())).writer(new_id())
writer.log({"loss": 1.0}, 0)
writer.seal()
writer.close()
print(sorted({"numpy", "pandas", "pyarrow", "sqlalchemy", "torch"} & set(sys.modules)))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "[]"


def test_files_are_private_and_trimmed_when_closed(columns, trial_id):
    with writing(columns, trial_id) as writer:
        for step in range(5000):
            writer.log({"loss": 1.0}, step)
        (segment,) = folder_of(columns, trial_id).glob("*.seg")
        assert segment.stat().st_size >= 64 + 5000 * 32
        assert segment.stat().st_blocks * 512 >= segment.stat().st_size, "pages are claimed before they are mapped"
        files = list(folder_of(columns, trial_id).iterdir())
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(folder_of(columns, trial_id).stat().st_mode) == 0o700
    assert segment.stat().st_size == 64 + 5000 * 32


def test_a_writer_that_is_forgotten_closes_itself(columns, trial_id):
    columns.writer(trial_id).log({"loss": 1.0}, 0)
    (segment,) = folder_of(columns, trial_id).glob("*.seg")
    assert segment.stat().st_size == 96
    assert columns.compact(trial_id) is True


def test_ids_that_are_none_make_no_folder(columns):
    for bad in ("../x", "", "A" * 32, "0" * 31):
        with pytest.raises(NotFound):
            columns.writer(bad)
    assert not columns._folder.exists()


def test_a_folder_that_cannot_be_made_says_so(tmp_path):
    (tmp_path / "columns").write_text("a file")
    with pytest.raises(StoreUnreachable):
        FileColumns(tmp_path / "columns").writer(new_id())


def test_following_returns_each_point_once_in_order(columns, trial_id):
    follower = columns.follow(trial_id)
    assert follower.read() == {}
    seen = {LOSS: [], SeriesKey("c", "acc"): []}
    count = 0
    with writing(columns, trial_id) as first, writing(columns, trial_id) as second:
        for size in (1, 0, 3, 5000, 1, 40_000, 2):
            for _ in range(size):
                first.log({"loss": float(count)}, None)
                second.log({"acc": float(count)}, None, "c")
                count += 1
            for key, series in follower.read().items():
                seen[key] += points(series)
            assert {len(found) for found in seen.values()} == {count}
    assert follower.read() == {}
    assert all(found == [(index, float(index)) for index in range(count)] for found in seen.values())


def test_following_while_others_log(columns, trial_id):
    follower = columns.follow(trial_id)
    seen = []

    def log():
        with writing(columns, trial_id) as writer:
            for step in range(30_000):
                writer.log({"loss": float(step)}, step)

    thread = threading.Thread(target=log)
    thread.start()
    while thread.is_alive():
        for series in follower.read().values():
            seen += points(series)
    for series in follower.read().values():
        seen += points(series)
    assert seen == [(step, float(step)) for step in range(30_000)]


def test_blocks_are_sealed_while_the_trial_runs(columns, trial_id):
    follower = columns.follow(trial_id)
    with writing(columns, trial_id) as writer:
        for step in range(9000):
            writer.log({"loss": 1.0}, step)
        follower.read()
        (seals,) = folder_of(columns, trial_id).glob("*.seals")
        assert len(seals.read_bytes().splitlines()) == (9000 * 32) // 65_536
        assert columns.check(trial_id) == ()
    assert len(seals.read_bytes().splitlines()) == -(-9000 * 32 // 65_536)
    assert columns.check(trial_id) == ()


def test_other_tools_can_read_the_packed_file(columns, trial_id):
    with writing(columns, trial_id) as writer:
        for step in range(3):
            writer.log({"loss": float(step)}, step)
            writer.log({"acc": float(-step)}, step, "eval")
    columns.compact(trial_id)
    (path,) = folder_of(columns, trial_id).iterdir()
    table = pq.read_table(path)
    assert table.column_names == ["component", "metric", "step", "time", "value"]
    assert table.column("component").to_pylist() == [""] * 3 + ["eval"] * 3
    assert table.column("metric").to_pylist() == ["loss"] * 3 + ["acc"] * 3
    assert table.column("value").to_pylist() == [0.0, 1.0, 2.0, 0.0, -1.0, -2.0]


def test_one_series_is_read_from_its_own_row_groups(columns, trial_id, monkeypatch):
    with writing(columns, trial_id) as writer:
        for step in range(20_000):
            writer.log({f"m{number}": float(step + number) for number in range(5)}, step)
    columns.compact(trial_id)
    asked = []
    original = pq.ParquetFile.read_row_groups

    def spy(self, groups, **options):
        asked.extend(groups)
        return original(self, groups, **options)

    monkeypatch.setattr(parquet.pq.ParquetFile, "read_row_groups", spy)
    series = columns.series(trial_id, SeriesKey("", "m3"))
    assert points(series) == [(step, float(step + 3)) for step in range(20_000)]
    assert asked == [3, 4]


def test_segments_that_are_in_the_packed_file_already_are_ignored_and_removed_later(columns, trial_id):
    with writing(columns, trial_id) as writer:
        writer.log({"loss": 1.0}, 0)
    folder = folder_of(columns, trial_id)
    kept = {path: path.read_bytes() for path in folder.iterdir()}
    columns.compact(trial_id)
    for path, raw in kept.items():
        path.write_bytes(raw)
    assert points(columns.series(trial_id, LOSS)) == [(0, 1.0)]
    assert [defect.severity for defect in columns.check(trial_id)] == ["warning"]
    with writing(columns, trial_id) as writer:
        writer.log({"loss": 2.0}, 1)
    assert points(columns.series(trial_id, LOSS)) == [(0, 1.0), (1, 2.0)]
    assert columns.compact(trial_id) is True
    assert [path.name for path in folder.iterdir()] == [parquet.FILE]
    assert points(columns.series(trial_id, LOSS)) == [(0, 1.0), (1, 2.0)]


def test_age_is_the_time_since_the_last_write(columns, trial_id):
    assert columns.age(trial_id) == 0.0
    with writing(columns, trial_id) as writer:
        writer.log({"loss": 1.0}, 0)
    for path in folder_of(columns, trial_id).iterdir():
        os.utime(path, (1000.0, 1000.0))
    assert columns.age(trial_id) > 1e9
    assert columns.age("../x") == 0.0
