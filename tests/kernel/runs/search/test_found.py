"""Searches from Python: what is found, in which order, and as a frame."""

from __future__ import annotations

import pytest

from labdeck.errors import InvalidQuery, MalformedQuery, UsageError
from labdeck.runs.search.fields import parse_field, read_field
from labdeck.wire.commands import Archive


@pytest.fixture
def widths(experiment):
    """Four trials; accuracy grows with the width."""
    for width in (8, 16, 32, 64):
        with experiment.trial(f"cnn-{width}", params={"width": width}, tags={"team": "Vision"}) as trial:
            trial.log({"accuracy": width / 100, "loss": 1 - width / 100})
            with trial.component("eval") as part:
                part.log({"f1": width / 200})
                part.log_params({"size": width})
    return experiment


def names(found):
    return [trial.name for trial in found]


def test_a_search_finds_sorts_and_counts(widths):
    found = widths.search('metrics.accuracy > 0.1 and tags.team ~ "vis"', sort="-metrics.accuracy", limit=2)
    assert (names(found), found.total, len(found)) == (["cnn-64", "cnn-32"], 3, 2)
    assert [fact.trial.name for fact in found.facts] == names(found)
    assert found[0].params == {"width": 64}
    assert names(found[1:]) == ["cnn-32"]
    assert repr(found) == "<2 of 3 trials found>"
    assert list(found.frame().index) == names(found)
    assert widths.search("metrics.eval/f1 >= 0.32 and params.eval/size exists")[0].name == "cnn-64"
    assert names(widths.search("metrics.loss.best < 0.5")) == ["cnn-64"]
    assert names(widths.search("metrics.f1 >= 0.32 and params.size = 64", sort="metrics.f1")) == ["cnn-64"]
    with widths.trial("own") as trial:
        trial.log({"f1": 0.9})
        trial.component("eval").log({"f1": 0.1})
    assert names(widths.search("metrics.f1 > 0.8")) == ["own"], "the trial's own counts first"
    widths.find("own").delete()
    assert not widths.search("name = nobody")
    assert len(widths.search(limit=None)) == 4


def test_a_name_that_no_trial_has_is_said(studio, widths):
    assert widths.search("metrics.acuracy > 0").hint == "no trial has metrics.acuracy; did you mean metrics.accuracy?"
    assert widths.search("params.nothing exists or name = nobody").hint == "no trial has params.nothing"
    assert widths.search("metrics.f1 > 9 and metrics.eval/f1 > 9").hint == "", "both are known, none is so great"
    found = widths.search(sort="-metrics.losss")
    assert (found.total, found.hint) == (4, "no trial has metrics.losss; did you mean metrics.loss?")
    assert widths.search("metrics.loss > 0", sort="metrics.loss").hint == ""
    assert studio.searching.page("tags.tem = x").hint == "no trial has tags.tem; did you mean tags.team?"


def test_all_experiments_are_searched_by_the_studio(studio, widths):
    with studio.experiment("other").trial("cnn-8", params={"width": 9}):
        pass
    found = studio.search("name = cnn-8", sort="params.width")
    assert [trial.experiment.name for trial in found] == [widths.name, "other"]
    assert found.frame()["experiment"].tolist() == [widths.name, "other"]
    assert [trial.id for trial in studio.search('experiment = "other"')] == [found[1].id]
    assert found[1].detail().params[0].value == 9


def test_archived_trials_are_found_when_they_are_asked_for(studio, widths):
    studio.apply([Archive(ids=(widths.find("cnn-8").id,))])
    assert widths.search().total == len(widths.frame()) == 3
    assert widths.search(archived=True).total == len(widths.frame(archived=True)) == 4
    assert names(widths.search("archived = true")) == ["cnn-8"]
    assert list(widths.frame("archived = true").index) == ["cnn-8"]


def test_mistakes_are_told(widths):
    with pytest.raises(MalformedQuery):
        widths.search("metrics.accuracy >")
    with pytest.raises(MalformedQuery):
        widths.search(sort="accuracy")
    with pytest.raises(MalformedQuery):
        widths.frame("accuracy > 1")
    with pytest.raises(UsageError, match="the query is given as int"):
        widths.search(5)
    for limit in (-1, 1.5, True, "5"):
        with pytest.raises(InvalidQuery, match="the limit"):
            widths.search(limit=limit)


def test_a_trial_that_runs_is_found_with_what_it_logged(experiment):
    with experiment.trial("running") as trial:
        trial.log(loss=0.5)
        trial.detail()  # announces what was logged
        assert names(experiment.search("state = running and metrics.loss = 0.5 and not ended exists")) == ["running"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("metrics.accuracy", 0.16),
        ("metrics.eval/f1.max", 0.08),
        ("metrics.accuracy.count", 1),
        ("metrics.loss.best", 0.84),
        ("metrics.nothing", None),
        ("params.width", 16),
        ("params.eval/size", 16),
        ("tags.team", "Vision"),
        ("tags.nothing", None),
        ("trial", "cnn-16"),
        ("state", "completed"),
        ("number", 2),
        ("archived", False),
        ("parent", None),
        ("experiment", "digits"),
    ],
)
def test_fields_are_read_from_facts(widths, field, value):
    assert read_field(widths.facts()[1], parse_field(field)) == value


def test_the_best_follows_the_goal_that_was_chosen(widths):
    assert read_field(widths.facts()[0], parse_field("metrics.accuracy.best")) == 0.08
    widths.set_objective("accuracy", "min")
    with widths.trial("two") as trial:
        trial.log(accuracy=0.5)
        trial.log(accuracy=0.7)
    assert read_field(widths.facts()[-1], parse_field("metrics.accuracy.best")) == 0.5
    assert names(widths.search("metrics.accuracy.best = 0.5")) == ["two"]
    assert names(widths.search("metrics.accuracy.max = 0.7")) == ["two"]


def test_completion_knows_the_names(studio, widths):
    found = studio.searching.complete("metrics.acc", experiment_id=widths.id)
    assert [item.text for item in found.items] == ["metrics.accuracy"]
    assert studio.searching.vocabulary().metrics == ("accuracy", "loss", "eval/f1")
