"""Writes the facts of a trial component to where it is kept, and to every trial it belongs to."""

from __future__ import annotations

import atexit
import hashlib
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from labdeck.compat.smexperiments import place
from labdeck.runs.recorder import Recorder
from labdeck.runs.values import to_params
from labdeck.store.contract import Series, SeriesKey
from labdeck.wire.commands import (
    Associate,
    Dissociate,
    FinishComponent,
    LogParams,
    PutNode,
    RemoveParams,
    StartComponent,
)
from labdeck.wire.records import LineageEdge, LineageNode

if TYPE_CHECKING:
    from labdeck.compat.smexperiments.api_types import TrialComponentArtifact
    from labdeck.runs.trial import Trial as LocalTrial
    from labdeck.wire.records import Association, TrialState


class Mirror:
    """One component, written in several places.

    Args:
        local: The trial that keeps the component.
        trials: Ids of the trials it belongs to, and what it is called there.
    """

    def __init__(self, local: LocalTrial, trials: dict[str, str]) -> None:
        self.trials = trials
        self._local = local
        self._recorders: dict[str, Recorder] = {}

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record parameters."""
        for trial_id, component in self._places():
            _put_params(trial_id, component, params)

    def remove_params(self, names: tuple[str, ...]) -> None:
        """Take parameters back."""
        for trial_id, component in self._places():
            place.session().post(RemoveParams(trial_id=trial_id, names=names, component=component))

    def log_metric(self, name: str, value: float, step: int | None, when: float | None) -> None:
        """Record a point; the time is now unless one is given, in seconds since 1970-01-01 UTC."""
        for trial_id, component in self._places():
            recorder = self._recorder(trial_id)
            if when is None:
                recorder.log(component, {name: value}, step)
            else:
                point = Series(np.array([step or 0]), np.array([when]), np.array([float(value)]))
                recorder.writer.extend(SeriesKey(component, name), point)

    def keep_file(self, path: str, name: str | None, media_type: str | None) -> str:
        """Keep a file; return what addresses it."""
        address = ""
        for trial_id, component in self._places():
            record = self._recorder(trial_id).log_artifact(component, path, name, media_type)
            address = f"labdeck://artifacts/{record.sha256}"
        return address

    def set_state(self, state: TrialState, started: float | None, ended: float | None, error: str) -> None:
        """Show how it stands as a component of the trials it belongs to."""
        for trial_id, component in self.trials.items():
            _put_state(trial_id, component, state, started, ended, error)

    def relate(self, name: str, artifact: TrialComponentArtifact, association: Association) -> None:
        """Record an input (ContributedTo) or output (Produced) in the lineage."""
        node = LineageNode(
            id=_node_id(artifact.value),
            kind="artifact",
            type="Model" if association == "Produced" else "DataSet",
            name=name,
            uri=artifact.value,
            properties={"media_type": artifact.media_type} if artifact.media_type else {},
            created=time.time(),
        )
        source, destination = self._ends(artifact, association)
        edge = LineageEdge(source=source, destination=destination, association=association, created=time.time())
        place.session().post(PutNode(node=node), Associate(edge=edge))

    def unrelate(self, artifact: TrialComponentArtifact, association: Association) -> None:
        """Take that back."""
        source, destination = self._ends(artifact, association)
        gone = Dissociate(source=source, destination=destination, association=association)
        place.session().catalog.apply([gone])

    def _ends(self, artifact: TrialComponentArtifact, association: Association) -> tuple[str, str]:
        ends = (_node_id(artifact.value), self._local.id)
        return ends if association == "ContributedTo" else (ends[1], ends[0])

    def join(self, trial_id: str, name: str) -> None:
        """Become a component of a trial, with the points and parameters there are so far."""
        self.close()
        params = {one.name: one.value for one in self._local.detail().params if not one.component}
        _put_params(trial_id, name, params)
        recorder = Recorder(place.session(), trial_id)
        for key, series in place.session().columns.all_series(self._local.id).items():
            if not key.component:
                recorder.writer.extend(SeriesKey(name, key.name), series)
        recorder.leave()
        self.trials[trial_id] = name
        edge = LineageEdge(
            source=self._local.id, destination=trial_id, association="AssociatedWith", created=time.time()
        )
        place.session().post(Associate(edge=edge))

    def part(self, trial_id: str) -> None:
        """Belong to a trial no more; what was repeated there stays."""
        del self.trials[trial_id]
        gone = Dissociate(source=self._local.id, destination=trial_id, association="AssociatedWith")
        place.session().catalog.apply([gone])

    def close(self) -> None:
        """Finish writing; the summaries of what was logged are in the catalog then."""
        atexit.unregister(self.close)
        for recorder in self._recorders.values():
            recorder.leave()
        self._recorders.clear()

    def _places(self) -> list[tuple[str, str]]:
        return [(self._local.id, ""), *self.trials.items()]

    def _recorder(self, trial_id: str) -> Recorder:
        if not self._recorders:
            atexit.register(self.close)
        if trial_id not in self._recorders:
            self._recorders[trial_id] = Recorder(place.session(), trial_id)
        return self._recorders[trial_id]


def _put_params(trial_id: str, component: str, params: Mapping[str, Any]) -> None:
    ready = to_params(params, {}, component)
    if ready:
        place.session().post(LogParams(trial_id=trial_id, params=ready))


def _put_state(
    trial_id: str, component: str, state: TrialState, started: float | None, ended: float | None, error: str
) -> None:
    begin = StartComponent(trial_id=trial_id, name=component, started=started or time.time())
    place.session().post(begin)
    if state != "running":
        end = FinishComponent(trial_id=trial_id, name=component, state=state, ended=ended or time.time(), error=error)
        place.session().post(end)


def _node_id(uri: str) -> str:
    """Return the identity of what lies at an address: the same for everybody who names it."""
    return hashlib.sha256(uri.encode("utf-8", "replace")).hexdigest()[:32]
