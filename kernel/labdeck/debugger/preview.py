"""What will be recorded, before it is; and what a user should know about it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from labdeck.debugger.plan import Planner, is_scalar
from labdeck.debugger.saving import Saving
from labdeck.store.tensors.blocks import can_keep, item_size
from labdeck.store.tensors.layout import WIDTHS, TensorInfo
from labdeck.wire.debugging import Mode


class PreviewRow(NamedTuple):
    """What is recorded of one collection in one mode.

    Attributes:
        collection: Its name.
        mode: What the model is doing.
        tensors: How many tensors it has.
        reductions: What is recorded of each.
        arrays: Whole arrays are recorded, too.
        interval: Every how many steps, as it was asked for; 0 for named steps only.
        bytes: Of a step at which it is recorded.
        warning: What is wrong with it, one sentence; "" if nothing is.
    """

    collection: str
    mode: Mode
    tensors: int
    reductions: tuple[str, ...]
    arrays: bool
    interval: int
    bytes: int
    warning: str = ""


def preview_of(planner: Planner) -> tuple[PreviewRow, ...]:
    """Return what the user's wishes come to; what rules need beside is not in it."""
    return tuple(row for saving in planner.savings for row in _rows(planner, saving))


def _rows(planner: Planner, saving: Saving) -> Iterator[PreviewRow]:
    for mode, schedule in saving.schedules.items():
        found = planner.members(saving, mode)
        if not found and (mode != "TRAIN" or not saving.asked):
            continue
        size = sum(_size(info, saving) for info in found)
        reductions = ("value",) if found and all(map(is_scalar, found)) else saving.reductions
        warning = "" if found else _nothing(saving)
        yield PreviewRow(
            saving.collection, mode, len(found), reductions, saving.arrays, schedule.interval, size, warning
        )


def _size(info: TensorInfo, saving: Saving) -> int:
    numbers = 1 if is_scalar(info) else sum(WIDTHS.get(reduction, 1) for reduction in saving.reductions)
    whole = math.prod(info.shape) * item_size(info.dtype) if saving.arrays and can_keep(info.dtype) else 0
    return 8 * numbers + whole


def warnings_of(planner: Planner) -> tuple[str, ...]:
    """Return what a user should know: collections that match nothing, tensors that cannot be kept."""
    if not planner.infos:
        return ()
    found = [_nothing(saving) for saving in planner.savings if saving.asked and not _has_any(planner, saving)]
    for saving in planner.savings:
        types = {info.dtype for mode in saving.schedules for info in planner.members(saving, mode) if saving.arrays}
        odd = sorted(dtype for dtype in types if not can_keep(dtype))
        if odd:
            found.append(f"whole arrays of type {', '.join(odd)} in {saving.collection!r} cannot be kept")
    return tuple(dict.fromkeys(found))


def _has_any(planner: Planner, saving: Saving) -> bool:
    return any(planner.members(saving, mode) for mode in saving.schedules)


def _nothing(saving: Saving) -> str:
    remedy = "labdeck.debugger.tree(model) shows the names there are"
    if saving.regex:
        remedy = f"no tensor is called like {saving.regex!r}; {remedy}"
    return f"the collection {saving.collection!r} matches nothing ({remedy})"
