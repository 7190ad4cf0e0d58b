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


def run(path: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> nbformat.NotebookNode:
    monkeypatch.setenv("LABDECK_STORE", str(store))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(store)}}).execute()
    return notebook


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_is_kept_without_outputs(path):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert cells
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)


def test_every_example_is_executed_here():
    assert [path.stem for path in EXAMPLES] == ["quickstart"]


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory):
    """The store and the executed notebook."""
    store = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        notebook = run(EXAMPLES[0], store, patch)
    studio = open_store(store)
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
