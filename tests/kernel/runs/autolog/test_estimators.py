"""Every estimator: one trial for the outermost fit, and nothing that an estimator does switches autolog off."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.metrics
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    BaggingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_selection import RFE, RFECV, SelectFromModel, SequentialFeatureSelector
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor, RegressorChain
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators

import labdeck
from labdeck.runs.autolog import patching
from labdeck.runs.autolog.place import Place


def is_on():
    """Say whether scikit-learn is observed still."""
    return patching.is_on("sklearn") and patching.is_observed("estimator.fit")


def data(rows=60):
    numbers = np.random.default_rng(0)
    x = numbers.random((rows, 4)) + 0.1
    return x, (x[:, 0] + 0.2 * numbers.random(rows) > 0.7).astype(int)


LOGISTIC = LogisticRegression()
PARTS = [("a", LOGISTIC), ("b", DecisionTreeClassifier(max_depth=2, random_state=0))]
REGRESSORS = [("a", Ridge()), ("b", LinearRegression())]
MADE = [
    BaggingClassifier(LOGISTIC),
    CalibratedClassifierCV(LOGISTIC, cv=2),
    ClassifierChain(LOGISTIC),
    FixedThresholdClassifier(LOGISTIC),
    GridSearchCV(LOGISTIC, {"C": [1.0]}, cv=2),
    GridSearchCV(StackingClassifier(PARTS, cv=2), {"cv": [2]}, cv=2),
    MultiOutputClassifier(LOGISTIC),
    MultiOutputRegressor(Ridge()),
    OneVsOneClassifier(LOGISTIC),
    OneVsRestClassifier(LOGISTIC),
    OutputCodeClassifier(LOGISTIC),
    RFE(LOGISTIC),
    RFECV(LOGISTIC, cv=2),
    RandomizedSearchCV(LOGISTIC, {"C": [1.0]}, n_iter=1, cv=2),
    RegressorChain(Ridge()),
    SelfTrainingClassifier(LOGISTIC),
    StackingClassifier(PARTS, cv=2),
    StackingRegressor(REGRESSORS, cv=2),
    TunedThresholdClassifierCV(LOGISTIC, cv=2),
    VotingClassifier(PARTS),
    VotingClassifier(PARTS, voting="soft"),
    VotingRegressor(REGRESSORS),
    make_pipeline(ColumnTransformer([("n", SimpleImputer(), [0, 1])], remainder="passthrough"), LOGISTIC),
    make_pipeline(SelectFromModel(LOGISTIC), StackingClassifier(PARTS, cv=2)),
]
PREPARE = [
    ColumnTransformer([("s", SelectFromModel(LOGISTIC), [0, 1])]),
    FeatureUnion([("s", SelectFromModel(LOGISTIC)), ("z", StandardScaler())]),
    SelectFromModel(LOGISTIC),
    SequentialFeatureSelector(LOGISTIC, cv=2, n_features_to_select=1),
    make_pipeline(StandardScaler(), SelectFromModel(LOGISTIC)),
]


def called(estimator):
    return type(estimator).__name__


def targets(estimator):
    """Return a target that the estimator can learn."""
    y = data()[1]
    name = called(estimator)
    wide = name.startswith(("MultiTask", "MultiOutput", "RegressorChain", "ClassifierChain", "PLS", "CCA"))
    if name == "SelfTrainingClassifier":  # what has no label is -1
        y[::5] = -1
    return np.c_[y, 1 - y] if wide else y + 1 if name == "GammaRegressor" else y


@pytest.mark.slow
@pytest.mark.parametrize("estimator", MADE, ids=called)
def test_what_is_made_of_estimators_is_one_trial(autolog, experiment, estimator):
    autolog("sklearn")
    estimator.fit(data()[0], targets(estimator))
    outermost = [trial for trial in experiment.trials() if trial.record().parent_id is None]
    assert [(trial.params["class"], trial.state) for trial in outermost] == [(called(estimator), "completed")]
    assert is_on()


@pytest.mark.slow
@pytest.mark.parametrize("estimator", PREPARE, ids=called)
def test_what_prepares_data_with_models_is_no_trial(autolog, experiment, estimator):
    autolog("sklearn")
    estimator.fit(*data())
    assert experiment.trials() == []
    assert is_on()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning:sklearn", "ignore::RuntimeWarning", "ignore::FutureWarning")
def test_every_estimator_is_one_trial_or_none(autolog, experiment):
    autolog("sklearn")
    x = data()[0]
    seen, expected = [], []
    for name, owner in all_estimators():
        try:
            estimator = owner()
        except TypeError:
            continue  # it is made of others: see MADE
        if name == "SelfTrainingClassifier":
            continue  # so is this
        state = "completed"
        try:
            estimator.fit(x, targets(estimator))
        except Exception:  # noqa: BLE001 - what does not take these numbers, text say, fails like a user's own
            state = "failed"
        kinds = [kind for kind in ("predict", "fit_predict", "biclusters_") if hasattr(estimator, kind)]
        if kinds or name.endswith(("Classifier", "Regressor")):
            expected.append((name, state))
        assert is_on(), name
        seen.append(name)
    found = [(trial.params["class"], trial.state) for trial in experiment.trials()]
    assert found == expected, sorted(set(found) ^ set(expected))
    assert len(seen) > 150
    assert sum(state == "completed" for _, state in found) > 80


LABELLERS = [
    RandomForestClassifier(5, random_state=0),
    MultiOutputClassifier(LOGISTIC),
    OneVsRestClassifier(LOGISTIC),
]


@pytest.mark.parametrize("model", LABELLERS, ids=called)
def test_several_labels(autolog, experiment, values, model):
    autolog("sklearn")
    x, y = data()
    both = np.c_[y, (x[:, 1] > 0.5).astype(int)]
    model.fit(x, both)
    assert is_on()
    labdeck.autolog(disable=True)
    found, chances = model.predict(x), model.predict_proba(x)
    if isinstance(chances, list):
        chances = np.c_[chances[0][:, 1], chances[1][:, 1]]
    recorded = values(experiment.trials()[0])
    assert recorded.pop("fit:seconds") > 0
    assert recorded == pytest.approx(
        {
            "train:accuracy": np.mean((found == both).all(axis=1)),
            "train:f1": sklearn.metrics.f1_score(both, found, average="weighted"),
            "train:precision": sklearn.metrics.precision_score(both, found, average="weighted"),
            "train:recall": sklearn.metrics.recall_score(both, found, average="weighted"),
            "train:roc_auc": sklearn.metrics.roc_auc_score(both, chances, average="weighted"),
        }
    )


def test_several_outputs_of_several_classes(autolog, experiment, values):
    autolog("sklearn")
    x, y = data()
    both = np.c_[y, (x[:, 1] * 3).astype(int)]
    weight = np.linspace(1, 2, len(y))
    model = RandomForestClassifier(2, max_depth=2, random_state=0).fit(x, both, sample_weight=weight)
    recorded = values(experiment.trials()[0])
    right = (model.predict(x) == both).all(axis=1)
    assert recorded.pop("fit:seconds") > 0
    assert recorded == {"train:accuracy": pytest.approx(np.average(right, weights=weight))}
    assert is_on()


@pytest.mark.parametrize("form", ["bsr", "coo", "csc", "csr", "dia", "dok", "lil"])
def test_sparse_data(autolog, experiment, values, form):
    autolog("sklearn")
    x, y = data(2_500)
    x[:, 3] = 0
    given = sp.dia_matrix((x[:4].T, range(4)), x.shape) if form == "dia" else getattr(sp, f"{form}_matrix")(x)
    model = DecisionTreeClassifier(max_depth=2, random_state=0).fit(given, y)
    (trial,) = experiment.trials()
    assert values(trial)["train:accuracy"] == np.mean(model.predict(given) == y)
    assert trial.params["n_samples"] == 2_500
    assert is_on()


@pytest.mark.parametrize("how", ["error", "always"])
def test_one_class_says_nothing_and_keeps_what_makes_sense(autolog, experiment, values, how):
    autolog("sklearn")
    x, y = data()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter(how)
        RandomForestClassifier(3).fit(x, np.zeros_like(y))
    assert said == []
    recorded = values(experiment.trials()[0])
    assert recorded["train:accuracy"] == 1
    assert not {"train:roc_auc", "train:log_loss"} & set(recorded)
    assert is_on()


class Cube(RegressorMixin, BaseEstimator):
    """Learns targets of three dimensions."""

    def fit(self, x, y):  # noqa: ARG002 - it learns them by heart
        """Learn."""
        self.learnt_ = y
        return self

    def predict(self, x):
        """Say what it has learnt, and warn."""
        warnings.warn("of the user", UserWarning, stacklevel=1)
        return self.learnt_[: len(x)]


def test_targets_of_three_dimensions_have_no_metrics(autolog, experiment, values):
    autolog("sklearn")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        Cube().fit(data()[0], np.zeros((60, 2, 2)))
    assert said == []
    assert set(values(experiment.trials()[0])) == {"fit:seconds"}
    assert is_on()


class Broken(ClassifierMixin, BaseEstimator):
    """An estimator of a user's own, of which one method raises."""

    def __init__(self, broken=()):
        self.broken = broken

    def _do(self, what):
        if what in self.broken:
            raise RuntimeError(f"{what} of the user")

    def get_params(self, deep=True):
        self._do("get_params")
        return super().get_params(deep)

    def fit(self, x, y):  # noqa: ARG002 - the answer is always the same
        """Learn."""
        self._do("fit")
        self.classes_ = np.unique(y)
        return self

    def predict(self, x):
        self._do("predict")
        return np.ones(len(x), int)

    def predict_proba(self, x):
        self._do("predict_proba")
        return np.full((len(x), 2), 0.5)


