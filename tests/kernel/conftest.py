"""Fixtures shared by all tests of the engine: stores on both databases."""

from __future__ import annotations

import pytest

from labdeck.store.open import locate, open_store


@pytest.fixture(autouse=True)
def _own_user_data(tmp_path, monkeypatch):
    """Keep every test away from the store of the person who runs it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user-data"))
    monkeypatch.delenv("LABDECK_STORE", raising=False)
    monkeypatch.delenv("LABDECK_FILES", raising=False)


@pytest.fixture
def location(tmp_path):
    """A place for a new store on SQLite; nothing is made yet."""
    return locate(tmp_path / "store")


@pytest.fixture
def store(location):
    """An empty open store on SQLite."""
    with open_store(location) as opened:
        yield opened
