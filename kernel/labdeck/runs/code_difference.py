"""How the code of two trials differs: the script, the cells, and what git knew."""

from __future__ import annotations

import difflib
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from labdeck.wire.comparing import CodeDifference, CodePart, DifferenceLine, DifferenceRow, Hunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labdeck.wire.comparing import CodeStatus, PartKind, PartStatus
    from labdeck.wire.records import TrialDetail

CONTEXT = 3
"""Unchanged lines shown around a change."""
_ALIKE = 0.5
"""Cells at least so similar, 0 to 1, are one cell that was changed; below, one went and another came."""
_MOST_PAIRS = 400
"""Pairs of cells that are examined for likeness; beyond, they are taken in their order."""
_MOST_WORK = 4_000_000
"""Lines times lines that are compared one by one; beyond, everything in between is told as replaced."""


@dataclass(frozen=True)
class _Text:
    """A piece of code: what it is called, and its text."""

    name: str
    source: str


def compare_code(before: TrialDetail, after: TrialDetail, *, equal: bool = False) -> CodeDifference:
    """Return how scripts, cells, uncommitted changes and commits of two trials differ.

    Cells are matched by what stands in them, not by their numbers: running a notebook again renumbers all of them.

    Args:
        before: One trial.
        after: The other.
        equal: Give all lines of every part, also of those that are the same.
    """
    left, right = _body(before, "code"), _body(after, "code")
    git = (_body(before, "git") or {}, _body(after, "git") or {})
    missing = tuple(d.trial.id for d, body in ((before, left), (after, right)) if body is None)
    if left is None or right is None:
        return CodeDifference(before=before.trial.id, after=after.trial.id, status="unrecorded", missing=missing)
    parts = [*_file(left, right, equal=equal), *_cells(left, right, equal=equal)]
    uncommitted = [str(body.get("diff") or "") for body in git]
    if any(uncommitted):
        name = "uncommitted changes"
        texts = [_Text(name, text) if text else None for text in uncommitted]
        parts.append(_part("uncommitted", texts[0], texts[1], equal=equal))
    rows = _git_rows(*git)
    same = sum(part.status == "same" for part in parts)
    status: CodeStatus = "same" if same == len(parts) and not rows else "different"
    return CodeDifference(
        before=before.trial.id,
        after=after.trial.id,
        status=status,
        git=rows,
        parts=tuple(part for part in parts if equal or part.status != "same"),
        equal=same,
    )


def _body(detail: TrialDetail, kind: str) -> dict[str, Any] | None:
    return next((capture.body for capture in detail.captures if capture.kind == kind), None)


def _git_rows(before: dict[str, Any], after: dict[str, Any]) -> tuple[DifferenceRow, ...]:
    rows = []
    for name in ("commit", "branch", "remote", "dirty"):
        values = [None if body.get(name) in {None, ""} else str(body[name]) for body in (before, after)]
        if name == "dirty":
            values = [{"True": "yes", "False": "no"}.get(value or "", value) for value in values]
        if values[0] != values[1]:
            label = "uncommitted changes" if name == "dirty" else name
            rows.append(DifferenceRow(kind="git", name=label, before=values[0], after=values[1]))
    return tuple(rows)


def _file(before: dict[str, Any], after: dict[str, Any], *, equal: bool) -> list[CodePart]:
    """Return the script as a part, if either trial was one; another name does not make it another script."""
    sides = []
    for body in (before, after):
        source = str(body.get("source") or "")
        sides.append(_Text(PurePath(str(body.get("path") or "")).name or "script", source) if source else None)
    return [_part("file", sides[0], sides[1], equal=equal)] if any(sides) else []


def _cells(before: dict[str, Any], after: dict[str, Any], *, equal: bool) -> list[CodePart]:
    left, right = _sources(before), _sources(after)
    matcher = difflib.SequenceMatcher(None, [c.source for c in left], [c.source for c in right], autojunk=False)
    pairs: list[tuple[_Text | None, _Text | None]] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        block = left[a:b], right[c:d]
        pairs += zip(*block, strict=True) if tag == "equal" else _pair(*block)
    return [_part("cell", old, new, equal=equal, moved=moved) for old, new, moved in _reunite(pairs)]


def _sources(body: dict[str, Any]) -> list[_Text]:
    cells = body.get("cells")
    found = [cell for cell in cells if isinstance(cell, dict)] if isinstance(cells, list) else []
    return [_Text(str(cell.get("number", "")), str(cell.get("source", ""))) for cell in found]


def _pair(left: Sequence[_Text], right: Sequence[_Text]) -> list[tuple[_Text | None, _Text | None]]:
    """Match cells of two stretches that differ, keeping the order of both; what resembles nothing stands alone."""
    if len(left) * len(right) > _MOST_PAIRS:
        both = min(len(left), len(right))
        alone: list[tuple[_Text | None, _Text | None]] = [(cell, None) for cell in left[both:]]
        return [*zip(left, right), *alone, *((None, cell) for cell in right[both:])]  # noqa: B905 - the rest follows
    best = max(
        (
            (_likeness(old.source, new.source), -i - j, i, j)
            for i, old in enumerate(left)
            for j, new in enumerate(right)
        ),
        default=(0.0, 0, 0, 0),
    )
    if best[0] < _ALIKE:
        return [*((cell, None) for cell in left), *((None, cell) for cell in right)]
    i, j = best[2:]
    return [*_pair(left[:i], right[:j]), (left[i], right[j]), *_pair(left[i + 1 :], right[j + 1 :])]


