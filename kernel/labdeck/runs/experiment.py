"""An experiment: a question, and the trials that try to answer it."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING

from labdeck.errors import NotFound, UsageError
from labdeck.runs.lookup import no_such
from labdeck.runs.trial import Trial, new_trial
from labdeck.runs.values import to_tags, to_text
from labdeck.store.ids import new_id
from labdeck.store.names import check_name
from labdeck.store.session import Session
from labdeck.wire.commands import Annotate, Delete, OpenExperiment, RenameExperiment, Restore, SetObjective, SetTags
from labdeck.wire.messages import Comparison

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from labdeck.runs.definitions import MetricDefinitions
    from labdeck.runs.search.found import Found
    from labdeck.store.contract import Location
    from labdeck.wire.commands import AnyCommand
    from labdeck.wire.comparing import FieldTable, Groups, Importance
    from labdeck.wire.records import ExperimentRecord, Goal, TrialFacts


class Experiment:
    """A question and its trials; made by `labdeck.experiment`, which opens the one of that name or creates it.

    Example:
        >>> import labdeck
        >>> experiment = labdeck.experiment("digits", objective="test:accuracy")
        >>> with experiment.trial("cnn-32", params={"hidden": 32}) as trial:
        ...     trial.log({"test:accuracy": 0.98})
        >>> experiment.best().name
        'cnn-32'
    """

    def __init__(self, session: Session, name: str, *, known_id: str | None = None) -> None:
        self.session = session
        self.name = check_name(name, "experiment")
        self.known_id = known_id
        self.proposed_id = known_id or new_id()

    # -- trials ----------------------------------------------------------------------------------------------------

    def trial(
        self,
        name: str | None = None,
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, str] | None = None,
        note: str = "",
        metric_definitions: MetricDefinitions = None,
    ) -> Trial:
        """Return a new trial, to be entered as a context manager or started by `start`.

        Args:
            name: What to call it; a name taken in this experiment gets "-2", "-3" … appended; None gives "trial-1",
                "trial-2" …
            params: Its inputs; see `Trial.log_params`.
            tags: Its tags.
            note: Its note.
            metric_definitions: Metrics to read off what is printed; see `Trial.define_metrics`.

        Raises:
            InvalidName: A name cannot be stored.
            InvalidParameter: `params` is no mapping.
            UsageError: `tags` is no mapping, `note` no text, or a definition none.
        """
        return new_trial(self, name, params, tags, note, metric_definitions)

    def trials(self) -> list[Trial]:
        """Return its trials that are not deleted, oldest first.

        Each asks the store anew for what it is asked; `facts` and `frame` read all trials at once.
        """
        page = self.session.catalog.trials(self.id)
        return [Trial(self, record.id, record.name, recorded=True) for record in reversed(page.trials)]

    def find(self, ref: str) -> Trial:
        """Return the trial of that name or id; NotFound names the nearest."""
        ref = to_text(ref, "the trial's name")
        try:
            record = self.session.catalog.trial(ref, self.id)
        except NotFound:
            raise no_such("trial", ref, (trial.name for trial in self.session.catalog.trials(self.id).trials)) from None
        return Trial(self, record.id, record.name, recorded=True)

    def best(self, metric: str | None = None, goal: Goal | None = None) -> Trial:
        """Return the trial with the best value that a metric ever had.

        Args:
            metric: Its name; default the experiment's objective, chosen or automatic.
            goal: "max" or "min"; default the objective's, or what is usual for a metric of that name.

        Raises:
            NotFound: No trial has a finite value of it.
        """
        from labdeck.runs.ranking import best_trial

        metric = None if metric is None else to_text(metric, "the metric's name")
        facts = self.facts()
        found = best_trial(facts, self.record().objective, metric, None if goal is None else check_goal(goal))
        return Trial(self, found.id, found.name, recorded=True)

    def compare(self, *trials: Trial | str) -> Comparison:
        """Return the facts of some trials side by side, given as objects, names or ids; without arguments of all."""
        if not trials:
            return Comparison(trials=self.facts())
        ids = [trial.id if isinstance(trial, Trial) else self.find(trial).id for trial in trials]
        return Comparison(trials=self.session.catalog.facts(trial_ids=ids))

    def facts(self) -> tuple[TrialFacts, ...]:
        """Return the parameters and metric summaries of its trials, oldest first."""
        return self.session.catalog.facts(experiment_id=self.id)

    def search(self, query: str = "", sort: str = "", limit: int | None = 100, *, archived: bool = False) -> Found:
        """Return the trials for which a query holds.

        Args:
            query: As docs/search.md has it: `metrics.acc > 0.9 and params.optimizer = "sgd"`; "" finds all.
            sort: Fields separated by commas, "-" before those that begin with the greatest; ties by newest.
            limit: At most so many; None for all.
            archived: Find archived trials, too; a query about `archived` does so by itself.

        Raises:
            MalformedQuery: The query or the order cannot be read; the message points at the character.
            InvalidQuery: The limit is no whole number, or negative.
        """
        from labdeck.runs.search.found import Found, find_page

        page = find_page(self.session, query, sort, limit, experiment_id=self.id, archived=archived)
        trials = [Trial(self, fact.trial.id, fact.trial.name, recorded=True) for fact in page.trials]
        return Found(self.session, page, trials)

    def frame(self, query: str = "", *, archived: bool = False) -> pd.DataFrame:
        """Return one row per trial for which a query holds, oldest first, indexed by name; MalformedQuery.

        Columns: `state`, `started` and `ended` (datetime64, UTC), `seconds` (float64), `params.<name>`, and per metric
        `metrics.<name>` (its last value, float64). Names within a component are written `<component>/<name>`. A
        parameter is bool, int64, float64 or text; "boolean" and "Int64" where values are missing; text where numbers
        and text are mixed. So `frame().to_parquet(path)` always works. Archived trials only if asked for.
        """
        from labdeck.runs.search.found import find_frame

        return find_frame(self.session, query, self.id, archived=archived)

    def table(self, *fields: str) -> FieldTable:
        """Return some fields of its trials, oldest first, as `labdeck_ui.figures` draws them; MalformedQuery."""
        from labdeck.runs.field_table import read_table

        return read_table(self.facts(), fields)

    def group(self, by: str | Sequence[str], metrics: str | Sequence[str] = ()) -> Groups:
        """Return its trials grouped by fields, with count, mean, population deviation, min and max of others.

        Args:
            by: A field, `params.lr` for example, or several.
            metrics: Fields to summarise, `metrics.acc.best` for example; only finite numbers count.

        Raises:
            MalformedQuery: A field is none.
            UsageError: There is nothing to group by.
        """
        from labdeck.runs.grouping import group_by

        return group_by(self.facts(), by, metrics)

    def importance(self, target: str | None = None, fields: Sequence[str] = ()) -> Importance:
        """Return which fields made the difference in a target; see `labdeck.runs.importance.importance`.

        Args:
            target: The field to explain; default the best value of the objective, chosen or automatic.
            fields: What may explain it; default all parameters.

        Raises:
            MalformedQuery: A field is none.
            NotFound: No trial has a metric, and no target was named.
        """
        from labdeck.runs.importance import explain

        return explain(self.facts(), target, fields, self.record().objective)

    # -- itself ----------------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """Its identity; survives renaming."""
        if self.known_id is None:
            catalog = self.session.catalog
            try:
                self.known_id = catalog.experiment(self.proposed_id).id
            except NotFound:  # there was one of that name before
                self.known_id = catalog.experiment(self.name).id
        return self.known_id

    def record(self) -> ExperimentRecord:
        """Return its row of the catalog."""
        return self.session.catalog.experiment(self.id)

    @property
    def note(self) -> str:
        """Its note."""
        return self.record().note

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        return self.record().tags

    def set_note(self, text: str) -> None:
        """Replace the note; UsageError if it is no text."""
        self._apply(Annotate(id=self.id, note=to_text(text, "the note")))

    def tag(self, /, **tags: str) -> None:
        """Set tags."""
        self._apply(SetTags(ids=(self.id,), set=to_tags(tags)))

    def untag(self, *keys: str) -> None:
        """Remove tags."""
        self._apply(SetTags(ids=(self.id,), remove=tuple(to_text(key, "the tag's name") for key in keys)))

    def set_objective(self, metric: str | None, goal: Goal = "max") -> None:
        """Choose the metric it is judged by; None returns to the automatic choice."""
        wanted = None if metric is None else check_name(metric, "metric")
        self._apply(SetObjective(id=self.id, metric=wanted, goal=check_goal(goal)))

    def rename(self, name: str) -> None:
        """Give it another name; Conflict if it is taken."""
        self._apply(RenameExperiment(id=self.id, name=check_name(name, "experiment")))
        self.name = name

    def delete(self) -> None:
        """Delete it with its trials; `restore` takes that back until it is purged."""
        self._apply(Delete(ids=(self.id,), time=time.time()))

    def restore(self) -> None:
        """Take back a deletion."""
        self._apply(Restore(ids=(self.id,)))

    def _apply(self, command: AnyCommand) -> None:
        self.session.catalog.apply([command])

    def __reduce__(self) -> tuple[Callable[..., Experiment], tuple[Location, str, str]]:
        """Be handed to other processes: its store (a password in a URL included), its name and its id."""
        return _found, (self.session.location, self.name, self.id)

    def __repr__(self) -> str:
        """Name it without asking the store."""
        return f"<experiment {self.name!r}>"


def _found(location: Location, name: str, known_id: str) -> Experiment:
    """Return an experiment that is in a store: the other half of pickling."""
    return Experiment(_session_at(location), name, known_id=known_id)


def open_experiment(session: Session, name: str, *, objective: str | None, goal: Goal, note: str | None) -> Experiment:
    """Return the experiment of that name; it is created if there is none. See `Studio.experiment`."""
    text = None if note is None else to_text(note, "the note")
    opened = Experiment(session, name)
    if objective is not None:
        check_name(objective, "metric")
    session.post(
        OpenExperiment(
            id=opened.proposed_id,
            name=opened.name,
            created=time.time(),
            objective=objective,
            goal=check_goal(goal),
        )
    )
    if text is not None:
        opened.set_note(text)
    return opened


@functools.cache
def _session_at(location: Location) -> Session:
    """Return this process's way to the store of whatever was handed to it."""
    return Session(location)


def check_goal(goal: str) -> Goal:
    """Return "max" or "min"; UsageError for anything else."""
    if goal == "max":
        return "max"
    if goal == "min":
        return "min"
    raise UsageError(f"the goal is {goal!r}", 'write "max" or "min"')
