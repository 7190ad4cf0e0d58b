"""Truncated and corrupted files: what can be read is read, `check` names the rest, nothing else is touched."""

from __future__ import annotations

import logging
import random

import numpy as np
import pytest

from labdeck.store.columns.files import FileColumns
from labdeck.store.columns.segment import HEADER_SIZE, NAMES, RECORD_SIZE, SEALS, SEGMENT
from labdeck.store.contract import Series, SeriesKey
from labdeck.store.ids import new_id
from labdeck.testing.columns_contract import LOSS, points, writing

ACC = SeriesKey("c", "acc")
NOTHING = Series(np.empty(0, np.int64), np.empty(0), np.empty(0))


@pytest.fixture
def columns(tmp_path):
    return FileColumns(tmp_path / "columns")


@pytest.fixture
def trial_id(columns):
    identity = new_id()
    with writing(columns, identity) as writer:
        for step in range(6):
            writer.log({"loss": float(step)}, step)
            writer.log({"acc": float(-step)}, step, "c")
    return identity


def file_of(columns, trial_id, suffix):
    (path,) = (columns._folder / trial_id).glob("*" + suffix)
    return path


def errors(columns, trial_id):
    return [defect for defect in columns.check(trial_id) if defect.severity == "error"]


def test_every_truncation_of_a_segment_leaves_a_prefix(columns, trial_id):
    path = file_of(columns, trial_id, SEGMENT)
    raw = path.read_bytes()
    for end in range(len(raw)):
        path.write_bytes(raw[:end])
        whole = max(end - HEADER_SIZE, 0) // RECORD_SIZE
        assert points(columns.series(trial_id, LOSS)) == [(step, float(step)) for step in range((whole + 1) // 2)]
        assert points(columns.series(trial_id, ACC)) == [(step, float(-step)) for step in range(whole // 2)]
        assert errors(columns, trial_id) or end == 0
        assert columns.compact(trial_id) is False, "a damaged segment is not packed away"


def test_every_truncation_of_the_names_leaves_the_series_named_before(columns, trial_id):
    path = file_of(columns, trial_id, NAMES)
    raw = path.read_bytes()
    for end in range(len(raw)):
        path.write_bytes(raw[:end])
        count = raw[:end].count(b"\n")
        assert columns.keys(trial_id) == (LOSS, ACC)[:count]
        assert [len(series) for series in columns.all_series(trial_id).values()] == [6] * count
        assert errors(columns, trial_id)


def test_a_flipped_bit_anywhere_costs_one_point_at_most_and_is_reported(columns, trial_id):
    path = file_of(columns, trial_id, SEGMENT)
    raw = path.read_bytes()
    expected = [(step, float(step)) for step in range(6)]
    for position in range(HEADER_SIZE, len(raw)):
        damaged = bytearray(raw)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        found = points(columns.series(trial_id, LOSS))
        missing = [point for point in expected if point not in found]
        assert len(missing) <= 1
        assert len(errors(columns, trial_id)) >= 1
        assert columns.compact(trial_id) is False
    path.write_bytes(raw)
    assert columns.check(trial_id) == ()
    assert columns.compact(trial_id) is True


@pytest.mark.parametrize("suffix", [SEGMENT, NAMES, SEALS, ".parquet"])
def test_random_damage_never_raises_and_is_reported_unless_it_is_harmless(columns, trial_id, suffix):
    if suffix == ".parquet":
        columns.compact(trial_id)
    path = file_of(columns, trial_id, suffix)
    raw = path.read_bytes()
    chance = random.Random(3)
    for _ in range(250):
        damaged = bytearray(raw)
        for _ in range(chance.choice([1, 3, 40])):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        if chance.random() < 0.3:
            start = chance.randrange(len(damaged))
            damaged[start : start + chance.randrange(64)] = chance.randbytes(chance.randrange(64))
        path.write_bytes(damaged)
        found = columns.all_series(trial_id)
        assert set(found) <= {LOSS, ACC}
        assert all(len(series.steps) == len(series.times) == len(series.values) <= 7 for series in found.values())
        assert points(columns.series(trial_id, LOSS)) == points(found.get(LOSS, NOTHING))
        columns.follow(trial_id).read()
        if errors(columns, trial_id):
            assert columns.compact(trial_id) is False
        else:
            assert points(found[LOSS]) == [(step, float(step)) for step in range(6)]
            assert points(found[ACC]) == [(step, float(-step)) for step in range(6)]


def test_a_lost_file_is_named_and_the_rest_is_read(columns, trial_id):
    file_of(columns, trial_id, SEALS).unlink()
    assert [defect.severity for defect in columns.check(trial_id)] == ["warning"]
    assert len(columns.series(trial_id, LOSS)) == 6
    file_of(columns, trial_id, NAMES).unlink()
    assert len(errors(columns, trial_id)) == 1
    assert columns.all_series(trial_id) == {}
    assert columns.compact(trial_id) is False


def test_a_damaged_packed_file_hides_neither_later_segments_nor_other_trials(columns, trial_id, caplog):
    columns.compact(trial_id)
    path = file_of(columns, trial_id, ".parquet")
    path.write_bytes(path.read_bytes()[:-9])
    with writing(columns, trial_id) as writer:
        writer.log({"loss": 9.0}, 9)
    with caplog.at_level(logging.WARNING, "labdeck"):
        assert points(columns.series(trial_id, LOSS)) == [(9, 9.0)]
    assert trial_id in caplog.text
    (defect,) = errors(columns, trial_id)
    assert defect.path == f"columns/{trial_id}/metrics.parquet"
    assert columns.compact(trial_id) is False
    assert points(columns.series(trial_id, LOSS)) == [(9, 9.0)]


def test_points_in_the_blocks_behind_a_damaged_one_are_read(columns):
    trial_id = new_id()
    with writing(columns, trial_id) as writer:
        for step in range(7000):
            writer.log({"loss": float(step)}, step)
    path = file_of(columns, trial_id, SEGMENT)
    raw = bytearray(path.read_bytes())
    raw[70_000:80_000] = bytes(10_000)
    path.write_bytes(raw)
    values = columns.series(trial_id, LOSS).values.tolist()
    assert values == [float(step) for step in range(7000) if not 70_000 - 31 <= HEADER_SIZE + step * 32 + 0 < 80_000]
    assert [defect.severity for defect in errors(columns, trial_id)] == ["error"]


def test_folders_of_strangers_are_left_alone(columns, trial_id):
    stranger = columns._folder / "not-an-id"
    stranger.mkdir()
    (stranger / "x.seg").write_bytes(b"?")
    assert columns.trial_ids() == {trial_id}
    columns.remove(["not-an-id"])
    assert stranger.exists()
