"""Experiments, trials, components and trackers by SageMaker's names."""

import json
import math
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from labdeck.compat.smexperiments import Experiment, Tracker, Trial, TrialComponent, TrialComponentArtifact
from labdeck.errors import Conflict, NotFound, UsageError


@pytest.fixture
def trial():
    return Experiment.create("mnist", description="digits").create_trial("cnn-2")


def test_an_experiment_is_made_loaded_saved_and_found(local):
    made = Experiment.create("mnist", description="digits", tags=[{"Key": "team", "Value": "vision"}])
    assert made.experiment_arn.endswith(":experiment/mnist")
    made.description, made.tags = "hand-written", [{"Key": "stage", "Value": "paper"}]
    made.save()
    for again in (Experiment.load("mnist"), Experiment.load(made.experiment_arn)):
        assert (again.description, again.tags) == ("hand-written", [{"Key": "stage", "Value": "paper"}])
    assert local.find_experiment("mnist").note == "hand-written"
    with pytest.raises(Conflict, match="already"):
        Experiment.create("mnist")
    assert Experiment.create().experiment_name.startswith("Experiment-")


@pytest.mark.parametrize("name", ["", "a b", "-a", "x" * 121, "ä", 7])
def test_names_that_sagemaker_refuses_are_refused(name):
    with pytest.raises(ValueError, match="letters, digits and hyphens"):
        TrialComponent.create(name)


def test_what_does_not_exist_is_not_found(trial):
    for load in (Experiment.load, Trial.load, TrialComponent.load):
        with pytest.raises(NotFound):
            load("nothing")
    with pytest.raises(NotFound):
        Trial.create("nothing", "t")
    with pytest.raises(Conflict):
        Experiment.create("other").create_trial(trial.trial_name)


def test_lists_are_sorted_and_bounded_by_time():
    for name in ("b", "a", "c"):
        Experiment.create(name)
    assert [one.experiment_name for one in Experiment.list()] == ["c", "a", "b"]
    assert [one.experiment_name for one in Experiment.list(sort_by="Name", sort_order="Ascending")] == ["a", "b", "c"]
    now = datetime.now(timezone.utc)
    assert [*Experiment.list(created_after=now + timedelta(hours=1))] == []
    assert len([*Experiment.list(created_before=now)]) == 3
    for wrong in ({"sort_by": "Colour"}, {"sort_order": "up"}):
        with pytest.raises(UsageError):
            [*Experiment.list(**wrong)]


def test_a_component_keeps_what_it_is_given():
    component = TrialComponent.create("prep", display_name="Preprocessing", tags=[{"Key": "a", "Value": "1"}])
    component.parameters.update(mean=4.88, kind="pixels")
    component.input_artifacts["data"] = TrialComponentArtifact("s3://bucket/data", "text/csv")
    component.output_artifacts["model"] = TrialComponentArtifact("s3://bucket/model", None)
    component.save()
    again = TrialComponent.load("prep")
    assert (again.display_name, again.parameters) == ("Preprocessing", {"mean": 4.88, "kind": "pixels"})
    assert again.input_artifacts == {"data": TrialComponentArtifact("s3://bucket/data", "text/csv")}
    assert again.output_artifacts == {"model": TrialComponentArtifact("s3://bucket/model", None)}
    assert again.tags == [{"Key": "a", "Value": "1"}]
    again.parameters_to_remove = ["kind", "never"]
    again.output_artifacts_to_remove = ["model"]
    again.save()
    last = TrialComponent.load("prep")
    assert (last.parameters, last.output_artifacts) == ({"mean": 4.88}, {})
    assert [*last.input_artifacts] == ["data"]


def test_a_component_belongs_to_several_trials_and_is_seen_in_them(local, trial):
    other = Experiment.load("mnist").create_trial("cnn-5")
    with Tracker.create(display_name="Preprocessing") as tracker:
        tracker.log_parameters({"mean": 4.88})
        tracker.log_metric("rows", 10.0, iteration_number=3)
    for one in (trial, other):
        one.add_trial_component(tracker.trial_component)
        one.add_trial_component(tracker.trial_component)
    tracker.log_parameter("late", True)
    tracker.log_metric("rows", 11.0, timestamp=datetime(2026, 1, 2, tzinfo=timezone.utc), iteration_number=4)
    tracker.close()
    for name in ("cnn-2", "cnn-5"):
        detail = local.find_trial(name).detail()
        assert [(part.name, part.state) for part in detail.components] == [("Preprocessing", "completed")]
        assert {(p.component, p.name): p.value for p in detail.params} == {
            ("Preprocessing", "mean"): 4.88,
            ("Preprocessing", "late"): True,
        }
        history = local.find_trial(name).history("rows", component="Preprocessing")
        assert (history.steps.tolist(), history.values.tolist()) == ([3, 4], [10.0, 11.0])
        assert history.times[1] == datetime(2026, 1, 2, tzinfo=timezone.utc).timestamp()
    assert {one.trial_name for one in tracker.trial_component.list_trials()} == {"cnn-2", "cnn-5"}
    assert [one.display_name for one in trial.list_trial_components()] == ["Preprocessing"]
    assert [one.trial_name for one in Trial.list(trial_component_name=tracker.trial_component.trial_component_name)]
    assert "Trial components" not in {one.experiment_name for one in Experiment.list()}
    assert local.find_experiment("Trial components").record().archived


