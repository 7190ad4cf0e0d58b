"""Finds what a user means by a name, and says what is there if it is not found."""

from __future__ import annotations

import difflib
import time
from typing import TYPE_CHECKING

from labdeck.errors import NotFound, UsageError
from labdeck.store.contract import SeriesKey
from labdeck.store.ids import is_id, made

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labdeck.store.contract import Catalog
    from labdeck.wire.records import TrialRecord

ARRIVAL = 5.0
"""Longest wait, in seconds, for a trial that another process has begun a moment ago."""
_YOUNG = 60.0
_POLL = 0.02
_LISTED = 5
"""Most names listed in a message."""


def await_trial(catalog: Catalog, ref: str) -> TrialRecord:
    """Return a trial's record by id or name; one begun a moment ago may still be on its way to the catalog; NotFound.

    Only an id tells how old its trial is, so only a trial asked for by its id is waited for.
    """
    deadline = time.monotonic() + ARRIVAL
    while True:
        try:
            return catalog.trial(ref)
        except NotFound:
            young = is_id(ref) and abs(time.time() - made(ref)) < _YOUNG
            if not young or time.monotonic() >= deadline:
                raise
        time.sleep(_POLL)


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