@pytest.mark.parametrize(
    ("broken", "part", "kept"),
    [
        (("get_params",), "parameters", {"train:accuracy", "train:roc_auc"}),
        (("predict",), "scores", set()),
        (("predict_proba",), "scores", {"train:accuracy", "train:f1"}),
        (("get_params", "predict"), "parameters", set()),
    ],
)
def test_what_an_estimator_raises_costs_that_part_and_one_warning(autolog, experiment, values, broken, part, kept):
    autolog("sklearn")
    x, y = data()
    with pytest.warns(UserWarning, match=f"could not record the {part} of Broken: .* of the user") as warned:
        Broken(broken).fit(x, y)
    assert len(warned) == 1
    assert is_on()
    DecisionTreeClassifier().fit(x, y)
    first, second = experiment.trials()
    assert (first.name, first.state, first.params["n_samples"]) == ("Broken", "completed", 60)
    assert ("broken" in first.params) == ("get_params" not in broken)
    assert kept | {"fit:seconds"} <= set(values(first))
    assert ("train:accuracy" in values(first)) == ("predict" not in broken)
    assert values(second)["train:accuracy"] == 1


def test_later_scores_that_cannot_be_kept_are_said_once(autolog, monkeypatch):
    autolog("sklearn")
    x, y = data()
    model = DecisionTreeClassifier(max_depth=1).fit(x, y)

    def refuse(*_, **__):
        raise OSError("no room")

    monkeypatch.setattr(Place, "log_late", refuse)
    with pytest.warns(UserWarning, match="the later scores of DecisionTreeClassifier.*no room") as warned:
        model.score(x[:9], y[:9])
    assert model.score(x[:9], y[:9]) > 0.5
    assert len(warned) == 1
    assert is_on()


