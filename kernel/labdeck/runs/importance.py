"""Which fields made the difference: a random forest is asked what it loses without each of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from labdeck.errors import NotFound
from labdeck.runs.field_table import objective_field, param_fields, read_table
from labdeck.runs.grouping import is_number
from labdeck.wire.comparing import Importance, ImportanceRow
from labdeck.wire.numbers import as_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from labdeck.wire.comparing import FieldTable
    from labdeck.wire.records import Objective, ParamValue, TrialFacts

LEAST = 5
"""Trials below which nothing is computed."""
FEW = 20
"""Trials below which the result is called a hint."""
TREES = 200
_SEED = 0
METHOD = (
    f"permutation importance, out of bag, in a random forest of {TREES} trees; beside it Spearman's rank correlation"
)


def explain(
    facts: Sequence[TrialFacts], target: str | None, fields: Sequence[str], objective: Objective | None = None
) -> Importance:
    """Return how much fields explain of a target; see `importance`.

    Args:
        facts: The trials.
        target: The field to explain; None takes the best value of the objective.
        fields: What may explain it; nothing takes all parameters.
        objective: What the experiment is judged by, if it was chosen.

    Raises:
        MalformedQuery: A field is none.
        NotFound: No target was named, and no trial has a metric.
    """
    target = target or objective_field(facts, objective)
    if target is None:
        raise NotFound("no trial has logged a metric yet", "log one with trial.log(...)")
    wanted = [field for field in dict.fromkeys(fields or param_fields(facts)) if field != target]
    return importance(read_table(facts, [target, *wanted]))


def importance(table: FieldTable) -> Importance:
    """Return how much the fields of a table explain of its first one.

    A random forest (Breiman, "Random forests", 2001) is fitted to the trials, always with the same seed. For each of
    its trees, and each field, the values of the trials that the tree has not seen are shuffled; by how much its squared
    error grows, on average, is the field's importance, negative growth being none. Shares add up to 1. Fields that
    say the same share their importance.

    A column of numbers is taken by its ranks, missing values being the forest's own business. Any other is coded by the
    order of its texts, a missing value being one more text. Fields that are constant are named and left out.

    Args:
        table: The first column is the target, the others are what may explain it. Trials whose target is no finite
            number are left out.
    """
    target, *fields = table.fields
    rows = [row.values for row in table.rows if is_number(row.values[0]) and math.isfinite(float(row.values[0] or 0))]
    y = np.array([values[0] for values in rows], dtype=np.float64)
    columns = [as_numbers([values[place] for values in rows]) for place in range(1, len(table.fields))]
    coded = {field: encode(column) for field, column in zip(fields, columns, strict=True)}
    varying = [field for field in fields if _varies(coded[field])]
    shares: NDArray[np.float64] | None = None
    explained: float | None = None
    warning = _obstacle(target, y, varying, len(table.rows))
    if not warning:
        shares, explained = _forest(np.stack([coded[field] for field in varying], axis=1), y)
        warning = _doubt(len(y), explained)
    made = [
        ImportanceRow(
            field=field,
            importance=0.0 if shares is None else float(shares[place]),
            correlation=_correlation(columns[fields.index(field)], y) if len(y) >= LEAST else None,
            count=sum(value is not None for value in columns[fields.index(field)]),
        )
        for place, field in enumerate(varying)
    ]
    return Importance(
        target=target,
        rows=tuple(sorted(made, key=lambda row: (-row.importance, -abs(row.correlation or 0), row.field))),
        trials=len(y),
        left_out=len(table.rows) - len(y),
        constant=tuple(field for field in fields if field not in varying),
        explained=explained,
        method=METHOD,
        warning=warning,
    )


def encode(column: Sequence[ParamValue]) -> NDArray[np.float64]:
    """Return a column as ranks, float64 (n,): of numbers and truth values, missing ones NaN; or of texts.

    To a forest ranks say what the numbers say, and none is lost in the float32 in which it computes.
    """
    if all(value is None or isinstance(value, bool | int | float) for value in column):
        numbers = np.array([math.nan if value is None else float(value) for value in column], dtype=np.float64)
        there = ~np.isnan(numbers)
        numbers[there] = np.unique(numbers[there], return_inverse=True)[1]
        return numbers
    texts = ["" if value is None else f"={value}" for value in column]
    ranks = {text: float(rank) for rank, text in enumerate(sorted(set(texts)))}
    return np.array([ranks[text] for text in texts])


def _varies(column: NDArray[np.float64]) -> bool:
    there = column[~np.isnan(column)]
    return len(there) > 0 and (len(there) < len(column) or bool((there != there[0]).any()))


def _obstacle(target: str, y: NDArray[np.float64], varying: Sequence[str], trials: int) -> str:
    """Return why nothing can be computed, "" if it can."""
    if len(y) < LEAST:
        return f"{len(y)} of {trials} trials have a number as {target}; it takes at least {LEAST}"
    if bool((y == y[0]).all()):
        return f"{target} is the same in all trials: there is no difference to explain"
    return "" if varying else "no field differs between the trials"


def _doubt(trials: int, explained: float) -> str:
    """Return why not to trust the result too far, "" if nothing speaks against it."""
    if explained <= 0:
        return "the fields do not explain the target on trials that the model has not seen: take nothing from this"
    return f"only {trials} trials: take it as a hint" if trials < FEW else ""


def _forest(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the share of each column, and the coefficient of determination on what the trees had not seen."""
    from sklearn.ensemble import RandomForestRegressor

    y = y / np.abs(y).max()  # not all are 0, for they differ; squares of numbers near 1e200 would overflow
    y = (y - y.mean()) / y.std()
    # Half of the columns at each split: with all of them the strongest hides those that come after it.
    forest = RandomForestRegressor(n_estimators=TREES, random_state=_SEED, max_features=0.5)
    forest.fit(x, y)
    random = np.random.default_rng(_SEED)
    growth = np.zeros(x.shape[1])
    total, seen = np.zeros(len(y)), np.zeros(len(y))
    for tree, drawn in zip(forest.estimators_, forest.estimators_samples_, strict=True):
        unseen = np.setdiff1d(np.arange(len(y)), drawn)
        if not len(unseen):
            continue
        held, truth = x[unseen].astype(np.float32), y[unseen]
        # Once as it is, and once with each column shuffled: asked together, for asking takes longer than answering.
        asked = np.repeat(held[np.newaxis], x.shape[1] + 1, axis=0)
        for column in range(x.shape[1]):
            asked[column + 1, :, column] = random.permutation(held[:, column])
        answers = tree.tree_.predict(asked.reshape(-1, x.shape[1]))[:, 0].reshape(-1, len(unseen))
        total[unseen] += answers[0]
        seen[unseen] += 1
        errors = np.square(answers - truth).mean(axis=1)
        growth += errors[1:] - errors[0]
    growth = np.maximum(growth, 0.0)
    known = seen > 0
    residual = np.square(y[known] - total[known] / seen[known]).sum()
    spread = np.square(y[known] - y[known].mean()).sum()
    return growth / (growth.sum() or 1.0), float(1 - residual / spread) if spread else 0.0


def _correlation(column: Sequence[ParamValue], y: NDArray[np.float64]) -> float | None:
    """Return Spearman's rank correlation over the trials that have both; ties get their mean rank."""
    if not all(value is None or isinstance(value, bool | int | float) for value in column):
        return None
    pairs = [(float(value), there) for value, there in zip(column, y, strict=True) if value is not None]
    pairs = [pair for pair in pairs if not math.isnan(pair[0])]
    if len(pairs) < 3:  # noqa: PLR2004 (two points always lie on a line)
        return None
    import pandas as pd

    left, right = (pd.Series(side).rank().to_numpy() for side in zip(*pairs, strict=True))
    left, right = left - left.mean(), right - right.mean()
    length = math.sqrt(float(left @ left) * float(right @ right))
    return float(left @ right) / length if length else None
