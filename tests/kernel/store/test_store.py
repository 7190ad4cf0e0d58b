"""Both databases keep the laws of the store."""

from __future__ import annotations

import pytest

from labdeck.store.open import open_store as open_at
from labdeck.testing.store_contract import StoreContract


class TestStore(StoreContract):
    @pytest.fixture
    def open_store(self, any_location):
        opened = []

        def open_again():
            opened.append(open_at(any_location))
            return opened[-1]

        yield open_again
        for store in opened:
            store.close()
