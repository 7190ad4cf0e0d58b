"""Fixtures shared by all tests of the engine: stores on both databases."""

from __future__ import annotations

import uuid

import pytest

from labdeck.store.open import locate, open_store

pytest.register_assert_rewrite("labdeck.testing")


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


@pytest.fixture(scope="session")
def postgres_server():
    """A PostgreSQL server of this test process."""
    from labdeck.testing.postgres import PostgresServer

    with PostgresServer() as server:
        yield server


@pytest.fixture
def postgres_location(postgres_server, tmp_path, monkeypatch):
    """A place for a new store on PostgreSQL: an empty database and an empty folder."""
    name = f"test_{uuid.uuid4().hex}"
    url = postgres_server.create_database(name)
    monkeypatch.setenv("LABDECK_FILES", str(tmp_path / "files"))
    yield locate(url)
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def any_location(request):
    """A place for a new store, once on each database."""
    return request.getfixturevalue("location" if request.param == "sqlite" else "postgres_location")
