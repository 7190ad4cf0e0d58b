"""What is written down beside a step, in words: no number of it has a place in a row."""

from __future__ import annotations

import msgspec


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that is known of one moment.

    Attributes:
        origins: The line of source that made a tensor, by tensor; of the step whose moment the note has.
        rest: Seconds until this moment in which nobody trained: a person looked, or a notebook waited for a cell.
    """

    origins: dict[str, str] = {}
    rest: float = 0.0
