"""A store of its own for every test of the API."""

import pytest

from labdeck.defaults import studio


@pytest.fixture
def local(tmp_path, monkeypatch):
    """The studio on a fresh store, which the API finds as the default one."""
    monkeypatch.setenv("LABDECK_STORE", str(tmp_path / "store"))
    studio.cache_clear()
    yield studio()
    studio().close()
    studio.cache_clear()
