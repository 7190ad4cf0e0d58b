"""The laws of the store, and the shape of its parts.

A store is a *catalog* (a database of small facts and an event log), *columns* (metric points), *tensors* (full arrays),
*artifacts* (files) and *outputs* (what was printed). `labdeck.testing.StoreContract` holds every implementation to
these laws.

Threads and processes
    Every object here may be used from any thread. Any number of processes may read and write one store at the same
    time; none of them ever sees "database is locked". After a fork the child must not use the parent's writers: a
    writer notices and starts a file of its own.

Ordering
    Events have rising `seq`, and whoever has read up to `seq` has seen every change committed before it: sequence
    order is commit order, on every database. Points of one writer keep the order in which they were logged. Clocks may
    jump: times are recorded as they were read and order nothing.

Idempotency
    A command names things by id, so applying it twice changes nothing more. Commands that come with a `Receipt` are
    applied exactly once, whatever crashes in between.

What a crash may lose
    Nothing acknowledged. A point is acknowledged when the log call returns; a fact when the call that recorded it
    returns. SIGKILL at any instant loses neither. A half-written last record is recognised and ignored. (Power loss
    may cost what the operating system had not yet written; Labdeck does not call fsync per point.)

A full disk
    Never stops training. What cannot be kept is dropped and counted, the user is warned once, and the trial is marked
    incomplete as soon as the catalog can be written. Calls that are not inside a training loop raise `StoreFull`.

Damage
    A truncated or corrupted file never blocks anything else: what can be read is read, `check` names the rest.

Place
    A store lives on a local disk. SQLite on a network file system is refused (`StorePlace`): use a PostgreSQL URL
    there. What is made is private to its user: files 0600, folders 0700, the store's own folder too unless it was there
    with other things in it. Every PostgreSQL database has a folder of its own.

Age
    An older store is migrated when it is opened, by Alembic, once, however many processes open it. A newer one is
    refused (`StoreTooNew`) and left untouched.

Names are data
    Bound as parameters, never spliced into SQL, never part of a path.

Deletion
    `Delete` hides, `Restore` shows again; only `purge` removes, and only what has been deleted.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from labdeck.store.finding import Finder
from labdeck.store.judging import FindingKeeper

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Self

    from labdeck.wire.commands import AnyCommand
    from labdeck.wire.events import AnyEvent
    from labdeck.wire.records import (
        ExperimentRecord,
        LineageGraph,
        LineageNode,
        Liveness,
        TrialDetail,
        TrialFacts,
        TrialPage,
        TrialRecord,
        ViewRecord,
    )


Direction = Literal["up", "down", "both"]
"""Of a walk along the lineage: to what came before, to what came after, or both."""


@dataclass(frozen=True)
class Location:
    """Where a store is.

    Attributes:
        url: SQLAlchemy URL of the catalog; holds secrets, so it is never shown: use `display`.
        folder: Columns, tensors, artifacts and outboxes; also the SQLite file `catalog.sqlite`.
        display: The URL or folder without secrets.
    """

    url: str
    folder: Path
    display: str


@dataclass(frozen=True)
class Receipt:
    """Proof that a writer's commands up to `position` were applied, kept with them in one transaction."""

    writer: str
    position: int


@dataclass(frozen=True)
class Defect:
    """Something `check` found.

    Attributes:
        severity: "error" lost or unreadable data; "warning" harmless or repairable leftovers.
        path: File, relative to the store's folder, or table.
        message: What is wrong.
        remedy: What to do.
    """

    severity: Literal["error", "warning"]
    path: str
    message: str
    remedy: str


@dataclass(frozen=True)
class Series:
    """The points of one metric in the order in which they were logged.

    Attributes:
        steps: int64, shape (n,).
        times: float64, shape (n,), seconds since 1970-01-01 UTC.
        values: float64, shape (n,).
    """

    steps: NDArray[np.int64]
    times: NDArray[np.float64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.steps)


@dataclass(frozen=True)
class SeriesKey:
    """Which series of a trial: its component ("" is the trial itself) and metric name."""

    component: str
    name: str


