"""Cards of what is computed about trials side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdeck_ui import words
from labdeck_ui.card import Card, Cell, Grid
from labdeck_ui.cards import COLUMNS, ROWS
from labdeck_ui.palette import trial_colour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.wire.comparing import (
        CodeDifference,
        Difference,
        DifferenceRow,
        EnvironmentDifference,
        FieldTable,
        Groups,
        Importance,
    )

_MARKS = {"same": " ", "added": "+", "removed": "−"}


def importance_card(record: Importance) -> Card:
    """Return the card that ranks fields by how much they explain."""
    rows = tuple(
        (
            Cell(words.name(row.field), hover=words.name(row.field, 300)),
            Cell(f"{row.importance:.1%}", numeric=True),
            Cell("" if row.correlation is None else words.number(row.correlation), numeric=True),
        )
        for row in record.rows[:ROWS]
    )
    facts = [("trials", Cell(f"{record.trials:,}"))]
    if record.explained is not None:
        facts.append(("explained", Cell(f"{max(record.explained, 0.0):.0%}", hover="of the variance, out of bag")))
    grid = Grid("", ("field", "importance", "rank correlation"), rows, len(record.rows))
    title = f"of {words.name(record.target)}"
    return Card(
        kind="importance",
        title=title,
        facts=tuple(facts),
        grids=(grid,) if rows else (),
        warning=words.name(record.warning, 300),
        note=record.method,
    )


def groups_card(groups: Groups) -> Card:
    """Return the card of grouped trials: mean ± deviation of each field."""
    fields = groups.fields[:COLUMNS]
    rows = tuple(
        (
            Cell(words.name(group.label), hover=words.name(group.label, 300), colour=trial_colour(place + 1)),
            Cell(f"{len(group.trials):,}", numeric=True),
            *(
                Cell(
                    f"{words.number(one.mean)} ± {words.number(one.std)}" if one.count else "",
                    hover=f"{words.number(one.min)} to {words.number(one.max)}, {words.count(one.count, 'trial')}",
                    numeric=True,
                )
                for one in group.statistics[: len(fields)]
            ),
        )
        for place, group in enumerate(groups.groups[:ROWS])
    )
    columns = (" · ".join(words.name(field) for field in groups.by), "trials", *(words.name(f) for f in fields))
    left_out = len(groups.fields) - len(fields)
    note = f"{words.count(left_out, 'more field')}" if left_out else ""
    title = words.count(len(groups.groups), "group")
    return Card(kind="", title=title, note=note, grids=(Grid("", columns, rows, len(groups.groups)),))


def table_card(table: FieldTable) -> Card:
    """Return the card of some fields of trials."""
    fields = table.fields[:COLUMNS]
    rows = tuple(
        (
            Cell(words.name(row.trial_name), colour=trial_colour(row.trial_number)),
            *(Cell("" if v is None else words.parameter(v), numeric=True) for v in row.values[: len(fields)]),
        )
        for row in table.rows[:ROWS]
    )
    columns = ("trial", *(words.name(field) for field in fields))
    return Card(kind="", title=words.count(len(table.rows), "trial"), grids=(Grid("", columns, rows, len(table.rows)),))


def difference_card(difference: Difference) -> Card:
    """Return the card of two trials: parameters, metrics, environment and code in which they differ."""
    title = f"{words.name(difference.before.name)} → {words.name(difference.after.name)}"
    columns = (words.name(difference.before.name, 24), words.name(difference.after.name, 24))
    grids = (
        _rows("parameters", difference.params, columns),
        _rows("metrics", difference.metrics, columns),
        _rows("environment", difference.environment.rows, columns),
        *_code(difference.code, columns),
    )
    status = (("code", Cell(difference.code.status)), ("environment", Cell(difference.environment.status)))
    return Card(kind="difference", title=title, facts=status, grids=tuple(grid for grid in grids if grid.rows))


def code_card(difference: CodeDifference) -> Card:
    """Return the card of how the code of two trials differs."""
    grids = tuple(grid for grid in _code(difference, ("before", "after")) if grid.rows)
    return Card(kind="code", title=_status(difference.status, difference.missing), grids=grids)


def environment_card(difference: EnvironmentDifference) -> Card:
    """Return the card of how the environments of two trials differ."""
    grid = _rows("", difference.rows, ("before", "after"))
    title = _status(difference.status, difference.missing)
    return Card(kind="environment", title=title, grids=(grid,) if grid.rows else ())


def _status(status: str, missing: Sequence[str]) -> str:
    return f"not recorded for {words.count(len(missing), 'trial')}" if missing else status


def _rows(title: str, rows: Sequence[DifferenceRow], columns: tuple[str, str]) -> Grid:
    cells = tuple((Cell(words.name(row.name)), _side(row.before), _side(row.after)) for row in rows[:ROWS])
    return Grid(title, ("", *columns), cells, len(rows))


def _side(text: str | None) -> Cell:
    return Cell("—", hover="not recorded") if text is None else Cell(words.name(text), hover=words.name(text, 300))


def _code(difference: CodeDifference, columns: tuple[str, str]) -> tuple[Grid, Grid]:
    """Return what git knew, and the first changed lines."""
    lines = [
        (part, line)
        for part in difference.parts
        for hunk in part.hunks
        for line in hunk.lines
        if line.kind != "same" and part.status != "same"
    ]
    rows = tuple(
        (
            Cell(words.name(f"{part.kind} {part.after or part.before}", 32)),
            Cell(f"{_MARKS[line.kind]} {words.name(line.text, 100)}"),
        )
        for part, line in lines[:ROWS]
    )
    return _rows("git", difference.git, columns), Grid("code", ("", "line"), rows, len(lines))
