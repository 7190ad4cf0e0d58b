"""Tables of fields, as a store would give them."""

from __future__ import annotations

import pytest

from labdeck.wire.comparing import FieldRow, FieldTable


@pytest.fixture
def table():
    """Build a table from columns; trials are named t1, t2 … unless a name is given."""

    def build(name=None, **columns):
        rows = zip(*columns.values(), strict=True)
        made = tuple(
            FieldRow(trial_id=f"{n:032x}", trial_name=name or f"t{n}", trial_number=n, values=values)
            for n, values in enumerate(rows, 1)
        )
        return FieldTable(fields=tuple(columns), rows=made)

    return build
