"""Training jobs, runs, and scripts that know nothing of Labdeck."""

import subprocess
import sys

import numpy as np
import pytest

from labdeck.compat.smexperiments import Experiment, Run, Tracker, TrainingJob, TrialComponent, list_runs, load_run
from labdeck.errors import NotFound, UsageError

LOSS = [{"Name": "train:loss", "Regex": "Train Loss: (.*?);"}]


def train(epochs, job):
    for epoch in range(epochs):
        sys.stdout.write(f"epoch {epoch}\nTrain Loss: {1 / (epoch + 1)};\n")
    Tracker.load().log_output("model", "s3://bucket/model.tar.gz")
    assert Tracker.load() is job.tracker


def test_a_job_is_a_component_whose_prints_are_metrics(local, capsys):
    trial = Experiment.create("mnist").create_trial("cnn-2")
    config = {"TrialName": "cnn-2", "TrialComponentDisplayName": "Training"}
    with TrainingJob(
        "job-1",
        hyperparameters={"hidden": 2},
        metric_definitions=LOSS,
        inputs={"train": "s3://bucket/mnist"},
        experiment_config=config,
    ) as job:
        assert local.find_trial("cnn-2").state == "running"
        train(3, job)
    assert "Train Loss: 0.5;" in capsys.readouterr().out, "people see it as before"
    (component,) = trial.list_trial_components()
    assert (component.display_name, component.status.primary_status) == ("Training", "Completed")
    assert component.source["SourceArn"].endswith(":training-job/job-1")
    assert (component.parameters, component.metrics[0].min) == ({"hidden": 2}, pytest.approx(1 / 3))
    assert (set(component.input_artifacts), set(component.output_artifacts)) == ({"train"}, {"model"})
    shown = local.find_trial("cnn-2")
    assert shown.state == "completed"
    assert shown.history("train:loss", component="Training").values.tolist() == [1.0, 0.5, 1 / 3]
    assert Tracker.load(training_job_name="job-1").trial_component.id == component.id
    sources = local.session.catalog.lineage([shown.id], direction="up").nodes
    assert {"s3://bucket/mnist"} <= {node.uri for node in sources}


def test_a_job_that_fails_says_so(local):
    Experiment.create("mnist")
    with pytest.raises(RuntimeError), TrainingJob("job-1", experiment_config={"ExperimentName": "mnist"}) as job:
        raise RuntimeError("no data")
    assert job.tracker.trial_component.status.primary_status == "Failed"
    (trial,) = local.find_experiment("mnist").trials()
    assert trial.state == "failed"


def test_a_job_may_stand_alone_and_is_checked_before_it_runs():
    with TrainingJob(metric_definitions=LOSS) as job:
        sys.stdout.write("Train Loss: 0.25;\n")
    component = TrialComponent.load(job.tracker.trial_component.trial_component_name)
    assert component.metrics[0].last == 0.25
    with pytest.raises(UsageError):
        TrainingJob(metric_definitions=[{"Name": "x", "Regex": "("}])
    with pytest.raises(UsageError, match="Colour"):
        TrainingJob(experiment_config={"Colour": "red"})
    with pytest.raises(NotFound):
        TrainingJob(experiment_config={"TrialName": "nothing"})


def test_a_run_logs_and_is_gone_on_with(local, tmp_path):
    (tmp_path / "in.csv").write_text("a\n1\n")
    with Run("digits", run_name="cnn", run_display_name="CNN", tags=[{"Key": "a", "Value": "b"}]) as run:
        assert load_run() is run
        run.log_parameters({"lr": 0.1, "net": "cnn"})
        run.log_metric("loss", 0.5, step=4)
        run.log_metric("loss", 0.25, timestamp=5.0, step=5)
        run.log_artifact("data", "s3://bucket/data", is_output=False)
        run.log_file(str(tmp_path / "in.csv"), is_output=False)
        run.log_confusion_matrix([0, 1], np.array([0, 1]))
        with pytest.raises(RuntimeError, match="active already"), Run("digits", run_name="second"):
            pytest.fail("a run within a run")
    trial = local.find_trial("cnn")
    assert (trial.state, trial.params, trial.tags) == (
        "completed",
        {"lr": 0.1, "net": "cnn"},
        {"a": "b", "display_name": "CNN"},
    )
    assert [one.name for one in trial.artifacts()] == ["in.csv", "confusion_matrix"]
    with load_run("cnn", "digits") as again:
        again.log_metric("loss", 0.1, step=6)
    assert sorted(trial.history("loss").steps.tolist()) == [4, 5, 6]
    assert [one.run_name for one in list_runs("digits")] == ["cnn"]
    assert run.experiment_config == {"ExperimentName": "digits", "RunName": "cnn"}


def test_a_run_logs_only_inside_its_block():
    run = Run("digits")
    with pytest.raises(RuntimeError, match="not active"):
        run.log_parameter("a", 1)
    with pytest.raises(RuntimeError, match="no run is active"):
        load_run()
    with pytest.raises(UsageError):
        load_run("cnn")
    with pytest.raises(NotFound):
        load_run("cnn", "digits")


SCRIPT = """
import labdeck.compat.smexperiments
labdeck.compat.smexperiments.install()
import smexperiments
from smexperiments.experiment import Experiment
from smexperiments.search_expression import Filter, Operator, SearchExpression
from smexperiments.tracker import Tracker
from smexperiments.trial import Trial
from smexperiments.trial_component import TrialComponent

experiment = Experiment.create(experiment_name="mnist", description="d", sagemaker_boto_client=None)
with Tracker.create(display_name="Preprocessing", sagemaker_boto_client=None) as tracker:
    tracker.log_parameters({"normalization_mean": 0.1307, "normalization_std": 0.3081})
    tracker.log_input(name="mnist-dataset", media_type="s3/uri", value="s3://bucket/mnist")
for hidden in (2, 5):
    trial = Trial.create(trial_name=f"cnn-{hidden}", experiment_name=experiment.experiment_name)
    trial.add_trial_component(tracker.trial_component)
found = TrialComponent.search(SearchExpression(filters=[Filter("DisplayName", Operator.EQUALS, "Preprocessing")]))
print(len(list(found)), sorted(t.trial_name for t in tracker.trial_component.list_trials()), smexperiments.__name__)
"""


@pytest.mark.slow
def test_a_script_for_the_original_runs_unchanged():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[0] == "1 ['cnn-2', 'cnn-5'] labdeck.compat.smexperiments"
    assert done.stderr == ""