def _likeness(left: str, right: str) -> float:
    """Return how alike two cells are, 0 to 1, by their lines."""
    matcher = difflib.SequenceMatcher(None, left.splitlines(), right.splitlines(), autojunk=False)
    lines = matcher.ratio() if len(left) + len(right) < _MOST_WORK // 100 else matcher.quick_ratio()
    if lines >= _ALIKE or max(left.count("\n"), right.count("\n")) > CONTEXT:
        return lines
    # Of a line or two, a changed number would make them strangers.
    return max(lines, difflib.SequenceMatcher(None, left[:1000], right[:1000], autojunk=False).ratio())


def _reunite(
    pairs: Iterable[tuple[_Text | None, _Text | None]],
) -> list[tuple[_Text | None, _Text | None, bool]]:
    """Tell a cell that went from one place and came at another for moved."""
    listed = list(pairs)
    gone = Counter(old.source for old, new in listed if old is not None and new is None)
    come = Counter(new.source for old, new in listed if new is not None and old is None)
    moved = gone & come
    olds = {source: [old for old, new in listed if new is None and old is not None and old.source == source]
            for source in moved}  # fmt: skip
    dropping = Counter(moved)
    result: list[tuple[_Text | None, _Text | None, bool]] = []
    for old, new in listed:
        if new is None and old is not None and dropping[old.source]:
            dropping[old.source] -= 1
        elif old is None and new is not None and moved[new.source]:
            moved[new.source] -= 1
            result.append((olds[new.source].pop(0), new, True))
        else:
            result.append((old, new, False))
    return result


def _part(kind: PartKind, old: _Text | None, new: _Text | None, *, equal: bool, moved: bool = False) -> CodePart:
    lines = _lines(old.source if old else "", new.source if new else "")
    added, removed = (sum(line.kind == which for line in lines) for which in ("added", "removed"))
    status: PartStatus = "changed" if added or removed else "same"
    if moved:
        status = "moved"
    elif old is None or new is None:
        status = "removed" if new is None else "added"
    return CodePart(
        kind=kind,
        status=status,
        before=old.name if old else "",
        after=new.name if new else "",
        added=added,
        removed=removed,
        hunks=(Hunk(lines=tuple(lines)),) if equal and lines else _hunks(lines),
    )


def _lines(before: str, after: str) -> list[DifferenceLine]:
    """Return all lines of both texts, removed ones before those that came in their place."""
    left, right = before.splitlines(), after.splitlines()
    found: list[DifferenceLine] = []
    for tag, a, b, c, d in _opcodes(left, right):
        if tag == "equal":
            found += (
                DifferenceLine(kind="same", before=a + i + 1, after=c + i + 1, text=left[a + i]) for i in range(b - a)
            )
        else:
            found += (DifferenceLine(kind="removed", before=i + 1, after=None, text=left[i]) for i in range(a, b))
            found += (DifferenceLine(kind="added", before=None, after=i + 1, text=right[i]) for i in range(c, d))
    return found


def _opcodes(left: list[str], right: list[str]) -> list[tuple[str, int, int, int, int]]:
    """Return difflib's steps from one text to the other, without comparing what begins and ends alike."""
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    end = 0
    while end < min(len(left), len(right)) - start and left[-1 - end] == right[-1 - end]:
        end += 1
    middle = left[start : len(left) - end], right[start : len(right) - end]
    steps: list[tuple[str, int, int, int, int]] = [("equal", 0, start, 0, start)]
    if len(middle[0]) * len(middle[1]) > _MOST_WORK:
        steps.append(("replace", start, start + len(middle[0]), start, start + len(middle[1])))
    else:
        matcher = difflib.SequenceMatcher(None, *middle, autojunk=False)
        steps += ((tag, a + start, b + start, c + start, d + start) for tag, a, b, c, d in matcher.get_opcodes())
    steps.append(("equal", len(left) - end, len(left), len(right) - end, len(right)))
    return steps


def _hunks(lines: Sequence[DifferenceLine]) -> tuple[Hunk, ...]:
    """Return the changes with a few lines around each; changes that are near stand together."""
    changed = [place for place, line in enumerate(lines) if line.kind != "same"]
    hunks: list[tuple[int, int]] = []
    for place in changed:
        start, end = max(place - CONTEXT, 0), min(place + CONTEXT + 1, len(lines))
        if hunks and start <= hunks[-1][1]:
            hunks[-1] = (hunks[-1][0], end)
        else:
            hunks.append((start, end))
    return tuple(Hunk(lines=tuple(lines[start:end])) for start, end in hunks)
