"""Finding the Parquet file of a trial, without importing what reads Parquet where there is none."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from labdeck.store.columns.parquet import Packed

_log = logging.getLogger("labdeck.store")


def packed_in(folder: Path) -> Packed | None:
    """Return the packed points of a trial's folder, None if there are none or they cannot be read."""
    if not (folder / "metrics.parquet").exists():
        return None
    from labdeck.store.columns.parquet import DAMAGE, open_packed

    try:
        return open_packed(folder)
    except DAMAGE as error:
        _log.warning("the packed points of trial %s cannot be read: %s; run `labdeck store check`", folder.name, error)
        return None
