"""Imports and exports as the doors ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labdeck.errors import Conflict, LabdeckError, UsageError
from labdeck.runs.imports.detect import KINDS, Kind, detect, open_source, to_path
from labdeck.store.disk import disk_error
from labdeck.wire.transfers import Exported, Imported

if TYPE_CHECKING:
    import pandas as pd

    from labdeck.runs.experiment import Experiment
    from labdeck.runs.imports.bring_in import Listener
    from labdeck.store.session import Session

TABLES = (".parquet", ".csv")
"""Endings of files that get a table of trials in place of everything."""


def import_from(
    session: Session,
    path: str | Path,
    *,
    kind: str | None = None,
    experiment: str | None = None,
    progress: Listener | None = None,
    deleted: bool = False,
    links: bool = False,
) -> Imported:
    """Bring in what an archive or another tracker on this machine holds; again, and only what is new comes in.

    Args:
        session: The store.
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
    place = to_path(path)
    wanted = detect(place) if kind is None else _checked(kind)
    if wanted == "labdeck":
        if experiment is not None:
            raise UsageError("an archive brings its own experiments", "leave the experiment out, and rename it after")
        return _from_archive(session, place)
    from labdeck.runs.imports.bring_in import bring_in

    with open_source(place, wanted, deleted=deleted, links=links) as source:
        return bring_in(session, source, experiment=experiment, progress=progress)


def _checked(kind: str) -> Kind:
    for known in KINDS:
        if kind == known:
            return known
    raise UsageError(f"nothing can be imported from {kind!r}", f"choose one of {', '.join(KINDS)}")


def _from_archive(session: Session, path: Path) -> Imported:
    from labdeck.store.unarchive import import_archive

    session.flush()
    return import_archive(session.store, path)


def export_to(
    session: Session, path: str | Path, experiments: Sequence[Experiment], *, force: bool = False
) -> Exported:
    """Write experiments into a file; see `Studio.export_to`."""
    target = Path(path).expanduser()
    if target.exists() and not force:
        raise Conflict(f"{target} is there already", "name another file, or replace it with force")
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {target.parent}", "make it first, or name another file")
    names = tuple(experiment.name for experiment in experiments)
    if target.suffix.lower() in TABLES:
        return _write_table(target, experiments, names)
    from labdeck.store.archive import export_archive

    session.flush()
    done = export_archive(session.store, [experiment.id for experiment in experiments], target)
    return Exported(path=str(target), size=done.size, experiments=names, trials=done.trials, skipped=done.left_out)


def _write_table(target: Path, experiments: Sequence[Experiment], names: tuple[str, ...]) -> Exported:
    import pandas as pd

    frames = []
    for experiment in experiments:
        frame = experiment.frame().reset_index()
        frame.insert(0, "experiment", experiment.name)
        frames.append(frame)
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    part = target.with_name(target.name + ".part")
    try:
        if target.suffix.lower() == ".csv":
            table.to_csv(part, index=False)
        else:
            _one_type(table).to_parquet(part, index=False)
        size = part.stat().st_size
        part.replace(target)
    except OSError as error:
        raise disk_error(error, f"{target} cannot be written") from None
    except (ValueError, TypeError) as error:
        raise LabdeckError(f"the table cannot be written: {error}", "write a .csv") from None
    finally:
        part.unlink(missing_ok=True)
    return Exported(path=str(target), size=size, experiments=names, trials=len(table))


def _one_type(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose mixed columns are text: Parquet has one type a column."""
    mixed = {}
    for name in table.columns:
        column = table[name]
        kinds = {type(value) for value in column.dropna()}
        if column.dtype == object and len(kinds) > 1:
            mixed[name] = column.map(lambda value: None if value is None else str(value))
    whole: pd.DataFrame = table.assign(**mixed)
    return whole
