"""Switching autolog on and off, and what it needs for that."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import labdeck
from labdeck.errors import MissingExtra, UsageError
from labdeck.runs.autolog import importing, options
from labdeck.runs.autolog.describe import short

LAZY = """
import importlib.util, sys, labdeck
experiment = labdeck.open(sys.argv[1]).experiment("digits")
on = labdeck.autolog(experiment=experiment)
assert on == ("sklearn", "xgboost", "lightgbm", "torch", "lightning", "keras"), on
loaded = {"sklearn", "xgboost", "lightgbm", "torch", "lightning", "keras", "numpy"} & set(sys.modules)
assert not loaded, loaded
from sklearn.metrics import accuracy_score
from sklearn.tree import DecisionTreeClassifier
import sklearn
assert type(sklearn.__spec__.loader).__module__ == "_frozen_importlib_external", sklearn.__spec__.loader
assert importlib.util.find_spec("sklearn").loader is not None
import numpy as np
x, y = np.array([[0], [1]]), np.array([0, 1])
model = DecisionTreeClassifier().fit(x, y)
assert accuracy_score(y, model.predict(x)) == 1.0
labdeck.autolog(disable=True)
assert not any(type(finder).__module__.startswith("labdeck.runs.autolog") for finder in sys.meta_path)
DecisionTreeClassifier().fit(x, y)
(trial,) = experiment.trials()
assert trial.metrics["train:accuracy_score"].last == 1.0
"""


@pytest.mark.slow
def test_nothing_is_imported_and_what_is_imported_later_is_observed(tmp_path):
    command = [sys.executable, "-c", LAZY, str(tmp_path / "store")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr


DEFAULT = """
import labdeck
labdeck.autolog()
from sklearn.tree import DecisionTreeClassifier
DecisionTreeClassifier().fit([[0], [1]], [0, 1])
print([experiment.name for experiment in labdeck.open().experiments()])
"""


@pytest.mark.slow
def test_without_an_experiment_it_is_named_after_the_script(tmp_path, monkeypatch):
    monkeypatch.setenv("LABDECK_STORE", str(tmp_path / "store"))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    script = tmp_path / "iris.py"
    script.write_text(DEFAULT)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=100)
    assert done.stdout == "['iris']\n", done.stderr
    monkeypatch.setenv("JPY_SESSION_NAME", "work/My notes.ipynb")
    assert options.default_name() == "My notes"


def test_on_and_off(autolog):
    assert autolog("sklearn", "pytorch") == ("sklearn", "torch")
    assert autolog("xgboost") == ("sklearn", "xgboost", "torch")
    assert labdeck.autolog("torch", disable=True) == ("sklearn", "xgboost")
    assert labdeck.autolog(disable=True) == ()
    assert labdeck.autolog(disable=True) == ()


def test_mistakes_are_one_line(autolog, monkeypatch):
    with pytest.raises(UsageError, match=r"no library 'sklearm' \(did you mean 'sklearn'"):
        autolog("sklearm")
    with pytest.raises(UsageError, match=r"no library 7 \(there are sklearn, xgboost"):
        autolog(7)
    for every in (0, -1, 1.5, True, "2"):
        with pytest.raises(UsageError, match="every is"):
            autolog("sklearn", every=every)
    monkeypatch.setattr(importing, "is_installed", lambda _: False)
    with pytest.raises(MissingExtra, match="keras is not installed"):
        autolog("keras")
    assert autolog() == ()


def test_what_is_waited_for_is_told_once(tmp_path, monkeypatch):
    (tmp_path / "waited_for.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    told = []
    importing.when_imported("waited_for", "test", lambda module: told.append(module.value))
    try:
        assert told == []
        import waited_for
    finally:
        importing.forget("test")
        sys.modules.pop("waited_for", None)
    assert told == [1]
    assert waited_for.__loader__ is waited_for.__spec__.loader
    assert not type(waited_for.__loader__).__module__.startswith("labdeck")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
        max_leaves=60,
    )
)
def test_values_become_short(value):
    found = short(value)
    if isinstance(found, str):
        assert len(found) <= options.LONGEST
    else:
        assert found is value


def test_values_that_are_no_plain_data():
    class Plain:
        pass

    class Loud:
        def __str__(self):
            raise ValueError("no")

        __repr__ = __str__

    import numpy as np

    assert short(np.zeros((2, 3))) == "ndarray of 2 × 3"
    assert short([Plain(), len, {"a": np.zeros(1)}]) == "[Plain, len, {'a': ndarray of 1}]"
    assert short(Loud()) == "Loud"
    assert short(np.float64(0.5)) == 0.5
