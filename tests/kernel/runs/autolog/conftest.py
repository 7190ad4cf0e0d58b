"""Autolog on a store of the test's own, taken back afterwards."""

import pytest

import labdeck
from labdeck.runs import active


@pytest.fixture
def autolog(experiment):
    """Switch on autolog for some libraries; what it records goes to the experiment of the test."""

    def switch_on(*libraries, **how):
        return labdeck.autolog(*libraries, **{"experiment": experiment, **how})

    yield switch_on
    assert labdeck.autolog(disable=True) == ()
    assert active.innermost() is None, "a trial was left running"


@pytest.fixture
def values():
    """Read the last value of each metric of a trial, or of one of its components."""

    def read(trial, component=""):
        found = trial.detail().metrics
        return {summary.name: summary.last for summary in found if summary.component == component}

    return read


@pytest.fixture(scope="session")
def cancer():
    """Real data of two classes: rows to fit and rows held out."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split

    x, y = load_breast_cancer(return_X_y=True)
    return train_test_split(x, y, random_state=0)
