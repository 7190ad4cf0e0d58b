"""Puts the runs of a source into the store: safe to interrupt, safe to repeat."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from labdeck.errors import LabdeckError, NotFound, StoreError
from labdeck.runs.imports.facts import changes_to, first_commands
from labdeck.runs.imports.files import keep_files
from labdeck.runs.imports.points import complete_points
from labdeck.runs.imports.source import BrokenRun, Home, Run, Source, identity, shown, to_name
from labdeck.store.contract import SeriesKey
from labdeck.store.ids import new_id
from labdeck.store.names import check_name
from labdeck.store.only_one import only_import
from labdeck.wire import commands as wire
from labdeck.wire.transfers import Imported

if TYPE_CHECKING:
    from labdeck.store.session import Session
    from labdeck.wire.records import TrialDetail

MOST_LINES = 1000
"""Lines on what was left out beyond which they are only counted."""
_MOST_IDS = 20
_NEWS_EVERY = 0.2
"""Seconds between two words on the progress."""


@dataclass(frozen=True)
class Progress:
    """How far an import has come.

    Attributes:
        done, total: Runs.
        left: Seconds that the rest will take at this pace; None before anything is known.
    """

    done: int
    total: int
    left: float | None


Listener = Callable[[Progress], None]


def bring_in(
    session: Session, source: Source, *, experiment: str | None = None, progress: Listener | None = None
) -> Imported:
    """Bring all runs of a source into the store.

    A trial appears with everything it has or not at all. What is here already stays as it is and gets what came since,
    so an import that was interrupted, by `kill -9` too, is simply repeated.

    Args:
        session: The store.
        source: What to read.
        experiment: The experiment that takes all runs; default the ones they were in.
        progress: Is told a few times a second how far it is.

    Raises:
        StoreBusy: Another import into this store is going on.
        StoreError: The store cannot be written; what is in it stays.
    """
    with only_import(session.location):
        work = _Import(session, source, experiment)
        work.bring(source.refs(), progress)
        return work.report()


def _storable(key: SeriesKey) -> SeriesKey:
    return SeriesKey(to_name(key.component, ""), to_name(key.name, "?"))


@dataclass
class _Counts:
    trials: int = 0
    completed: int = 0
    unchanged: int = 0
    points: int = 0
    artifacts: int = 0
    experiments: dict[str, None] = field(default_factory=dict)
    trial_ids: list[str] = field(default_factory=list)


class _Import:
    def __init__(self, session: Session, source: Source, experiment: str | None) -> None:
        self._session = session
        self._source = source
        self._into = experiment
        self._homes: dict[str, str] = {}
        self._brought: dict[str, str | None] = {}
        self._known = session.catalog.trial_ids()
        self._counts = _Counts()
        self._lines: list[str] = []

    def bring(self, wanted: Sequence[str], progress: Listener | None) -> None:
        """Bring every run in, one that is part of another after that one."""
        everything = frozenset(wanted)
        started = told = time.monotonic()
        for done, ref in enumerate(wanted):
            now = time.monotonic()
            if progress is not None and now - told >= _NEWS_EVERY:
                told = now
                progress(Progress(done, len(wanted), (now - started) / done * (len(wanted) - done) if done else None))
            self._bring(ref, everything)
        if progress is not None:
            progress(Progress(len(wanted), len(wanted), 0.0))

    def _bring(self, ref: str, all_refs: frozenset[str]) -> None:
        """Bring a run in, those it is part of before it."""
        waiting: list[tuple[str, Run | None]] = []
        above: set[str] = set()
        current: str | None = ref
        while current is not None and current not in self._brought and current not in above:
            above.add(current)
            run = self._read(current)
            waiting.append((current, run))
            current = run.parent if run is not None and run.parent in all_refs else None
        for each, run in reversed(waiting):
            self._brought[each] = None if run is None else self._keep(each, run)

    def _read(self, ref: str) -> Run | None:
        try:
            run = self._source.read(ref)
            series = {_storable(key): series for key, series in run.series.items()}
            return replace(run, series=series)
        except BrokenRun as error:
            self._say(ref, str(error))
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one run holds, the others come in
            self._say(ref, f"it cannot be read: {type(error).__name__}: {error}")
        return None

    def _say(self, ref: str, why: str) -> None:
        self._lines.append(f"run {shown(ref)}: {why}")

    def _keep(self, ref: str, run: Run) -> str | None:
        """Put a run into the store; return its trial's id, None if it could not be kept."""
        trial_id = identity(self._source.kind, run.key)
        for doubt in run.doubts:
            self._say(ref, doubt)
        try:
            if trial_id in self._known:
                self._complete(ref, trial_id, run)
            else:
                self._begin(ref, trial_id, run)
        except StoreError:
            raise
        except LabdeckError as error:
            self._say(ref, str(error))
            return trial_id if trial_id in self._known else None
        self._known |= {trial_id}
        return trial_id

    def _begin(self, ref: str, trial_id: str, run: Run) -> None:
        """Record a new trial: first what nobody sees yet, then all facts at once."""
        home = self._home(run.home)
        parent = None if run.parent is None else self._brought.get(run.parent)
        if run.parent is not None and parent is None:
            self._say(ref, f"it was part of {shown(run.parent)}, which is not here; it stands by itself now")
        files = keep_files(self._session, trial_id, run.files, (), self._doubt(ref))
        points, metrics = complete_points(self._session, trial_id, run.series, 0)
        commands = first_commands(trial_id, home, parent, run, self._source.kind)
        commands[-1:-1] = [*(wire.LogArtifact(trial_id=trial_id, artifact=file) for file in files), *metrics]
        self._session.catalog.apply(commands)
        self._counts.trials += 1
        self._count(trial_id, home, points, len(files))

    def _complete(self, ref: str, trial_id: str, run: Run) -> None:
        """Add what a trial that is here does not have yet."""
        detail = self._session.catalog.detail(trial_id)
        home = self._session.catalog.experiment(detail.trial.experiment_id)
        if home.deleted is not None:
            self._session.catalog.apply([wire.Restore(ids=(home.id,))])
            detail = self._session.catalog.detail(trial_id)
        if detail.trial.deleted is not None:
            self._say(ref, "it was imported and then deleted here; it stays so")
            return
        if detail.trial.state == "running":
            self._say(ref, "it was imported and is running here now; it is left alone")
            return
        self._add(ref, detail, run)

    def _add(self, ref: str, detail: TrialDetail, run: Run) -> None:
        trial_id = detail.trial.id
        files = keep_files(self._session, trial_id, run.files, detail.artifacts, self._doubt(ref))
        known = sum(summary.count for summary in detail.metrics)
        points, metrics = complete_points(self._session, trial_id, run.series, known)
        news: list[wire.AnyCommand] = [wire.LogArtifact(trial_id=trial_id, artifact=file) for file in files]
        news += [*metrics, *changes_to(detail, run, grown=bool(points))]
        if not news:
            self._counts.unchanged += 1
            return
        self._session.catalog.apply(news)
        self._counts.completed += 1
        self._count(trial_id, detail.trial.experiment_id, points, len(files))

    def _count(self, trial_id: str, home: str, points: int, files: int) -> None:
        counts = self._counts
        counts.points += points
        counts.artifacts += files
        counts.experiments[home] = None
        if len(counts.trial_ids) < _MOST_IDS:
            counts.trial_ids.append(trial_id)

    def _doubt(self, ref: str) -> Callable[[str], None]:
        return lambda why: self._say(ref, why)

    def _home(self, home: Home) -> str:
        """Return the id of the experiment that takes a run."""
        key = "" if self._into is not None else home.key
        if key not in self._homes:
            self._homes[key] = self._chosen() if self._into is not None else self._own(home)
        return self._homes[key]

    def _chosen(self) -> str:
        """Return the id of the experiment that was named to take all runs; it is made if there is none."""
        name = check_name(self._into, "experiment")
        catalog = self._session.catalog
        try:
            return catalog.experiment(name).id
        except NotFound:
            catalog.apply([wire.OpenExperiment(id=new_id(), name=name, created=time.time())])
        return catalog.experiment(name).id

    def _own(self, home: Home) -> str:
        """Return the id of an experiment of the tracker: as it was imported, under any name, or of the same name."""
        catalog = self._session.catalog
        wanted = identity(f"{self._source.kind} experiment", home.key)
        name = to_name(home.name, self._source.kind)
        for ref in (wanted, name):
            with suppress(NotFound):
                known = catalog.experiment(ref)
                if known.deleted is not None:
                    catalog.apply([wire.Restore(ids=(known.id,))])
                return known.id
        catalog.apply(
            [
                wire.OpenExperiment(id=wanted, name=name, created=home.created),
                wire.SetTags(ids=(wanted,), set=dict(home.tags)),
                wire.Annotate(id=wanted, note=home.note),
            ]
        )
        return wanted

    def report(self) -> Imported:
        """Return what came of it."""
        counts = self._counts
        names = {record.id: record.name for record in self._session.catalog.experiments()}
        lines = [*self._source.skipped, *self._lines]
        more = len(lines) - MOST_LINES
        return Imported(
            kind=self._source.kind,
            experiments=tuple(names[home] for home in counts.experiments if home in names),
            trials=counts.trials,
            completed=counts.completed,
            unchanged=counts.unchanged,
            points=counts.points,
            artifacts=counts.artifacts,
            skipped=(*lines[:MOST_LINES], *([f"and {more:,} more"] if more > 0 else [])),
            trial_ids=tuple(counts.trial_ids),
        )
