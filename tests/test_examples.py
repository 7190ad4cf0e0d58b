"""Executes every notebook in examples/ in a kernel and a store of its own, and looks at what the store holds then."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from labdeck import open as open_store

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.ipynb"))
CHANNELS = [2, 5, 10, 20, 32]
EPOCHS = 30


def run(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> nbformat.NotebookNode:
    """Execute a notebook in a folder, with its store in the folder "store" there."""
    monkeypatch.setenv("LABDECK_STORE", str(folder / "store"))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    return notebook


def example(name: str) -> Path:
    return Path(__file__).parents[1] / "examples" / f"{name}.ipynb"


def texts(notebook: nbformat.NotebookNode, cell_id: str) -> str:
    """Give what a cell printed and showed, as text."""
    (cell,) = (cell for cell in notebook.cells if cell.get("id") == cell_id)
    return "".join(out.get("text", "") or out.get("data", {}).get("text/plain", "") for out in cell.outputs)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_is_kept_without_outputs(path):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert cells
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)


def test_every_example_is_executed_here():
    assert [path.stem for path in EXAMPLES] == ["debugger", "experiments", "quickstart", "sagemaker_mnist"]


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory):
    """The store and the executed notebook."""
    folder = tmp_path_factory.mktemp("quickstart")
    with pytest.MonkeyPatch.context() as patch:
        notebook = run(example("quickstart"), folder, patch)
    studio = open_store(folder / "store")
    yield studio, notebook
    studio.close()


@pytest.mark.slow
def test_quickstart_leaves_five_completed_trials(quickstart):
    studio, _ = quickstart
    trials = studio.find_experiment("digits").trials()
    assert [trial.name for trial in trials] == [f"cnn-{channels}" for channels in CHANNELS]
    assert [trial.state for trial in trials] == ["completed"] * 5
    assert [trial.params["hidden_channels"] for trial in trials] == CHANNELS


@pytest.mark.slow
def test_quickstart_logs_every_epoch_of_every_metric(quickstart):
    studio, _ = quickstart
    for trial in studio.find_experiment("digits").trials():
        for metric in ("train:loss", "test:loss", "test:accuracy"):
            history = trial.history(metric, component="training")
            assert history.steps.tolist() == list(range(1, EPOCHS + 1))
            assert trial.metrics[metric].count == EPOCHS
        losses = trial.history("train:loss").values
        assert losses[-1] < losses[0]


@pytest.mark.slow
def test_quickstart_records_the_normalisation_as_a_component(quickstart):
    studio, _ = quickstart
    for trial in studio.find_experiment("digits").trials():
        detail = trial.detail()
        assert [(part.name, part.state) for part in detail.components] == [
            ("preprocessing", "completed"),
            ("training", "completed"),
        ]
        params = {param.name: param.value for param in detail.params if param.component == "preprocessing"}
        assert params == {"mean": pytest.approx(4.88, abs=0.1), "std": pytest.approx(6.01, abs=0.1)}


@pytest.mark.slow
def test_quickstart_finds_a_good_best_trial_and_shows_it(quickstart):
    studio, notebook = quickstart
    best = studio.find_experiment("digits").best()
    assert best.metrics["test:accuracy"].max > 0.9
    assert best.tags == {"choice": "best"}
    shown = {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}
    assert best.name in shown["best"][0].data["text/plain"]
    assert "text/html" in shown["compare"][0].data


@pytest.mark.slow
def test_sagemakers_example_trains_compares_and_finds_where_the_best_came_from(tmp_path, monkeypatch):
    notebook = run(example("sagemaker_mnist"), tmp_path, monkeypatch)
    with open_store(tmp_path / "store") as studio:
        (home,) = [one for one in studio.experiments() if one.name.startswith("digits-classification-")]
        trials = home.trials()
        assert [trial.state for trial in trials] == ["completed"] * 5
        for trial, channels in zip(trials, CHANNELS, strict=True):
            assert [part.name for part in trial.detail().components] == ["Preprocessing", "Training"]
            assert trial.metrics["test:accuracy"].count == 15
            found = {(one.component, one.name): one.value for one in trial.detail().params}
            assert found["Training", "hidden_channels"] == channels
        best = home.best("test:accuracy")
        assert best.metrics["test:accuracy"].max > 0.9
        assert f"{best.metrics['test:accuracy'].max:.6f}" in texts(notebook, "compare")
    assert "sklearn://datasets/digits.csv" in texts(notebook, "lineage")


@pytest.mark.slow
def test_the_tour_of_experiments_finds_compares_and_traces(tmp_path, monkeypatch):
    notebook = run(example("experiments"), tmp_path, monkeypatch)
    with open_store(tmp_path / "store") as studio:
        home = studio.find_experiment("tumours")
        found = home.search('tags.team = "vision"', sort="-metrics.test:accuracy.best", limit=1)
        assert found.total == 36
        assert found[0].metrics["test:accuracy"].max == home.best().metrics["test:accuracy"].max
        assert home.find("bumpy").history("train:loss").steps.tolist() == [0, 1, 2, 3]
        assert home.find("printed").history("train:loss").values.tolist() == [1.0, 0.5, 0.25]
        assert [part.name for part in home.find("folds").children()] == ["fold-0", "fold-1", "fold-2"]
        assert [one.step for one in home.find("folds").artifacts() if one.name == "confusion"] == [0, 1, 2]
        readers = studio.lineage.downstream(tmp_path / "tumours" / "tumours.csv").trials()
        assert {trial.name for trial in home.search('tags.team = "vision"')} <= {trial.name for trial in readers}
        assert "weights.npz" in {node.name for node in studio.lineage.downstream(home.best())}
    assert "trials found" in texts(notebook, "search")
    assert "importance of metrics.test:accuracy.best" in texts(notebook, "importance")
    assert "tumours.csv" in texts(notebook, "lineage")
    assert texts(notebook, "autolog") == "3"
    assert "exported" in texts(notebook, "export")


@pytest.fixture(scope="module")
def debugger(tmp_path_factory):
    """The store and the executed notebook."""
    folder = tmp_path_factory.mktemp("debugger")
    with pytest.MonkeyPatch.context() as patch:
        notebook = run(example("debugger"), folder, patch)
    studio = open_store(folder / "store")
    yield studio, notebook
    studio.close()


def found_in(studio, name):
    trial = studio.find_experiment("debugging").find(name)
    return studio.debugger.findings(trial_id=trial.id).findings


@pytest.mark.slow
def test_debugger_finds_the_gradients_that_vanish_and_not_in_the_cured_network(debugger):
    studio, notebook = debugger
    assert {found.rule for found in found_in(studio, "too-deep")} == {"VanishingGradient"}
    assert found_in(studio, "cured") == ()
    grid = studio.tensors.grid(studio.find_experiment("debugging").find("too-deep").id, "abs_mean")
    assert "VanishingGradient" in texts(notebook, "vanishing")
    first, last = (grid.values[grid.names.index(f"gradient/{layer}.weight"), 0] for layer in (0, 22))
    assert first < last / 10_000


@pytest.mark.slow
def test_debugger_names_the_line_that_made_the_nan_and_stops_there(debugger):
    studio, notebook = debugger
    trial = studio.find_experiment("debugging").find("nan")
    (origin,) = (found for found in found_in(studio, "nan") if found.rule == "NaNOrigin")
    assert "torch.log(shares)" in origin.origin
    assert origin.actions[0].name == "StopTraining"
    assert studio.session.catalog.debugger(trial.id).watches[0].steps == origin.step + 1
    assert "in forward" in texts(notebook, "origin")
    assert f"TRAIN {origin.step} not finite: " in texts(notebook, "flight")


@pytest.mark.slow
def test_debugger_judges_again_watches_trees_and_reports(debugger):
    studio, notebook = debugger
    assert "VanishingGradient gradient/0.weight" in texts(notebook, "replay")
    assert "TreeDepth" in {found.rule for found in found_in(studio, "trees")}
    kept = {artifact.name for artifact in studio.find_experiment("debugging").find("cured").artifacts()}
    assert {"training-report.html", "training-report.ipynb"} <= kept
