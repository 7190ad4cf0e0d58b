"""`%experiment export` and `%experiment import`: experiments to and from files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labdeck.errors import UsageError
from labdeck.magics.experiment import EXPERIMENT
from labdeck.magics.names import experiment_names
from labdeck.magics.progress import ProgressBar
from labdeck.magics.verbs import Argument, Flag, offer, one_of
from labdeck.runs.imports.detect import KINDS

if TYPE_CHECKING:
    from labdeck.magics.context import Context
    from labdeck.magics.parsing import Draft
    from labdeck.wire.transfers import Exported, Imported

_MOST_PATHS = 200


def paths(context: Context, draft: Draft) -> Sequence[str]:
    """List the files and folders that the path being typed could go on to, folders with a slash."""
    del context
    typed = draft.typing
    head = typed[: typed.rfind("/") + 1]
    try:
        with os.scandir(Path(head).expanduser() if head else ".") as entries:
            found = sorted((entry.name, entry.is_dir()) for entry in entries)
    except OSError:
        return []
    begun = typed[len(head) :]
    names = (f"{head}{name}{'/' * folder}" for name, folder in found if begun[:1] == "." or not name.startswith("."))
    return [name for name in names if name.startswith(typed)][:_MOST_PATHS]


@EXPERIMENT.verb(
    Argument(
        "path", "the file to write: lab.zip for everything, trials.parquet or trials.csv for a table", complete=paths
    ),
    Argument("experiment", "experiments, default the one in use", many=True, optional=True, complete=experiment_names),
    Flag("force", "replace a file that is there"),
)
def export(context: Context, *, path: str, experiment: tuple[str, ...], force: bool) -> Exported:
    """Write experiments into a file that %experiment import or pandas reads.

    An archive takes along trials with their points and files. The table has a row per trial.
    Example: %experiment export digits.zip digits
    """
    chosen = experiment or (context.choose_experiment(None).id,)
    return context.studio.export_to(path, *chosen, force=force)


@EXPERIMENT.verb(
    Argument("path", "an archive, MLflow's mlruns or mlflow.db, TensorBoard's or W&B's folder", complete=paths),
    Flag("from", "what wrote it, default what it looks like", "|".join(KINDS), one_of(*KINDS), complete=offer(*KINDS)),
    Flag("experiment", "the experiment that takes all runs, default their own", "NAME", complete=experiment_names),
    Flag("deleted", "take the runs, too, that were deleted in MLflow"),
    Flag("links", "take files that are linked from elsewhere, too; only from folders you trust"),
)
def import_(context: Context, *, path: str, experiment: str | None, **more: str | bool | None) -> Imported:
    """Bring in experiments from an archive, or from what MLflow, TensorBoard or W&B kept on this machine.

    Importing again brings what is new. Pressing stop keeps what has come in so far.
    Example: %experiment import mlruns
    """
    kind = more["from"]
    with ProgressBar("run") as bar:
        try:
            return context.studio.import_from(
                path,
                None if kind is None else str(kind),
                experiment,
                bar.show,
                deleted=bool(more["deleted"]),
                links=bool(more["links"]),
            )
        except KeyboardInterrupt:
            raise UsageError("stopped; what has come in stays", "the same line brings the rest") from None
