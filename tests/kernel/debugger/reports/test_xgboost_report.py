"""The report of boosted trees says what the labels and predictions that were recorded say."""

from __future__ import annotations

import os

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.metrics import confusion_matrix, f1_score, mean_absolute_error, roc_auc_score
from tests.kernel.debugger.boosted import table, tensors, train

import labdeck
from labdeck.debugger.reports import make_report
from labdeck.debugger.reports.parts import Figure, Table, Text
from labdeck.debugger.reports.xgboost_advice import advise
from labdeck.debugger.reports.xgboost_facts import Curve, kind_of
from labdeck.errors import NotFound

COMMON = ["overview", "labels", "loss", "importance"]
DATA = {
    "binary": (load_breast_cancer, {"objective": "binary:logistic"}),
    "multiclass": (load_digits, {"objective": "multi:softprob", "num_class": 10}),
    "softmax": (load_digits, {"objective": "multi:softmax", "num_class": 10}),
    "raw": (load_breast_cancer, {"objective": "binary:logitraw"}),
    "regression": (load_diabetes, {"objective": "reg:squarederror"}),
}
made = {}


def report_of(name):
    """Train once on each kind of data with nothing but the rule that asks for the report."""
    if name not in made:
        load, params = DATA[name]
        features, labels = load(return_X_y=True)
        order = np.random.default_rng(0).permutation(len(labels))
        trial, booster = train(features[order], labels[order], 12, params=params, rules=["CreateXgboostReport"])
        held_out = features[order][3 * len(labels) // 4 :], labels[order][3 * len(labels) // 4 :]
        made[name] = trial, booster, held_out, make_report(trial.experiment.session, trial.id, "xgboost")
    return made[name]


def figure(report, key, at=0):
    return [part for part in report[key].parts if isinstance(part, Figure)][at]


def predicted(trial, mode="GLOBAL", step=0):
    return tensors(trial).array("predictions", mode, step)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "sections"),
    [
        ("binary", ["confusion", "scores", "classes", "roc"]),
        ("raw", ["confusion", "scores", "classes", "roc"]),
        ("multiclass", ["confusion", "scores", "classes"]),
        ("softmax", ["confusion", "scores", "classes"]),
        ("regression", ["residuals", "errors"]),
    ],
)
def test_each_kind_of_labels_has_its_sections(name, sections):
    trial, _, _, report = report_of(name)
    assert [section.key for section in report.sections] == COMMON + sections
    assert {artifact.name for artifact in trial.artifacts()} >= {"xgboost-report.html", "xgboost-report.ipynb"}


@pytest.mark.slow
def test_the_confusion_matrix_and_its_scores_are_those_of_the_finished_model():
    trial, booster, (features, labels), report = report_of("multiclass")
    import xgboost

    said = booster.predict(xgboost.DMatrix(features)).argmax(axis=1)
    expected = confusion_matrix(labels, said)
    (heat,) = figure(report, "confusion").data
    assert np.array(heat["text"]).tolist() == expected.tolist()
    assert np.asarray(heat["z"]) == pytest.approx(expected / expected.sum(axis=1, keepdims=True))
    (scores,) = [part for part in report["scores"].parts if isinstance(part, Table)]
    rows = {row[0]: row[1:] for row in scores.rows}
    for average in ("micro", "macro", "weighted"):
        assert rows[f"{average} average"][2] == pytest.approx(f1_score(labels, said, average=average))
    assert rows["3"][3] == (labels == 3).sum()
    assert "after round 11" in report["confusion"].title
    assert trial.state == "completed"


@pytest.mark.slow
def test_the_accuracy_of_each_class_is_the_diagonal_by_round():
    trial, _, (_, labels), report = report_of("multiclass")
    lines = figure(report, "classes").data
    for step in (0, 6, 11):
        said = predicted(trial, "TRAIN", step).argmax(axis=1)
        expected = confusion_matrix(labels, said, normalize="true").diagonal()
        assert [line["y"][step] for line in lines] == pytest.approx(expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["binary", "raw"])
def test_the_area_under_the_curve_is_that_of_the_predictions(name):
    trial, _, (_, labels), report = report_of(name)
    area = roc_auc_score(labels, predicted(trial))
    assert f"AUC {area:.4f}" in figure(report, "roc").data[0]["name"]


@pytest.mark.slow
def test_residuals_and_errors_are_those_of_the_predictions():
    trial, _, (_, labels), report = report_of("regression")
    said = predicted(trial)
    (text,) = [part.text for part in report["residuals"].parts if isinstance(part, Text)][:1]
    assert f"mean absolute residual {mean_absolute_error(labels, said):.4g}" in text
    (histogram,) = figure(report, "residuals").data
    assert sum(histogram["y"]) == len(labels)
    edges = np.linspace(labels.min(), labels.max(), 11)
    lines = figure(report, "errors").data
    inside = (labels >= edges[2]) & (labels < edges[3])
    for step in (0, 11):
        expected = np.abs(labels - predicted(trial, "TRAIN", step))[inside].mean()
        assert lines[2]["y"][step] == pytest.approx(expected, rel=1e-5)
    assert f"({inside.sum()} rows)" in lines[2]["name"]