class Watcher(ABC):
    """Wakes a reader when the event log has grown; a context manager."""

    @abstractmethod
    def wait(self, timeout: float) -> bool:
        """Block until there may be new events, at most `timeout` seconds; True if there may be."""

    @abstractmethod
    def close(self) -> None:
        """Release the connection; a `wait` in another thread returns."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


class Catalog(Finder, FindingKeeper):
    """Small facts and the event log."""

    @abstractmethod
    def apply(self, commands: Sequence[AnyCommand], receipt: Receipt | None = None) -> int:
        """Apply commands in one transaction, all or none, and return the newest `seq`.

        With a receipt whose writer is already recorded at that position or later, nothing happens.
        Writer commands for a trial that no longer exists (purged) are ignored.

        Raises:
            NotFound: A user command names something that does not exist.
            Conflict: A rename to a taken name.
            StoreError: The database cannot be written.
        """

    @abstractmethod
    def position(self, writer: str) -> int:
        """Return the last position recorded for a writer, 0 if none."""

    @abstractmethod
    def forget_writers(self, keep: Collection[str], older_than: float) -> int:
        """Remove what `position` knows of writers that will say nothing more; return how many that were.

        Those in `keep` stay, and those whose ids were made since `older_than`, in seconds since 1970-01-01 UTC.
        """

    @abstractmethod
    def experiments(self, *, deleted: bool = False) -> tuple[ExperimentRecord, ...]:
        """Return all experiments, latest activity first; with `deleted` those that were deleted instead."""

    @abstractmethod
    def experiment(self, ref: str) -> ExperimentRecord:
        """Return the experiment of that name (not deleted) or id (deleted or not); NotFound."""

    @abstractmethod
    def trials(
        self,
        experiment_id: str,
        *,
        offset: int = 0,
        limit: int | None = None,
        archived: bool | None = False,
        roots: bool = False,
    ) -> TrialPage:
        """Return trials of an experiment that are not deleted, newest first; NotFound for an unknown experiment.

        Those that are archived, if `archived`; those that are not, if it is False; both for None. With `roots` only
        those that are part of none of the others.
        """

    @abstractmethod
    def trial(self, ref: str, experiment_id: str | None = None) -> TrialRecord:
        """Return the trial of that id, or of that name.

        The newest that is not deleted, within the experiment if given; NotFound.
        """

    @abstractmethod
    def facts(
        self, *, experiment_id: str | None = None, trial_ids: Sequence[str] | None = None
    ) -> tuple[TrialFacts, ...]:
        """Return trials with parameters and metric summaries, the sparks left out.

        Of an experiment (not deleted, oldest first), or of the given ids in their order, unknown ids left out.
        """

    @abstractmethod
    def detail(self, trial_id: str) -> TrialDetail:
        """Return everything about a trial, deleted or not; NotFound."""

    @abstractmethod
    def views(self) -> tuple[ViewRecord, ...]:
        """Return all saved comparisons whose experiment is not deleted, by name."""

    @abstractmethod
    def lineage(
        self, start: Sequence[str], direction: Direction = "both", depth: int | None = None, limit: int = 1000
    ) -> LineageGraph:
        """Return what led to some nodes or trials ("up"), what they led to ("down"), or both, nearest first.

        As far as `depth` associations away, None for any distance, and `limit` nodes at most. A cycle is walked once;
        what is SameAs something is as near to it in either direction; a trial leads to the trials that are part of it.

        Raises:
            NotFound: One of them is neither a node nor a trial.
            InvalidQuery: An argument is out of range.
        """

    @abstractmethod
    def nodes(self, limit: int = 1000, **wanted: str) -> tuple[LineageNode, ...]:
        """Return nodes of the lineage, trials aside, newest first: with this name, type, uri, digest and kind."""

    @abstractmethod
    def running(self) -> tuple[Liveness, ...]:
        """Return trials in state running, deleted or not."""

    @abstractmethod
    def cursor(self) -> int:
        """Return the newest `seq`, 0 for an empty log."""

    @abstractmethod
    def events(self, after: int, limit: int = 1000) -> tuple[AnyEvent, ...]:
        """Return events with seq > `after`, oldest first.

        Raises:
            CursorExpired: Events after the cursor have been pruned, or the cursor is ahead of the log.
        """

    @abstractmethod
    def prune(self, keep: int) -> int:
        """Remove all but the newest `keep` events; return how many went."""

    @abstractmethod
    def watch(self) -> Watcher:
        """Return a watcher on the event log; it notices commits of every process, this one included."""

    @abstractmethod
    def purge(self, older_than: float) -> tuple[str, ...]:
        """Remove experiments and trials that were deleted before that time.

        Return the ids of the trials that are gone.
        """

    @abstractmethod
    def trial_ids(self) -> frozenset[str]:
        """Return the ids of all trials, deleted ones included."""

    @abstractmethod
    def artifact_digests(self) -> frozenset[str]:
        """Return the SHA-256 of every artifact on record."""

    @abstractmethod
    def check(self) -> tuple[Defect, ...]:
        """Examine the database itself."""

    @abstractmethod
    def close(self) -> None:
        """Release all connections; further use raises StoreUnreachable."""


class SeriesWriter(ABC):
    """Appends points of one trial from one process."""

    @abstractmethod
    def log(self, metrics: Mapping[str, float], step: int | None, component: str = "") -> None:
        """Append one point per metric, all with the same step and time; safe against SIGKILL when it returns.

        A step of None counts up from 0, or from one past the last step, per series. The clock is read once.

        Raises:
            InvalidMetric: A value that is no real number or a step that is no int64; nothing was appended.
            InvalidName: A metric name that cannot be stored; nothing was appended.
        """

    @abstractmethod
    def extend(self, key: SeriesKey, series: Series) -> None:
        """Append points that were logged elsewhere, with the steps and times they had; InvalidName."""

    @property
    @abstractmethod
    def dropped(self) -> int:
        """Points that could not be kept because the disk is full."""

    @abstractmethod
    def close(self) -> None:
        """Trim and release the file; further logging raises TrialClosed."""


class Follower(ABC):
    """Reads the points of a running trial as they come, whichever process logs them."""

    @abstractmethod
    def read(self) -> dict[SeriesKey, Series]:
        """Return the points that came since the last call; series without new points are left out."""


class Columns(ABC):
    """Metric points: append-only segments, one writer each; Parquet when a trial is finished."""

    @abstractmethod
    def writer(self, trial_id: str, last_steps: Mapping[SeriesKey, int] | None = None) -> SeriesWriter:
        """Return a new writer for a trial; makes its folder; StoreFull, StoreUnreachable.

        A step of None counts on after `last_steps`.
        """

    @abstractmethod
    def follow(self, trial_id: str) -> Follower:
        """Return a follower of a running trial: it gives every point there is, then what came since."""

    @abstractmethod
    def is_written(self, trial_id: str) -> bool:
        """Say whether a living process, this one included, writes points of a trial."""

    @abstractmethod
    def age(self, trial_id: str) -> float:
        """Return the seconds since a trial's points were last written; 0 for an unknown trial."""

    @abstractmethod
    def keys(self, trial_id: str) -> tuple[SeriesKey, ...]:
        """Return the series of a trial in order of first appearance; empty for an unknown trial."""

    @abstractmethod
    def series(self, trial_id: str, key: SeriesKey) -> Series:
        """Return one series; empty if there is none. Sees points logged a moment ago by any process."""

    @abstractmethod
    def all_series(self, trial_id: str) -> dict[SeriesKey, Series]:
        """Return every series of a trial, in one pass."""

    @abstractmethod
    def compact(self, trial_id: str) -> bool:
        """Turn the segments of a finished trial into one Parquet file.

        False if there was nothing to do. Readers never miss or see a point twice; a crash in between loses nothing.
        """

    @abstractmethod
    def remove(self, trial_ids: Iterable[str]) -> None:
        """Remove all points of these trials."""

    @abstractmethod
    def trial_ids(self) -> frozenset[str]:
        """Return the ids of trials that have points here."""

    @abstractmethod
    def check(self, trial_id: str) -> tuple[Defect, ...]:
        """Verify every checksum of a trial's files."""
