"""Overfitting is found in networks and boosters, and only where it is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import xgboost
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.training import batches, digits, judge, network, placed, small, steps_of, windows
from torch import nn

from labdeck.debugger.rules import Overfit
from labdeck.findings.runner import Runner
from labdeck.findings.window import window_of
from labdeck.wire.commands import PutFinding


def train(model, inputs, labels, steps, size=64):
    validation = [digits(290, start=1500)]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    data = batches(inputs, labels, size)
    return windows(model, optimizer, nn.functional.cross_entropy, data, steps, validation=validation)


@pytest.mark.slow
def test_forty_images_are_learnt_by_heart():
    large = network(lambda: nn.Linear(64, 256), nn.ReLU, lambda: nn.Linear(256, 10))
    found = judge(Overfit(patience=3), train(large, *digits(40), 150, size=40))
    assert found
    assert (found[-1][1].value > 1, found[-1][1].severity) == (True, "warning")


@pytest.mark.slow
def test_a_healthy_training_is_silent():
    shuffled = torch.randperm(1790, generator=torch.Generator().manual_seed(0))
    inputs, labels = (each[shuffled] for each in digits(1790))
    model = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    validation = [(inputs[1500:], labels[1500:])]
    seen = windows(model, optimizer, nn.functional.cross_entropy, batches(inputs[:1500], labels[:1500]), 200,
                   validation=validation)  # fmt: skip
    assert judge(Overfit(patience=2), seen) == []


def boost(depth, noise, rounds=30):
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 8))
    y = x[:, 0] + noise * random.normal(size=400)
    parts = [xgboost.DMatrix(x[:200], y[:200]), xgboost.DMatrix(x[200:], y[200:])]
    results = {}
    xgboost.train({"max_depth": depth, "eta": 0.3, "nthread": 1}, parts[0], rounds, verbose_eval=False,
                  evals=[(parts[0], "train"), (parts[1], "validation")], evals_result=results)  # fmt: skip
    names = [f"{part}-rmse" for part in results]
    for step in range(rounds):
        losses = {name: results[name.removesuffix("-rmse")]["rmse"][step] for name in names}
        yield window_of(losses, step, collections=dict.fromkeys(losses, ("losses",)))


@pytest.mark.slow
def test_deep_trees_on_noise_overfit_and_stumps_on_a_line_do_not():
    found = judge(Overfit(patience=3, start_step=5), boost(8, noise=2.0))
    assert found
    assert {finding.tensor for _, finding in found} == {"validation-rmse"}
    assert judge(Overfit(patience=3), boost(1, noise=0.05, rounds=10)) == []


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from([0.5, 1.0, 2.0]), max_size=3), st.lists(st.sampled_from([1.0, 1.5]), max_size=3)
        ),
        max_size=8,
    ),
    st.integers(1, 3),
    st.integers(0, 6),
    st.booleans(),
)
def test_means_between_passes_are_compared(epochs, patience, start_step, goes_on):
    seen, step, evaluated = [], 0, 0
    trains, passes = [], []
    for train_losses, validation_losses in epochs:
        for value in train_losses:
            trains.append((step, value))
            seen.append(placed(window_of({"loss": value}), "TRAIN", step, step + evaluated))
            step += 1
        for value in validation_losses:
            seen.append(placed(window_of({"loss": value}), "EVAL", evaluated, step + evaluated))
            evaluated += 1
        if validation_losses:
            passes.append((step, validation_losses))
    if goes_on:  # else the last pass ends with the training
        seen.append(placed(window_of({"loss": 1.0}), "TRAIN", step, step + evaluated))

    merged = {}  # passes without a step of training between them are one
    for when, values in passes:
        merged.setdefault(when, []).extend(values)
    streak, expected, last = 0, [], 0
    for when, values in merged.items():
        since = [(at, value) for at, value in trains if last <= at < when]
        last = when if since else last
        if not since or since[-1][0] < start_step:
            continue
        train, validation = np.mean([value for _, value in since]), np.mean(values)
        streak = streak + 1 if (validation - train) / train > 0.1 else 0
        if streak >= patience:
            expected.append((since[-1][0], pytest.approx((validation - train) / train)))
    found = judge(Overfit(patience=patience, start_step=start_step), seen)
    assert [(finding.step, finding.value) for _, finding in found] == expected
    assert {finding.mode for _, finding in found} <= {"TRAIN"}


def course(*epochs, steps=10):
    """Passes of training and validation: the losses of both by name, or None for none."""
    step = evaluated = 0
    for train, validation in epochs:
        for _ in range(steps):
            yield placed(window_of(dict(train)), "TRAIN", step, step + evaluated)
            step += 1
        for _ in range(3 if validation else 0):
            yield placed(window_of(dict(validation)), "EVAL", evaluated, step + evaluated)
            evaluated += 1


def run(rule, seen):
    told = {}

    def keep(*commands):
        told.update({each.finding.id: each.finding for each in commands if isinstance(each, PutFinding)})

    runner = Runner("0" * 32, keep)
    runner.add(rule)
    for window in seen:
        runner.judge(window)
    runner.conclude()
    return list(told.values())


def test_the_only_evaluation_counts_although_nothing_comes_after_it():
    (finding,) = run(Overfit(), course(({"loss": 0.1}, {"loss": 1.0})))
    assert (finding.mode, finding.step, finding.count) == ("TRAIN", 9, 1)


def test_the_last_evaluation_belongs_to_what_went_on():
    ill = ({"loss": 0.1}, {"loss": 1.0})
    (finding,) = run(Overfit(patience=2), course(ill, ill, ill))
    assert (finding.mode, finding.step, finding.last_step, finding.count) == ("TRAIN", 19, 29, 2)


def test_a_training_loss_of_zero_is_the_worst_case():
    both = dict.fromkeys(("train-error", "validation-error"), ("losses",))
    losses = [(0.1, 0.2), (0.0, 0.35), (0.0, 0.0), (0.0, 0.4), (0.0, 0.4)]
    seen = [
        window_of({"train-error": train, "validation-error": validation}, step, collections=both)
        for step, (train, validation) in enumerate(losses)
    ]
    assert [finding.value for _, finding in judge(Overfit(), seen)] == [pytest.approx(1.0), *[float("inf")] * 3]
    assert [window.step for window, _ in judge(Overfit(patience=2), seen)] == [1, 4]
    (finding,) = run(Overfit(patience=2), seen)
    assert (finding.step, finding.last_step, finding.count) == (1, 4, 2)


@pytest.mark.slow
def test_labels_that_mean_nothing_are_learnt_by_heart_by_deep_trees():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(200, 30)), random.integers(0, 2, 200)
    parts = [xgboost.DMatrix(x[:100], y[:100]), xgboost.DMatrix(x[100:], y[100:])]
    results = {}
    options = {"objective": "binary:logistic", "eval_metric": "error", "max_depth": 10, "min_child_weight": 0,
               "lambda": 0, "nthread": 1}  # fmt: skip
    xgboost.train(options, parts[0], 10, verbose_eval=False, evals_result=results,
                  evals=[(parts[0], "train"), (parts[1], "validation")])  # fmt: skip
    pairs = list(zip(results["train"]["error"], results["validation"]["error"], strict=True))
    both = dict.fromkeys(("train-error", "validation-error"), ("losses",))
    seen = [window_of(dict(zip(both, pair, strict=True)), step, collections=both) for step, pair in enumerate(pairs)]
    assert pairs[-1][0] == 0.0
    assert steps_of(judge(Overfit(), seen)) == list(range(10))


def test_each_loss_is_compared_with_itself():
    def found(train, validation):
        return [(each.tensor, each.value) for each in run(Overfit(), course((train, validation)))]

    assert found({"loss/G": 2.0, "loss/D": 0.5}, {"loss/G": 2.0}) == []
    assert found({"loss/G": 2.0, "loss/D": 0.5}, {"loss/G": 2.0, "loss/D": 1.0}) == [("loss/D", 1.0)]
    assert found({"loss/G": 2.0}, {"loss/D": 3.0}) == []
    assert found({"train_loss": 2.0}, {"val_loss": 3.0}) == [("val_loss", 0.5)]


def test_the_gap_of_what_is_learnt_does_not_matter():
    solved = [({"loss": 1.0}, {"loss": 1.0}), ({"loss": 1e-4}, {"loss": 3e-3})]
    assert run(Overfit(), course(*solved)) == []
    assert len(run(Overfit(), course(*solved, ({"loss": 1e-4}, {"loss": 2e-2})))) == 1


@pytest.mark.parametrize(
    ("train", "validation", "severity"),
    [(0.5, 0.6, "info"), (0.05, 0.14, "info"), (0.05, 0.16, "warning"), (0.5, 1.2, "warning"), (0.9, 1.1, "info")],
)
def test_a_gap_is_a_warning_if_it_is_wide_by_both_measures(train, validation, severity):
    (finding,) = run(Overfit(), course(({"loss": 1.0}, {"loss": 1.0}), ({"loss": train}, {"loss": validation})))
    assert finding.severity == severity
