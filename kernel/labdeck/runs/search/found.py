"""What a search found, and how it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

import msgspec

from labdeck.errors import InvalidQuery
from labdeck.runs.search.fields import read_field
from labdeck.runs.search.parser import parse, parse_sort
from labdeck.runs.values import to_text
from labdeck.store.conditions import Field, is_about

if TYPE_CHECKING:
    import pandas as pd

    from labdeck.runs.trial import Trial
    from labdeck.store.session import Session
    from labdeck.wire.records import SearchPage, TrialFacts

_ARCHIVED = Field("trial", "archived")


class Found(Sequence["Trial"]):
    """The trials that a search found, in its order; made by `Experiment.search` and `Studio.search`.

    Attributes:
        total: How many there are in all; those beyond the limit are not in the sequence.
        facts: The parameters and metric summaries of those that are.
        hint: Which name of the query no trial has, where nothing was found or nothing could be sorted; else "".

    Example:
        >>> import labdeck
        >>> experiment = labdeck.experiment("widths")
        >>> for width in (8, 16, 32):
        ...     with experiment.trial(f"cnn-{width}", params={"width": width}) as trial:
        ...         trial.log(accuracy=width / 40)
        >>> found = experiment.search("metrics.accuracy > 0.3", sort="-params.width")
        >>> [trial.name for trial in found], found.total
        (['cnn-32', 'cnn-16'], 2)
    """

    def __init__(self, session: Session, page: SearchPage, trials: Sequence[Trial]) -> None:
        self.total = page.total
        self.facts: tuple[TrialFacts, ...] = page.trials
        self.hint = page.hint
        self._session = session
        self._trials = tuple(trials)

    def frame(self) -> pd.DataFrame:
        """Return one row per trial, in this order; see `Experiment.frame` for the columns."""
        from labdeck.runs.frame import to_frame

        return to_frame(self._session.catalog.table(trial_ids=[fact.trial.id for fact in self.facts]))

    @overload
    def __getitem__(self, index: int) -> Trial: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Trial, ...]: ...

    def __getitem__(self, index: int | slice) -> Trial | tuple[Trial, ...]:
        """Return a trial, or some of them."""
        return self._trials[index]

    def __len__(self) -> int:
        """Return how many trials there are here."""
        return len(self._trials)

    def __repr__(self) -> str:
        """Say how many there are without asking the store."""
        return f"<{len(self)} of {self.total} trials found{': ' if self.hint else ''}{self.hint}>"


def find_page(
    session: Session,
    query: str,
    sort: str,
    limit: int | None,
    *,
    experiment_id: str | None = None,
    offset: int = 0,
    archived: bool = False,
) -> SearchPage:
    """Return a page of the trials that a query finds.

    Raises:
        MalformedQuery: The query or the order cannot be read.
        InvalidQuery: The limit is no whole number, or negative.
        NotFound: There is no such experiment.
    """
    if not (limit is None or (type(limit) is int and limit >= 0)):
        raise InvalidQuery(f"the limit is {limit!r}", "give a whole number, or None for all")
    condition = parse(to_text(query, "the query"))
    order = parse_sort(to_text(sort, "the sort order"))
    wanted = archived or is_about(condition, _ARCHIVED)
    page = session.catalog.search(
        condition, order, experiment_id=experiment_id, offset=offset, limit=limit, archived=wanted
    )
    sorted_by_nothing = any(all(read_field(fact, key.field) is None for fact in page.trials) for key in order)
    if page.total and not sorted_by_nothing:
        return page
    from labdeck.runs.search.hints import hint

    return msgspec.structs.replace(page, hint=hint(condition, order, session.catalog.vocabulary(experiment_id)))


def find_frame(session: Session, query: str, experiment_id: str, *, archived: bool) -> pd.DataFrame:
    """Return a frame of the trials of an experiment that a query finds, oldest first; MalformedQuery."""
    from labdeck.runs.frame import to_frame

    condition = parse(to_text(query, "the query"))
    wanted = archived or is_about(condition, _ARCHIVED)
    return to_frame(session.catalog.table(condition, experiment_id=experiment_id, archived=wanted))
