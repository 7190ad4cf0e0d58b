"""Which function carries out which command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import delete, insert, select, update

from labdeck.errors import InvalidQuery
from labdeck.store.ids import is_id, made
from labdeck.store.sql import do_experiments, do_facts, do_findings, do_lineage, do_trials, do_views, reads
from labdeck.store.sql.tables import receipt as receipts
from labdeck.store.sql.unit import Unit, require_finite
from labdeck.wire import commands as wire

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from sqlalchemy import Connection

    from labdeck.store.contract import Receipt
    from labdeck.wire.commands import AnyCommand

_DO: dict[type[wire.Command], Callable[[Unit, Any], None]] = {
    wire.OpenExperiment: do_experiments.open_experiment,
    wire.RenameExperiment: do_experiments.rename_experiment,
    wire.SetObjective: do_experiments.set_objective,
    wire.RenameTrial: do_experiments.rename_trial,
    wire.Annotate: do_experiments.annotate,
    wire.SetTags: do_experiments.set_tags,
    wire.Archive: do_experiments.archive,
    wire.Delete: do_experiments.delete,
    wire.Restore: do_experiments.restore,
    wire.StartTrial: do_trials.start_trial,
    wire.ResumeTrial: do_trials.resume_trial,
    wire.FinishTrial: do_trials.finish_trial,
    wire.StartComponent: do_trials.start_component,
    wire.FinishComponent: do_trials.finish_component,
    wire.Beat: do_trials.beat,
    wire.MarkCrashed: do_trials.mark_crashed,
    wire.MarkIncomplete: do_trials.mark_incomplete,
    wire.LogParams: do_facts.log_params,
    wire.RemoveParams: do_facts.remove_params,
    wire.LogArtifact: do_facts.log_artifact,
    wire.LogCapture: do_facts.log_capture,
    wire.AdvanceMetrics: do_facts.advance_metrics,
    wire.AdvanceOutput: do_facts.advance_output,
    wire.SaveView: do_views.save_view,
    wire.DeleteView: do_views.delete_view,
    wire.PutNode: do_lineage.put_node,
    wire.RemoveNode: do_lineage.remove_node,
    wire.Associate: do_lineage.associate,
    wire.Dissociate: do_lineage.dissociate,
    wire.PutFinding: do_findings.put_finding,
    wire.PutRules: do_findings.put_rules,
    wire.PutWatch: do_findings.put_watch,
    wire.AskTraining: do_findings.ask_training,
    wire.AnswerRequest: do_findings.answer_request,
    wire.Dismiss: do_findings.dismiss,
}


def apply(connection: Connection, commands: Sequence[AnyCommand], receipt: Receipt | None) -> int:
    """Carry out commands within the transaction of `connection`; return the newest seq."""
    unit = Unit(connection)
    if receipt is not None and not _accept(connection, receipt):
        return unit.newest
    for given in commands:
        command = _checked(given)
        require_finite(command)
        _DO[type(command)](unit, command)
    return unit.emit()


def position(connection: Connection, writer: str) -> int:
    """Return the last position recorded for a writer, 0 if none."""
    query = select(receipts.c.position).where(receipts.c.writer == writer)
    return int(connection.execute(query).scalar() or 0)


def forget_writers(connection: Connection, keep: Collection[str], older_than: float) -> int:
    """Remove the receipts of writers that are not to be kept, if their ids are older; return how many that were."""
    known = connection.execute(select(receipts.c.writer)).scalars().all()
    gone = [writer for writer in known if writer not in keep and is_id(writer) and made(writer) < older_than]
    for start in range(0, len(gone), reads.CHUNK):
        connection.execute(delete(receipts).where(receipts.c.writer.in_(gone[start : start + reads.CHUNK])))
    return len(gone)


def _checked(command: AnyCommand) -> AnyCommand:
    """Return a command whose every field is of its type: what it leads to must be readable for ever."""
    try:
        checked: AnyCommand = msgspec.convert(msgspec.to_builtins(command), wire.AnyCommand)
    except (msgspec.MsgspecError, TypeError, RecursionError) as error:
        raise InvalidQuery(f"{type(command).__name__}: {error}", "correct that field") from None
    return checked


def _accept(connection: Connection, receipt: Receipt) -> bool:
    """Record the receipt; False if it was there before."""
    mine = receipts.c.writer == receipt.writer
    before = connection.execute(select(receipts.c.position).where(mine)).scalar()
    if before is None:
        connection.execute(insert(receipts).values(writer=receipt.writer, position=receipt.position))
    elif before < receipt.position:
        connection.execute(update(receipts).where(mine).values(position=receipt.position))
    else:
        return False
    return True