def test_two_components_of_one_display_name_live_side_by_side(local, trial):
    for name in ("first", "second"):
        trial.add_trial_component(TrialComponent.create(name, display_name="Training"))
    assert [part.name for part in local.find_trial("cnn-2").detail().components] == ["Training", "second"]


def test_removing_and_deleting_refuse_to_leave_things_hanging(trial):
    component = TrialComponent.create("prep")
    trial.add_trial_component("prep")
    component = TrialComponent.load("prep")
    with pytest.raises(Conflict, match="force_disassociate"):
        component.delete()
    with pytest.raises(Conflict, match="delete_all"):
        trial.delete()
    with pytest.raises(Conflict, match="delete_all"):
        Experiment.load("mnist").delete()
    with pytest.raises(UsageError, match="--force"):
        Experiment.load("mnist").delete_all("please")
    trial.remove_trial_component(component)
    assert [*trial.list_trial_components()] == []
    trial.add_trial_component(component)
    TrialComponent.load("prep").delete(force_disassociate=True)
    assert [*Trial.load("cnn-2").list_trial_components()] == []
    Experiment.load("mnist").delete_all(action="--force")
    assert [*Experiment.list()] == []


def test_delete_all_keeps_components_of_other_trials(trial):
    other = Experiment.create("other").create_trial("t")
    shared, own = TrialComponent.create("shared"), TrialComponent.create("own")
    trial.add_trial_component(shared)
    trial.add_trial_component(own)
    other.add_trial_component(shared)
    Trial.load("cnn-2").delete_all("--force")
    assert [one.trial_component_name for one in TrialComponent.list()] == ["shared"]
    assert [one.trial_name for one in TrialComponent.load("shared").list_trials()] == ["t"]


def test_a_tracker_tells_how_its_block_ended(local, trial):
    with pytest.raises(ZeroDivisionError), Tracker.create(display_name="Training") as tracker:  # noqa: PT012
        trial.add_trial_component(tracker)
        assert TrialComponent.load(tracker.trial_component.trial_component_name).status.primary_status == "InProgress"
        assert [part.state for part in local.find_trial("cnn-2").detail().components] == ["running"]
        _ = 1 / 0
    again = TrialComponent.load(tracker.trial_component.trial_component_name)
    assert again.status.primary_status == "Failed"
    assert "ZeroDivisionError" in again.status.message
    assert again.start_time <= again.end_time
    (part,) = local.find_trial("cnn-2").detail().components
    assert part.state == "failed"
    assert "ZeroDivisionError" in part.error


def test_metrics_have_six_statistics_and_survive_nan():
    tracker = Tracker.create()
    for value in (1.0, math.nan, 4.0):
        tracker.log_metric("loss", value)
    tracker.close()
    (loss,) = TrialComponent.load(tracker.trial_component.trial_component_name).metrics
    assert (loss.min, loss.max, loss.last, loss.count, loss.avg, loss.std_dev) == (1.0, 4.0, 4.0, 3, 2.5, 1.5)


def test_files_folders_and_charts_are_kept(local, tmp_path, trial):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "weights.bin").write_bytes(b"w")
    (tmp_path / "out" / "below").mkdir()
    (tmp_path / "in.csv").write_text("a,b\n1,2\n")
    tracker = Tracker.create()
    trial.add_trial_component(tracker)
    tracker.log_input_artifact(str(tmp_path / "in.csv"))
    tracker.log_artifacts(str(tmp_path / "out"))
    tracker.log_table(title="scores", values={"x": [1, 2], "label": ["a", "b"]})
    truth, scores = [0, 0, 1, 1], np.array([0.1, 0.4, 0.35, 0.8])
    tracker.log_roc_curve(truth, scores)
    tracker.log_precision_recall(truth, scores)
    tracker.log_confusion_matrix(truth, [0, 1, 1, 1])
    tracker.close()
    again = TrialComponent.load(tracker.trial_component.trial_component_name)
    assert [*again.input_artifacts] == ["in.csv"]
    assert {*again.output_artifacts} == {"weights", "scores", "roc_curve", "precision_recall", "confusion_matrix"}
    kept = {one.name: one for one in local.find_trial("cnn-2").artifacts()}

    def document(name):
        return json.loads(local.session.artifacts.path(kept[name].sha256).read_text())

    assert document("scores")["data"] == {"x": [1, 2], "label": ["a", "b"]}
    assert document("roc_curve")["areaUnderCurve"] == 0.75
    assert document("confusion_matrix")["confusionMatrix"] == [[1, 1], [0, 2]]
    assert document("precision_recall")["averagePrecisionScore"] == pytest.approx(0.8333, abs=1e-3)
    with pytest.raises(UsageError, match="either"):
        tracker.log_table(title="nothing")
    with pytest.raises(NotFound):
        tracker.log_artifacts(str(tmp_path / "nowhere"))


def test_a_tracker_is_loaded_by_name():
    tracker = Tracker.create(base_trial_component_name="prep")
    name = tracker.trial_component.trial_component_name
    assert name.startswith("prep-")
    Tracker.load(trial_component_name=name).log_parameter("x", 1)
    assert TrialComponent.load(name).parameters == {"x": 1}
    with pytest.raises(UsageError, match="TrainingJob"):
        Tracker.load()
    with pytest.raises(NotFound):
        Tracker.load(training_job_name="none")
