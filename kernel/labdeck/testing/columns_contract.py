"""The laws of the columns: what is logged is read, in order, by anybody, before and after it is packed."""

from __future__ import annotations

import math
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from labdeck.errors import InvalidMetric, InvalidName, TrialClosed
from labdeck.store.contract import Columns, Series, SeriesKey, SeriesWriter
from labdeck.store.ids import new_id
from labdeck.testing.catalog_contract import HOSTILE_NAMES

OpenColumns = Callable[[], Columns]

VALUES = [math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, -0.0, 0.0, 2.2250738585072014e-308 / 3, 0.1]
STEPS = [0, -1, 2**63 - 1, -(2**63), 10**15]
LOSS = SeriesKey("", "loss")


def bits(values: Any) -> list[bytes]:
    """Return floats as their bytes, so that NaN equals NaN and -0.0 differs from 0.0."""
    return [struct.pack("<d", value) for value in values]


def points(series: Series) -> list[tuple[int, float]]:
    """Return steps and values of a series as plain Python numbers."""
    return list(zip(series.steps.tolist(), series.values.tolist(), strict=True))


@contextmanager
def writing(columns: Columns, trial_id: str) -> Iterator[SeriesWriter]:
    """Open a writer and close it."""
    writer = columns.writer(trial_id)
    try:
        yield writer
    finally:
        writer.close()


