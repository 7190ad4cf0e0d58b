"""The profiler report has every section, made of what is stored."""

from __future__ import annotations

import numpy as np
import pytest
from tests.kernel.debugger.machines import percentile
from tests.kernel.debugger.reports.trained import profiled

from labdeck.debugger.reports import make_report
from labdeck.debugger.reports.parts import Figure, Table, Text
from labdeck.debugger.rules import ProfilerReport
from labdeck.errors import NotFound

EVERY = [
    "summary", "usage", "framework", "operators", "rules", "steps", "utilization", "batch-size", "cpu-bottleneck",
    "io-bottleneck", "balance", "gpu-memory", "loading", "cost",
]  # fmt: skip


def tables(section):
    return [part for part in section.parts if isinstance(part, Table)]


def texts(section):
    return " ".join(part.text for part in section.parts if isinstance(part, Text))


def series(trial, name, mode=None):
    return trial.experiment.session.tensors.reader(trial.id).series(name, "value", mode)


@pytest.fixture
def trial(experiment):
    with experiment.trial("profiled") as trial:
        profiled(trial, cards=2, operators=True)
    return trial


@pytest.mark.slow
def test_it_has_every_section_and_tells_what_was_recorded(experiment, trial):
    report = make_report(experiment.session, trial.id, "profiler")
    assert [section.key for section in report.sections] == EVERY
    phases = {row[0]: row[2] for row in tables(report["summary"])[1].rows}
    assert sum(phases.values()) == pytest.approx(100)
    usage = {row[0]: row for row in tables(report["usage"])[0].rows}
    cpu = series(trial, "system/cpu").values
    assert usage["processor"][2] == cpu.max()
    assert usage["processor"][-1] == cpu.min()
    assert abs(usage["GPU 0"][6] - percentile(series(trial, "system/gpu/0").values, 50)) < 10
    modes = {row[0]: row[1] for row in tables(report["framework"])[0].rows}
    for mode in ("TRAIN", "EVAL"):
        assert modes[mode] == pytest.approx(series(trial, "timing/step", mode).values.sum())
    parts = {row[0]: row[1] for row in tables(report["framework"])[1].rows}
    assert parts["forward"] == pytest.approx(series(trial, "timing/forward", "TRAIN").values.sum())
    steps = {row[0]: row for row in tables(report["steps"])[0].rows}
    took = series(trial, "timing/step", "TRAIN").values
    assert steps["TRAIN"][1] == len(took)
    assert steps["TRAIN"][2] == pytest.approx(1000 * took.mean())
    assert "aten::addmm" in {row[0] for row in tables(report["operators"])[0].rows}


@pytest.mark.slow
def test_it_tells_what_the_rules_say_although_none_watched(experiment, trial):
    report = make_report(experiment.session, trial.id, "profiler")
    found = {row[0]: row[3] for row in tables(report["rules"])[0].rows}
    assert found["LoadBalancing"] >= 1
    assert found["OverallSystemUsage"] == 0
    assert "GPU 1 has far less to do than GPU 0" in texts(report["balance"])
    assert "judges from 1000 on" in texts(report["utilization"])
    for key in ("cpu-bottleneck", "io-bottleneck"):
        for part in report[key].parts:
            if isinstance(part, Figure):
                assert sum(part.data[0]["values"]) == len(series(trial, "system/gpu/0"))
    assert not list(trial.experiment.session.catalog.findings(trial_id=trial.id).findings), "a report changes nothing"


@pytest.mark.slow
def test_without_a_card_it_says_so(experiment):
    with experiment.trial("plain") as trial:
        profiled(trial)
    report = make_report(experiment.session, trial.id, "profiler")
    assert "No graphics card" in texts(report["cards"])
    remarks = {row[0]: row[6] for row in tables(report["rules"])[0].rows}
    assert remarks["LowGPUUtilization"] == "no GPU was found on this machine"
    assert remarks["SlowDataloader"] == ""
    assert "profile_operators" in texts(report["operators"])
    waits = series(trial, "timing/data", "TRAIN").values
    rows = dict(tables(report["loading"])[0].rows)
    assert rows["a step waits (ms), most"] == pytest.approx(1000 * np.max(waits))
    assert rows["processes that load"] == 0


@pytest.mark.slow
def test_the_rule_of_that_name_has_it_kept(experiment):
    with experiment.trial("asked") as trial:
        profiled(trial, rules=[ProfilerReport(Dataloader_min_threshold=1e6, Dataloader_max_threshold=2e6)])
    rows = {row[0]: row for row in tables(make_report(experiment.session, trial.id, "profiler")["rules"])[0].rows}
    assert "min_threshold=1000000.0" in rows["Dataloader"][5], "the rules judge as they did while they watched"
    found = experiment.session.catalog.findings(trial_id=trial.id).findings
    few = [each.count for each in found if each.message.startswith("Dataloader:")]
    assert rows["Dataloader"][3] == sum(few) > 0, "as often as it was found live"
    kept = {artifact.name for artifact in trial.artifacts()}
    assert {"profiler-report.html", "profiler-report.ipynb"} <= kept


def test_a_trial_that_was_not_profiled_has_none(experiment):
    with experiment.trial("plain") as trial:
        trial.log(loss=1.0)
    with pytest.raises(NotFound, match="not profiled"):
        make_report(experiment.session, trial.id, "profiler")
