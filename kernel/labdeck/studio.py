"""The facade.

Opens a store and hands it to the rooms. Both doors, magics and server, go through it and nothing else.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from labdeck.errors import InvalidQuery, NotFound
from labdeck.runs.experiment import Experiment, check_goal
from labdeck.runs.lookup import no_such
from labdeck.runs.trial import Trial
from labdeck.runs.values import to_text
from labdeck.store.ids import is_id
from labdeck.store.names import check_name
from labdeck.store.open import locate
from labdeck.store.session import Session
from labdeck.version import __version__
from labdeck.wire.commands import OpenExperiment
from labdeck.wire.messages import WIRE_VERSION, Comparison, ExperimentList, Status, ViewList

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

    from labdeck.runs.comparing import Comparing
    from labdeck.runs.curves import CurveReading, XAxis
    from labdeck.runs.imports.bring_in import Listener
    from labdeck.runs.lineage.lineage import Lineage
    from labdeck.runs.search.finding import Finding
    from labdeck.runs.search.found import Found
    from labdeck.store.contract import SeriesKey, Watcher
    from labdeck.wire.commands import UserCommand
    from labdeck.wire.events import AnyEvent
    from labdeck.wire.recording import OutputPage, TablePreview
    from labdeck.wire.records import ArtifactRecord, Goal, TrialDetail, TrialPage, TrialRecord
    from labdeck.wire.transfers import Exported, Imported

COMPACT_AFTER = 600.0
"""Seconds after its end at which a trial's points are packed into Parquet."""
PACK_EVERY = 3600.0
"""Seconds between two rounds of packing and pruning."""
ARRIVAL = 5.0
"""Longest wait, in seconds, for a trial that another process has begun a moment ago."""
_YOUNG = 60.0
_POLL = 0.02


