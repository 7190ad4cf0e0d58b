"""The modules of a model as a graph, with values and health at one step."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdeck.wire.numbers import to_number
from labdeck.wire.tensors import Network, NetworkEdge, NetworkNode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labdeck.store.tensors.layout import TensorInfo
    from labdeck.store.tensors.reader import TensorReader
    from labdeck.wire.debugging import FindingRecord, Mode
    from labdeck.wire.tensors import Health

_WORSE: tuple[Health, ...] = ("ok", "info", "warning", "error")
_MOST_NODES = 2_000


@dataclass(frozen=True)
class Wanted:
    """Which values of a model are asked for.

    Attributes:
        reduction: Of which reduction.
        mode: Of which mode.
        step: Of which step; None for the latest.
        collection: Of tensors of which collection; "" for any.
    """

    reduction: str
    mode: Mode = "TRAIN"
    step: int | None = None
    collection: str = ""


def read_network(
    reader: TensorReader,
    trial_id: str,
    captured: Mapping[str, Any],
    findings: Sequence[FindingRecord],
    wanted: Wanted,
) -> Network:
    """Return the modules of a model at a step.

    Args:
        reader: Of the trial's tensors.
        trial_id: The trial.
        captured: What a hook recorded of the model: "modules", a list of {"path", "type"} in the order in which they
            ran, and "edges", a list of pairs of paths. Empty if it is not known.
        findings: Of the trial.
        wanted: Which values.
    """
    mode, step = wanted.mode, wanted.step
    tensors = reader.tensors()
    moments = reader.moments(mode)
    at = step if step is not None else (moments[-1].step if moments else 0)
    belongs: dict[str, list[TensorInfo]] = {}
    for info in tensors.values():
        if info.module or info.module_type:
            belongs.setdefault(info.module, []).append(info)
    modules = _modules(captured, belongs)
    health = health_of([found for found in findings if found.mode == mode and found.step <= at])
    nodes = tuple(
        NetworkNode(
            path=path,
            type=kind,
            depth=path.count(".") + 1 if path else 0,
            order=order,
            tensors=tuple(info.name for info in belongs.get(path, [])),
            **_value(reader, belongs.get(path, []), wanted, at, health),
        )
        for path, kind, order in modules[:_MOST_NODES]
    )
    return Network(
        trial_id=trial_id, mode=mode, step=at, reduction=wanted.reduction, nodes=nodes, edges=_edges(captured, modules)
    )


def _modules(captured: Mapping[str, Any], belongs: Mapping[str, list[TensorInfo]]) -> list[tuple[str, str, int]]:
    """Return path, type and order of every module."""
    listed = captured.get("modules")
    if isinstance(listed, list) and listed:
        return [
            (str(item.get("path", "")), str(item.get("type", "")), number)
            for number, item in enumerate(listed)
            if isinstance(item, dict)
        ]
    return [(path, infos[0].module_type, -1) for path, infos in belongs.items()]


def _edges(captured: Mapping[str, Any], modules: list[tuple[str, str, int]]) -> tuple[NetworkEdge, ...]:
    known = {path for path, _, _ in modules}
    listed = captured.get("edges")
    if isinstance(listed, list):
        pairs = [pair for pair in listed if isinstance(pair, (list, tuple)) and len(pair) == 2]  # noqa: PLR2004
        return tuple(_edge(a, b) for a, b in pairs if a in known and b in known)
    parents = {path[:end] for path in known for end, letter in enumerate(path) if letter == "."}
    leaves = [path for path, _, _ in modules if path and path not in parents]
    return tuple(_edge(a, b) for a, b in itertools.pairwise(leaves))


def _edge(source: str, destination: str) -> NetworkEdge:
    return NetworkEdge(source=source, destination=destination)


def health_of(findings: Sequence[FindingRecord]) -> dict[str, Health]:
    """Return the worst severity of each tensor that a finding is about."""
    worst: dict[str, Health] = {}
    for found in findings:
        before = worst.get(found.tensor, "ok")
        worst[found.tensor] = max(before, found.severity, key=_WORSE.index)
    return worst


def _value(
    reader: TensorReader, infos: list[TensorInfo], wanted: Wanted, step: int, health: Mapping[str, Health]
) -> dict[str, Any]:
    """Return the first value that a module's tensors have at a step or before, whose it is, and how the module fares.

    A value that is not finite is an error, whether a rule said so or not.
    """
    worst: Health = max((health.get(info.name, "ok") for info in infos), key=_WORSE.index, default="ok")
    for info in infos:
        if wanted.collection and wanted.collection not in info.collections:
            continue
        series = reader.series(info.name, wanted.reduction, wanted.mode)
        place = int(np.searchsorted(series.steps, step, side="right")) - 1
        if place >= 0:
            value = float(series.values[place])
            fares = worst if np.isfinite(value) else "error"
            return {"shown": info.name, "value": to_number(value), "health": fares}
    return {"shown": "", "value": None, "health": worst}
