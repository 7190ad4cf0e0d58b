"""A training of PyTorch that is watched is profiled without being asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.dataloader import _BaseDataLoaderIter

import labdeck
from labdeck.debugger.reports import make_report
from labdeck.debugger.reports.parts import Table
from labdeck.errors import NotFound


@pytest.fixture
def training(experiment):
    """Train a small network for 24 steps of 8 batches, within a trial, with any arguments of `labdeck.watch`."""

    def train(**wishes):
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(16, 32), torch.nn.ReLU(), torch.nn.Linear(32, 4))
        optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
        criterion = torch.nn.CrossEntropyLoss()
        data = TensorDataset(torch.randn(64, 16), torch.randint(0, 4, (64,)))
        with experiment.trial("net") as trial, labdeck.watch(net, optimizer, criterion, **wishes):
            for _ in range(3):
                for inputs, labels in DataLoader(data, batch_size=8):
                    optimizer.zero_grad()
                    criterion(net(inputs), labels).backward()
                    optimizer.step()
        return trial

    return train


def series(trial, name):
    return trial.experiment.session.tensors.reader(trial.id).series(name, "value", "TRAIN").values


@pytest.mark.slow
def test_each_step_has_its_times(training):
    original = _BaseDataLoaderIter.__next__
    trial = training()
    step = series(trial, "timing/step")
    assert len(step) == 24
    parts = [series(trial, f"timing/{part}") for part in ("data", "forward", "backward", "optimizer", "other")]
    assert np.allclose(np.nansum(parts, axis=0), step)
    assert all(np.nanmin(part) >= 0 for part in parts)
    assert set(series(trial, "timing/workers")[1:]) == {0.0}
    assert _BaseDataLoaderIter.__next__ is original


@pytest.mark.slow
def test_evaluations_have_times_of_their_own(experiment):
    net = torch.nn.Linear(4, 2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    data = DataLoader(TensorDataset(torch.randn(24, 4)), batch_size=8)
    with (
        experiment.trial("net") as trial,
        labdeck.watch(net, optimizer, rules=["OverallFrameworkMetrics"], budget=None),
    ):
        for _ in range(2):
            net.train()
            for (inputs,) in data:
                optimizer.zero_grad()
                net(inputs).sum().backward()
                optimizer.step()
            net.eval()
            for (inputs,) in data:
                net(inputs)
    reader = trial.experiment.session.tensors.reader(trial.id)
    evaluated = {
        name: reader.series(f"timing/{name}", "value", "EVAL") for name in ("step", "data", "forward", "other")
    }
    assert evaluated["step"].steps.tolist() == list(range(6))
    parts = np.nansum([evaluated[name].values for name in ("data", "forward", "other")], axis=0)
    assert np.allclose(parts, evaluated["step"].values)
    assert np.isnan(reader.series("timing/optimizer", "value", "EVAL").values).all()
    assert len(series(trial, "timing/step")) == 6
    (rule,) = trial.experiment.session.catalog.debugger(trial.id).rules
    assert rule.report["TRAIN"] + rule.report["EVAL"] == pytest.approx(100)
    report = make_report(trial.experiment.session, trial.id, "profiler")
    modes, shares = (part for part in report["framework"].parts if isinstance(part, Table))
    assert {row[0] for row in modes.rows} >= {"TRAIN", "EVAL"}
    assert {row[0]: row[1] for row in modes.rows}["EVAL"] == pytest.approx(evaluated["step"].values.sum())
    assert {row[0] for row in shares.rows if row[3]} == {"data", "forward", "other"}
    (loading,) = (part for part in report["loading"].parts if isinstance(part, Table))
    share = 100 * evaluated["data"].values.sum() / evaluated["step"].values.sum()
    assert dict(loading.rows)["waiting for data, % of evaluations"] == pytest.approx(share)


@pytest.mark.slow
def test_a_pass_of_an_evaluation_within_a_step_is_no_part_of_it(experiment):
    net = torch.nn.Linear(4, 2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    with experiment.trial("net") as trial, labdeck.watch(net, optimizer, rules=(), budget=None):
        for _ in range(3):
            loss = net.train()(torch.ones(2, 4)).sum()
            net.eval()(torch.ones(2, 4))
            loss.backward()
            optimizer.step()
    reader = trial.experiment.session.tensors.reader(trial.id)
    assert np.allclose(
        series(trial, "timing/step"),
        sum(np.nan_to_num(series(trial, f"timing/{part}")) for part in ("data", "forward", "backward", "optimizer")),
    )
    assert (series(trial, "timing/optimizer") > 0).all()
    inner = reader.series("timing/step", "value", "EVAL").values
    assert inner.tolist() == reader.series("timing/forward", "value", "EVAL").values.tolist()


@pytest.mark.slow
def test_both_reports_can_be_made_of_it(training):
    trial = training(rules=["ProfilerReport", "VanishingGradient"])
    session = trial.experiment.session
    profile = make_report(session, trial.id, "profiler")
    _, shares = (part for part in profile["framework"].parts if isinstance(part, Table))
    parts = {row[0]: row[1] for row in shares.rows}
    assert parts["backward"] == pytest.approx(np.nansum(series(trial, "timing/backward")))
    report = make_report(session, trial.id)
    numbers = {row[0]: row[4] for part in report["model"].parts if isinstance(part, Table) for row in part.rows}
    assert numbers == {"0": 16 * 32 + 32, "2": 32 * 4 + 4}
    assert {"profiler-report.html", "profiler-report.ipynb"} <= {artifact.name for artifact in trial.artifacts()}


@pytest.mark.slow
@pytest.mark.parametrize("is_named", [True, False])
def test_operators_can_be_asked_for_before_the_first_step(is_named):
    net = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    with labdeck.watch(*([net] if is_named else []), rules=()) as watch:
        watch.profile_operators(2)
        for _ in range(5):
            optimizer.zero_grad()
            net(torch.ones(2, 4)).sum().backward()
            optimizer.step()
    kept = {capture.kind: capture.body for capture in watch.trial.detail().captures}["operators"]
    assert kept["steps"] == 2


@pytest.mark.slow
def test_it_can_be_left_out(training):
    trial = training(profile=False)
    reader = trial.experiment.session.tensors.reader(trial.id)
    assert not [name for name in reader.tensors() if name.startswith(("system/", "timing/"))]
    with pytest.raises(NotFound, match="not profiled"):
        make_report(trial.experiment.session, trial.id, "profiler")