class Studio:
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
        self.session = Session(locate(store), on_open=self._settle)
        self._packed = 0.0
        self._lock = threading.Lock()

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
        text = None if note is None else to_text(note, "the note")
        opened = Experiment(self.session, name)
        if objective is not None:
            check_name(objective, "metric")
        self.session.post(
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
        return self._trial(self._await_trial(to_text(ref, "the trial's name")))

    def _await_trial(self, ref: str) -> TrialRecord:
        """Return a trial's record; one that has just begun may still be on its way to the catalog."""
        deadline = time.monotonic() + ARRIVAL
        while True:
            try:
                return self.session.catalog.trial(ref)
            except NotFound:
                if not _is_young(ref) or time.monotonic() >= deadline:
                    raise
            time.sleep(_POLL)

    def search(self, query: str = "", sort: str = "", limit: int | None = 100, *, archived: bool = False) -> Found:
        """Return the trials of all experiments for which a query holds; see `Experiment.search`."""
        from labdeck.runs.search.found import Found, find_page

        page = find_page(self.session, query, sort, limit, archived=archived)
        return Found(self.session, page, [self._trial(fact.trial) for fact in page.trials])

    def _trial(self, record: TrialRecord) -> Trial:
        home = Experiment(self.session, record.experiment, known_id=record.experiment_id)
        return Trial(home, record.id, record.name, recorded=True)

    # -- records, as the doors hand them out -----------------------------------------------------------------------

    def status(self) -> Status:
        """Return versions, place and the newest event; StoreError if the store cannot be opened."""
        return Status(
            version=__version__,
            wire=WIRE_VERSION,
            store=self.session.location.display,
            seq=self.session.catalog.cursor(),
        )

    def experiment_list(self) -> ExperimentList:
        """Return all experiments, and the cursor from which on changes are news."""
        catalog = self.session.catalog
        seq = catalog.cursor()
        return ExperimentList(seq=seq, experiments=catalog.experiments())

    def trial_page(
        self,
        experiment_id: str,
        offset: int = 0,
        limit: int | None = None,
        *,
        archived: bool | None = False,
        roots: bool = False,
    ) -> TrialPage:
        """Return some trials of an experiment, newest first; see `Catalog.trials`; NotFound."""
        catalog = self.session.catalog
        return catalog.trials(experiment_id, offset=offset, limit=limit, archived=archived, roots=roots)

    def trial_detail(self, trial_id: str) -> TrialDetail:
        """Return everything known of a trial, points aside; NotFound."""
        return self.session.catalog.detail(trial_id)

    def comparison(self, trial_ids: Sequence[str]) -> Comparison:
        """Return the facts of trials in the order given, and the ids that do not exist."""
        facts = self.session.catalog.facts(trial_ids=trial_ids)
        found = {fact.trial.id for fact in facts}
        return Comparison(trials=facts, missing=tuple(i for i in dict.fromkeys(trial_ids) if i not in found))

    def views(self) -> ViewList:
        """Return the saved comparisons whose experiments are not deleted, by name."""
        return ViewList(views=self.session.catalog.views())

    def curves(
        self, trial_ids: Sequence[str], series: Sequence[SeriesKey], x: XAxis = "step", points: int = 2000
    ) -> list[CurveReading]:
        """Return the curves of some series of some trials, thinned; unknown trials and series are left out.

        Raises:
            InvalidQuery: `x` or `points` is out of range.
        """
        from labdeck.runs.curves import read_curves

        if x not in {"step", "time", "relative"}:
            raise InvalidQuery(f"the horizontal axis is {x!r}", "ask for step, time or relative")
        trials = [fact.trial for fact in self.session.catalog.facts(trial_ids=trial_ids)]
        return read_curves(self.session, trials, series, x, points)

    @property
    def finding(self) -> Finding:
        """Searches, as the doors ask for them: pages, names, completions."""
        from labdeck.runs.search.finding import Finding

        return Finding(self.session)

    @property
    def comparing(self) -> Comparing:
        """What can be computed about trials side by side: groups, importance, differences."""
        from labdeck.runs.comparing import Comparing

        return Comparing(self.session)

    def artifact(self, trial_id: str, artifact_id: str) -> tuple[ArtifactRecord, Path]:
        """Return a trial's artifact and where its content is; NotFound."""
        for artifact in self.trial_detail(trial_id).artifacts:
            if artifact.id == artifact_id:
                path = self.session.artifacts.path(artifact.sha256)
                if not path.is_file():
                    raise NotFound(f"the content of {artifact.name!r} is missing", "run `labdeck store check`")
                return artifact, path
        raise NotFound("the trial has no such artifact", "read the trial anew")

    def preview(self, trial_id: str, artifact_id: str, offset: int = 0, limit: int = 100) -> TablePreview:
        """Return some rows of a table that was kept, as text; NotFound, UsageError if it is none."""
        from labdeck.runs.preview import preview_table

        record, path = self.artifact(trial_id, artifact_id)
        return preview_table(record, path, offset, limit)

    def output(self, trial_id: str, after: int = 0, limit: int = 1000, search: str = "") -> OutputPage:
        """Return some lines of what a trial printed; see `OutputFiles.read`. NotFound."""
        self.session.catalog.trial(trial_id)
        return self.session.outputs.read(trial_id, after, limit, search)

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

        Args:
            path: An archive, MLflow's folder or database, TensorBoard's log folder, or W&B's folder.
            kind: "labdeck", "mlflow", "tensorboard" or "wandb"; default what `path` looks like.
            experiment: The experiment that takes all runs; default the ones they were in.
            progress: Called a few times a second with what has `done`, `total` (runs) and `left` (seconds, or None).
            deleted: Take the runs, too, that were deleted in MLflow.
            links: Take files that are linked from elsewhere, too, as `wandb.save` does; only of folders you trust.

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
        with self._lock:
            self._settle()
            if time.monotonic() - self._packed >= PACK_EVERY or not self._packed:
                self._packed = time.monotonic()
                self._pack()

    def _settle(self) -> None:
        """Deliver what dead processes left, and mark their trials crashed."""
        from labdeck.runs.liveness import mark_crashed

        self.session.adopt_outboxes()
        mark_crashed(self.session)

    def _pack(self) -> None:
        from labdeck.store.maintenance import KEEP_EVENTS

        store = self.session.store
        running = {live.trial_id for live in store.catalog.running()}
        for trial_id in store.columns.trial_ids() - running:
            if store.columns.age(trial_id) >= COMPACT_AFTER:
                store.columns.compact(trial_id)
        store.catalog.prune(KEEP_EVENTS)

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


def _is_young(ref: str) -> bool:
    """Say whether this is an id made within the last minute; its first 48 bits are milliseconds."""
    return is_id(ref) and abs(time.time() - int(ref[:12], 16) / 1000) < _YOUNG
