"""The catalog: each call is one transaction."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, or_, select, update

from labdeck.errors import CursorExpired, InvalidQuery
from labdeck.store.contract import Catalog
from labdeck.store.sql import apply, codec, details, findings, lineage, reads, search
from labdeck.store.sql.engine import Database
from labdeck.store.sql.examine import examine
from labdeck.store.sql.schema import ensure_schema
from labdeck.store.sql.tables import artifact, edge, event, experiment, log, trial

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection

    from labdeck.store.conditions import Condition, SortKey
    from labdeck.store.contract import Defect, Direction, Location, Receipt, Watcher
    from labdeck.store.fact_table import FactTable
    from labdeck.store.sql.backend import Backend
    from labdeck.wire.commands import AnyCommand
    from labdeck.wire.debugging import DebuggerDetail, FindingPage, RequestRecord
    from labdeck.wire.events import AnyEvent
    from labdeck.wire.records import (
        ExperimentRecord,
        LineageGraph,
        LineageNode,
        Liveness,
        SearchPage,
        TrialDetail,
        TrialFacts,
        TrialPage,
        TrialRecord,
        ViewRecord,
    )
    from labdeck.wire.searching import Vocabulary


class SqlCatalog(Catalog):
    """A catalog in a SQL database; opening it makes (if it may) or migrates the schema."""

    def __init__(self, backend: Backend, *, create: bool = True) -> None:
        self._database = Database(backend)
        try:
            ensure_schema(self._database, create=create)
        except BaseException:
            self._database.close()
            raise

    def apply(self, commands: Sequence[AnyCommand], receipt: Receipt | None = None) -> int:
        """Apply commands in one transaction, all or none, and return the newest `seq`."""
        return self._database.write(lambda connection: self._apply(connection, commands, receipt))

    def position(self, writer: str) -> int:
        """Return the last position recorded for a writer, 0 if none."""
        return self._database.read(lambda connection: apply.position(connection, writer))

    def forget_writers(self, keep: Collection[str], older_than: float) -> int:
        """Remove the receipts of other writers whose ids were made before that time; return how many that were."""
        return self._database.write(partial(apply.forget_writers, keep=keep, older_than=older_than))

    def experiments(self, *, deleted: bool = False) -> tuple[ExperimentRecord, ...]:
        """Return all experiments, latest activity first; with `deleted` those that were deleted instead."""
        return self._database.read(lambda connection: reads.experiments(connection, deleted=deleted))

    def experiment(self, ref: str) -> ExperimentRecord:
        """Return the experiment of that id (deleted or not) or name (not deleted); NotFound."""
        return self._database.read(lambda connection: reads.find_experiment(connection, ref))

    def trials(
        self,
        experiment_id: str,
        *,
        offset: int = 0,
        limit: int | None = None,
        archived: bool | None = False,
        roots: bool = False,
    ) -> TrialPage:
        """Return trials of an experiment that are not deleted, newest first; NotFound for an unknown experiment."""
        if offset < 0 or (limit is not None and limit < 0):
            raise InvalidQuery("offset and limit must not be negative")
        wanted = partial(reads.trial_page, experiment_id=experiment_id, archived=archived, roots=roots)
        return self._database.read(partial(wanted, offset=offset, limit=limit))

    def trial(self, ref: str, experiment_id: str | None = None) -> TrialRecord:
        """Return the trial of that id, or the newest of that name that is not deleted; NotFound."""
        return self._database.read(lambda connection: reads.find_trial(connection, ref, experiment_id))

    def facts(
        self, *, experiment_id: str | None = None, trial_ids: Sequence[str] | None = None
    ) -> tuple[TrialFacts, ...]:
        """Return trials with parameters and metric summaries (without sparks).

        Either of an experiment, those that are not deleted, oldest first, or of the given ids in their order, unknown
        ids left out.

        Raises:
            InvalidQuery: Both or neither were given.
        """
        if experiment_id is not None and trial_ids is None:
            return self._database.read(lambda connection: details.facts_of(connection, experiment_id))
        if trial_ids is not None and experiment_id is None:
            return self._database.read(lambda connection: details.facts_by_id(connection, trial_ids))
        raise InvalidQuery("give either an experiment or trials", "pass experiment_id= or trial_ids=")

    def detail(self, trial_id: str) -> TrialDetail:
        """Return everything about a trial, deleted or not; NotFound."""
        return self._database.read(lambda connection: details.detail(connection, trial_id))

    def search(
        self,
        condition: Condition | None = None,
        sort: Sequence[SortKey] = (),
        *,
        experiment_id: str | None = None,
        offset: int = 0,
        limit: int | None = None,
        archived: bool = False,
    ) -> SearchPage:
        """Return the trials for which a condition holds, sorted, ties by newest; NotFound, InvalidQuery."""
        if offset < 0 or (limit is not None and limit < 0):
            raise InvalidQuery("offset and limit must not be negative")
        scope = search.Scope(condition, experiment_id, archived=archived)
        return self._database.read(lambda connection: search.search(connection, scope, sort, offset, limit))

    def table(
        self,
        condition: Condition | None = None,
        *,
        experiment_id: str | None = None,
        trial_ids: Sequence[str] | None = None,
        archived: bool = False,
    ) -> FactTable:
        """Return the trials for which a condition holds, oldest first, or the given ones, column by column."""
        from labdeck.store.sql import columnar  # numpy takes a tenth of a second to import

        if trial_ids is not None:
            return self._database.read(lambda connection: columnar.chosen(connection, trial_ids))
        scope = search.Scope(condition, experiment_id, archived=archived)
        return self._database.read(lambda connection: columnar.matching(connection, scope))

    def vocabulary(self, experiment_id: str | None = None) -> Vocabulary:
        """Return the names that the newest trials use; NotFound for an unknown experiment."""
        return self._database.read(lambda connection: search.vocabulary(connection, experiment_id))

    def views(self) -> tuple[ViewRecord, ...]:
        """Return all saved comparisons whose experiment is not deleted, by name."""
        return self._database.read(details.views)

    def lineage(
        self, start: Sequence[str], direction: Direction = "both", depth: int | None = None, limit: int = 1000
    ) -> LineageGraph:
        """Return what led to some nodes, what they led to, or both, nearest first; NotFound, InvalidQuery."""
        return self._database.read(partial(lineage.lineage, start=start, direction=direction, depth=depth, limit=limit))

    def nodes(self, limit: int = 1000, **wanted: str) -> tuple[LineageNode, ...]:
        """Return nodes of the lineage, trials aside, newest first: with this name, type, uri, digest and kind."""
        return self._database.read(partial(lineage.nodes, wanted=wanted, limit=limit))

    def findings(
        self,
        *,
        trial_id: str | None = None,
        experiment_id: str | None = None,
        dismissed: bool = False,
        offset: int = 0,
        limit: int | None = None,
    ) -> FindingPage:
        """Return findings of trials that are not deleted, newest first; InvalidQuery."""
        if offset < 0 or (limit is not None and limit < 0):
            raise InvalidQuery("offset and limit must not be negative")
        wanted = findings.Wanted(trial_id, experiment_id, dismissed=dismissed)
        return self._database.read(partial(findings.page, wanted=wanted, offset=offset, limit=limit))

    def debugger(self, trial_id: str) -> DebuggerDetail:
        """Return what watches a trial: models and rules; NotFound."""
        return self._database.read(partial(findings.debugger, trial_id=trial_id))

    def requests(self, trial_id: str) -> tuple[RequestRecord, ...]:
        """Return what is asked of a training and not yet answered, oldest first."""
        return self._database.read(partial(findings.requests, trial_id=trial_id))

    def running(self) -> tuple[Liveness, ...]:
        """Return trials in state running, deleted or not."""
        return self._database.read(reads.running)

    def cursor(self) -> int:
        """Return the newest `seq`, 0 for an empty log."""
        return self._database.read(reads.cursor)

    def events(self, after: int, limit: int = 1000) -> tuple[AnyEvent, ...]:
        """Return events with seq > `after`, oldest first; CursorExpired if some are gone or the cursor is ahead.

        A record that cannot be decoded is left out and logged; `check` names it.
        """
        while True:
            rows = self._database.read(partial(_event_bodies, after=after, limit=limit))
            events = codec.decode_readable(codec.bodies.event, [body for _, body in rows])
            if events or not rows:
                return events
            after = rows[-1][0]

    def prune(self, keep: int) -> int:
        """Remove all but the newest `keep` events; return how many went."""
        return self._database.write(lambda connection: _prune(connection, keep))

    def watch(self) -> Watcher:
        """Return a watcher on the event log; it notices commits of every process, this one included."""
        return self._database.backend.watch()

    def purge(self, older_than: float) -> tuple[str, ...]:
        """Remove what was deleted before that time; return the ids of the trials that are gone."""
        return self._database.write(lambda connection: _purge(connection, older_than))

    def trial_ids(self) -> frozenset[str]:
        """Return the ids of all trials, deleted ones included."""
        return self._database.read(lambda connection: frozenset(connection.execute(select(trial.c.id)).scalars()))

    def artifact_digests(self) -> frozenset[str]:
        """Return the SHA-256 of every artifact on record."""
        query = select(artifact.c.sha256).distinct()
        return self._database.read(lambda connection: frozenset(connection.execute(query).scalars()))

    def check(self) -> tuple[Defect, ...]:
        """Examine the database itself: its own check, then every stored record."""
        return examine(self._database)

    def close(self) -> None:
        """Release all connections; further use raises StoreUnreachable."""
        self._database.close()

    def _apply(self, connection: Connection, commands: Sequence[AnyCommand], receipt: Receipt | None) -> int:
        newest = apply.apply(connection, commands, receipt)
        self._database.backend.announce(connection)
        return newest


def open_catalog(location: Location, *, create: bool = True) -> SqlCatalog:
    """Open the catalog of a store.

    Raises:
        NotFound: The database holds none, and `create` is False.
        StoreError: It cannot be opened, is damaged, or was written by a newer Labdeck.
    """
    if location.url.startswith("sqlite:"):
        from labdeck.store.sql.sqlite import SqliteBackend

        return SqlCatalog(SqliteBackend(location.folder), create=create)
    from labdeck.store.sql.postgres import PostgresBackend

    return SqlCatalog(PostgresBackend(location.url, location.display), create=create)


def _event_bodies(connection: Connection, after: int, limit: int) -> list[tuple[int, str]]:
    state = connection.execute(select(log.c.newest, log.c.pruned)).one()
    if after < state.pruned:
        raise CursorExpired(f"events up to {state.pruned} were pruned, the cursor is {after}", "read everything anew")
    if after > state.newest:
        raise CursorExpired(
            f"the cursor {after} is ahead of the log, which ends at {state.newest}", "read everything anew"
        )
    query = select(event.c.seq, event.c.body).where(event.c.seq > after).order_by(event.c.seq).limit(limit)
    return [(row.seq, row.body) for row in connection.execute(query)]


def _prune(connection: Connection, keep: int) -> int:
    newest = reads.cursor(connection)
    # Numbers have no gaps: the transaction that appends events also counts them.
    last = newest - max(keep, 0)
    gone = connection.execute(delete(event).where(event.c.seq <= last)).rowcount
    if gone:
        connection.execute(update(log).values(pruned=last))
    return gone


def _purge(connection: Connection, older_than: float) -> tuple[str, ...]:
    expired = func.coalesce(trial.c.deleted, experiment.c.deleted)
    either = (trial.c.deleted < older_than) | (experiment.c.deleted < older_than)
    query = select(trial.c.id).join(experiment).where(expired.is_not(None), either).order_by(trial.c.serial)
    gone = tuple(connection.execute(query).scalars())
    for start in range(0, len(gone), reads.CHUNK):
        some = gone[start : start + reads.CHUNK]
        connection.execute(update(trial).where(trial.c.parent_id.in_(some)).values(parent_id=None))
        connection.execute(delete(edge).where(or_(edge.c.source.in_(some), edge.c.destination.in_(some))))
        connection.execute(delete(trial).where(trial.c.id.in_(some)))
    connection.execute(delete(experiment).where(experiment.c.deleted < older_than))
    return gone
