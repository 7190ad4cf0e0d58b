"""Fits of scikit-learn: what is recorded equals what is computed by hand."""

import pickle
import subprocess
import sys
import threading

import joblib
import numpy as np
import pytest
import sklearn.metrics
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import labdeck


def tree(**how):
    return DecisionTreeClassifier(**{"max_depth": 2, "random_state": 0, **how})


def test_a_classifier(autolog, experiment, values, cancer):
    autolog("sklearn")
    x, _, y, _ = cancer
    model = tree().fit(x, y)
    (trial,) = experiment.trials()
    assert (trial.name, trial.state, trial.tags["autolog"]) == ("DecisionTreeClassifier", "completed", "sklearn")
    params = trial.params
    assert (params["class"], params["n_samples"], params["n_features"]) == ("DecisionTreeClassifier", *x.shape)
    assert {name: params[name] for name in ("max_depth", "criterion", "random_state")} == {
        "max_depth": 2,
        "criterion": "gini",
        "random_state": 0,
    }
    labdeck.autolog(disable=True)
    found, chances = model.predict(x), model.predict_proba(x)
    expected = {
        "train:accuracy": np.mean(found == y),
        "train:f1": sklearn.metrics.f1_score(y, found, average="weighted"),
        "train:precision": sklearn.metrics.precision_score(y, found, average="weighted"),
        "train:recall": sklearn.metrics.recall_score(y, found, average="weighted"),
        "train:log_loss": -np.mean(np.log(chances[np.arange(len(y)), y])),
        "train:roc_auc": sklearn.metrics.roc_auc_score(y, chances[:, 1]),
    }
    recorded = values(trial)
    assert recorded.pop("fit:seconds") > 0
    assert recorded == pytest.approx(expected)


def test_a_regressor_with_weights(autolog, experiment, values):
    autolog("sklearn")
    x, y = load_diabetes(return_X_y=True)
    weight = np.linspace(1, 2, len(y))
    model = Ridge(alpha=0.1).fit(x, y, sample_weight=weight)
    recorded = values(experiment.find("Ridge"))
    wrong = y - model.predict(x)
    mse = np.average(wrong**2, weights=weight)
    assert recorded["train:mse"] == pytest.approx(mse)
    assert recorded["train:rmse"] == pytest.approx(np.sqrt(mse))
    assert recorded["train:mae"] == pytest.approx(np.average(abs(wrong), weights=weight))
    spread = np.average((y - np.average(y, weights=weight)) ** 2, weights=weight)
    assert recorded["train:r2"] == pytest.approx(1 - mse / spread)


def test_only_the_outermost_fit_is_a_trial(autolog, experiment, cancer):
    autolog("sklearn")
    x, _, y, _ = cancer
    parts = [("a", tree()), ("b", make_pipeline(StandardScaler(), LogisticRegression()))]
    with joblib.parallel_backend("threading"):
        VotingClassifier(parts, n_jobs=2).fit(x, y)
    RandomForestClassifier(3, n_jobs=2, random_state=0).fit(x, y)
    pipeline = make_pipeline(StandardScaler(), tree()).fit(x, y)
    assert [trial.name for trial in experiment.trials()] == [
        "VotingClassifier",
        "RandomForestClassifier",
        "DecisionTreeClassifier",
    ]
    params = experiment.trials()[-1].params
    assert params["class"] == "Pipeline"
    assert params["decisiontreeclassifier__max_depth"] == 2
    assert pipeline.score(x, y) > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_candidates_of_a_search_are_trials_within_its_trial(autolog, experiment, values, cancer, backend):
    autolog("sklearn")
    x, _, y, _ = cancer
    with joblib.parallel_backend(backend, n_jobs=2):
        search = GridSearchCV(tree(), {"max_depth": [1, 2, 3]}, cv=3).fit(x, y)
    trials = experiment.trials()
    (parent,) = [trial for trial in trials if trial.record().parent_id is None]
    children = [trial for trial in trials if trial.record().parent_id == parent.id]
    assert len(trials) == 4
    results = search.cv_results_
    for number, child in enumerate(children):
        recorded = values(child)
        assert child.state == "completed"
        assert child.params == {"max_depth": number + 1}
        assert recorded["cv:mean_test_score"] == results["mean_test_score"][number]
        assert recorded["cv:std_test_score"] == results["std_test_score"][number]
        folds = [results[f"split{fold}_test_score"][number] for fold in range(3)]
        assert child.history("cv:test_score").values.tolist() == folds
        assert ("best" in child.tags) == (number == search.best_index_)
    assert parent.params["best__max_depth"] == search.best_params_["max_depth"]
    assert parent.params["candidates"] == 3
    assert values(parent)["best_score"] == search.best_score_
    assert values(parent)["cv:mean_test_score"] == search.best_score_


