"""The cards of what was imported and exported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from labdeck_ui import words
from labdeck_ui.card import Card, Cell, Grid, Link

if TYPE_CHECKING:
    from labdeck.wire.transfers import Exported, Imported

ROWS = 20
_TITLES = {"labdeck": "an archive", "mlflow": "MLflow", "tensorboard": "TensorBoard", "wandb": "W&B"}


def imported_card(imported: Imported) -> Card:
    """Return the card that says what came in, and what did not."""
    facts = [("new trials", Cell(f"{imported.trials:,}"))]
    if imported.completed:
        facts.append(("completed", Cell(f"{imported.completed:,}", hover="trials that got what came since")))
    if imported.unchanged:
        facts.append(("here already", Cell(f"{imported.unchanged:,}")))
    if imported.points:
        facts.append(("points", Cell(f"{imported.points:,}")))
    if imported.artifacts:
        facts.append(("files", Cell(f"{imported.artifacts:,}")))
    link = None
    if imported.trial_ids and imported.experiments:
        target = {"trials": list(imported.trial_ids), "experiment": imported.experiments[0]}
        link = Link("labdeck:compare", json.dumps(target))
    left_out = f"{words.count(len(imported.skipped), 'thing')} left out" if imported.skipped else ""
    return Card(
        kind="imported from",
        title=_TITLES.get(imported.kind, imported.kind),
        facts=tuple(facts),
        grids=tuple(
            grid
            for grid in (_listed("experiment", imported.experiments), _listed("left out", imported.skipped))
            if grid.rows
        ),
        link=link,
        warning=left_out,
    )


def exported_card(exported: Exported) -> Card:
    """Return the card that says what was written."""
    facts = (
        ("experiments", Cell(f"{len(exported.experiments):,}")),
        ("trials", Cell(f"{exported.trials:,}")),
        ("size", Cell(words.size(exported.size))),
    )
    grids = (_listed("left out", exported.skipped),) if exported.skipped else ()
    return Card(kind="exported to", title=words.name(exported.path, 200), facts=facts, grids=grids)


def _listed(heading: str, lines: tuple[str, ...]) -> Grid:
    rows = tuple((Cell(words.name(line, 160), hover=words.name(line, 300)),) for line in lines[:ROWS])
    return Grid("", (heading,), rows, len(lines))
