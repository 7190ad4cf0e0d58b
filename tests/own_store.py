"""A pytest plugin for examples in docstrings: each begins with an empty store of its own."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from labdeck import defaults

    monkeypatch.setenv("LABDECK_STORE", str(tmp_path / "store"))
    defaults.studio.cache_clear()
    yield
    defaults.studio().close()
    defaults.studio.cache_clear()
    vars(builtins).pop("_", None)  # doctest leaves it there
