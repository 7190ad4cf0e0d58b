"""`check` and `gc` over all parts of a store."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labdeck.errors import StoreCorrupt
from labdeck.store.contract import Defect
from labdeck.store.leftovers import check_outboxes
from labdeck.store.outbox import adopt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from labdeck.store.open import Store

HOUR = 3600.0
"""Files younger than this are never removed: their writer may be about to record them."""
DAY = 24 * HOUR
KEEP_EVENTS = 50_000
"""Events left in the log; a reader that is further behind reads everything anew."""
_CHUNK = 500
OUTBOX = "outbox"
_PARTS = ("columns", "tensors", "outputs")


@dataclass(frozen=True)
class Freed:
    """What `collect` removed, or would remove.

    Attributes:
        trials: Trials that had been deleted.
        orphans: Folders of points, tensors or output that belong to no trial.
        artifacts: Files that no trial refers to.
        packed: Trials whose points were packed; 0 in a dry run.
        events: Events that went from the log; 0 in a dry run.
        bytes: In the files that went, or would go; the catalog keeps its size, and fills what became free in it.
    """

    trials: int
    orphans: int
    artifacts: int
    packed: int
    events: int
    bytes: int


def check(store: Store) -> tuple[Defect, ...]:
    """Examine every part of a store, and whether the parts fit each other.

    Example:
        >>> import tempfile
        >>> from labdeck.store.open import locate, open_store
        >>> with open_store(locate(tempfile.mkdtemp())) as store:
        ...     check(store)
        ()
    """
    found = [*store.catalog.check(), *store.artifacts.check()]
    for trial_id in sorted(store.columns.trial_ids()):
        found += store.columns.check(trial_id)
    for trial_id in sorted(store.tensors.trial_ids()):
        found += store.tensors.check(trial_id)
    try:
        return (*found, *_misfits(store), *check_outboxes(store.location.folder / OUTBOX, store.catalog))
    except StoreCorrupt:  # the catalog has said so already
        return tuple(found)


def collect(store: Store, *, deleted_before: float, dry_run: bool = False) -> Freed:
    """Remove what nobody needs: what was deleted long ago, what belongs to nothing; pack what has ended.

    Args:
        store: An open store.
        deleted_before: Trials and experiments deleted before that time go for good; seconds since 1970-01-01 UTC.
        dry_run: Only count, once what dead processes left in their outboxes is delivered: it may name files.
    """
    adopt(store.location.folder / OUTBOX, store.catalog)
    if dry_run:
        return _count(store, deleted_before)
    before = _size(store.location.folder)
    gone = store.catalog.purge(deleted_before)
    _remove_files(store, gone)
    orphans = _orphans(store)
    _remove_files(store, orphans)
    artifacts = store.artifacts.remove_unreferenced(store.catalog.artifact_digests(), time.time() - HOUR)
    freed = before - _size(store.location.folder)
    running = {item.trial_id for item in store.catalog.running()}
    ended = sorted((store.columns.trial_ids() & store.catalog.trial_ids()) - running)
    packed = sum(store.columns.compact(trial_id) for trial_id in ended)
    events = store.catalog.prune(KEEP_EVENTS)
    _forget_writers(store)
    return Freed(len(gone), len(orphans), artifacts, packed, events, max(freed, 0))


def _forget_writers(store: Store) -> None:
    """Forget how far writers had come whose outboxes are gone; other folders beside one server are not seen here."""
    if store.location.url.startswith("sqlite:"):
        keep = {path.stem for path in (store.location.folder / OUTBOX).glob("*")}
        store.catalog.forget_writers(keep, time.time() - DAY)


def _remove_files(store: Store, trial_ids: Sequence[str]) -> None:
    store.columns.remove(trial_ids)
    store.tensors.remove(trial_ids)
    store.outputs.remove(trial_ids)


def _misfits(store: Store) -> list[Defect]:
    known = store.catalog.trial_ids()
    remedy = "`labdeck store gc` removes it once it is an hour old"
    found = [
        Defect("warning", f"{part}/{trial_id}", "no trial refers to it", remedy)
        for part, kept in _kept(store).items()
        for trial_id in sorted(kept - known)
    ]
    for digest in sorted(store.catalog.artifact_digests() - store.artifacts.digests()):
        path = f"artifacts/{digest[:2]}/{digest[2:]}"
        found.append(Defect("error", path, "the content of an artifact is missing", "restore it from a backup"))
    return found


def _count(store: Store, deleted_before: float) -> Freed:
    folder = store.location.folder
    gone = _expired(store, deleted_before)
    orphans = _orphans(store)
    keep = store.catalog.artifact_digests()  # those of trials that would be purged go with the next run
    unused = [store.artifacts.path(digest) for digest in store.artifacts.digests() - keep]
    old = [path for path in unused if path.stat().st_mtime < time.time() - HOUR]
    size = sum(path.stat().st_size for path in old)
    size += sum(_size(folder / part / trial_id) for part in _PARTS for trial_id in {*gone, *orphans})
    return Freed(len(gone), len(orphans), len(old), 0, 0, size)


def _expired(store: Store, deleted_before: float) -> list[str]:
    doomed = {e.id for e in store.catalog.experiments(deleted=True) if (e.deleted or 0.0) < deleted_before}
    ids = sorted(store.catalog.trial_ids())
    found = []
    for start in range(0, len(ids), _CHUNK):
        trials = [facts.trial for facts in store.catalog.facts(trial_ids=ids[start : start + _CHUNK])]
        found += [t.id for t in trials if t.experiment_id in doomed or (t.deleted or deleted_before) < deleted_before]
    return found


def _orphans(store: Store) -> list[str]:
    """Return trials that have files but no record; none where the catalog knows no trial at all.

    That is a catalog somebody lost or mistook: emptying the folder would make it worse.
    """
    known = store.catalog.trial_ids()
    if not known:
        return []
    folder = store.location.folder
    strange = frozenset[str]().union(*_kept(store).values()) - known
    return sorted(i for i in strange if max(_latest(folder / part / i) for part in _PARTS) < time.time() - HOUR)


def _kept(store: Store) -> dict[str, frozenset[str]]:
    """Return of which trials there are files, by part."""
    found = (store.columns.trial_ids(), store.tensors.trial_ids(), store.outputs.trial_ids())
    return dict(zip(_PARTS, found, strict=True))


def _latest(folder: Path) -> float:
    return max((path.stat().st_mtime for path in (folder, *folder.rglob("*")) if path.exists()), default=0.0)


def _size(folder: Path) -> int:
    """Return the bytes of all files below a folder, except those of the catalog."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += 0 if path.is_dir() or path.name.startswith("catalog.") else path.stat().st_size
        except FileNotFoundError:  # packed or removed by another process meanwhile
            continue
    return total
