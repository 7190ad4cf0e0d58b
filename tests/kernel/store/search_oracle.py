"""The meaning of conditions, slowly and obviously: the judge of the SQL that they become."""

from __future__ import annotations

import math
from functools import cmp_to_key

from labdeck.store.conditions import Comparison, Either, Every, Exists, NoneOf, Not, OneOf
from labdeck.store.objective import choose_objective

ABSENT = object()
"""What a field is that a trial does not have."""


def find(trials, condition, sort):
    """The names of the trials for which a condition holds, sorted; `trials` are oldest first."""
    newest_first = [trial for trial in reversed(trials) if condition is None or holds(condition, trial)]
    for key in reversed(sort):
        newest_first.sort(
            key=cmp_to_key(lambda a, b, key=key: order(look_up(key.field, a), look_up(key.field, b), key))
        )
    return [trial["name"] for trial in newest_first]


def order(one, other, key):
    """-1, 0 or 1: numbers before text, both before what is absent, whatever the direction."""
    ranks = [rank(one), rank(other)]
    if ranks[0] != ranks[1]:
        return -1 if ranks[0] < ranks[1] else 1
    if ranks[0] == 2 or one == other:
        return 0
    return -1 if (one < other) != key.descending else 1


def rank(value):
    if value is ABSENT or value is None or (isinstance(value, float) and math.isnan(value)):
        return 2
    return 1 if isinstance(value, str) else 0


def holds(condition, trial):
    if isinstance(condition, Every):
        return all(holds(term, trial) for term in condition.terms)
    if isinstance(condition, Either):
        return any(holds(term, trial) for term in condition.terms)
    if isinstance(condition, Not):
        return not holds(condition.term, trial)
    value = look_up(condition.field, trial)
    if value is ABSENT or isinstance(condition, Exists):
        return value is not ABSENT
    return passes(condition, value, trial)


def passes(condition, value, trial):
    if isinstance(value, float) and math.isnan(value):
        return False
    if condition.field.kind == "trial" and condition.field.name == "parent":
        return parent_holds(condition, trial)
    if isinstance(condition, Comparison):
        return compare(condition.field, value, condition.operator, condition.value)
    found = any(compare(condition.field, value, "=", wanted) for wanted in condition.values)
    return found if isinstance(condition, OneOf) else not found


def parent_holds(condition, trial):
    """A parent may be named or given by its id where it is asked whether it is one."""
    names = {trial["parent"], trial["parent_id"]}
    if isinstance(condition, OneOf):
        return bool(names & set(condition.values))
    if isinstance(condition, NoneOf):
        return not names & set(condition.values)
    if condition.operator == "=":
        return condition.value in names
    if condition.operator == "!=":
        return condition.value not in names
    return compare(condition.field, trial["parent"], condition.operator, condition.value)


def compare(field, value, operator, wanted):
    if operator == "!=":
        return not compare(field, value, "=", wanted)
    if operator == "!~":
        return not compare(field, value, "~", wanted)
    if field.kind == "params":
        return compare_param(value, operator, wanted)
    return compare_plain(value, operator, wanted)


def compare_param(value, operator, wanted):
    if wanted is None:
        return value is None
    if value is None:
        return False
    if isinstance(wanted, (str, bool)):
        wanted = words(wanted)
        if operator in {"=", "~"}:
            return compare_plain(words(value), operator, wanted)
        return isinstance(value, str) and compare_plain(value, operator, wanted)
    return not isinstance(value, str) and compare_plain(float(value), operator, wanted)


def compare_plain(value, operator, wanted):
    if operator == "~":
        return ascii_lower(str(wanted)) in ascii_lower(value)
    if operator == "=":
        return value == wanted
    if operator == "<":
        return value < wanted
    if operator == "<=":
        return value <= wanted
    if operator == ">":
        return value > wanted
    return value >= wanted


def words(value):
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def ascii_lower(text):
    return "".join(chr(ord(char) + 32) if "A" <= char <= "Z" else char for char in text)


def look_up(field, trial):
    if field.kind == "tags":
        return trial["tags"].get(field.name, ABSENT)
    if field.kind == "trial":
        return ABSENT if trial[field.name] is None else trial[field.name]
    for split_at in (None, *(at for at, char in enumerate(field.name) if char == "/")):
        place = ("", field.name) if split_at is None else (field.name[:split_at], field.name[split_at + 1 :])
        if place in trial[field.kind]:
            found = trial[field.kind][place]
            return found if field.kind == "params" else statistic(field, found, place[1], trial["objective"])
    elsewhere = sorted(place for place in trial[field.kind] if place[1] == field.name)
    if not elsewhere:
        return ABSENT
    found = trial[field.kind][elsewhere[0]]
    return found if field.kind == "params" else statistic(field, found, field.name, trial["objective"])


def statistic(field, points, name, objective):
    """A number of a series, from its points."""
    finite = [point for point in points if math.isfinite(point)]
    wanted = field.statistic
    if wanted == "best":
        wanted = objective.goal if objective and objective.metric == name else choose_objective([name], None).goal
    if wanted == "count":
        return float(len(points))
    if wanted in {"first", "last"}:
        return points[0 if wanted == "first" else -1]
    if not finite:
        return math.nan
    mean = sum(finite) / len(finite)
    spread = math.sqrt(sum((point - mean) ** 2 for point in finite) / len(finite))
    return {"min": min(finite), "max": max(finite), "mean": mean, "std": spread}[wanted]
