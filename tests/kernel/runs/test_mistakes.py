"""Mistakes of a caller are told in one line, and change nothing."""

from functools import partial

import numpy as np
import pytest

from labdeck.errors import InvalidMetric, NotFound, UsageError

ODD = "caf\udce9 \0 ☕"
CLEAN = "caf? \N{REPLACEMENT CHARACTER} ☕"


def one_line(call, kind=UsageError):
    with pytest.raises(kind) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_metrics_that_are_no_mapping(experiment):
    with experiment.trial() as trial:
        for log in (trial.log, trial.component("training").log):
            for metrics in ("loss", "", [("loss", 0.5)], [], 0.5, 0, np.ones(3)):
                for more in ({}, {"step": 3}, {"accuracy": 0.9}):
                    text = one_line(partial(log, metrics, **more), InvalidMetric)
                    assert f"metrics are given as {type(metrics).__name__}, not as a mapping" in text
        assert "given as str" in one_line(lambda: trial.log("loss", 0.5), InvalidMetric)
    assert trial.metrics == {}


def test_a_wrong_value_in_a_mapping_is_told_as_such(experiment):
    with experiment.trial() as trial:
        assert "'loss'" in one_line(lambda: trial.log({"loss": "high"}), InvalidMetric)
        assert "'loss'" in one_line(lambda: trial.component("training").log(loss="high"), InvalidMetric)


def test_an_unknown_state_names_the_nearest_and_the_trial_goes_on(experiment):
    with experiment.trial() as trial:
        for thing in (trial, trial.component("training").start()):
            assert "did you mean 'completed'?" in one_line(partial(thing.finish, "complete"))
            for state in ("done", "running", "crashed", None, 1, ["x"]):
                text = one_line(partial(thing.finish, state))
                assert "write one of completed, failed, interrupted" in text
        assert (trial.state, trial.detail().components[0].state) == ("running", "running")
        trial.finish("failed")
    assert trial.state == "failed"


def test_an_error_that_is_no_text(experiment):
    with experiment.trial() as trial:
        part = trial.component("training").start()
        for thing in (trial, part):
            text = one_line(partial(thing.finish, "failed", ValueError("broken")))
            assert text.startswith("the error is given as ValueError")
        assert trial.state == "running"


def test_notes_and_tags_of_the_wrong_kind(studio, experiment):
    with experiment.trial("a") as trial:
        pass
    for call in (
        lambda: trial.set_note(None),
        lambda: experiment.set_note(3),
        lambda: studio.experiment("never made", note=5),
        lambda: experiment.trial(note=5),
        lambda: experiment.trial(tags=["a"]),
        lambda: experiment.trial(tags="a"),
        lambda: trial.untag(3),
        lambda: experiment.untag(3),
        lambda: experiment.set_objective(3),
    ):
        one_line(call)
    assert [one.name for one in studio.experiments()] == ["digits"]


def test_paths_and_media_types_of_the_wrong_kind(experiment):
    with experiment.trial() as trial:
        for call in (
            lambda: trial.log_artifact(None),
            lambda: trial.log_artifact(3),
            lambda: trial.log_artifact(b"bytes"),
            lambda: trial.log_artifact(__file__, media_type=3),
        ):
            one_line(call)
        one_line(lambda: trial.log_artifact("~no-such-user-here/x"), NotFound)
    assert trial.artifacts() == ()


def test_names_of_the_wrong_kind(studio, experiment):
    with experiment.trial() as trial:
        trial.log(loss=0.5)
    for call in (
        lambda: trial.history(None),
        lambda: trial.history("loss", component=3),
        lambda: experiment.find(None),
        lambda: experiment.best(3),
        lambda: experiment.compare(3),
        lambda: studio.find_experiment(None),
        lambda: studio.find_trial(3),
        lambda: studio.find_trial("a", experiment=3),
    ):
        one_line(call)


def test_a_tag_may_have_any_name(experiment):
    with experiment.trial() as trial:
        pass
    for thing in (trial, experiment):
        thing.tag(self="1", tags="2")
        assert thing.tags == {"self": "1", "tags": "2"}


def test_texts_that_no_database_holds_are_kept_in_a_cleaned_form(studio, tmp_path):
    file = tmp_path / "file"
    file.write_text("content")
    experiment = studio.experiment("odd", note=ODD)
    trial = experiment.trial("a", params={"p": ODD}, tags={"t": ODD}, note=ODD).start()
    trial.log_artifact(file, media_type=ODD)
    with trial.component("part") as part:
        part.finish("failed", ODD)
    trial.finish("failed", ODD)
    assert (experiment.note, trial.note, trial.tags, trial.params) == (CLEAN, CLEAN, {"t": CLEAN}, {"p": CLEAN})
    detail = trial.detail()
    assert detail.artifacts[0].media_type == CLEAN
    assert detail.components[0].error == CLEAN
    assert [c.body["traceback"] for c in detail.captures if c.kind == "error"] == [CLEAN]
    assert trial.state == "failed"
    experiment.tag(t=ODD)
    trial.set_note(np.str_("of numpy"))
    assert (experiment.tags, trial.note) == ({"t": CLEAN}, "of numpy")


def test_a_value_whose_text_fails_is_still_a_tag(experiment):
    class Broken:
        def __str__(self):
            raise RuntimeError("no text")

    with experiment.trial(tags={"broken": Broken()}) as trial:
        assert "its text form failed with RuntimeError" in trial.tags["broken"]
