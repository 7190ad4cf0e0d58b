"""Which steps a rule is to judge, and what it needs that no step had."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdeck.findings.rule import Need
    from labdeck.findings.window import Window
    from labdeck.wire.debugging import Mode


class Concerns:
    """Compares what a rule needs with what the steps have.

    Args:
        needs: What the rule needs; one that needs nothing judges every step.
    """

    def __init__(self, needs: tuple[Need, ...]) -> None:
        self._needs = needs
        self._unmet: dict[Need, str] = {}
        self._met: set[Need] = set()
        self._modes: set[Mode] = set()

    def has(self, window: Window) -> bool:
        """Say whether a step has something that the rule needs."""
        self._modes.add(window.mode)
        if not self._needs:
            return True
        found = False
        for need in self._needs:
            lacking = _lacking(need, window)
            if not lacking:
                self._met.add(need)
                self._unmet.pop(need, None)
                found = True
            elif need not in self._met and window.mode in need.modes:
                self._unmet[need] = lacking
        return found

    def missing(self) -> str:
        """Return what no step so far had, and what to do about it; "" if nothing is missing or nothing came yet."""
        if not self._modes:
            return ""
        lacking = (self._missing(need) for need in self._needs if not need.optional and need not in self._met)
        return "; ".join(dict.fromkeys(lacking))

    def _missing(self, need: Need) -> str:
        return self._unmet.get(need) or f"no {' or '.join(need.modes)} step was recorded so far"


def _lacking(need: Need, window: Window) -> str:
    """Return what a step lacks of a need, "" if nothing."""
    if window.mode not in need.modes:
        return f"no {' or '.join(need.modes)} step was recorded so far"
    names = window.select(need.collection, need.regex)
    if not names:
        return need.otherwise or _nothing_matches(need)
    whole = [name for name in names if name in window.arrays]
    if need.arrays and not whole:
        return f"the whole arrays of {_of(need)} are not kept: save={{{_key(need)}: {{'arrays': True}}}}"
    for reduction in need.reductions:
        if not whole and all(window.layout.column(name, reduction) is None for name in names):
            return f"the reduction {reduction!r} of {_of(need)} is not recorded"
    return ""


def _nothing_matches(need: Need) -> str:
    what = f"no tensor is in the collection {need.collection!r}" if need.collection else ""
    if need.regex:
        what = f"{what} or" if what else "no tensor"
        what = f"{what} is called like {_shown(need.regex)}"
    remedy = "labdeck.debugger.tree(model) shows the names there are"
    if need.collection:
        remedy = f"save={{'{need.collection}': {{'regex': …}}}} says which tensors belong to it"
    return f"{what} ({remedy})"


def _of(need: Need) -> str:
    return f"the collection {need.collection!r}" if need.collection else f"tensors called like {_shown(need.regex)}"


def _shown(regex: str) -> str:
    """Return a pattern between quotes, as its author wrote it: `repr` would double its backslashes."""
    return f"'{regex}'"


def _key(need: Need) -> str:
    return repr(need.collection or "mine")
