"""Trainings of XGBoost and LightGBM: every round, what stopped them, what the features are worth."""

import csv

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import labdeck

XGB = {"max_depth": 2, "objective": "binary:logistic", "nthread": 1}
LGB = {"objective": "binary", "verbose": -1, "num_threads": 1, "num_leaves": 4}


def log_loss(truth, chances):
    return -np.mean(np.log(np.where(truth == 1, chances, 1 - chances)))


def table(studio, trial, name):
    (found,) = [artifact for artifact in trial.artifacts() if artifact.name == name]
    with studio.artifact(trial.id, found.id)[1].open(newline="") as file:
        return list(csv.DictReader(file))


def test_xgboost_by_round(autolog, experiment, studio, cancer):
    autolog("xgboost")
    x, held, y, truth = cancer
    data, other = xgboost.DMatrix(x, y), xgboost.DMatrix(held, truth)
    booster = xgboost.train(XGB, data, 4, evals=[(data, "train"), (other, "held")], verbose_eval=False)
    (trial,) = experiment.trials()
    assert trial.state == "completed"
    assert {**XGB, "num_boost_round": 4, "n_samples": len(x), "n_features": 30}.items() <= trial.params.items()
    for name, of, labels in (("train:logloss", data, y), ("held:logloss", other, truth)):
        series = trial.history(name)
        assert series.steps.tolist() == [0, 1, 2, 3]
        expected = [log_loss(labels, booster.predict(of, iteration_range=(0, n))) for n in range(1, 5)]
        assert series.values == pytest.approx(expected, rel=1e-5)
    rows = table(studio, trial, "feature_importance.csv")
    gains = booster.get_score(importance_type="gain")
    assert {row["feature"]: float(row["gain"]) for row in rows} == gains
    assert [row["feature"] for row in rows] == sorted(gains, key=lambda name: -gains[name])


def test_xgboost_stopped_early(autolog, experiment, values, cancer):
    autolog("xgboost", every=2)
    x, held, y, truth = cancer
    wrong = xgboost.DMatrix(held, 1 - truth)
    booster = xgboost.train(
        XGB,
        xgboost.DMatrix(x, y),
        num_boost_round=20,
        evals=[(wrong, "e")],
        early_stopping_rounds=2,
        verbose_eval=False,
    )
    (trial,) = experiment.trials()
    assert values(trial)["best_iteration"] == booster.best_iteration
    assert values(trial)["best_score"] == booster.best_score
    assert trial.history("e:logloss").steps.tolist() == [0, 2]


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_an_estimator_is_one_trial(autolog, experiment, values, studio, cancer, library):
    autolog(library)
    x, held, y, truth = cancer
    if library == "xgboost":
        model, name = xgboost.XGBClassifier(n_estimators=3, max_depth=2, n_jobs=1), "validation_0:logloss"
        model.fit(x, y, eval_set=[(held, truth)], verbose=False)
        curve = model.evals_result()["validation_0"]["logloss"]
    else:
        model, name = (
            lightgbm.LGBMClassifier(n_estimators=3, num_leaves=4, n_jobs=1, verbose=-1),
            "valid_0:binary_logloss",
        )
        model.fit(x, y, eval_X=held, eval_y=truth)
        curve = model.evals_result_["valid_0"]["binary_logloss"]
    accuracy = model.score(held, truth)
    (trial,) = experiment.trials()
    assert (trial.name, trial.tags["autolog"]) == (type(model).__name__, library)
    assert trial.params["n_estimators"] == 3
    assert trial.history(name).values.tolist() == curve
    assert values(trial)["test:score"] == accuracy
    assert "train:accuracy" in values(trial)
    assert "best_iteration" not in values(trial)
    assert table(studio, trial, "feature_importance.csv")