def test_what_predicts_may_look_like_a_view_of_itself_for_ever(autolog, experiment, values):
    autolog("sklearn")
    x, y = data()

    class Endless(list):
        @property
        def base(self):
            return Endless(self)

    class Odd(Broken):
        def predict(self, x):
            return Endless(super().predict(x))

    found = Odd().fit(x, y).predict(x[:9])
    assert sklearn.metrics.accuracy_score(y[:9], found) == np.mean(y[:9] == 1)
    assert values(experiment.trials()[0])["train:accuracy"] == np.mean(y == 1)
    assert is_on()


def test_a_fit_that_raises_keeps_autolog_on(autolog, experiment):
    autolog("sklearn")
    with pytest.raises(RuntimeError, match="fit of the user"):
        Broken(("fit",)).fit(*data())
    assert experiment.trials()[-1].state == "failed"
    assert is_on()


def test_a_trial_that_cannot_be_started_switches_off(experiment, autolog, monkeypatch):
    assert autolog("sklearn", "torch") == ("sklearn", "torch")
    x, y = data()

    def refuse(*_, **__):
        raise OSError("no room")

    with monkeypatch.context() as patched:
        patched.setattr(experiment, "trial", refuse)
        with pytest.warns(UserWarning, match="off for sklearn.*no room") as warned:
            DecisionTreeClassifier().fit(x, y)
        DecisionTreeClassifier().fit(x, y)  # the warning would be an error
    assert len(warned) == 1
    assert not is_on()
    assert autolog("torch") == ("torch",)
    autolog("sklearn")
    DecisionTreeClassifier().fit(x, y)
    assert len(experiment.trials()) == 1
