"""The hook for XGBoost: a round is a step."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost
from sklearn.datasets import load_breast_cancer

from labdeck.compat.smdebug.exceptions import SMDebugValueError
from labdeck.compat.smdebug.jobs import training_job
from labdeck.compat.smdebug.save_config import SaveConfig
from labdeck.compat.smdebug.sdk import CollectionConfig, DebuggerHookConfig, Rule, rule_configs
from labdeck.compat.smdebug.singletons import del_hook
from labdeck.compat.smdebug.trials import create_trial
from labdeck.compat.smdebug.xgboost import Hook, get_hook

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("local")]
PARAMS = {"objective": "binary:logistic", "max_depth": 3, "seed": 0, "eval_metric": ["logloss", "auc"]}
ALL = ["hyperparameters", "predictions", "labels", "feature_importance", "average_shap", "full_shap", "trees"]


@pytest.fixture(autouse=True)
def _no_hook():
    yield
    del_hook()


@pytest.fixture(scope="module")
def data():
    x, y = load_breast_cancer(return_X_y=True)
    return xgboost.DMatrix(x[:400], y[:400]), xgboost.DMatrix(x[400:], y[400:])


def train(data, hook, rounds=5):
    log = {}
    booster = xgboost.train(
        PARAMS,
        data[0],
        rounds,
        evals=[(data[0], "train"), (data[1], "validation")],
        callbacks=[hook],
        evals_result=log,
        verbose_eval=False,
    )
    return booster, log


def test_metrics_are_saved_every_ten_rounds(data, local):
    hook = Hook()
    _, log = train(data, hook, 12)
    trial = create_trial(hook.out_dir)
    assert trial.tensor_names() == ["train-auc", "train-logloss", "validation-auc", "validation-logloss"]
    assert trial.steps() == [0, 10]
    assert trial.tensor("train-logloss").value(10) == pytest.approx(log["train"]["logloss"][10])
    assert trial.tensor_names(collection="losses") == ["train-logloss", "validation-logloss"]
    (recorded,) = local.experiments()[0].trials()
    assert recorded.state == "completed"
    assert recorded.metrics["train-logloss"].last == pytest.approx(log["train"]["logloss"][10])


def test_everything_of_a_booster_is_saved(data, tmp_path, local):
    hook = Hook(
        tmp_path / "out",
        save_config=SaveConfig(save_interval=2),
        include_collections=ALL,
        hyperparameters={"max_depth": 3, "objective": "binary:logistic"},
        train_data=data[0],
        validation_data=data[1],
    )
    booster, _ = train(data, hook)
    trial = create_trial(tmp_path / "out")
    assert trial.steps() == [0, 2, 4]
    assert trial.tensor("hyperparameters/max_depth").value(0) == 3
    assert local.experiments()[0].trials()[0].params == {"max_depth": 3, "objective": "binary:logistic"}
    assert trial.tensor("hyperparameters/objective=binary:logistic").value(0) == 1
    np.testing.assert_array_equal(trial.tensor("labels").value(4), data[1].get_label())
    np.testing.assert_allclose(trial.tensor("predictions").value(4), booster.predict(data[1]), rtol=1e-6)
    scores = booster.get_score(importance_type="gain")
    for feature, score in scores.items():
        saved = trial.tensor(f"feature_importance/gain/{feature}").value(4)
        assert saved == pytest.approx(score / sum(scores.values()), rel=1e-5)
    shap = booster.predict(data[0], pred_contribs=True)
    np.testing.assert_allclose(trial.tensor("full_shap/f0").value(4), shap[:, 0], atol=1e-6)
    assert trial.tensor("average_shap/f0").value(4) == pytest.approx(float(shap[:, 0].mean()), abs=1e-6)
    frame = booster.trees_to_dataframe()
    assert trial.tensor("trees/Node").value(0).tolist() == frame[frame.Tree == 0].Node.tolist()
    for name in ALL:
        assert trial.tensor_names(collection=name), name


def test_data_may_be_files(data, tmp_path):
    table = np.column_stack([data[0].get_label(), np.arange(400)])
    np.savetxt(tmp_path / "train.csv", table, delimiter=",")
    (tmp_path / "train.libsvm").write_text("1 1:0.5 2:1\n0 1:0.25\n")
    assert Hook(train_data=(str(tmp_path / "train.csv"), "text/csv")).train_data.num_row() == 400
    assert Hook(train_data=(str(tmp_path / "train.libsvm"), "libsvm")).train_data.get_label().tolist() == [1, 0]
    for wrong in ("train.csv", ("nowhere.csv", "csv"), (str(tmp_path / "train.csv"), "parquet"), 3):
        with pytest.raises(SMDebugValueError):
            Hook(train_data=wrong)
    (tmp_path / "broken.csv").write_text("a,b\n")
    with pytest.raises(SMDebugValueError, match="cannot be read"):
        Hook(validation_data=(str(tmp_path / "broken.csv"), "csv"))


def test_reductions_are_told_to_be_useless():
    with pytest.warns(UserWarning, match="reduction_config"):
        Hook(reduction_config="anything")
    assert get_hook() is not None


def test_cross_validation_saves_what_there_is(data):
    hook = Hook(save_config=SaveConfig(save_interval=1), include_collections=ALL)
    xgboost.cv(PARAMS, data[0], 2, callbacks=[hook])
    assert "test-logloss" in create_trial(hook.out_dir).tensor_names()
    assert hook.failure == ""


def test_rules_watch_and_stop_the_training(data, local):
    config = DebuggerHookConfig(collection_configs=[CollectionConfig("metrics", {"save_interval": "1"})])
    deep = Rule.sagemaker(
        rule_configs.tree_depth(), rule_parameters={"depth": "1"}, actions=rule_configs.StopTraining()
    )
    with training_job([deep], config):
        hook = Hook.create_from_json_file()
        booster, _ = train(data, hook, 20)
    assert booster.num_boosted_rounds() < 20
    (trial,) = local.experiments()[0].trials()
    (finding,) = local.session.catalog.findings(trial_id=trial.id).findings
    assert finding.rule == "TreeDepth"
