"""Completion of a query that is being typed: what may stand where the cursor is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdeck.errors import MalformedQuery
from labdeck.runs.search.fields import GROUPS, field_text, read_word
from labdeck.runs.search.parser import KEYWORDS
from labdeck.runs.search.words import PLAIN, quote, split
from labdeck.store.conditions import FACTS, STATISTICS, Field
from labdeck.wire.searching import Suggestion, Suggestions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Literal

    from labdeck.runs.search.words import Word
    from labdeck.wire.searching import SuggestionKind, Vocabulary

    Place = Literal["field", "operator", "in", "list", "value", "listed", "comma", "joint"]

MAX_SHOWN = 100
_PLAIN = frozenset(PLAIN.replace(r"\w", "_").replace(r"\-", "-"))


def complete(query: str, at: int, vocabulary: Vocabulary) -> Suggestions:
    """Return what may stand at a place of a query; never raises, whatever the query is.

    Args:
        query: As far as it is written, the part after the cursor included.
        at: Where the cursor is, in characters from 0.
        vocabulary: The names there are.

    Example:
        >>> from labdeck.wire.searching import Vocabulary
        >>> found = complete("metrics.a", 9, Vocabulary(metrics=("accuracy", "loss")))
        >>> found.start, found.end, found.items[0].text
        (0, 9, 'metrics.accuracy')
    """
    at = min(max(at, 0), len(query))
    *words, _ = split(query[:at], unfinished=True)
    typed = words.pop() if words and words[-1].end == at and words[-1].kind in {"word", "text"} else None
    start = at if typed is None else typed.start
    place, field, depth = _place(words)
    offered = _offer(place, field, depth, typed, vocabulary)
    items = [Suggestion(text=text, kind=kind) for text, kind in _fitting(offered, "" if typed is None else typed.text)]
    return Suggestions(start=start, end=_end(query, start, at), items=tuple(items[:MAX_SHOWN]))


def field_names(vocabulary: Vocabulary) -> list[str]:
    """Return the fields there are, as they are written."""
    return [text for text, _ in _fields(vocabulary, "") if not text.endswith(".")]


def _end(query: str, start: int, at: int) -> int:
    """Return where the word that the cursor is in ends."""
    return next((word.end for word in split(query, unfinished=True) if word.start == start and word.end >= at), at)


def _place(words: Sequence[Word]) -> tuple[Place, Field | None, int]:
    """Return what is expected after some words, of which field, and how many brackets are open."""
    place: Place = "field"
    field: Field | None = None
    depth = 0
    for word in words:
        if place == "field":
            if word.kind == "mark":
                depth += word.text == "("
            elif not word.is_keyword("not"):
                place, field = "operator", _field(word)
        elif place in {"operator", "in"}:
            place = _after_field(word)
        elif place == "list":
            place = "listed"
        elif place == "listed":
            place = "comma"
        elif place == "comma":
            place = "joint" if word.text == ")" else "listed"
        elif place == "value" or word.kind == "mark":
            depth -= word.kind == "mark" and word.text == ")"
            place = "joint"
        else:
            place = "field"
    return place, field, max(depth, 0)


def _after_field(word: Word) -> Place:
    if word.kind == "operator":
        return "value"
    if word.is_keyword("not"):
        return "in"
    return "list" if word.is_keyword("in") else "joint"


def _field(word: Word) -> Field | None:
    try:
        return read_word(word.text, word)
    except MalformedQuery:
        return None


def _offer(
    place: Place, field: Field | None, depth: int, typed: Word | None, vocabulary: Vocabulary
) -> Iterator[tuple[str, SuggestionKind]]:
    match place:
        case "field":
            yield from _fields(vocabulary, "" if typed is None else typed.text)
            yield "not", "keyword"
        case "operator":
            yield from ((operator, "operator") for operator in _operators(field))
            yield from ((word, "keyword") for word in ("in (", "not in (", "exists"))
        case "in":
            yield "in (", "keyword"
        case "list":
            yield "(", "keyword"
        case "value" | "listed":
            yield from ((value, "value") for value in _values(field, vocabulary))
        case "comma":
            yield from ((mark, "keyword") for mark in (",", ")"))
        case "joint":
            yield from ((word, "keyword") for word in ("and", "or", *([")"] if depth else [])))


def _fields(vocabulary: Vocabulary, typed: str) -> Iterator[tuple[str, SuggestionKind]]:
    for metric in vocabulary.metrics:
        if typed.startswith(f"metrics.{metric}."):
            for statistic in STATISTICS:
                whole = field_text(Field("metrics", metric, statistic))
                yield (f"{whole}.last" if statistic == "last" else whole), "field"
        yield field_text(Field("metrics", metric)), "field"
    for kind, names in (("params", vocabulary.params), ("tags", vocabulary.tags)):
        for name in names:
            yield field_text(Field("params" if kind == "params" else "tags", name)), "field"
    for fact in FACTS:
        yield fact, "field"
    for group in GROUPS:
        yield f"{group}.", "field"


def _operators(field: Field | None) -> Sequence[str]:
    if field is not None and field.is_number:
        return ("=", "!=", "<", "<=", ">", ">=")
    if field == Field("trial", "archived"):
        return ("=", "!=")
    if field is not None and field.is_text:
        return ("=", "!=", "~", "!~", "<", "<=", ">", ">=")
    return ("=", "!=", "<", "<=", ">", ">=", "~", "!~")


def _values(field: Field | None, vocabulary: Vocabulary) -> Sequence[str]:
    if field is None or field.kind not in {"trial", "params"}:
        return ()
    if field.kind == "params":
        return ("true", "false", "null")
    return {
        "state": vocabulary.states,
        "experiment": tuple(_written(name) for name in vocabulary.experiments),
        "archived": ("true", "false"),
        "started": ("-1h", "-24h", "-7d", "-30d"),
        "ended": ("-1h", "-24h", "-7d", "-30d"),
        "duration": ("30s", "5m", "2h", "1d"),
    }.get(field.name, ())


def _written(text: str) -> str:
    is_plain = text and all(char.isalnum() or char in _PLAIN for char in text)
    return text if is_plain and text.lower() not in {*KEYWORDS, "null", "none"} else quote(text)


def _fitting(offered: Iterator[tuple[str, SuggestionKind]], typed: str) -> list[tuple[str, SuggestionKind]]:
    """Return what begins with the typed text, then what has a part that begins with it, then what contains it."""
    wanted = _bare(typed)
    ranked = []
    for text, kind in dict.fromkeys(offered):
        bare = _bare(text)
        if bare.startswith(wanted):
            ranked.append((0, text, kind))
        elif f".{wanted}" in bare or f"/{wanted}" in bare:
            ranked.append((1, text, kind))
        elif wanted in bare:
            ranked.append((2, text, kind))
    return [(text, kind) for _, text, kind in sorted(ranked, key=lambda each: each[0])]


def _bare(text: str) -> str:
    return text.replace('"', "").replace("\\", "").casefold()
