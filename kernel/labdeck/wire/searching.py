"""What crosses around a search, besides what it finds: the names it may use, and completions of a query."""

from __future__ import annotations

from typing import Literal

from labdeck.wire.records import Record

SuggestionKind = Literal["field", "operator", "keyword", "value"]


class Vocabulary(Record, frozen=True, kw_only=True):
    """The names that queries may use, those of the newest trials, the most frequent first; at most 1,000 of a kind.

    Attributes:
        metrics, params: Those of components are written "component/name".
        tags: Keys of trials' tags.
        experiments: Names of experiments, latest activity first.
        states: All states of trials.
    """

    metrics: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()
    states: tuple[str, ...] = ()


class Suggestion(Record, frozen=True, kw_only=True):
    """Something that may stand at a place of a query, as it is written there."""

    text: str
    kind: SuggestionKind


class Suggestions(Record, frozen=True, kw_only=True):
    """Completions of a query.

    Attributes:
        start, end: The part of the query that a suggestion replaces, in characters (of Unicode) from 0.
        items: The likeliest first, at most 100.
    """

    start: int
    end: int
    items: tuple[Suggestion, ...]