def test_a_booster_within_a_pipeline_and_sklearn_alone_is_left_alone(autolog, experiment, cancer):
    autolog("xgboost")
    x, _, y, _ = cancer
    make_pipeline(StandardScaler(), xgboost.XGBClassifier(n_estimators=2, n_jobs=1)).fit(x, y)
    assert [trial.name for trial in experiment.trials()] == ["XGBClassifier"]
    assert experiment.trials()[0].params["class"] == "XGBClassifier"
    autolog("sklearn")
    make_pipeline(StandardScaler(), xgboost.XGBClassifier(n_estimators=2, n_jobs=1)).fit(x, y)
    assert experiment.trials()[1].params["class"] == "Pipeline"
    labdeck.autolog("xgboost", disable=True)
    xgboost.XGBClassifier(n_estimators=2, n_jobs=1).fit(x, y)
    assert len(experiment.trials()) == 2


def test_lightgbm_by_round(autolog, experiment, studio, cancer):
    autolog("lightgbm")
    x, held, y, truth = cancer
    data = lightgbm.Dataset(x, y)
    seen = []
    booster = lightgbm.train(
        LGB, data, 4, [lightgbm.Dataset(held, truth, reference=data)], ["held"], callbacks=[lambda _: seen.append(1)]
    )
    (trial,) = experiment.trials()
    assert len(seen) == 4
    assert {**LGB, "num_boost_round": 4, "n_samples": len(x), "n_features": 30}.items() <= trial.params.items()
    series = trial.history("held:binary_logloss")
    assert series.steps.tolist() == [0, 1, 2, 3]
    expected = [log_loss(truth, booster.predict(held, num_iteration=n)) for n in range(1, 5)]
    assert series.values == pytest.approx(expected)
    rows = table(studio, trial, "feature_importance.csv")
    assert [float(row["split"]) for row in rows if row["feature"] == "Column_0"] == [
        float(booster.feature_importance("split")[0])
    ]


@pytest.mark.parametrize("library", [xgboost, lightgbm], ids=["xgboost", "lightgbm"])
def test_cross_validation(autolog, experiment, library, cancer):
    autolog(library.__name__)
    x, _, y, _ = cancer
    if library is xgboost:
        found = xgboost.cv(XGB, xgboost.DMatrix(x, y), 3, nfold=2, seed=1)
    else:
        found = lightgbm.cv(LGB, lightgbm.Dataset(x, y), 3, nfold=2, seed=1)
    (trial,) = experiment.trials()
    assert trial.params["nfold"] == 2
    recorded = {name: trial.history(name).values.tolist() for name in trial.metrics if name.startswith("cv:")}
    assert recorded == {f"cv:{name}": list(values) for name, values in found.items()}


def test_a_training_that_fails(autolog, experiment, cancer):
    autolog("xgboost", "lightgbm")
    with pytest.raises(xgboost.core.XGBoostError):
        xgboost.train({"objective": "none"}, xgboost.DMatrix(cancer[0], cancer[2]))
    assert [trial.state for trial in experiment.trials()] == ["failed"]


def test_models_are_kept_in_safe_formats(autolog, experiment, studio, cancer):
    autolog(log_models=True)
    x, _, y, _ = cancer
    data = xgboost.DMatrix(x, y)
    first = xgboost.train(XGB, data, 2)
    second = lightgbm.train(LGB, lightgbm.Dataset(x, y), 2)
    paths = []
    for trial, name in zip(experiment.trials(), ["model.ubj", "model.txt"], strict=True):
        (kept,) = [artifact for artifact in trial.artifacts() if artifact.name == name]
        paths.append(studio.artifact(trial.id, kept.id)[1])
    again = xgboost.Booster()
    again.load_model(bytearray(paths[0].read_bytes()))
    assert again.predict(data).tolist() == first.predict(data).tolist()
    text = lightgbm.Booster(model_str=paths[1].read_text())
    assert text.predict(x).tolist() == second.predict(x).tolist()


def test_a_function_imported_before_is_found_in_the_users_namespace(autolog, experiment, cancer, monkeypatch):
    import __main__

    monkeypatch.setattr(__main__, "boost", xgboost.train, raising=False)
    before = __main__.boost
    autolog("xgboost")
    __main__.boost(XGB, xgboost.DMatrix(cancer[0], cancer[2]), 1)
    assert len(experiment.trials()) == 1
    labdeck.autolog(disable=True)
    assert __main__.boost is before is xgboost.train is xgboost.training.train is xgboost.sklearn.train
