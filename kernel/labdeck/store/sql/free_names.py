"""Names that nobody has yet: "cnn", then "cnn-2", "cnn-3" …, found without reading all the taken ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, Table, select

from labdeck.store.names import MAX_NAME_BYTES
from labdeck.store.sql.codec import name_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Taken = Callable[[Sequence[str]], set[str]]

_DOUBLINGS = 31
_STEPS = 32


def free_name(stem: str, taken: Taken) -> str:
    """Return the name itself if it is free, else with the first free number from 2 on appended.

    Args:
        stem: The wanted name.
        taken: Tells which of some names are taken.

    Example:
        >>> free_name("cnn", {"cnn", "cnn-2"}.intersection)
        'cnn-3'
    """
    return numbered(stem, 2, taken) if taken([stem]) else stem


def numbered(stem: str, first: int, taken: Taken) -> str:
    """Return "stem-first", or the next free one: doubling steps, then ever finer ones, so a few queries suffice.

    Where numbers are missing in between, one of the gaps may be taken.

    Example:
        >>> numbered("trial", 1, {"trial-1", "trial-2"}.intersection)
        'trial-3'
    """
    low, high = first - 1, first + 2**_DOUBLINGS
    steps = [first + 2**power - 1 for power in range(_DOUBLINGS)]
    while steps:
        busy = taken([_join(stem, number) for number in steps])
        free = next((number for number in steps if _join(stem, number) not in busy), high)
        low, high = max((number for number in steps if number < free), default=low), free
        steps = list(range(low + 1, high, max(1, (high - low) // _STEPS)))
    return _join(stem, high)


def taken_in(connection: Connection, table: Table, *scope: ColumnElement[bool]) -> Taken:
    """Return a test which names are taken by rows of a table that are not deleted."""

    def taken(names: Sequence[str]) -> set[str]:
        keys = {name_key(name): name for name in names}
        query = select(table.c.name_key).where(table.c.name_key.in_(list(keys)), table.c.deleted.is_(None), *scope)
        return {keys[key] for key in connection.execute(query).scalars()}

    return taken


def _join(stem: str, number: int) -> str:
    suffix = f"-{number}"
    room = MAX_NAME_BYTES - len(suffix)
    encoded = stem.encode()
    if len(encoded) > room:
        stem = encoded[:room].decode(errors="ignore")
    return stem + suffix
