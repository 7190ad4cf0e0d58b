"""Any sequence of calls reads back as a plain list would have kept it."""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from labdeck.store.columns.files import FileColumns
from labdeck.store.columns.reader import is_valid
from labdeck.store.columns.segment import code_of, name_line, parse_names
from labdeck.store.contract import SeriesKey
from labdeck.store.ids import new_id
from labdeck.testing.columns_contract import bits

names = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=8).filter(
    str.strip
)
few_names = st.sampled_from(["loss", "acc", "../../x", "<img src=x onerror=…>", "'; drop table", "🧪", "x" * 10_000])
values = st.floats(allow_nan=True, allow_infinity=True, allow_subnormal=True)
steps = st.none() | st.integers(-(2**63), 2**63 - 2)


class Columns(RuleBasedStateMachine):
    """Logs, packs and forgets in any order, and compares with a list per series."""

    @initialize()
    def begin(self):
        self.root = Path(tempfile.mkdtemp())
        self.columns = FileColumns(self.root)
        self.trial_id = new_id()
        self.oracle = defaultdict(list)
        self.open()

    def open(self):
        self.writer = self.columns.writer(self.trial_id)
        self.last = defaultdict(lambda: -1)

    @rule(
        metrics=st.dictionaries(few_names | names, values, min_size=1, max_size=6),
        step=steps,
        component=st.sampled_from(["", "train", "a/../b"]),
    )
    def log(self, metrics, step, component):
        self.writer.log(metrics, step, component)
        for name, value in metrics.items():
            key = SeriesKey(component, name)
            taken = self.last[key] + 1 if step is None else step
            self.last[key] = taken
            self.oracle[key].append((taken, value))

    @rule(value=values, count=st.integers(1, 3000))
    def log_many(self, value, count):
        key = SeriesKey("", "many")
        for _ in range(count):
            self.writer.log({"many": value}, None)
        first = self.last[key] + 1
        self.last[key] += count
        self.oracle[key].extend((step, value) for step in range(first, first + count))

    @rule()
    def write_anew(self):
        self.writer.close()
        self.open()

    @rule()
    def pack(self):
        self.writer.close()
        assert self.columns.compact(self.trial_id) in {True, False}
        assert list(self.root.glob("*/*.seg")) == []
        self.open()

    @invariant()
    def everything_is_there(self):
        if not hasattr(self, "oracle"):
            return
        found = FileColumns(self.root).all_series(self.trial_id)
        assert list(found) == list(self.oracle)
        for key, series in found.items():
            assert series.steps.tolist() == [step for step, _ in self.oracle[key]]
            assert bits(series.values.tolist()) == bits(value for _, value in self.oracle[key])
        assert self.columns.check(self.trial_id) == ()

    def teardown(self):
        if hasattr(self, "root"):
            self.writer.close()
            shutil.rmtree(self.root)


TestColumns = Columns.TestCase
TestColumns.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)


@given(st.lists(st.tuples(st.text(max_size=5).filter(lambda text: "\ud800" not in text), names), unique=True))
def test_names_survive_their_file_whole_or_not_at_all(pairs):
    keys = [SeriesKey(component, name) for component, name in pairs if component.isprintable()]
    raw = b"".join(name_line(number, key) for number, key in enumerate(keys))
    assert parse_names(raw) == (dict(enumerate(keys)), 0)
    for end in range(len(raw)):
        found, damaged = parse_names(raw[:end])
        assert damaged == 0
        assert found == dict(list(enumerate(keys))[: len(found)])


@given(st.integers(0, 2**32 - 2))
def test_a_code_is_valid_and_no_single_bit_of_it_may_flip(number):
    code = code_of(number)
    assert code
    assert is_valid(np.array([code], np.uint64))[0]
    flipped = np.array([code ^ (1 << bit) for bit in range(64)], np.uint64)
    assert not is_valid(flipped).any()


def test_nothing_is_no_point():
    assert not is_valid(np.zeros(3, np.uint64)).any()