class LoggingLaws:
    """Logging and reading; needs a fixture `open_columns` that opens the same columns each time it is called."""

    def test_what_was_logged_is_read_at_once_by_everybody(self, open_columns: OpenColumns) -> None:
        trial_id = new_id()
        before = time.time()
        with writing(open_columns(), trial_id) as writer:
            for step in range(5):
                writer.log({"loss": step / 2, "acc": float(-step)}, step=step * 10)
                seen = open_columns().series(trial_id, LOSS)
                assert points(seen) == [(index * 10, index / 2) for index in range(step + 1)]
        both = open_columns().all_series(trial_id)
        assert points(both[SeriesKey("", "acc")]) == [(index * 10, float(-index)) for index in range(5)]
        times = both[LOSS].times.tolist()
        assert times == both[SeriesKey("", "acc")].times.tolist(), "a call reads the clock once"
        assert before <= times[0] <= times[-1] <= time.time()

    def test_steps_count_up_per_series(self, open_columns: OpenColumns) -> None:
        columns, trial_id = open_columns(), new_id()
        with writing(columns, trial_id) as writer:
            writer.log({"loss": 1.0}, None)
            writer.log({"loss": 2.0, "acc": 3.0}, None)
            writer.log({"loss": 4.0}, 40)
            writer.log({"loss": 5.0, "acc": 6.0}, None)
            writer.log({"loss": 7.0}, None, "validation")
        assert points(columns.series(trial_id, LOSS)) == [(0, 1.0), (1, 2.0), (40, 4.0), (41, 5.0)]
        assert points(columns.series(trial_id, SeriesKey("", "acc"))) == [(0, 3.0), (1, 6.0)]
        assert points(columns.series(trial_id, SeriesKey("validation", "loss"))) == [(0, 7.0)]

    def test_a_writer_counts_on_after_the_steps_it_is_told(self, open_columns: OpenColumns) -> None:
        columns, trial_id = open_columns(), new_id()
        with closing(columns.writer(trial_id, {LOSS: 41})) as writer:
            writer.log({"loss": 0.5, "accuracy": 0.9}, None)
            writer.log({"loss": 0.4}, None)
        assert columns.series(trial_id, LOSS).steps.tolist() == [42, 43]
        assert columns.series(trial_id, SeriesKey("", "accuracy")).steps.tolist() == [0]

    def test_points_from_elsewhere_keep_their_steps_and_times(self, open_columns: OpenColumns) -> None:
        columns, trial_id = open_columns(), new_id()
        steps, times = np.array([5, 2, 2**62]), np.array([1e9, -3.0, 0.5])
        with writing(columns, trial_id) as writer:
            writer.log({"loss": 1.0}, 7)
            writer.extend(LOSS, Series(steps, times, np.array([0.5, np.inf, np.nan])))
            writer.extend(LOSS, Series(steps[:0], times[:0], times[:0]))
            writer.log({"loss": 2.0}, None)
        found = columns.series(trial_id, LOSS)
        assert found.steps.tolist() == [7, *steps.tolist(), 2**62 + 1]
        assert found.times[1:4].tolist() == times.tolist()
        np.testing.assert_array_equal(found.values, [1.0, 0.5, np.inf, np.nan, 2.0])

    def test_every_float_and_every_step_is_kept(self, open_columns: OpenColumns) -> None:
        columns, trial_id = open_columns(), new_id()
        with writing(columns, trial_id) as writer:
            for value in VALUES:
                for step in STEPS:
                    writer.log({"loss": value}, step)
        for _ in range(2):
            assert columns.compact(trial_id) is True
            series = columns.series(trial_id, LOSS)
            assert bits(series.values.tolist()) == bits(value for value in VALUES for _ in STEPS)
            assert series.steps.tolist() == STEPS * len(VALUES)
            with writing(columns, trial_id) as writer:
                writer.log({"other": 1.0}, 0)

    def test_a_clock_that_jumps_back_reorders_nothing(
        self, open_columns: OpenColumns, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        columns, trial_id = open_columns(), new_id()
        clock = [5e9, 1.0, 4e9, -7.0]
        for number, now in enumerate(clock):
            monkeypatch.setattr(time, "time", lambda now=now: now)
            monkeypatch.setattr(time, "time_ns", lambda now=now: int(now * 1e9))
            with writing(columns, trial_id) as writer:
                writer.log({"loss": float(number)}, number)
        series = columns.series(trial_id, LOSS)
        assert series.values.tolist() == [0.0, 1.0, 2.0, 3.0]
        assert series.times.tolist() == clock

    @pytest.mark.parametrize("name", HOSTILE_NAMES, ids=range(len(HOSTILE_NAMES)))
    def test_names_are_data(self, open_columns: OpenColumns, name: str) -> None:
        columns, trial_id = open_columns(), new_id()
        with writing(columns, trial_id) as writer:
            writer.log({name: 0.5}, 1, name)
            writer.log({name: 0.25, "x": 1.0}, 2)
        keys = (SeriesKey(name, name), SeriesKey("", name), SeriesKey("", "x"))
        for _ in range(2):
            assert open_columns().keys(trial_id) == keys
            assert [points(open_columns().series(trial_id, key)) for key in keys] == [
                [(1, 0.5)],
                [(2, 0.25)],
                [(2, 1.0)],
            ]
            columns.compact(trial_id)

    @pytest.mark.parametrize("name", ["", " ", "a\0b", "\ud800", "x" * 20_000, 7, None])
    def test_a_name_that_cannot_be_stored_appends_nothing(self, open_columns: OpenColumns, name: Any) -> None:
        columns, trial_id = open_columns(), new_id()
        with writing(columns, trial_id) as writer:
            with pytest.raises(InvalidName):
                writer.log({"loss": 1.0, name: 2.0}, 0)
            if name != "":
                with pytest.raises(InvalidName):
                    writer.log({"loss": 1.0}, 0, name)
        assert columns.all_series(trial_id) == {}

    @pytest.mark.parametrize(
        "value",
        ["0.5", b"0.5", None, 1j, np.complex64(1), [1.0], {}, object(), 10**400, np.zeros(2), np.zeros(0), "nan"],
        ids=range(12),
    )
    def test_a_value_that_is_no_number_appends_nothing(self, open_columns: OpenColumns, value: Any) -> None:
        columns, trial_id = open_columns(), new_id()
        with writing(columns, trial_id) as writer:
            for metrics in ({"loss": value}, {"loss": 1.0, "bad": value}):
                with pytest.raises(InvalidMetric):
                    writer.log(metrics, 0)
            writer.log({"loss": 2.0}, None)
        assert points(columns.series(trial_id, LOSS)) == [(0, 2.0)]
        assert columns.keys(trial_id) == (LOSS,)

    @pytest.mark.parametrize("step", [2**63, -(2**63) - 1, 10**30, 0.5, 1.0, "1", 1j, np.float64(1)], ids=range(8))
    def test_a_step_that_is_no_int64_appends_nothing(self, open_columns: OpenColumns, step: Any) -> None:
        columns, trial_id = open_columns(), new_id()
        with writing(columns, trial_id) as writer:
            writer.log({"loss": 1.0}, 7)
            for metrics in ({"loss": 2.0}, {"acc": 2.0, "loss": 2.0}):
                with pytest.raises(InvalidMetric):
                    writer.log(metrics, step)
            writer.log({"loss": 3.0}, None)
        assert points(columns.series(trial_id, LOSS)) == [(7, 1.0), (8, 3.0)]

    def test_counting_past_the_last_step_is_refused(self, open_columns: OpenColumns) -> None:
        columns, trial_id = open_columns(), new_id()
        with writing(columns, trial_id) as writer:
            writer.log({"loss": 1.0}, 2**63 - 1)
            with pytest.raises(InvalidMetric):
                writer.log({"acc": 1.0, "loss": 2.0}, None)
            writer.log({"loss": 3.0}, 0)
        assert points(columns.series(trial_id, LOSS)) == [(2**63 - 1, 1.0), (0, 3.0)]
        assert len(columns.series(trial_id, SeriesKey("", "acc"))) == 0

    def test_whatever_has_a_float_value_is_a_number(self, open_columns: OpenColumns) -> None:
        columns, trial_id = open_columns(), new_id()
        given: list[Any] = [3, True, np.float32(0.5), np.int64(7), np.bool_(True), np.array(2.5), np.array([[1.5]])]
        given += [Decimal("0.125"), Fraction(1, 4), np.float16(2), np.longdouble(3)]
        with writing(columns, trial_id) as writer:
            for value in given:
                writer.log({"loss": value}, np.int32(4))
                writer.log({"loss": value, "more": 1.0}, True)
        expected = [3.0, 1.0, 0.5, 7.0, 1.0, 2.5, 1.5, 0.125, 0.25, 2.0, 3.0]
        assert points(columns.series(trial_id, LOSS)) == [(step, value) for value in expected for step in (4, 1)]

    def test_points_of_one_thread_stay_in_order_whatever_others_log(self, open_columns: OpenColumns) -> None:
        columns, trial_id = open_columns(), new_id()

        def log(number: int) -> None:
            for step in range(1000):
                writer.log({f"own{number}": float(step), "shared": float(number)}, step)
                writer.log({f"own{number}": -float(step)}, step)

        with writing(columns, trial_id) as writer:
            threads = [threading.Thread(target=log, args=(number,)) for number in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        series = columns.all_series(trial_id)
        expected = [(step, sign * float(step)) for step in range(1000) for sign in (1, -1)]
        for number in range(8):
            assert points(series[SeriesKey("", f"own{number}")]) == expected
        shared = series[SeriesKey("", "shared")]
        for number in range(8):
            assert shared.steps[shared.values == number].tolist() == list(range(1000))

    def test_a_follower_returns_every_point_once_while_it_is_logged(self, open_columns: OpenColumns) -> None:
        columns, trial_id, count = open_columns(), new_id(), 5000
        follower = open_columns().follow(trial_id)
        found: dict[SeriesKey, list[tuple[int, float]]] = {}

        def log() -> None:
            for step in range(count):
                writer.log({"loss": step / 2, "acc": -step / 2}, step)

        def read() -> None:
            for key, series in follower.read().items():
                assert len(series)
                found.setdefault(key, []).extend(points(series))

        read()
        with writing(columns, trial_id) as writer:
            thread = threading.Thread(target=log)
            thread.start()
            while thread.is_alive():
                read()
            thread.join()
            read()
        assert follower.read() == {}
        assert found[LOSS] == [(step, step / 2) for step in range(count)]
        assert found[SeriesKey("", "acc")] == [(step, -step / 2) for step in range(count)]

    def test_a_closed_writer_refuses(self, open_columns: OpenColumns) -> None:
        columns, trial_id = open_columns(), new_id()
        writer = columns.writer(trial_id)
        writer.log({"loss": 1.0}, 0)
        writer.close()
        writer.close()
        for metrics in ({"loss": 1.0}, {"loss": 1.0, "acc": 2.0}, {"new": 1.0}):
            with pytest.raises(TrialClosed):
                writer.log(metrics, 1)
        assert points(columns.series(trial_id, LOSS)) == [(0, 1.0)]
        assert writer.dropped == 0

    def test_many_series_in_one_call(self, open_columns: OpenColumns) -> None:
        columns, trial_id = open_columns(), new_id()
        metrics = {f"layer.{number}": float(number) for number in range(5000)}
        with writing(columns, trial_id) as writer:
            writer.log(metrics, 0)
            writer.log(metrics, None)
        series = columns.all_series(trial_id)
        assert [key.name for key in series] == list(metrics)
        assert all(points(part) == [(0, float(n)), (1, float(n))] for n, part in enumerate(series.values()))


class KeepingLaws:
    """Several writers, packing, removal; needs the fixture `open_columns`."""

    def test_an_unknown_trial_is_empty(self, open_columns: OpenColumns) -> None:
        columns = open_columns()
        for trial_id in (new_id(), "../../etc", "", "x"):
            assert columns.keys(trial_id) == ()
            assert columns.all_series(trial_id) == {}
            assert len(columns.series(trial_id, LOSS)) == 0
            assert columns.compact(trial_id) is False
            assert columns.check(trial_id) == ()
            columns.remove([trial_id])

    def test_a_writer_that_logged_nothing_leaves_nothing(self, open_columns: OpenColumns) -> None:
        columns, trial_id = open_columns(), new_id()
        with writing(columns, trial_id):
            pass
        assert (columns.keys(trial_id), columns.trial_ids()) == ((), frozenset())

    def test_writers_follow_each_other_in_the_order_in_which_they_began(self, open_columns: OpenColumns) -> None:
        trial_id = new_id()
        for number in range(3):
            with writing(open_columns(), trial_id) as writer:
                writer.log({"loss": float(number), f"only{number}": 1.0}, number)
                writer.log({"loss": number + 0.5}, None)
        columns = open_columns()
        expected = [(0, 0.0), (1, 0.5), (1, 1.0), (2, 1.5), (2, 2.0), (3, 2.5)]
        for _ in range(2):
            assert points(columns.series(trial_id, LOSS)) == expected
            assert [key.name for key in columns.keys(trial_id)] == ["loss", "only0", "only1", "only2"]
            assert columns.check(trial_id) == ()
            columns.compact(trial_id)

    def test_packing_changes_nothing_that_is_read(self, open_columns: OpenColumns) -> None:
        columns, trial_id = open_columns(), new_id()
        for part in range(3):
            with writing(columns, trial_id) as writer:
                for step in range(7000):
                    writer.log({"loss": part + step / 7, "acc": 1.0}, step)
            before = columns.all_series(trial_id)
            assert columns.compact(trial_id) is True
            assert columns.compact(trial_id) is False
            after = open_columns().all_series(trial_id)
            assert list(after) == list(before) == list(columns.keys(trial_id))
            for key, series in before.items():
                for one in (after[key], columns.series(trial_id, key)):
                    assert points(one) == points(series)
                    assert one.times.tolist() == series.times.tolist()
        assert columns.check(trial_id) == ()

    def test_a_trial_that_is_being_written_is_not_packed(self, open_columns: OpenColumns) -> None:
        columns, trial_id = open_columns(), new_id()
        with writing(columns, trial_id) as writer:
            writer.log({"loss": 1.0}, 0)
            assert open_columns().compact(trial_id) is False
            writer.log({"loss": 2.0}, 1)
        assert open_columns().compact(trial_id) is True
        assert points(columns.series(trial_id, LOSS)) == [(0, 1.0), (1, 2.0)]

    def test_readers_see_every_point_once_while_trials_are_packed(self, open_columns: OpenColumns) -> None:
        columns, trial_id = open_columns(), new_id()
        done = threading.Event()
        wrong: list[object] = []
        least = [0]

        def read() -> None:
            while not done.is_set():
                floor = least[0]
                found = open_columns().series(trial_id, LOSS).values.tolist()
                if found != [float(index) for index in range(len(found))] or len(found) < floor:
                    wrong.append(found)

        threads = [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        for number in range(20):
            with writing(columns, trial_id) as writer:
                for index in range(50):
                    writer.log({"loss": float(50 * number + index)}, None)
            least[0] = 50 * number + 50
            columns.compact(trial_id)
        done.set()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert len(columns.series(trial_id, LOSS)) == 1000

    def test_removing_a_trial_leaves_the_others(self, open_columns: OpenColumns) -> None:
        columns, trial_ids = open_columns(), [new_id() for _ in range(3)]
        for trial_id in trial_ids:
            with writing(columns, trial_id) as writer:
                writer.log({"loss": 1.0}, 0)
        columns.compact(trial_ids[1])
        columns.remove(trial_ids[:2])
        assert columns.trial_ids() == frozenset(trial_ids[2:])
        assert [len(columns.series(trial_id, LOSS)) for trial_id in trial_ids] == [0, 0, 1]


class ColumnsContract(LoggingLaws, KeepingLaws):
    """The laws of the columns as tests.

    Subclass it beside a fixture `open_columns`: a function that opens one and the same columns, empty at first, again
    at each call, as another process would.

    Example:
        >>> import pytest
        >>> class TestMyColumns(ColumnsContract):
        ...     @pytest.fixture
        ...     def open_columns(self, tmp_path): ...
    """
