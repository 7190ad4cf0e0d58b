"""Commands of a training process on a trial's facts: parameters, metrics, artifacts, captures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import delete, select

from labdeck.store.names import check_name
from labdeck.store.sql.choice import advance_objective
from labdeck.store.sql.codec import clean, clean_text, encode, name_key, sortable
from labdeck.store.sql.tables import artifact, capture, metric, param, trial
from labdeck.store.sql.unit import require_finite
from labdeck.wire.numbers import to_number

if TYPE_CHECKING:
    from labdeck.store.sql.unit import Unit
    from labdeck.wire.commands import AdvanceMetrics, AdvanceOutput, LogArtifact, LogCapture, LogParams, RemoveParams
    from labdeck.wire.records import MetricSummary, Param, ParamValue


class _Count(msgspec.Struct):
    count: int


_decode_count = msgspec.json.Decoder(_Count).decode
_KEY = ("trial_id", "component_key", "name_key")
_STEP_KEY = (*_KEY, "step_key")


def log_params(unit: Unit, command: LogParams) -> None:
    """Add parameters; a name logged before gets the new value."""
    if unit.home(command.trial_id) is None or not command.params:
        return
    unit.upsert(param, _KEY, [_param_row(command.trial_id, item) for item in command.params])
    unit.touch_detail(command.trial_id, "params")


def remove_params(unit: Unit, command: RemoveParams) -> None:
    """Take parameters back."""
    if unit.home(command.trial_id) is None:
        return
    here = (param.c.trial_id == command.trial_id, param.c.component_key == name_key(command.component))
    gone = delete(param).where(*here, param.c.name_key.in_([name_key(name) for name in command.names]))
    if unit.connection.execute(gone).rowcount:
        unit.touch_detail(command.trial_id, "params")


def log_artifact(unit: Unit, command: LogArtifact) -> None:
    """Record a file; the newest of a name and step wins."""
    if unit.home(command.trial_id) is None:
        return
    item = command.artifact
    require_finite(item)
    row = {
        **_key(command.trial_id, item.component, item.name, "artifact"),
        "step_key": "" if item.step is None else str(item.step),
        "sha256": item.sha256,
        "body": encode(msgspec.structs.replace(item, media_type=clean_text(item.media_type))),
    }
    unit.upsert(artifact, _STEP_KEY, [row])
    unit.touch_detail(command.trial_id, "artifacts")


def log_capture(unit: Unit, command: LogCapture) -> None:
    """Record something of a trial's surroundings; the newest of a kind wins."""
    if unit.home(command.trial_id) is None:
        return
    kind = check_name(command.capture.kind, "capture")
    body = encode(msgspec.structs.replace(command.capture, body=clean(command.capture.body)))
    row = {"trial_id": command.trial_id, "name_key": name_key(kind), "body": body}
    unit.upsert(capture, ("trial_id", "name_key"), [row])
    unit.touch_detail(command.trial_id, "captures")


def advance_metrics(unit: Unit, command: AdvanceMetrics) -> None:
    """Store the new summaries of series that have grown; one of fewer points than are known comes too late."""
    if unit.home(command.trial_id) is None:
        return
    here = select(metric.c.component_key, metric.c.name_key, metric.c.body).where(metric.c.trial_id == command.trial_id)
    known = {(row.component_key, row.name_key): row.body for row in unit.connection.execute(here)}
    rows, grown, appeared = [], [], False
    for summary in command.metrics:
        row = _metric_row(command.trial_id, summary)
        before = known.get((row["component_key"], row["name_key"]))
        if before is None or _decode_count(before).count <= summary.count:
            rows.append(row)
            grown.append(summary)
            appeared = appeared or before is None
    if command.metrics and not grown:
        return
    unit.upsert(metric, _KEY, rows)
    stored = select(trial.c.points).where(trial.c.id == command.trial_id)
    points = max(command.points, unit.connection.execute(stored).scalar_one())
    unit.change(trial, command.trial_id, points=points)
    advance_objective(unit, command.trial_id, grown, appeared=appeared)
    unit.touch_metrics(command.trial_id, points, grown)


def advance_output(unit: Unit, command: AdvanceOutput) -> None:
    """Tell that more was printed; the lines themselves are in a file."""
    if unit.home(command.trial_id) is not None:
        unit.touch_detail(command.trial_id, "output")


def _key(trial_id: str, component: str, name: str, what: str) -> dict[str, str]:
    if component:
        check_name(component, "component")
    return {"trial_id": trial_id, "component_key": name_key(component), "name_key": name_key(check_name(name, what))}


def _param_row(trial_id: str, item: Param) -> dict[str, Any]:
    value = _storable(item.value)
    return {
        **_key(trial_id, item.component, item.name, "parameter"),
        "number": float(value) if isinstance(value, (int, float)) else None,
        "text": in_words(value),
        "body": encode(msgspec.structs.replace(item, value=value)),
    }


def in_words(value: ParamValue) -> str | None:
    """Return a parameter as searches compare it: None is nothing.

    Example:
        >>> in_words(True), in_words(0.1), in_words("sgd"), in_words(None)
        ('true', '0.1', 'sgd', None)
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _storable(value: ParamValue) -> ParamValue:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return to_number(value) if isinstance(value, float) else value


def _metric_row(trial_id: str, summary: MetricSummary) -> dict[str, Any]:
    require_finite(summary)
    return {
        **_key(trial_id, summary.component, summary.name, "metric"),
        "count": summary.count,
        "first": sortable(summary.first),
        "last": sortable(summary.last),
        "low": sortable(summary.min),
        "high": sortable(summary.max),
        "mean": sortable(summary.mean),
        "deviation": sortable(summary.std),
        "body": encode(msgspec.structs.replace(summary, spark=())),
        "spark": encode(summary.spark),
    }
