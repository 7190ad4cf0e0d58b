"""Frames: a column for everything, of one kind each, that Parquet takes and gives back."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from labdeck.runs.frame import to_frame
from labdeck.store.fact_table import FactTable


def column(*values):
    rows = len(values)
    table = FactTable(
        names=[f"t{n}" for n in range(rows)],
        experiments=["exp"] * rows,
        states=["completed"] * rows,
        started=[1.0] * rows,
        ended=[2.0] * rows,
        params={("", "x"): list(values)},
    )
    return to_frame(table)["params.x"]


@pytest.mark.parametrize(
    ("values", "kind", "shown"),
    [
        ([1, 2], "int64", [1, 2]),
        ([2**62, 2**62 + 1], "int64", [2**62, 2**62 + 1]),
        ([1, None], "Int64", [1, None]),
        ([True, False], "bool", [True, False]),
        ([True, None], "boolean", [True, None]),
        ([1, 0.5], "float64", [1.0, 0.5]),
        ([0.5, None], "float64", [0.5, None]),
        ([0.5, "NaN", "-Infinity"], "float64", [0.5, None, -math.inf]),
        ([1, "sgd", None, True, 0.5], None, ["1", "sgd", None, "true", "0.5"]),
        (["NaN", "sgd"], None, ["NaN", "sgd"]),
        ([True, 2], None, ["true", "2"]),
        ([None, None], None, [None, None]),
    ],
)
def test_a_column_has_one_kind_and_survives_parquet(tmp_path, values, kind, shown):
    found = column(*values)
    if kind:
        assert str(found.dtype) == kind
    found.to_frame().to_parquet(tmp_path / "frame.parquet")
    for series in (found, pd.read_parquet(tmp_path / "frame.parquet")["params.x"]):
        assert [None if pd.isna(value) else value for value in series.tolist()] == shown


def test_a_whole_frame_goes_to_parquet_and_back(experiment, tmp_path):
    for number, value in enumerate([1, "one", None, True, 0.5, [1, 2]]):
        with experiment.trial(f"t{number}", params={"mixed": value, f"own{number}": number}) as trial:
            trial.log({"loss": number / 10, f"metric{number}": math.inf})
            with trial.component("train") as part:
                part.log({"loss": number})
    with experiment.trial("bare"):
        pass
    frame = experiment.frame()
    frame.to_parquet(tmp_path / "frame.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "frame.parquet"), frame)
    assert frame["params.mixed"].tolist()[:2] == ["1", "one"]
    assert frame["metrics.train/loss"].tolist()[1] == 1.0
    assert np.isinf(frame["metrics.metric3"]["t3"])
    assert math.isnan(frame["metrics.loss"]["bare"])


def test_a_frame_is_what_the_facts_say(experiment):
    for number in range(4):
        params = {f"p{n}": number * n for n in range(number + 1)}
        with experiment.trial(params=params) as trial:
            trial.log({f"m{n}": number + n for n in range(4 - number)})
    frame = experiment.frame("number > 1")
    facts = [fact for fact in experiment.facts() if fact.trial.number > 1]
    assert list(frame.index) == [fact.trial.name for fact in facts]
    for fact in facts:
        row = frame.loc[fact.trial.name]
        told = {f"params.{p.name}": p.value for p in fact.params} | {f"metrics.{m.name}": m.last for m in fact.metrics}
        assert {name: row[name] for name in row.index if "." in name and not pd.isna(row[name])} == told
        assert row["seconds"] == pytest.approx(fact.trial.ended - fact.trial.started)
