"""All laws of a store in one class."""

from __future__ import annotations

from labdeck.testing.catalog_contract import DeletionLaws, ExperimentLaws, TrialLaws
from labdeck.testing.facts_contract import FactLaws, LogLaws


class StoreContract(ExperimentLaws, TrialLaws, DeletionLaws, FactLaws, LogLaws):
    """The laws of `labdeck.store.contract` as tests.

    Subclass it beside a fixture `open_store`: a function that opens one and the same store, empty at first, again at
    each call, as another process would.

    Example:
        >>> import pytest
        >>> class TestMyStore(StoreContract):
        ...     @pytest.fixture
        ...     def open_store(self, tmp_path): ...
    """
