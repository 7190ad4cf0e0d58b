"""One record of the event log that cannot be read stops nobody who follows the log."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from labdeck.store.open import open_store
from labdeck.store.sql.tables import event
from labdeck.testing.making import open_experiment


@pytest.fixture
def catalog(any_location):
    with open_store(any_location) as store:
        yield store.catalog


@pytest.mark.parametrize("body", ['{"event":"trial-changed","seq":3}', '{"seq":', '{"event":"unheard-of","seq":3}'])
def test_it_is_left_out_and_said_so(catalog, caplog, body):
    for index in range(6):
        open_experiment(catalog, f"e{index}")
    damaged = update(event).where(event.c.seq.in_([3, 4])).values(body=body)
    catalog._database.write(lambda connection: connection.execute(damaged))
    assert [item.seq for item in catalog.events(0)] == [1, 2, 5, 6]
    assert "was left out" in caplog.text
    assert [item.seq for item in catalog.events(2, limit=2)] == [5, 6], "a page of nothing else is not the end"
    assert [item.seq for item in catalog.events(2, limit=3)] == [5]
    assert catalog.events(6) == ()
    assert "2 records cannot be decoded" in [item.message for item in catalog.check()]
