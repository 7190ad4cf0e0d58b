"""What is in the store when a story begins."""

from __future__ import annotations

import time

from labdeck import Studio, Trial
from labdeck.store.ids import new_id
from labdeck.store.process import this_process
from labdeck.wire.commands import FinishTrial, LogParams, OpenExperiment, StartTrial
from labdeck.wire.records import Param

EPOCHS = 30


def digits(studio: Studio, *widths: int) -> list[Trial]:
    """Make the experiment "digits" with one completed trial a width, "cnn-<width>", and return the trials."""
    experiment = studio.experiment("digits", objective="test:accuracy")
    trials = []
    for width in widths:
        params = {"hidden": width, "lr": 0.01 / width, "epochs": EPOCHS}
        with experiment.trial(f"cnn-{width}", params=params) as trial, trial.component("training") as training:
            for epoch in range(1, EPOCHS + 1):
                training.log(curve(width, epoch), step=epoch)
        trials.append(trial)
    studio.session.flush()
    return trials


def curve(width: int, epoch: int) -> dict[str, float]:
    """Return what a network of that width reaches after an epoch; wider is better, and no two are equal."""
    progress = 1 - 1 / (1 + epoch * (1 + width / 8))
    wobble = ((epoch * 7919 + width * 104729) % 97 - 48) / 97
    return {
        "train:loss": 2.3 * (1 - progress) + 0.02 + 0.01 * wobble,
        "test:accuracy": 0.1 + 0.88 * progress + 0.01 * wobble,
    }


def many(studio: Studio, count: int) -> None:
    """Make the experiment "many" with trials "trial-00000" and on, written straight into the catalog."""
    catalog = studio.session.catalog
    experiment = new_id()
    started = time.time() - count
    catalog.apply([OpenExperiment(id=experiment, name="many", created=started)])
    commands: list[StartTrial | LogParams | FinishTrial] = []
    for number in range(count):
        trial = new_id()
        start = StartTrial(
            id=trial,
            experiment="many",
            experiment_id=experiment,
            new_experiment_id=experiment,
            name=f"trial-{number:05}",
            started=started + number,
            writer=this_process(),
        )
        params = LogParams(trial_id=trial, params=(Param(component="", name="number", value=number),))
        commands += [start, params, FinishTrial(id=trial, state="completed", ended=started + number + 1)]
    for first in range(0, len(commands), 3000):
        catalog.apply(commands[first : first + 3000])
