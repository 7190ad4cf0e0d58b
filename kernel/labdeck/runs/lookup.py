"""Finds what a user means by a name, and says what is there if it is not found."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from labdeck.errors import NotFound, UsageError
from labdeck.store.contract import SeriesKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LISTED = 5
"""Most names listed in a message."""


def find_key(keys: Sequence[SeriesKey], metric: str, component: str | None) -> SeriesKey:
    """Return the one series that a metric's name means.

    Raises:
        NotFound: None does; the message names the nearest.
        UsageError: Several components have it and none was named.
    """
    if component is not None:
        wanted = SeriesKey(component, metric)
        if wanted in keys:
            return wanted
        raise no_such("metric", metric, [key.name for key in keys if key.component == component])
    found = [key for key in keys if key.name == metric]
    own = SeriesKey("", metric)
    if own in found or len(found) == 1:
        return own if own in found else found[0]
    if not found:
        raise no_such("metric", metric, [key.name for key in keys])
    components = ", ".join(repr(key.component) for key in found)
    raise UsageError(f"{metric!r} is logged by several components: {components}", "name one with component=")


def no_such(what: str, name: str, known: Iterable[str]) -> NotFound:
    """Return the error for a name that is not there, with the nearest one that is."""
    names = list(dict.fromkeys(known))
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return NotFound(f"there is no {what} {name!r}", f"did you mean {near[0]!r}?")
    if not names:
        return NotFound(f"there is no {what} {name!r}", f"no {what} has been logged yet")
    listed = ", ".join(repr(known_name) for known_name in names[:_LISTED])
    return NotFound(f"there is no {what} {name!r}", f"there are {listed}" + (" …" if len(names) > _LISTED else ""))
