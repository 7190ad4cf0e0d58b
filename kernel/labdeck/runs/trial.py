"""A trial: one attempt at an experiment's question."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from labdeck.errors import NotFound, TrialClosed
from labdeck.runs import ending
from labdeck.runs.component import Component
from labdeck.runs.lookup import find_key
from labdeck.runs.outcome import check_end, describe_error, outcome_of
from labdeck.runs.recorder import Recorder
from labdeck.runs.values import require_metrics, to_params, to_tags, to_text
from labdeck.store.names import check_name
from labdeck.store.process import this_process
from labdeck.wire.commands import (
    Annotate,
    Delete,
    LogParams,
    RenameTrial,
    Restore,
    SetTags,
    StartTrial,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike
    from types import TracebackType

    from typing_extensions import Self

    from labdeck.runs.experiment import Experiment
    from labdeck.store.contract import Series, SeriesKey
    from labdeck.wire.commands import AnyCommand
    from labdeck.wire.records import ArtifactRecord, MetricSummary, ParamValue, TrialDetail, TrialRecord, TrialState


class Trial:
    """One attempt at an experiment's question; made by `Experiment.trial`, found by `Experiment.trials`.

    As a context manager it ends as the block ends: completed, failed with the traceback, or interrupted. `start` and
    `finish` do the same by hand. Nothing recorded is lost to SIGKILL; a trial whose process died is marked crashed.
    It can be pickled once it has started, and so be handed to other processes, which log into it.

    Example:
        >>> import labdeck
        >>> with labdeck.experiment("digits").trial("cnn-32", params={"hidden": 32}) as trial:
        ...     for step in range(3):
        ...         trial.log({"train:loss": 1 / (step + 1)}, step=step)
        >>> trial.history("train:loss").values.tolist()
        [1.0, 0.5, 0.3333333333333333]
    """

    def __init__(
        self,
        experiment: Experiment,
        trial_id: str,
        name: str | None,
        *,
        recorded: bool,
        first: tuple[AnyCommand, ...] = (),
    ) -> None:
        self.experiment = experiment
        self.id = trial_id
        self._name = name
        self._recorded = recorded
        self._session = experiment.session
        self._recorder: Recorder | None = None
        self._ended = False
        self._starter = 0
        self._first = first

    # -- its life --------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Begin, and return itself; no effect while it runs.

        A trial that another process runs is joined: points of both go into it. What is started by hand and never
        finished ends with the process: failed if an uncaught exception ended it, interrupted if a person did or it
        was an interactive one, else completed. Python tells nobody what `sys.exit(1)` says: inside a block that is a
        failure, here it is not seen.

        Raises:
            TrialClosed: It has ended.
            StoreUnreachable, StoreFull: The store's folder cannot be written.
        """
        if self._recorder is not None:
            return self
        if self._ended or (self._recorded and self.record().state != "running"):
            raise TrialClosed(f"trial {self.name!r} has ended", "start a new one with experiment.trial(...)")
        joined = self._recorded
        recorder = Recorder(self._session, self.id)
        if not joined:
            self._session.post(self._start_command(), *self._first)
            self._recorded = True
            self._starter = os.getpid()
            recorder.capture_surroundings()
            ending.watch(self)
        self._recorder = recorder
        return self

    def _start_command(self) -> StartTrial:
        return StartTrial(
            id=self.id,
            experiment=self.experiment.name,
            experiment_id=self.experiment.known_id or self.experiment.proposed_id,
            new_experiment_id=self.experiment.proposed_id,
            name=self._name,
            started=time.time(),
            writer=this_process(),
        )

    def finish(self, state: TrialState = "completed", error: str = "") -> None:
        """End; a second call has no effect.

        In a forked child, and wherever a running trial was joined, it only stops this process's logging: the trial
        goes on in the process that started it.

        Args:
            state: "completed", "failed" or "interrupted".
            error: The text of the error if there was one.

        Raises:
            UsageError: There is no such state, or the error is no text; the trial goes on.
        """
        state, error = check_end(state), to_text(error, "the error")
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return
        if self._starter != os.getpid():
            recorder.leave()
            return
        self._ended = True
        ending.forget(self)
        recorder.finish(state, error)

    def __enter__(self) -> Self:
        """Begin."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End as the block ended; the exception goes on."""
        state = outcome_of(error)
        self.finish(state, describe_error(error) if state == "failed" else "")

    def component(self, name: str) -> Component:
        """Return the step of that name, to be entered as a context manager; InvalidName."""
        return Component(self, name, self._require_recorder)

    # -- recording -------------------------------------------------------------------------------------------------

    def log(self, mapping: Mapping[str, float] | None = None, /, step: int | None = None, **metrics: float) -> None:
        """Log one point per metric; safe against SIGKILL when it returns.

        Args:
            mapping: Metric names to values: anything with a float value, numpy and torch scalars included; NaN and
                infinities are kept. Names that are no Python identifiers ("train:loss") can only be given here.
            step: int64, the same for all; None counts up by one per metric.
            **metrics: More metrics.

        Raises:
            InvalidMetric: `mapping` is none, a value no real number, or the step no integer; nothing is logged.
            InvalidName: A name cannot be stored; nothing is logged.
            TrialClosed: The trial has ended.
        """
        try:
            if metrics:
                mapping = metrics if mapping is None else {**mapping, **metrics}
            recorder = self._recorder
            if recorder is None:
                recorder = self._require_recorder()
            if mapping:
                recorder.writer.log(mapping, step)
            elif mapping is not None:
                require_metrics(mapping)
        except (AttributeError, TypeError, ValueError):
            require_metrics(mapping)
            raise

    def log_params(self, mapping: Mapping[str, object] | None = None, /, **params: object) -> None:
        """Record inputs of the trial; a name recorded before gets the new value.

        Booleans, integers, floats, text and None are kept as they are, anything else as its text form.

        Raises:
            InvalidParameter: What was given is no mapping.
            InvalidName: A name cannot be stored.
        """
        self._require_recorder().log_params("", mapping, params)

    def log_artifact(
        self, path: str | PathLike[str], name: str | None = None, media_type: str | None = None
    ) -> ArtifactRecord:
        """Keep a copy of a file with the trial.

        Args:
            path: The file.
            name: What to call it; default the file's name. The newest of a name wins.
            media_type: As in HTTP; default guessed from the file's name.

        Raises:
            NotFound: There is no such file.
            UsageError: It is a folder, or no path.
            StoreFull: The disk is full.
        """
        return self._require_recorder().log_artifact("", path, name, media_type)

    def _require_recorder(self) -> Recorder:
        if self._recorder is None:
            self.start()
        if self._recorder is None:
            raise TrialClosed("the trial has ended", "start a new one with experiment.trial(...)")
        return self._recorder

    # -- reading ---------------------------------------------------------------------------------------------------

    def record(self) -> TrialRecord:
        """Return its row of the catalog; NotFound before it started or after it was purged."""
        self._require_recorded()
        record = self._session.catalog.trial(self.id)
        if self.experiment.known_id is None:
            self.experiment.known_id = record.experiment_id
        return record

    def detail(self) -> TrialDetail:
        """Return everything known of it, points aside."""
        self._require_recorded()
        if self._recorder is not None:
            self._recorder.announce()
        return self._session.catalog.detail(self.id)

    @property
    def name(self) -> str:
        """Its name; one that was taken had "-2", "-3" … appended when it started."""
        if self._recorded:
            self._name = self.record().name
        return self._name or ""

    @property
    def state(self) -> TrialState:
        """running, completed, failed, interrupted or crashed."""
        return self.record().state

    @property
    def params(self) -> dict[str, ParamValue]:
        """The trial's own parameters; those of a component are in `detail().params`."""
        return {param.name: param.value for param in self.detail().params if not param.component}

    @property
    def metrics(self) -> dict[str, MetricSummary]:
        """The summary of each metric by name.

        Of a name used by several components, the trial's own or else the latest one's.
        """
        ordered = sorted(self.detail().metrics, key=lambda summary: (not summary.component, summary.last_time))
        return {summary.name: summary for summary in ordered}

    @property
    def note(self) -> str:
        """Its note."""
        return self.record().note

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        return self.record().tags

    def artifacts(self) -> tuple[ArtifactRecord, ...]:
        """Return the files kept with it."""
        return self.detail().artifacts

    def history(self, metric: str, component: str | None = None) -> Series:
        """Return the points of a metric in the order in which they were logged, the latest one included.

        Args:
            metric: Its name.
            component: The component that logged it, "" for the trial itself; None finds it.

        Returns:
            Series: `steps` int64 (n,), `times` float64 (n,) in seconds since 1970 UTC, `values` float64 (n,).

        Raises:
            NotFound: No such metric.
            UsageError: Several components have it and none was named, or a name is no text.
        """
        metric = to_text(metric, "the metric's name")
        component = None if component is None else to_text(component, "the component's name")
        return self._session.columns.series(self.id, self._key(metric, component))

    def _key(self, metric: str, component: str | None) -> SeriesKey:
        return find_key(self._session.columns.keys(self.id), metric, component)

    # -- changing --------------------------------------------------------------------------------------------------

    def tag(self, /, **tags: str) -> None:
        """Set tags."""
        self._apply(SetTags(ids=(self.id,), set=to_tags(tags)))

    def untag(self, *keys: str) -> None:
        """Remove tags."""
        self._apply(SetTags(ids=(self.id,), remove=tuple(to_text(key, "the tag's name") for key in keys)))

    def set_note(self, text: str) -> None:
        """Replace the note; UsageError if it is no text."""
        self._apply(Annotate(id=self.id, note=to_text(text, "the note")))

    def rename(self, name: str) -> None:
        """Give it another name; Conflict if it is taken within the experiment."""
        self._apply(RenameTrial(id=self.id, name=check_name(name, "trial")))

    def delete(self) -> None:
        """Delete it; `restore` takes that back until it is purged."""
        self._apply(Delete(ids=(self.id,), time=time.time()))

    def restore(self) -> None:
        """Take back a deletion."""
        self._apply(Restore(ids=(self.id,)))

    def _apply(self, command: AnyCommand) -> None:
        self._require_recorded()
        self._session.catalog.apply([command])

    def _require_recorded(self) -> None:
        if not self._recorded:
            raise NotFound("the trial has not started", "enter it with `with`, or call start()")

    def __reduce__(self) -> tuple[Callable[..., Trial], tuple[Experiment, str]]:
        """Be handed to other processes, which find it in the catalog at once; NotFound before it has started."""
        self.record()
        return _found, (self.experiment, self.id)

    def __repr__(self) -> str:
        """Name the trial without asking the store."""
        return f"<trial {self._name or self.id!r} of {self.experiment.name!r}>"


def _found(experiment: Experiment, trial_id: str) -> Trial:
    """Return a trial that is in the store: the other half of pickling."""
    return Trial(experiment, trial_id, None, recorded=True)


def first_facts(
    trial_id: str, params: Mapping[str, object] | None, tags: Mapping[str, object] | None, note: str
) -> tuple[AnyCommand, ...]:
    """Return the commands that record what a trial is given when it is made.

    Raises:
        InvalidName: A name cannot be stored.
        InvalidParameter: `params` is no mapping.
        UsageError: `tags` is no mapping, or `note` no text.
    """
    facts: list[AnyCommand] = []
    ready = to_params(params, {}, "")
    if ready:
        facts.append(LogParams(trial_id=trial_id, params=ready))
    set_tags = to_tags({} if tags is None else tags)
    if set_tags:
        facts.append(SetTags(ids=(trial_id,), set=set_tags))
    text = to_text(note, "the note")
    if text:
        facts.append(Annotate(id=trial_id, note=text))
    return tuple(facts)