@pytest.mark.slow
def test_labels_and_importances_are_counted():
    _, booster, (_, labels), report = report_of("binary")
    (counts,) = figure(report, "labels").data
    assert list(counts["x"]) == np.bincount(labels).tolist()
    gains = booster.get_score(importance_type="gain")
    (gain,) = figure(report, "importance", 1).data
    best = max(gains, key=gains.get)
    assert gain["y"][0] == best
    assert gain["x"][0] == pytest.approx(gains[best] / sum(gains.values()), rel=1e-4)


@pytest.mark.slow
def test_without_predictions_the_report_says_what_to_record():
    trial, _ = train(*table(), 3)
    report = make_report(trial.experiment.session, trial.id, "xgboost")
    assert [section.key for section in report.sections] == [*COMMON, "predictions"]
    assert "CreateXgboostReport" in report["predictions"].parts[0].text


@pytest.mark.slow
def test_of_trainings_one_after_the_other_the_latest_is_told():
    import xgboost

    from labdeck.debugger import XGBoostHook

    features, labels = table()
    data = xgboost.DMatrix(features, labels)
    with labdeck.experiment("boosted").trial("two") as trial:
        for objective, rounds in (("binary:logistic", 3), ("reg:squarederror", 5)):
            hook = XGBoostHook(rules=["CreateXgboostReport"], train_data=data, budget=None)
            params = {"objective": objective}
            xgboost.train(params, data, rounds, evals=[(data, "train")], callbacks=[hook], verbose_eval=False)
    report = make_report(trial.experiment.session, trial.id, "xgboost")
    assert "reg:squarederror" in report["overview"].parts[0].text
    assert "1 further training" in report["overview"].parts[0].text
    assert len(figure(report, "loss").data[0]["y"]) == 5
    assert "residuals" in [section.key for section in report.sections]


@pytest.mark.slow
def test_the_notebook_runs_and_draws_the_same(experiment, tmp_path, monkeypatch):
    monkeypatch.setenv("LABDECK_STORE", str(tmp_path / "store"))
    trial, _ = train(*table(), 5, rules=["CreateXgboostReport"], experiment=experiment)
    report = make_report(experiment.session, trial.id, "xgboost")
    notebook = nbformat.reads(trial.artifact("xgboost-report.ipynb").text(), 4)
    NotebookClient(notebook, timeout=110, kernel_name="python3").execute(env=dict(os.environ))
    cells = {cell.source: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}
    for section in report.sections:
        drawn = [output.data for output in cells[f"report[{section.key!r}]"] if "data" in output]
        kinds = ["application/vnd.plotly.v1+json" in data for data in drawn]
        assert kinds == [isinstance(part, Figure) for part in section.parts]


def test_a_trial_without_trees_has_no_report():
    with labdeck.experiment("boosted").trial("empty") as trial:
        trial.log({"loss": 1.0})
    with pytest.raises(NotFound, match="XGBoostHook"):
        make_report(trial.experiment.session, trial.id, "xgboost")


@pytest.mark.parametrize(
    ("objective", "labels", "predictions", "kind"),
    [
        ("binary:hinge", [], [], "binary"),
        ("multi:softmax", [], [], "multiclass"),
        ("reg:gamma", [0, 1], [0.1, 0.9], "regression"),
        ("rank:ndcg", [0, 1, 2], [0.1, 0.9, 0.3], "regression"),
        ("reg:logistic", [0, 1], [0.1, 0.9], "binary"),
        ("reg:logistic", [0.5, 0.1], [0.1, 0.9], "regression"),
        ("", [0, 1, 1], [0.2, 0.8, 0.4], "binary"),
        ("", [0, 1, 2], [0.0, 1.0, 1.0], "multiclass"),
        ("", [0, 1], [[0.2, 0.8], [0.4, 0.6]], "multiclass"),
        ("", [1, 2, 3], [1.2, 2.1, 2.9], "regression"),
        ("", [], [], "regression"),
    ],
)
def test_the_kind_is_told_by_the_objective_or_by_the_looks(objective, labels, predictions, kind):
    assert kind_of(objective, np.array(labels), np.array(predictions)) == kind


def advice(train_values, held_out_values, metric="rmse"):
    curves = [
        Curve(name, metric, np.arange(len(values)), np.array(values, float))
        for name, values in (("train", train_values), ("validation", held_out_values))
    ]
    return [(text.tone, text.text) for text in advise(curves)]


FALLING = np.linspace(1, 0.1, 20)


@pytest.mark.parametrize(
    ("train_values", "held_out", "metric", "tone", "said"),
    [
        (FALLING, [*FALLING[:10], *np.linspace(0.6, 0.9, 10)], "rmse", "bad", "learn the training data by heart"),
        (1 - FALLING, [*(1 - FALLING[:10]), *np.linspace(0.4, 0.1, 10)], "auc", "bad", "by heart"),
        (FALLING, FALLING + 0.1, "rmse", "advice", "train more rounds"),
        ([1, 0.5, *[0.1] * 18], [1, 0.8, *[0.7] * 18], "rmse", "advice", "600% above that of training"),
        ([1, 0.5, *[0.50] * 18], [1, 0.6, *[0.55] * 18], "rmse", "good", "settled at 0.55"),
    ],
)
def test_too_much_and_too_little_are_told_apart(train_values, held_out, metric, tone, said):
    ((found, text),) = advice(train_values, held_out, metric)
    assert found == tone
    assert said in text


def test_few_rounds_and_a_single_data_set_yield_no_verdict():
    assert advice([1, 0.5], [1, 0.6]) == []
    assert list(advise([Curve("train", "rmse", np.arange(20), FALLING)])) == []
