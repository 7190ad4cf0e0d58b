"""An experiment and its trials."""

import math

import pandas as pd
import pytest

from labdeck.errors import Conflict, InvalidName, NotFound, UsageError

HOSTILE = [
    "../../x",
    "<img src=x onerror=alert(1)>",
    "'; drop table trial; --",
    "😀 emoji",
    "n" * 10_000,
    "a\nb",
    "%s {x}",
]


def run(experiment, name, params=None, **metrics):
    with experiment.trial(name, params=params) as trial:
        trial.log(metrics, step=1)
    return trial


def test_the_same_name_is_the_same_experiment(studio):
    first = studio.experiment("digits", note="hello")
    assert studio.experiment("digits").id == first.id
    assert first.note == "hello"
    assert [one.name for one in studio.experiments()] == ["digits"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_names(studio, name):
    experiment = studio.experiment(name)
    with experiment.trial(name, params={name: name}, tags={"t": name}, note=name) as trial:
        trial.log({name: 1.0})
        with trial.component(name) as part:
            part.log_params({name: 2})
    assert studio.find_experiment(name).find(name).params == {name: name}
    assert trial.metrics[name].last == 1.0
    assert experiment.frame().loc[name, f"metrics.{name}"] == 1.0
    assert [one.name for one in studio.experiments()] == [name]


@pytest.mark.parametrize("name", ["", "  ", None, 3, "a\0b"])
def test_names_that_cannot_be_stored_are_refused(studio, name):
    with pytest.raises(InvalidName):
        studio.experiment(name)


def test_a_frame_has_a_row_for_each_trial(experiment):
    run(experiment, "a", {"lr": 0.1, "opt": "sgd"}, loss=1.0, acc=0.5)
    run(experiment, "b", {"lr": 0.2}, loss=math.nan)
    frame = experiment.frame()
    assert list(frame.index) == ["a", "b"]
    assert frame.index.name == "trial"
    assert list(frame.columns[:4]) == ["state", "started", "ended", "seconds"]
    assert frame["params.lr"].tolist() == [0.1, 0.2]
    assert frame["params.lr"].dtype == "float64"
    assert frame["params.opt"].tolist()[0] == "sgd"
    assert pd.isna(frame["params.opt"].tolist()[1])
    assert frame["metrics.acc"].tolist()[0] == 0.5
    assert frame["metrics.loss"].isna().tolist() == [False, True]
    assert str(frame["started"].dtype).endswith("UTC]")
    assert (frame["seconds"] >= 0).all()


def test_the_frame_of_an_empty_experiment_is_empty(experiment):
    assert experiment.frame().shape == (0, 4)


def test_the_best_trial_by_objective_by_metric_and_by_goal(studio):
    experiment = studio.experiment("ranked", objective="score", goal="min")
    run(experiment, "a", score=3.0, loss=0.1)
    run(experiment, "b", score=1.0, loss=0.3)
    run(experiment, "c", score=math.nan, loss=0.2)
    assert experiment.best().name == "b"
    assert experiment.best(goal="max").name == "a"
    assert experiment.best("loss").name == "a"
    assert experiment.best("loss", "max").name == "b"
    with pytest.raises(NotFound, match="did you mean 'loss'"):
        experiment.best("los")
    with pytest.raises(UsageError, match="goal"):
        experiment.best(goal="up")


def test_the_best_is_over_the_whole_curve(experiment):
    with experiment.trial("peak") as trial:
        for value in (0.1, 0.9, 0.2):
            trial.log(accuracy=value)
    run(experiment, "flat", accuracy=0.5)
    assert experiment.best().name == "peak"


def test_there_is_no_best_of_nothing(experiment):
    with pytest.raises(NotFound, match="no trial has logged a metric yet"):
        experiment.best()
    run(experiment, "nan", loss=math.nan)
    with pytest.raises(NotFound, match="no trial has a finite value of 'loss'"):
        experiment.best()


def test_trials_side_by_side(experiment):
    a, b = run(experiment, "a", loss=1.0), run(experiment, "b", loss=2.0)
    assert [fact.trial.name for fact in experiment.compare("b", a).trials] == ["b", "a"]
    assert [fact.trial.name for fact in experiment.compare().trials] == ["a", "b"]
    with pytest.raises(NotFound, match="there is no trial 'c'"):
        experiment.compare("c")
    assert b.id == experiment.find("b").id


def test_renaming_keeps_the_trials(studio, experiment):
    run(experiment, "a", loss=1.0)
    studio.experiment("taken").record()
    with pytest.raises(Conflict):
        experiment.rename("taken")
    experiment.rename("numbers")
    assert run(experiment, "b", loss=1.0).record().experiment == "numbers"
    assert len(experiment.trials()) == 2


def test_a_deleted_experiment_frees_its_name_and_can_come_back(studio, experiment):
    run(experiment, "a", loss=1.0)
    experiment.delete()
    assert studio.experiments() == []
    again = studio.experiment("digits")
    assert again.id != experiment.id
    experiment.restore()
    assert {one.name for one in studio.experiments()} == {"digits", "digits-2"}
    assert len(experiment.trials()) == 1


def test_an_objective_can_be_chosen_later(experiment):
    run(experiment, "a", loss=1.0, acc=0.5)
    assert experiment.find("a").record().objective.name == "acc"
    experiment.set_objective("loss", "min")
    record = experiment.find("a").record()
    assert (record.objective.name, record.goal) == ("loss", "min")
    experiment.tag(team="vision")
    experiment.untag("nothing")
    assert experiment.tags == {"team": "vision"}


def test_what_is_not_there_is_named_with_what_is_near(studio, experiment):
    experiment.record()
    with pytest.raises(NotFound, match="did you mean 'digits'"):
        studio.find_experiment("digit")
    with pytest.raises(NotFound, match="no trial has been logged yet"):
        experiment.find("x")
