"""Commands on saved comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import delete, select

from labdeck.store.names import check_name
from labdeck.store.sql import reads
from labdeck.store.sql.codec import clean, encode
from labdeck.store.sql.tables import view
from labdeck.store.sql.unit import require_id

if TYPE_CHECKING:
    from labdeck.store.sql.unit import Unit
    from labdeck.wire.commands import DeleteView, SaveView


def save_view(unit: Unit, command: SaveView) -> None:
    """Keep a comparison under a name; NotFound if its experiment is gone."""
    record = command.view
    check_name(record.name, "view")
    if record.experiment_id is not None:
        reads.require_experiment(unit.connection, record.experiment_id)
    row = {
        "id": require_id(record.id),
        "experiment_id": record.experiment_id,
        "name": record.name,
        "body": encode(msgspec.structs.replace(record, body=clean(record.body))),
    }
    unit.put(view, row)
    unit.touch_views()


def delete_view(unit: Unit, command: DeleteView) -> None:
    """Forget a saved comparison; one that is gone stays gone."""
    if unit.connection.execute(select(view.c.id).where(view.c.id == command.id)).first() is not None:
        unit.connection.execute(delete(view).where(view.c.id == command.id))
        unit.touch_views()
