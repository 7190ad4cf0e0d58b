"""What dead processes left in their outboxes, as `check` tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdeck.errors import StoreCorrupt
from labdeck.store.contract import Defect
from labdeck.store.journal import DAMAGED, MAGIC, SUFFIX, read_journal
from labdeck.store.locks import is_held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labdeck.store.contract import Catalog

_DELIVER = "`labdeck store gc` delivers what can be read of it, as does every kernel and server that opens the store"


def check_outboxes(folder: Path, catalog: Catalog) -> Iterator[Defect]:
    """Say which facts have not reached the catalog; outboxes of processes that live are theirs to deliver.

    Args:
        folder: The store's folder of outboxes.
        catalog: The store's catalog.
    """
    for path in sorted(folder.glob("*" + DAMAGED)):
        remedy = "the rest of it is in the catalog; remove it if you miss nothing"
        yield Defect("error", f"{folder.name}/{path.name}", "some facts in it cannot be read", remedy)
    for path in sorted(folder.glob("*" + SUFFIX)):
        if not is_held(path):
            yield from _check(path, f"{folder.name}/{path.name}", catalog)


def _check(path: Path, shown: str, catalog: Catalog) -> Iterator[Defect]:
    try:
        size = path.stat().st_size
        found = read_journal(path)
    except FileNotFoundError:  # delivered meanwhile
        return
    except StoreCorrupt:
        if size <= len(MAGIC):
            yield Defect("warning", shown, "its writer died before it wrote anything", "`labdeck store gc` removes it")
        else:
            yield Defect("error", shown, "it cannot be read", "restore it from a backup, or remove it")
        return
    if found.damaged:
        yield Defect("error", shown, "some facts in it cannot be read", _DELIVER)
    done = catalog.position(path.stem)
    waiting = sum(position > done for position, _ in found.entries)
    if waiting:
        yield Defect("warning", shown, f"{waiting} facts of a process that ended are not in the catalog yet", _DELIVER)
