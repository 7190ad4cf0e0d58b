"""Trainings of Lightning, beside what its own logger writes."""

import csv

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.loggers import CSVLogger
from safetensors.torch import load_file

import labdeck

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"),
]
X = torch.linspace(-1, 1, 80).reshape(40, 2)
Y = X.sum(1, keepdim=True)


class Line(pl.LightningModule):
    def __init__(self, lr=0.1, fails=False):  # noqa: ARG002 - save_hyperparameters reads them
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(2, 1)

    def _loss(self, batch):
        return torch.nn.functional.mse_loss(self.layer(batch[0]), batch[1])

    def training_step(self, batch, number):
        if self.hparams.fails and number == 3:
            raise RuntimeError("of the user")
        loss = self._loss(batch)
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        self.log("seen", float(number))
        return loss

    def validation_step(self, batch, _):
        self.log("val_loss", self._loss(batch))

    def test_step(self, batch, number):  # noqa: ARG002 - Lightning passes both
        self.log("test_loss", self._loss(batch))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


def loader():
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, Y), batch_size=8)


def trainer(folder, **how):
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False}
    return pl.Trainer(accelerator="cpu", max_epochs=3, log_every_n_steps=2, logger=CSVLogger(folder), **quiet, **how)


def written(folder):
    (path,) = folder.rglob("metrics.csv")
    found = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            for name, value in row.items():
                if value and name not in ("step", "epoch"):
                    found.setdefault(name, []).append((int(row["step"]), pytest.approx(float(value), rel=1e-5)))
    return found


def test_metrics_at_their_steps(autolog, experiment, tmp_path, studio):
    autolog("lightning", "torch", log_models=True)
    torch.manual_seed(0)
    model, fitter = Line(lr=0.2), trainer(tmp_path)
    fitter.fit(model, loader(), loader())
    (trial,) = experiment.trials()
    assert (trial.name, trial.state) == ("Line", "completed")
    expected = {"model": "Line", "lr": 0.2, "max_epochs": 3, "model_parameters": 3, "optimizer": "SGD", "steps_run": 15}
    assert expected.items() <= trial.params.items()
    names = {summary.name for summary in trial.detail().metrics if not summary.component}
    recorded = {name: trial.history(name, component="") for name in names - {"lr"}}
    assert {
        name: list(zip(series.steps.tolist(), series.values.tolist(), strict=True)) for name, series in recorded.items()
    } == written(tmp_path)
    assert fitter.callbacks == trainer(tmp_path / "other").callbacks == []
    (kept,) = trial.artifacts()
    weights = load_file(studio.artifact(trial.id, kept.id)[1])
    assert torch.equal(weights["layer.weight"], model.layer.weight)
    (tested,) = fitter.test(model, loader(), verbose=False)
    assert trial.metrics["test_loss"].last == tested["test_loss"]
    assert len(experiment.trials()) == 1


def test_a_fit_that_fails_and_one_within_a_trial(autolog, experiment, tmp_path):
    autolog("lightning")
    fitter = trainer(tmp_path)
    with pytest.raises(RuntimeError, match="of the user"):
        fitter.fit(Line(fails=True), loader())
    assert [trial.state for trial in experiment.trials()] == ["failed"]
    assert fitter.callbacks == []
    with experiment.trial("mine") as trial:
        trainer(tmp_path / "again").fit(Line(), loader())
    assert trial.metrics["train_loss_step"].count == 7
    assert len(experiment.trials()) == 2
    labdeck.autolog(disable=True)
    trainer(tmp_path / "off").fit(Line(), loader())
    assert len(experiment.trials()) == 2
