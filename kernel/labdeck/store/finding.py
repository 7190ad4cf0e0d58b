"""The part of the catalog that finds trials; see docs/search.md for what conditions mean."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.store.conditions import Condition, SortKey
    from labdeck.store.fact_table import FactTable
    from labdeck.wire.records import SearchPage
    from labdeck.wire.searching import Vocabulary


class Finder(ABC):
    """Finds trials that are not deleted, within an experiment if its id is given; archived ones only if asked for."""

    @abstractmethod
    def search(
        self,
        condition: Condition | None = None,
        sort: Sequence[SortKey] = (),
        *,
        experiment_id: str | None = None,
        offset: int = 0,
        limit: int | None = None,
        archived: bool = False,
    ) -> SearchPage:
        """Return the trials for which a condition holds, sorted, ties by newest; the sparks of metrics left out.

        Raises:
            NotFound: There is no such experiment.
            InvalidQuery: `offset` or `limit` is negative.
        """

    @abstractmethod
    def table(
        self,
        condition: Condition | None = None,
        *,
        experiment_id: str | None = None,
        trial_ids: Sequence[str] | None = None,
        archived: bool = False,
    ) -> FactTable:
        """Return the trials for which a condition holds, oldest first, column by column; NotFound.

        With `trial_ids` exactly those, in their order, unknown ones left out.
        """

    @abstractmethod
    def vocabulary(self, experiment_id: str | None = None) -> Vocabulary:
        """Return the names that the newest trials use; NotFound for an unknown experiment."""
