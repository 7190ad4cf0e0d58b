"""Names are data: any text that both databases and every file format can hold."""

from __future__ import annotations

from labdeck.errors import InvalidName

MAX_NAME_BYTES = 16_384
"""Longest name, in bytes of UTF-8: far beyond use, short of abuse."""


def check_name(name: object, what: str) -> str:
    """Return a name that can be stored, exactly as given.

    Args:
        name: What the user gave.
        what: What it names, for the message: "experiment", "metric" …

    Raises:
        InvalidName: It is no text, empty, longer than 16,384 bytes, or holds NUL or half a surrogate pair.

    Example:
        >>> check_name("train:loss", "metric")
        'train:loss'
    """
    if not isinstance(name, str):
        raise InvalidName(f"the name of {_article(what)} is {type(name).__name__}, not text", "give a str")
    if not name.strip():
        raise InvalidName(f"the name of {_article(what)} is empty", "give it at least one letter")
    try:
        size = len(name.encode())
    except UnicodeEncodeError as error:
        raise InvalidName(
            f"the name of {_article(what)} holds half a surrogate pair at position {error.start}", "remove it"
        ) from None
    if size > MAX_NAME_BYTES:
        raise InvalidName(
            f"the name of {_article(what)} is {size:,} bytes long, the limit is {MAX_NAME_BYTES:,}",
            "shorten it and keep the rest in a note",
        )
    if "\0" in name:
        raise InvalidName(f"the name of {_article(what)} holds a NUL character", "remove it")
    return name


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
