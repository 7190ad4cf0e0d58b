"""Short ways to make commands and records in tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdeck.store.ids import new_id
from labdeck.wire.commands import AdvanceMetrics, OpenExperiment, StartTrial
from labdeck.wire.numbers import to_number
from labdeck.wire.records import ArtifactRecord, MetricSummary, WriterIdentity

if TYPE_CHECKING:
    from labdeck.store.contract import Catalog

WRITER = WriterIdentity(host="box", boot="b1", pid=4242, born=12.5)


def open_experiment(catalog: Catalog, name: str = "exp") -> str:
    """Create an experiment; return its id."""
    command = OpenExperiment(id=new_id(), name=name, created=1.0)
    catalog.apply([command])
    return catalog.experiment(name).id


def start(experiment: str = "exp", name: str | None = None, started: float = 2.0) -> StartTrial:
    """Return a command that begins a new trial."""
    return StartTrial(
        id=new_id(),
        experiment=experiment,
        new_experiment_id=new_id(),
        name=name,
        started=started,
        writer=WRITER,
    )


def start_trial(catalog: Catalog, experiment: str = "exp", name: str | None = None, started: float = 2.0) -> str:
    """Begin a trial; return its id."""
    command = start(experiment, name, started)
    catalog.apply([command])
    return command.id


def summary(name: str, value: float = 0.5, *, component: str = "", count: int = 1) -> MetricSummary:
    """Return the summary of a series in which every value is the same."""
    number = to_number(value)
    return MetricSummary(
        name=name,
        component=component,
        count=count,
        first=number,
        last=number,
        min=number,
        max=number,
        mean=number,
        std=0.0,
        min_step=0,
        max_step=0,
        last_step=count - 1,
        last_time=3.0,
        spark=(number,),
    )


def advance(trial_id: str, *metrics: MetricSummary) -> AdvanceMetrics:
    """Return a command that announces these summaries."""
    return AdvanceMetrics(trial_id=trial_id, points=sum(item.count for item in metrics), metrics=metrics)


def artifact(name: str, sha256: str = "ab" * 32, *, component: str = "") -> ArtifactRecord:
    """Return the record of a small text file."""
    return ArtifactRecord(
        id=new_id(),
        name=name,
        component=component,
        sha256=sha256,
        size=5,
        media_type="text/plain",
        created=4.0,
    )
