"""The words of a query: where each begins and ends, what was quoted, never evaluated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from labdeck.errors import MalformedQuery

WordKind = Literal["word", "text", "operator", "mark", "end"]

PLAIN = r"\w:\-/.@%+"
"""What names, numbers and times are written of without quotation marks, as a class of a regular expression."""
NAMED = ("metrics.", "params.", "tags.")
"""What is before a name that the user has chosen."""

_SPACE = re.compile(r"\s*")
_WORD = re.compile(rf"[{PLAIN}]+")
_OPERATOR = re.compile(r"==|!=|<=|>=|!~|[=<>~!]")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_QUOTES = "\"'`"
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'", "`": "`"}
_UNICODE = re.compile(r"u([0-9a-fA-F]{4})")


@dataclass(frozen=True)
class Word:
    """One word of a query.

    Attributes:
        kind: "word" (a name, number or keyword), "text" (quoted), "operator", "mark" (a bracket or comma) or "end".
        text: What it says, without quotation marks.
        start, end: Its place in the query, in characters.
        tail: Where in `text` the part begins that follows the last quotation; 0 if nothing of it is quoted.
    """

    kind: WordKind
    text: str
    start: int
    end: int
    tail: int = 0

    def is_keyword(self, *words: str) -> bool:
        """Say whether it is one of these words, in small letters or capitals."""
        return self.kind == "word" and not self.tail and self.text.lower() in words


def split(query: str, *, unfinished: bool = False) -> list[Word]:
    r"""Return the words of a query; the last is the empty word at its end.

    Args:
        query: The text.
        unfinished: It is being typed: a quotation may be open, and what is no word is left out.

    Raises:
        MalformedQuery: A quotation is never closed, or a character has no meaning.

    Example:
        >>> [word.text for word in split('metrics."train:loss".min <= 0.5 and name ~ "cnn"')]
        ['metrics.train:loss.min', '<=', '0.5', 'and', 'name', '~', 'cnn', '']
    """
    if not unfinished and (found := _UNSTORABLE.search(query)):
        remedy = "remove it: no name and no value has it"
        raise MalformedQuery("the query holds a character that is none", remedy, query=query, position=found.start())
    words = []
    at = _skip_space(query, 0)
    while at < len(query):
        word = _read(query, at, unfinished=unfinished)
        if word is None:
            at += 1
        else:
            words.append(word)
            at = word.end
        at = _skip_space(query, at)
    return [*words, Word("end", "", len(query), len(query))]


def quote(text: str) -> str:
    r"""Return text between quotation marks, as `split` reads it back.

    Example:
        >>> print(quote('say "hi"'))
        "say \"hi\""
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _skip_space(query: str, at: int) -> int:
    found = _SPACE.match(query, at)
    return found.end() if found else at


def _read(query: str, at: int, *, unfinished: bool) -> Word | None:
    char = query[at]
    if char in "(),":
        return Word("mark", char, at, at + 1)
    if char in _QUOTES:
        text, end = _quotation(query, at, unfinished=unfinished)
        return Word("text", text, at, end)
    if found := _WORD.match(query, at):
        return _name(query, at, found.end(), unfinished=unfinished)
    found = _OPERATOR.match(query, at)
    if found and found[0] != "!":
        return Word("operator", found[0], at, found.end())
    if unfinished:
        return None
    remedy = "write != or !~, or `not` before the comparison" if char == "!" else _odd(char)
    raise MalformedQuery(f"{char!r} has no meaning here", remedy, query=query, position=at)


def _odd(char: str) -> str:
    if char in "&|":
        return "write `and` or `or`"
    return "put names and values with other characters between quotation marks"


def _name(query: str, start: int, end: int, *, unfinished: bool) -> Word:
    """Return a word; in the names that users choose, quotations and plain parts may follow each other."""
    text = query[start:end]
    tail = 0
    if text.lstrip("+-").startswith(NAMED):
        while end < len(query) and query[end] in _QUOTES:
            said, end = _quotation(query, end, unfinished=unfinished)
            text += said
            tail = len(text)
            if found := _WORD.match(query, end):
                text += found[0]
                end = found.end()
    return Word("word", text, start, end, tail)


def _quotation(query: str, start: int, *, unfinished: bool) -> tuple[str, int]:
    """Return what stands between quotation marks, and where the text after it goes on."""
    said: list[str] = []
    at = start + 1
    while at < len(query):
        char = query[at]
        if char == query[start]:
            return "".join(said), at + 1
        if char == "\\":
            char, at = _escape(query, at, unfinished=unfinished)
        said.append(char)
        at += 1
    if unfinished:
        return "".join(said), at
    raise MalformedQuery("a quotation is never closed", f"close it with {query[start]}", query=query, position=start)


def _escape(query: str, at: int, *, unfinished: bool) -> tuple[str, int]:
    r"""Return the character that an escape stands for, and where its last character is."""
    after = query[at + 1 : at + 2]
    if after in _ESCAPES and after:
        return _ESCAPES[after], at + 1
    found = _UNICODE.match(query, at + 1)
    if found and not _UNSTORABLE.match(char := chr(int(found[1], 16))):
        return char, found.end() - 1
    if unfinished:
        return "\\", at
    raise MalformedQuery(
        "a backslash is followed by what it cannot escape",
        "write \\\\ for a backslash; there are \\n, \\t, \\r, \\u and four hexadecimal digits, and quotation marks",
        query=query,
        position=at,
    )
