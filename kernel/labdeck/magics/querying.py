"""Queries in a magic's line: put together from its words, completed as one phrase."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from labdeck.errors import LabdeckError
from labdeck.magics.words import QUOTED
from labdeck.runs.search.completion import field_names
from labdeck.runs.search.words import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.magics.context import Context
    from labdeck.magics.parsing import Draft
    from labdeck.magics.words import Word


def keep(word: Word) -> Word:
    """Return the word itself, with what it knows of its quotation marks."""
    return word


def join(words: Sequence[Word]) -> str:
    """Return the query that words spell; a single word between quotation marks is the whole of it.

    Example:
        >>> from labdeck.magics.words import split
        >>> join(split('name = "my cnn" and metrics.acc>0.9'))
        'name = "my cnn" and metrics.acc>0.9'
        >>> join(split("'metrics.acc > 0.9'"))
        'metrics.acc > 0.9'
    """
    if len(words) == 1 and set(words[0].mask) == {QUOTED}:
        return words[0].text
    return " ".join(map(_written, words))


def _written(word: Word) -> str:
    """Return a word with the quotation marks that it lost when the line was split."""
    if not word.text:
        return '""'
    pieces = groupby(zip(word.text, word.mask, strict=True), key=lambda pair: pair[1] == QUOTED)
    texts = ((quoted, "".join(char for char, _ in pairs)) for quoted, pairs in pieces)
    return "".join(quote(text) if quoted else text for quoted, text in texts)


def read_count(word: Word) -> int:
    """Return a whole number that is not negative; ValueError."""
    if not (word.text.isascii() and word.text.isdigit()):
        raise ValueError("give a whole number")
    return int(word.text)


def complete_query(context: Context, draft: Draft, text: str) -> tuple[int, list[str]]:
    """Return where in the text of a query the part to replace begins, and by what it may be replaced."""
    found = context.studio.searching.complete(text, None, scope(context, draft))
    return found.start, [item.text for item in found.items]


def sort_names(context: Context, draft: Draft) -> Sequence[str]:
    """List the fields to sort by, then the same the other way round."""
    names = field_names(context.studio.searching.vocabulary(scope(context, draft)))
    return [*names, *(f"-{name}" for name in names)]


def scope(context: Context, draft: Draft) -> str | None:
    """Return the id of the experiment that a line searches, None for all."""
    if "everywhere" in draft.flags:
        return None
    try:
        return context.choose_experiment(draft.text("experiment")).id
    except LabdeckError:
        return None
