"""The facade.

Opens a store and hands it to the rooms. Both doors, magics and server, go through it and nothing else.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from labdeck.errors import NotFound
from labdeck.runs.experiment import Experiment, open_experiment
from labdeck.runs.files import find_artifact
from labdeck.runs.lookup import await_trial, no_such
from labdeck.runs.records import Records
from labdeck.runs.trial import Trial
from labdeck.runs.upkeep import Upkeep, settle
from labdeck.runs.values import to_text
from labdeck.store.open import locate
from labdeck.store.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

    from labdeck.debugger.tensors import Tensors
    from labdeck.debugger.watching import Debugger
    from labdeck.runs.comparing import Comparing
    from labdeck.runs.curves import CurveReading, XAxis
    from labdeck.runs.imports.bring_in import Listener
    from labdeck.runs.lineage.lineage import Lineage
    from labdeck.runs.search.found import Found
    from labdeck.runs.search.searching import Searching
    from labdeck.store.contract import SeriesKey, Watcher
    from labdeck.wire.commands import UserCommand
    from labdeck.wire.events import AnyEvent
    from labdeck.wire.recording import OutputPage, TablePreview
    from labdeck.wire.records import ArtifactRecord, Goal, TrialRecord
    from labdeck.wire.transfers import Exported, Imported


class Studio(Records):
    """Everything Labdeck can do with one store; a context manager that closes it.

    Args:
        store: A folder, or a PostgreSQL URL; default LABDECK_STORE, else the user's data folder.

    Raises:
        StorePlace, StoreUnreachable: The store cannot live or be opened there.

    Example:
        >>> studio = Studio()
        >>> with studio.experiment("digits").trial("cnn-32") as trial:
        ...     trial.log(loss=0.5)
        >>> [experiment.name for experiment in studio.experiments()]
        ['digits']
    """

    def __init__(self, store: str | Path | None = None) -> None:
        self.session = Session(locate(store), on_open=lambda: settle(self.session, self._complete))
        self._upkeep = Upkeep(self.session, self._complete)

    # -- experiments and trials as objects -------------------------------------------------------------------------

    def experiment(
        self, name: str, *, objective: str | None = None, goal: Goal = "max", note: str | None = None
    ) -> Experiment:
        """Return the experiment of that name; it is created if there is none.

        Args:
            name: Any text.
            objective: The metric it is judged by; default what was chosen before, or an automatic choice.
            goal: "max" or "min": which way the objective is better.
            note: Replaces its note.

        Raises:
            InvalidName: The name cannot be stored.
            UsageError: `goal` is neither, or `note` no text.
        """
        return open_experiment(self.session, name, objective=objective, goal=goal, note=note)

    def experiments(self) -> list[Experiment]:
        """Return all experiments that are not deleted, latest activity first."""
        found = self.session.catalog.experiments()
        return [Experiment(self.session, record.name, known_id=record.id) for record in found]

    def find_experiment(self, ref: str) -> Experiment:
        """Return the experiment of that name or id; NotFound names the nearest."""
        ref = to_text(ref, "the experiment's name")
        try:
            record = self.session.catalog.experiment(ref)
        except NotFound:
            raise no_such("experiment", ref, (e.name for e in self.session.catalog.experiments())) from None
        return Experiment(self.session, record.name, known_id=record.id)

    def find_trial(self, ref: str, experiment: str | None = None) -> Trial:
        """Return the trial of that id, or the newest of that name, within an experiment if one is named; NotFound.

        A trial that another process has started a moment ago is waited for if it is asked for by its id.
        """
        if experiment is not None:
            return self.find_experiment(experiment).find(ref)
        return self._trial(await_trial(self.session.catalog, to_text(ref, "the trial's name")))

    def search(self, query: str = "", sort: str = "", limit: int | None = 100, *, archived: bool = False) -> Found:
        """Return the trials of all experiments for which a query holds; see `Experiment.search`."""
        from labdeck.runs.search.found import Found, find_page

        page = find_page(self.session, query, sort, limit, archived=archived)
        return Found(self.session, page, [self._trial(fact.trial) for fact in page.trials])

    def _trial(self, record: TrialRecord) -> Trial:
        home = Experiment(self.session, record.experiment, known_id=record.experiment_id)
        return Trial(home, record.id, record.name, recorded=True)

    # -- what can be computed and read ------------------------------------------------------------------------------

    def curves(
        self, trial_ids: Sequence[str], series: Sequence[SeriesKey], x: XAxis = "step", points: int = 2000
    ) -> list[CurveReading]:
        """Return the curves of some series of some trials, thinned; unknown trials and series are left out.

        Raises:
            InvalidQuery: `x` or `points` is out of range.
        """
        from labdeck.runs.curves import read_curves

        return read_curves(self.session, trial_ids, series, x, points)

    @property
    def searching(self) -> Searching:
        """Searches, as the doors ask for them: pages, names, completions."""
        from labdeck.runs.search.searching import Searching

        return Searching(self.session)

    @property
    def comparing(self) -> Comparing:
        """What can be computed about trials side by side: groups, importance, differences."""
        from labdeck.runs.comparing import Comparing

        return Comparing(self.session)

    def artifact(self, trial_id: str, artifact_id: str) -> tuple[ArtifactRecord, Path]:
        """Return a trial's artifact and where its content is; NotFound."""
        return find_artifact(self.session, self.trial_detail(trial_id), artifact_id)

    def preview(self, trial_id: str, artifact_id: str, offset: int = 0, limit: int = 100) -> TablePreview:
        """Return some rows of a table that was kept, as text; NotFound, UsageError if it is none."""
        from labdeck.runs.preview import preview_table

        record, path = self.artifact(trial_id, artifact_id)
        return preview_table(record, path, offset, limit)

    def output(self, trial_id: str, after: int = 0, limit: int = 1000, search: str = "") -> OutputPage:
        """Return some lines of what a trial printed; see `OutputFiles.read`. NotFound."""
        self.session.catalog.trial(trial_id)
        return self.session.outputs.read(trial_id, after, limit, search)

    @cached_property
    def tensors(self) -> Tensors:
        """What was recorded of tensors: lists, readings for figures, flight recordings."""
        from labdeck.debugger.tensors import Tensors

        return Tensors(self.session)

    @property
    def debugger(self) -> Debugger:
        """Rules, findings, how trainings are watched, and what running ones are asked to do."""
        from labdeck.debugger.watching import Debugger

        return Debugger(self.session)

    @property
    def lineage(self) -> Lineage:
        """What data, models and trials came from and led to."""
        from labdeck.runs.lineage.lineage import Lineage

        return Lineage(self.session)

    # -- commands and events ---------------------------------------------------------------------------------------

    def apply(self, commands: Sequence[UserCommand]) -> int:
        """Apply a person's commands, all or none; return the cursor after which they are visible."""
        return self.session.catalog.apply(commands)

    def events(self, after: int, limit: int = 1000) -> tuple[AnyEvent, ...]:
        """Return what changed after a cursor, oldest first; CursorExpired."""
        return self.session.store.catalog.events(after, limit)

    def cursor(self) -> int:
        """Return the newest event's number."""
        return self.session.store.catalog.cursor()

    def watch(self) -> Watcher:
        """Return a watcher that wakes when there are new events, of any process."""
        return self.session.store.catalog.watch()

    # -- to and from elsewhere -------------------------------------------------------------------------------------

    def import_from(
        self,
        path: str | Path,
        kind: str | None = None,
        experiment: str | None = None,
        progress: Listener | None = None,
        *,
        deleted: bool = False,
        links: bool = False,
    ) -> Imported:
        """Bring in what an archive or another tracker on this machine holds; again, and only what is new comes in.

        See `labdeck.runs.imports.transfer.import_from` for the arguments.

        Raises:
            NotFound: There is no such file or folder.
            UsageError: Nothing in it can be imported.
            MissingExtra: The tracker's reader is not installed.
            StoreError: The store cannot be written, or another import is going on.
        """
        from labdeck.runs.imports.transfer import import_from

        return import_from(
            self.session, path, kind=kind, experiment=experiment, progress=progress, deleted=deleted, links=links
        )

    def export_to(self, path: str | Path, *experiments: str, force: bool = False) -> Exported:
        """Write experiments into a file: all of them, or those of these names or ids.

        Args:
            path: Of the archive; one that ends in .parquet or .csv gets the table of their trials instead.
            experiments: Which.
            force: Replace a file that is there.

        Raises:
            NotFound: No such experiment.
            Conflict: The file is there already.
            StoreFull, StoreUnreachable: It cannot be written.
        """
        from labdeck.runs.imports.transfer import export_to

        chosen = [self.find_experiment(ref) for ref in experiments] if experiments else self.experiments()
        return export_to(self.session, path, chosen, force=force)

    # -- upkeep ----------------------------------------------------------------------------------------------------

    def housekeep(self) -> None:
        """Do what keeps the store true: deliver what dead processes left, mark their trials crashed, now and then pack.

        Cheap when there is nothing to do; meant to be called every few seconds by one long-lived process, harmless
        from many.
        """
        self._upkeep.run()

    def _complete(self, trial_id: str) -> None:
        """Give a trial whose process died the curves of what was watched, which it would have got when it ended."""
        if trial_id in self.session.tensors.trial_ids():
            from labdeck.debugger.curves import keep_curves

            keep_curves(self.session, trial_id)

    def close(self) -> None:
        """Deliver what is waiting and release the store; it opens again when it is used again."""
        self.session.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()
