"""Turns what libraries are called with into parameters that people can read and compare."""

from __future__ import annotations

from typing import Any

from labdeck.runs.autolog.options import LONGEST

_PLAIN = (bool, int, float, str, type(None))
_MOST_ITEMS = 20


def short(value: object) -> Any:
    """Return a value that is short enough to be a parameter.

    Numbers, text and None stay; models, arrays and functions become what they are called; lists, tuples and mappings
    are written out, shortened where they are long.

    Example:
        >>> short([1, "a", None]), short(len), short(0.5)
        ("[1, 'a', None]", 'len', 0.5)
    """
    if isinstance(value, _PLAIN):
        return _cut(value) if isinstance(value, str) else value
    if getattr(value, "shape", None) == ():
        return value
    return _cut(_text(value))


def _text(value: object) -> str:
    if isinstance(value, dict):
        items = [f"{key!r}: {_item(one)}" for key, one in list(value.items())[:_MOST_ITEMS]]
        return "{" + ", ".join(items) + (", …" if len(value) > _MOST_ITEMS else "") + "}"
    if isinstance(value, list | tuple | set | frozenset):
        items = [_item(one) for one in list(value)[:_MOST_ITEMS]]
        text = ", ".join(items) + (", …" if len(value) > _MOST_ITEMS else "")
        return f"[{text}]" if isinstance(value, list) else f"({text})"
    return _name(value)


def _item(value: object) -> str:
    return repr(value) if isinstance(value, _PLAIN) else _text(value)


def _name(value: object) -> str:
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return f"{type(value).__name__} of {' × '.join(map(str, shape))}"
    if callable(value) and hasattr(value, "__qualname__"):
        return str(value.__qualname__)
    if hasattr(value, "get_params") or type(value).__repr__ is object.__repr__:
        return type(value).__name__
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a foreign __str__ may raise anything
        return type(value).__name__


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def shape_of(data: Any) -> tuple[int | None, int | None]:
    """Return how many rows and columns data has, None where that cannot be told.

    Example:
        >>> shape_of([[1, 2], [3, 4], [5, 6]])
        (3, 2)
    """
    shape = getattr(data, "shape", None)
    if isinstance(shape, tuple) and shape:
        return _whole(shape[0]), _whole(shape[1]) if len(shape) > 1 else None
    if isinstance(data, list | tuple) and data:
        first = data[0]
        return len(data), len(first) if isinstance(first, list | tuple) else None
    return None, None


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int) else None
