"""The words of a magic's line: split, quoted, interpolated and read as values, never evaluated by us."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labdeck.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdeck.wire.records import ParamValue

QUOTED = "\0"
"""Stands in a mask for a character that was written between quotation marks."""

EXPANDED = "\1"
"""Stands in a mask for a character that came out of a variable."""

_PLAIN = re.compile(r"[^\s\"'{}$\\=-][^\s{}$=]*")
_BRACES = re.compile(r"\{[^{}]*\}")
_VARIABLE = re.compile(r"\$[A-Za-z_]")
_INTEGER = re.compile(r"[+-]?\d+(_\d+)*")
_FLOAT = re.compile(r"[+-]?(\d+(_\d+)*\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?(inf|infinity)|nan", re.IGNORECASE)
_NAMED = {"True": True, "true": True, "False": False, "false": False, "None": None, "none": None}


@dataclass(frozen=True)
class Word:
    """One word of a line.

    Attributes:
        text: What it says, without its quotation marks.
        mask: As long as `text`; the character itself where it was typed plainly, else QUOTED or EXPANDED. Syntax
            (flags, the equals sign of a pair) is looked for here, so quoted text is never taken for it.
        start: Where it begins in the line, in characters; its quotation mark included.
    """

    text: str
    mask: str
    start: int

    @property
    def is_quoted(self) -> bool:
        """Whether any of it was written between quotation marks."""
        return QUOTED in self.mask

    def partition(self) -> tuple[Word, bool, Word]:
        """Return what stands before the first plain equals sign, whether there is one, and what stands after it."""
        at = self.mask.find("=")
        if at < 0:
            return self, False, Word("", "", self.start)
        head = Word(self.text[:at], self.mask[:at], self.start)
        return head, True, Word(self.text[at + 1 :], self.mask[at + 1 :], self.start)


def split(line: str, expand: Callable[[str], str] | None = None, *, unfinished: bool = False) -> list[Word]:
    r"""Split a line into words.

    Space separates. A quotation mark at the start of a word or after an equals sign opens a quotation, which may hold
    space and in which a backslash keeps a following quotation mark or backslash; anywhere else both are ordinary
    characters, so `don't` and `C:\data` need no care. A pair of braces is one piece even with space in it.

    Args:
        line: What follows the magic's name.
        expand: Interpolates variables into a piece of text; applied to everything outside single quotation marks.
        unfinished: The line is being typed: accept an open quotation, and end with an empty word after a space.

    Raises:
        UsageError: A quotation is never closed.

    Example:
        >>> [word.text for word in split("trial 'my cnn' --param lr=1e-3")]
        ['trial', 'my cnn', '--param', 'lr=1e-3']
    """
    words = []
    at = 0
    is_open = False
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        reader = _Reader(line, at, expand, unfinished=unfinished)
        words.append(reader.read())
        at, is_open = reader.at, reader.is_open
    if unfinished and not is_open and (not line or line[-1].isspace()):
        words.append(Word("", "", len(line)))
    return words


def quote(text: str) -> str:
    r"""Return text in the form in which `split` reads it back as one word, with nothing interpolated.

    Example:
        >>> print(quote("cnn-32"), quote("it's here"))
        cnn-32 'it\'s here'
    """
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def read_value(word: Word) -> ParamValue:
    """Return the value that a word spells: int, float, bool, None or text; quoted words are always text.

    Example:
        >>> [read_value(word) for word in split('3 1e-3 true None "3" relu')]
        [3, 0.001, True, None, '3', 'relu']
    """
    if word.is_quoted:
        return word.text
    if word.text in _NAMED:
        return _NAMED[word.text]
    if _INTEGER.fullmatch(word.text):
        return int(word.text)
    if _FLOAT.fullmatch(word.text):
        return float(word.text)
    return word.text


class _Reader:
    """Reads one word, piece by piece."""

    def __init__(self, line: str, at: int, expand: Callable[[str], str] | None, *, unfinished: bool) -> None:
        self._line = line
        self._start = self.at = at
        self._expand = expand
        self._unfinished = unfinished
        self.is_open = False
        self._text: list[str] = []
        self._mask: list[str] = []

    def read(self) -> Word:
        """Return the word; `at` is then where the line goes on, `is_open` whether a quotation was never closed."""
        line = self._line
        plain = self.at
        while self.at < len(line) and not line[self.at].isspace():
            if line[self.at] in "'\"" and (self.at == self._start or line[self.at - 1] == "="):
                self._take_plain(plain)
                self._take_quotation()
                plain = self.at
            elif braces := _BRACES.match(line, self.at):
                self.at = braces.end()
            elif line[self.at] == "=":
                self._take_plain(plain)
                plain = self.at
                self.at += 1
            else:
                self.at += 1
        self._take_plain(plain)
        return Word("".join(self._text), "".join(self._mask), self._start)

    def _take_plain(self, since: int) -> None:
        raw = self._line[since : self.at]
        text = self._interpolate(raw)
        self._text.append(text)
        # What comes out of a variable is never syntax: no flag, no equals sign.
        same = len(raw) if text == raw else _common_prefix(raw, text)
        self._mask.append(text[:same] + EXPANDED * (len(text) - same))

    def _take_quotation(self) -> None:
        mark = self._line[self.at]
        opened = self.at
        self.at += 1
        text: list[str] = []
        while self.at < len(self._line) and self._line[self.at] != mark:
            if self._line[self.at] == "\\" and self._line[self.at + 1 : self.at + 2] in {mark, "\\"}:
                self.at += 1
            text.append(self._line[self.at : self.at + 1])
            self.at += 1
        self.is_open = self.at >= len(self._line)
        if self.is_open and not self._unfinished:
            raise UsageError(
                f"the quotation mark before {self._line[opened + 1 : opened + 21]!r} is never closed",
                "close it, or put the text between quotation marks of the other kind",
            )
        self.at += not self.is_open
        said = "".join(text) if mark == "'" else self._interpolate("".join(text))
        self._text.append(said)
        self._mask.append(QUOTED * len(said))

    def _interpolate(self, text: str) -> str:
        if self._expand is None or not ("{" in text or _VARIABLE.search(text)):
            return text
        return self._expand(text)


def _common_prefix(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
