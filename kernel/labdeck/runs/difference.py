"""In what two trials differ: environment, parameters and metrics; code is in `code_difference`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdeck.runs.code_difference import compare_code
from labdeck.wire.comparing import Difference, DifferenceRow, EnvironmentDifference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labdeck.wire.comparing import CodeStatus, RowKind
    from labdeck.wire.records import ParamValue, TrialDetail

_GIB = 1 << 30


def compare_trials(before: TrialDetail, after: TrialDetail) -> Difference:
    """Return everything in which two trials differ: parameters, latest values of metrics, code and environment."""
    params = [{_label(p.component, p.name): _shown(p.value) for p in trial.params} for trial in (before, after)]
    metrics = [{_label(m.component, m.name): _shown(m.last) for m in trial.metrics} for trial in (before, after)]
    return Difference(
        before=before.trial,
        after=after.trial,
        params=tuple(row for row in _rows("parameter", *params) if row.before != row.after),
        metrics=tuple(row for row in _rows("metric", *metrics) if row.before != row.after),
        code=compare_code(before, after),
        environment=compare_environments(before, after),
    )


def compare_environments(before: TrialDetail, after: TrialDetail, *, equal: bool = False) -> EnvironmentDifference:
    """Return how Python, packages and machine differ.

    Args:
        before: One trial.
        after: The other.
        equal: List what is the same, too.
    """
    left, right = _environment(before), _environment(after)
    missing = tuple(detail.trial.id for detail, found in ((before, left), (after, right)) if not found)
    rows: list[DifferenceRow] = []
    if not missing:
        for kind in ("python", "package", "machine"):
            rows += _rows(kind, left.get(kind, {}), right.get(kind, {}))
    different = [row for row in rows if row.before != row.after]
    status: CodeStatus = "unrecorded" if missing else "different" if different else "same"
    return EnvironmentDifference(
        before=before.trial.id,
        after=after.trial.id,
        status=status,
        missing=missing,
        rows=tuple(rows if equal else different),
        equal=len(rows) - len(different),
    )


def _environment(detail: TrialDetail) -> dict[str, dict[str, str]]:
    """Return what is on record: per kind, names and values as text; nothing if there is neither capture."""
    found: dict[str, dict[str, str]] = {}
    for capture in detail.captures:
        body = capture.body
        if capture.kind == "packages":
            found["python"] = _texts({"version": body.get("python"), "executable": body.get("executable")})
            packages = body.get("packages")
            found["package"] = _texts(packages) if isinstance(packages, dict) else {}
        elif capture.kind == "machine":
            found["machine"] = _texts({name: _machine(name, value) for name, value in body.items()})
    return found


def _machine(name: str, value: Any) -> Any:
    if name == "memory" and isinstance(value, int | float):
        return f"{value / _GIB:.1f} GiB"
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else value


def _texts(values: Mapping[Any, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in values.items() if value is not None}


def _rows(kind: RowKind, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[DifferenceRow]:
    """Yield a row per name in either, packages by name, the rest in the order in which they come."""
    names = list(dict.fromkeys([*before, *after]))
    for name in sorted(names, key=str.lower) if kind == "package" else names:
        yield DifferenceRow(kind=kind, name=name, before=before.get(name), after=after.get(name))


def _label(component: str, name: str) -> str:
    return f"{component}/{name}" if component else name


def _shown(value: ParamValue) -> str:
    """Return a value as text, numbers in full."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)
