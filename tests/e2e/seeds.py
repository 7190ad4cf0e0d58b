"""What is in the store when a story begins."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from labdeck import Studio, Trial
from labdeck.store.ids import new_id

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


def many(studio: Studio, folder: Path, count: int) -> None:
    """Make the experiment "many" with completed trials "trial-00000" and on: one is logged, the catalog copies it."""
    with studio.experiment("many", objective="loss", goal="min").trial("trial-00000") as trial:
        trial.log({"loss": 0.5}, step=1)
    studio.session.flush()
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as catalog, catalog:
        catalog.row_factory = sqlite3.Row
        first = dict(catalog.execute("SELECT * FROM trial").fetchone())
        names = ", ".join(first)
        values = ", ".join(f":{name}" for name in first)
        copies = (
            {
                **first,
                "id": new_id(),
                "serial": first["serial"] + number,
                "number": first["number"] + number,
                "name": f"trial-{number:05}",
                "name_key": f"trial-{number:05}",
            }
            for number in range(1, count)
        )
        catalog.executemany(f"INSERT INTO trial ({names}) VALUES ({values})", copies)
