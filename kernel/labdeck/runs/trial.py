"""A trial: one attempt at an experiment's question."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from labdeck.errors import Conflict, TrialClosed
from labdeck.runs import active, ending, resuming
from labdeck.runs.component import Component
from labdeck.runs.definitions import to_definitions
from labdeck.runs.first_facts import first_facts
from labdeck.runs.media.logging import LogsMedia
from labdeck.runs.outcome import check_end, describe_error, outcome_of
from labdeck.runs.recorder import Recorder
from labdeck.runs.stored_trial import StoredTrial
from labdeck.runs.values import require_metrics, to_text
from labdeck.store.ids import new_id
from labdeck.store.names import check_name
from labdeck.store.process import this_process
from labdeck.wire.commands import StartTrial

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike
    from types import TracebackType

    from typing_extensions import Self

    from labdeck.runs.definitions import Definition, MetricDefinitions
    from labdeck.runs.experiment import Experiment
    from labdeck.runs.media.content import Content
    from labdeck.wire.commands import AnyCommand
    from labdeck.wire.records import ArtifactRecord, LineageNode, TrialState


class Trial(LogsMedia, StoredTrial):
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
        parent_id: str | None = None,
        definitions: tuple[Definition, ...] = (),
    ) -> None:
        super().__init__(experiment, trial_id, name, recorded=recorded)
        self._parent_id = parent_id
        self._definitions = definitions
        self._ended = False
        self._starter = 0
        self._first = first
        self.was_interrupted = False
        """What it recorded was ended on purpose: "completed" becomes "interrupted" when it ends."""

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
            raise TrialClosed(f"trial {self.name!r} has ended", "go on with it by resume(), or start a new one")
        joined = self._recorded
        recorder = Recorder(self._session, self.id)
        if not joined:
            self._session.post(self._start_command(), *self._first)
            self._recorded = True
        self._begin(recorder, owned=not joined)
        return self

    def resume(self) -> Self:
        """Go on with a trial that crashed, failed, was interrupted or completed, and return itself.

        Steps that count up by themselves continue after the last, summaries count all points, and what is recorded of
        the surroundings is that of the new run: what was known of an earlier one is kept beside it as "code:1",
        "packages:1" … It ends as any trial does. No effect while this object runs it.

        Raises:
            NotFound: It has not started, or was deleted.
            Conflict: It runs: of two processes that resume it at once, one wins.
            StoreError: The catalog cannot be written.
        """
        self._require_recorded()
        if self._recorder is not None:
            if self._starter == os.getpid():
                return self
            self.finish()
        with resuming.TURN:
            if ending.is_watched(self.id):
                raise Conflict(f"trial {self.name!r} runs in this process", "go on with the object that runs it")
            resuming.take_over(self._session, self.id)
            self._ended = self.was_interrupted = False
            self._begin(Recorder(self._session, self.id, resumed=True), owned=True)
        return self

    def _begin(self, recorder: Recorder, *, owned: bool) -> None:
        """Be written from here on; by the process that ends it, if it is ours."""
        if owned:
            self._starter = os.getpid()
            recorder.capture_surroundings()
            ending.watch(self)
        self._recorder = recorder
        active.enter(self)
        recorder.output.definitions.add(self._definitions)
        recorder.output.open()

    def _start_command(self) -> StartTrial:
        return StartTrial(
            id=self.id,
            experiment=self.experiment.name,
            experiment_id=self.experiment.known_id or self.experiment.proposed_id,
            new_experiment_id=self.experiment.proposed_id,
            name=self._name,
            parent_id=self._parent_id,
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
        if self.was_interrupted and state == "completed":
            state = "interrupted"
        active.leave(self)
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

    def trial(
        self,
        name: str | None = None,
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, str] | None = None,
        note: str = "",
        metric_definitions: MetricDefinitions = None,
    ) -> Trial:
        """Return a new trial that is part of this one: a fold, a restart, a candidate of a search.

        It is a trial of the same experiment, with a life of its own: it may start before this one and end after it.
        Arguments and errors are those of `Experiment.trial`.

        Example:
            >>> import labdeck
            >>> with labdeck.experiment("digits").trial("search") as search:
            ...     for lr in (0.1, 0.01):
            ...         with search.trial(params={"lr": lr}) as candidate:
            ...             candidate.log(accuracy=1 - lr)
            >>> [child.params["lr"] for child in search.children()]
            [0.1, 0.01]
        """
        return new_trial(self.experiment, name, params, tags, note, metric_definitions, self.id)

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

    def define_metrics(self, metric_definitions: MetricDefinitions) -> None:
        """Log metrics that are printed: the first group of a regular expression is the value.

        Every line that this process prints while the trial runs is read, and each value is logged with the next step.
        A line counts with its first 1,024 characters. An expression that takes too long, or finds what is no number,
        is told once and does no harm.

        Args:
            metric_definitions: Names to expressions, or a list of {"Name": …, "Regex": …} as SageMaker's estimators
                have it. A name given before gets the new expression.

        Raises:
            UsageError: They are neither, or an expression is none or has no group.

        Example:
            >>> import labdeck
            >>> with labdeck.experiment("digits").trial("printing") as trial:
            ...     trial.define_metrics({"train:loss": "Train Loss: (.*?);"})
            ...     print("Train Loss: 0.25;")
            Train Loss: 0.25;
            >>> trial.metrics["train:loss"].last
            0.25
        """
        self._definitions += to_definitions(metric_definitions)
        if self._recorder is not None:
            self._recorder.output.definitions.add(self._definitions)

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

    def log_input(
        self,
        value: Any,
        name: str | None = None,
        type: str = "DataSet",  # noqa: A002 - the word for it everywhere
        properties: Mapping[str, object] | None = None,
    ) -> LineageNode:
        """Record in the lineage what the trial used, and return its node.

        Args:
            value: A path, a URL, an array, table or tensor, any object that gets a name, a node, or a trial.
            name: What to call it; default its own name.
            type: "DataSet", "Model", or any other word.
            properties: Free keys and values, kept as text.

        Raises:
            NotFound: It is a text that is neither a URL nor a path that exists.
            UsageError: Nothing tells the object from others, and it has no name.
        """
        from labdeck.runs.lineage import by_hand

        return by_hand.log(self._require_recorder().lineage, value, name, type, properties, made=False)

    def log_output(
        self,
        value: Any,
        name: str | None = None,
        type: str = "Model",  # noqa: A002
        properties: Mapping[str, object] | None = None,
    ) -> LineageNode:
        """Record in the lineage what the trial made, as `log_input` does for what it used."""
        from labdeck.runs.lineage import by_hand

        return by_hand.log(self._require_recorder().lineage, value, name, type, properties, made=True)

    def _keep(self, name: str, content: Content, step: int | None, caption: str) -> ArtifactRecord:
        return self._require_recorder().keep("", name, content, step, caption)

    def _require_recorder(self) -> Recorder:
        if self._recorder is None:
            self.start()
        if self._recorder is None:
            raise TrialClosed("the trial has ended", "start a new one with experiment.trial(...)")
        return self._recorder

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


def new_trial(
    experiment: Experiment,
    name: str | None,
    params: Mapping[str, object] | None,
    tags: Mapping[str, str] | None,
    note: str,
    metric_definitions: MetricDefinitions,
    parent_id: str | None = None,
) -> Trial:
    """Return a new trial of an experiment; see `Experiment.trial`."""
    wanted = None if name is None else check_name(name, "trial")
    trial_id = new_id()
    first = first_facts(trial_id, params, tags, note)
    definitions = to_definitions(metric_definitions)
    return Trial(
        experiment, trial_id, wanted, recorded=False, first=first, parent_id=parent_id, definitions=definitions
    )
