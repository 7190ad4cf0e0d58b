"""What the doors ask of a search: pages, names and completions, as records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdeck.runs.search.completion import complete
from labdeck.runs.search.found import find_page

if TYPE_CHECKING:
    from labdeck.store.session import Session
    from labdeck.wire.records import SearchPage
    from labdeck.wire.searching import Suggestions, Vocabulary


class Searching:
    """Searches over all experiments, or within one; made by `Studio.searching`.

    Example:
        >>> import labdeck
        >>> labdeck.open().searching.page("metrics.accuracy > 0.9", "-metrics.accuracy").total
        0
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def page(
        self,
        query: str = "",
        sort: str = "",
        *,
        experiment_id: str | None = None,
        offset: int = 0,
        limit: int | None = 100,
        archived: bool = False,
    ) -> SearchPage:
        """Return a page of what a query finds.

        Args:
            query: In the language of docs/search.md; "" finds everything.
            sort: Fields separated by commas, "-" before those that begin with the greatest; ties by newest.
            experiment_id: Only trials of this experiment.
            offset: How many of those that are found to leave out.
            limit: At most so many; None for all.
            archived: Find archived trials, too; a query about `archived` does so by itself.

        Raises:
            MalformedQuery: The query or the order cannot be read; `position` says where.
            NotFound: There is no such experiment.
        """
        return find_page(
            self._session, query, sort, limit, experiment_id=experiment_id, offset=offset, archived=archived
        )

    def vocabulary(self, experiment_id: str | None = None) -> Vocabulary:
        """Return the names that queries may use; NotFound."""
        return self._session.catalog.vocabulary(experiment_id)

    def complete(self, query: str, at: int | None = None, experiment_id: str | None = None) -> Suggestions:
        """Return what may stand in a query where the cursor is, by default at its end; NotFound."""
        return complete(query, len(query) if at is None else at, self.vocabulary(experiment_id))
