"""Why a search finds nothing: names that no trial has, and the nearest that some have."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from labdeck.runs.search.fields import field_text
from labdeck.store.conditions import Field, fields_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labdeck.store.conditions import Condition, FieldKind, SortKey
    from labdeck.wire.searching import Vocabulary


def hint(condition: Condition | None, order: Sequence[SortKey], known: Vocabulary) -> str:
    """Return one sentence on the names of a query that no trial has, "" if all are known.

    Example:
        >>> from labdeck.runs.search.parser import parse
        >>> from labdeck.wire.searching import Vocabulary
        >>> hint(parse("metrics.acuracy > 0.9"), (), Vocabulary(metrics=("accuracy", "eval/f1")))
        'no trial has metrics.acuracy; did you mean metrics.accuracy?'
    """
    asked = dict.fromkeys([*fields_of(condition), *(key.field for key in order)])
    unknown = [one for one in asked if one.kind != "trial" and one.name not in set(_names(one.kind, known))]
    if not unknown:
        return ""
    first = unknown[0]
    text = f"no trial has {field_text(Field(first.kind, first.name))}"
    near = difflib.get_close_matches(first.name, list(_names(first.kind, known)), n=1, cutoff=0.6)
    return f"{text}; did you mean {field_text(Field(first.kind, near[0]))}?" if near else text


def _names(kind: FieldKind, known: Vocabulary) -> Iterator[str]:
    """Yield the names of a kind as they may be written: a component's with it and without."""
    names = {"metrics": known.metrics, "params": known.params, "tags": known.tags}.get(kind, ())
    for name in names:
        yield name
        if kind != "tags" and "/" in name:
            yield name.partition("/")[2]