FORKED = """
import sys, joblib, labdeck
labdeck.autolog("sklearn", experiment=labdeck.open(sys.argv[1]).experiment("digits"))
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier
with joblib.parallel_backend("multiprocessing", n_jobs=2):
    GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1, 2]}, cv=2).fit(*load_iris(return_X_y=True))
"""


@pytest.mark.slow
def test_forked_workers_record_nothing_of_their_own(studio, tmp_path):
    command = [sys.executable, "-c", FORKED, str(tmp_path / "store")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    found = {trial.name: trial.state for trial in studio.find_experiment("digits").trials()}
    assert list(found) == [
        "GridSearchCV of DecisionTreeClassifier",
        "DecisionTreeClassifier 1",
        "DecisionTreeClassifier 2",
    ]
    assert set(found.values()) == {"completed"}


def test_held_out_data(autolog, experiment, values, cancer):
    autolog("sklearn")
    x, held, y, truth = cancer
    model, other = tree().fit(x, y), tree(max_depth=1).fit(x, y)
    score = model.score(held, truth)
    predicted = model.predict(held)
    f1 = sklearn.metrics.f1_score(truth, predicted)
    area = sklearn.metrics.roc_auc_score(truth, model.predict_proba(held)[:, 1])
    sklearn.metrics.accuracy_score(truth, truth)
    model.score(x, y)
    first, second = experiment.trials()
    recorded = values(first)
    assert recorded["test:score"] == score == np.mean(predicted == truth)
    assert recorded["test:f1_score"] == f1
    assert recorded["test:roc_auc_score"] == area
    assert recorded["train:score"] == recorded["train:accuracy"]
    assert "test:accuracy_score" not in recorded
    assert (first.state, first.metrics["test:score"].count) == ("completed", 1)
    assert not any(name.startswith("test:") for name in values(second))
    assert clone(other).fit(held, truth).score(held, truth) > 0.8
    assert not any(name.startswith("test:") for name in values(experiment.trials()[2]))


def test_within_a_trial(autolog, experiment, values, cancer):
    autolog("sklearn")
    x, held, y, truth = cancer
    with experiment.trial("mine") as trial:
        scaler = StandardScaler().fit(x)
        model = tree().fit(scaler.transform(x), y)
        tree(max_depth=1).fit(x, y)
        score = model.score(scaler.transform(held), truth)
        assert trial.state == "running"
    assert [one.name for one in experiment.trials()] == ["mine"]
    assert trial.params["max_depth"] == 2
    assert values(trial)["test:score"] == score
    detail = trial.detail()
    named = {component.name: component.state for component in detail.components if component.name != "system"}
    assert named == {"StandardScaler": "completed", "DecisionTreeClassifier": "completed"}
    assert {p.name: p.value for p in detail.params if p.component == "DecisionTreeClassifier"}["max_depth"] == 1
    assert "train:accuracy" in values(trial, "DecisionTreeClassifier")


def test_preparing_data_is_no_trial(autolog, experiment, cancer):
    autolog("sklearn")
    StandardScaler().fit_transform(cancer[0])
    assert experiment.trials() == []
    KMeans(2, random_state=0, n_init=1).fit_predict(cancer[0])
    (trial,) = experiment.trials()
    assert trial.params["method"] == "fit_predict"
    assert trial.metrics["inertia"].last > 0


def test_a_fit_that_fails(autolog, experiment, cancer):
    autolog("sklearn")
    with pytest.raises(ValueError, match="does not match"):
        tree().fit(cancer[0], cancer[2][:-1])
    (trial,) = experiment.trials()
    assert trial.state == "failed"
    assert "does not match" in str([capture.body for capture in trial.detail().captures if capture.kind == "error"])


class Majority(ClassifierMixin, BaseEstimator):
    """An estimator of a user's own."""

    def __init__(self, weight=1.0, broken=None):
        self.weight = weight
        self.broken = broken

    def fit(self, x, y):  # noqa: ARG002 - the majority does not depend on it
        """Learn."""
        if self.broken == "fit":
            raise RuntimeError("of the user")
        self.classes_ = np.unique(y)
        self.most_ = np.bincount(y).argmax()
        return self

    def predict(self, x):
        if self.broken == "predict":
            raise RuntimeError("in autolog")
        return np.full(len(x), self.most_)


def test_patched_methods_look_and_travel_like_the_real_ones(autolog, cancer):
    before = Majority.fit
    autolog("sklearn")
    autolog("sklearn")
    assert Majority.fit is not before
    assert Majority.fit.__wrapped__ is before
    assert (Majority.fit.__name__, Majority.fit.__doc__, Majority.fit.__module__) == ("fit", "Learn.", __name__)
    model = clone(Majority(2.0)).fit(cancer[0], cancer[2])
    assert pickle.loads(pickle.dumps(model)).predict(cancer[0][:3]).tolist() == [1, 1, 1]
    assert pickle.loads(pickle.dumps(model.fit)).__self__.weight == 2.0
    assert pickle.loads(pickle.dumps(sklearn.metrics.accuracy_score)) is sklearn.metrics.accuracy_score
    labdeck.autolog(disable=True)
    assert Majority.fit is before


def test_a_class_defined_later_is_observed(autolog, experiment, cancer):
    autolog("sklearn")

    class Later(Majority):
        def fit(self, x, y):
            return super().fit(x, y)

    Later().fit(cancer[0], cancer[2])
    assert [trial.name for trial in experiment.trials()] == ["Later"]


@pytest.mark.slow
def test_a_class_of_a_notebook_travels_to_other_processes_and_records_nothing_there(autolog, experiment, cancer):
    autolog("sklearn")
    space = {"__name__": "__main__", "BaseEstimator": BaseEstimator, "ClassifierMixin": ClassifierMixin, "np": np}
    exec(
        "class Own(ClassifierMixin, BaseEstimator):\n"
        "    def fit(self, x, y):\n"
        "        self.classes_ = np.unique(y)\n"
        "        return self\n"
        "    def predict(self, x):\n"
        "        return np.ones(len(x), int)\n",
        space,
    )
    fitted = joblib.Parallel(n_jobs=2, backend="loky")(
        joblib.delayed(space["Own"].fit)(space["Own"](), cancer[0], cancer[2]) for _ in range(2)
    )
    assert fitted[0].predict(cancer[0]).all()
    assert experiment.trials() == []


def test_two_threads_have_trials_of_their_own(autolog, experiment, values, cancer):
    autolog("sklearn")
    x, _, y, _ = cancer
    gate = threading.Barrier(2)
    models = {}

    def train(depth):
        gate.wait(30)
        models[depth] = tree(max_depth=depth).fit(x, y)

    threads = [threading.Thread(target=train, args=(depth,)) for depth in (1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    trials = {trial.params["max_depth"]: trial for trial in experiment.trials()}
    labdeck.autolog(disable=True)
    assert set(trials) == {1, 5}
    for depth, trial in trials.items():
        assert values(trial)["train:accuracy"] == models[depth].score(x, y)


def test_a_slow_predictor_is_scored_on_some_rows(monkeypatch):
    from labdeck.runs.autolog import scores

    class Slow(Majority):
        seen = ()

        def predict(self, x):
            type(self).seen = (*type(self).seen, len(x))
            return super().predict(x)

    x, y = np.zeros((10_000, 1)), np.arange(10_000) % 5 // 4
    model = Slow().fit(x, y)
    monkeypatch.setattr(scores, "_PATIENCE", 0.0)
    found = scores.training_scores(model, x, y, None, 0.0)
    assert (found.rows, max(Slow.seen)) == (1000, 1000)
    assert found.metrics["train:accuracy"] == np.mean(y[::10] == 0)
    monkeypatch.setattr(scores, "_PATIENCE", 1e9)
    found = scores.training_scores(model, x, y, None, 0.0)
    assert (found.rows, max(Slow.seen)) == (None, 10_000)
    assert found.metrics["train:accuracy"] == 0.8
