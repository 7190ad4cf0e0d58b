"""The modules of a model as a graph, with values and health at one step."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdeck.debugger.folding import Module, Shown, depth_of, fold, holders
from labdeck.debugger.tables import latest_values
from labdeck.wire.numbers import to_number
from labdeck.wire.tensors import Network, NetworkEdge, NetworkNode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from labdeck.store.tensors.layout import TensorInfo
    from labdeck.store.tensors.reader import TensorReader
    from labdeck.wire.debugging import FindingRecord, Mode
    from labdeck.wire.tensors import Health

_WORSE: tuple[Health, ...] = ("ok", "info", "warning", "error")


@dataclass(frozen=True)
class Wanted:
    """Which values of a model are asked for.

    Attributes:
        reduction: Of which reduction.
        mode: Of which mode.
        step: Of which step; None for the latest.
        collection: Of tensors of which collection; "" for any.
        within: Of which module and those within it; "" for all.
    """

    reduction: str
    mode: Mode = "TRAIN"
    step: int | None = None
    collection: str = ""
    within: str = ""


@dataclass(frozen=True)
class _Fares:
    """How a module fares: its first value, whose it is, and the worst that is said of its tensors."""

    tensor: str
    value: float | None
    health: Health


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
    moments = reader.moments(mode)
    at = step if step is not None else (moments[-1].step if moments else 0)
    belongs: dict[str, list[TensorInfo]] = {}
    for info in reader.tensors().values():
        if info.module or info.module_type:
            belongs.setdefault(info.module, []).append(info)
    modules = _modules(captured, belongs)
    shown = fold(modules, wanted.within)
    values = latest_values(reader, wanted.reduction, mode, at)
    health = health_of([found for found in findings if found.mode == mode and found.step <= at])
    fares: dict[str, list[_Fares]] = {}
    for module in modules:
        if module.path in shown.stands_for:
            own = _fares(belongs.get(module.path, []), wanted.collection, values, health)
            fares.setdefault(shown.stands_for[module.path], []).append(own)
    return Network(
        trial_id=trial_id,
        mode=mode,
        step=at,
        reduction=wanted.reduction,
        within=wanted.within,
        nodes=tuple(_node(module, shown, belongs, fares[module.path]) for module in shown.modules),
        total=shown.total,
        edges=_edges(captured, modules, shown),
    )


def _modules(captured: Mapping[str, Any], belongs: Mapping[str, list[TensorInfo]]) -> list[Module]:
    """Return every module: those that were seen to run, then those that only tensors tell of."""
    listed = captured.get("modules")
    ran = [
        Module(str(item.get("path", "")), str(item.get("type", "")), number)
        for number, item in enumerate(listed if isinstance(listed, list) else ())
        if isinstance(item, dict)
    ]
    known = {module.path for module in ran}
    return ran + [Module(path, infos[0].module_type, -1) for path, infos in belongs.items() if path not in known]


def _edges(captured: Mapping[str, Any], modules: list[Module], shown: Shown) -> tuple[NetworkEdge, ...]:
    pairs: Iterable[Any] = captured.get("edges", ())
    if not isinstance(captured.get("edges"), list):
        outer = holders(module.path for module in modules)
        pairs = itertools.pairwise(module.path for module in modules if module.path and module.path not in outer)
    joined: dict[tuple[str, str], None] = {}
    for pair in pairs:
        if isinstance(pair, (list, tuple)) and len(pair) == 2:  # noqa: PLR2004
            a, b = (shown.stands_for.get(end) if isinstance(end, str) else None for end in pair)
            if a is not None and b is not None and (a != b or pair[0] == pair[1]):
                joined[a, b] = None
    return tuple(_edge(a, b) for a, b in joined)


def _edge(source: str, destination: str) -> NetworkEdge:
    return NetworkEdge(source=source, destination=destination)


def health_of(findings: Sequence[FindingRecord]) -> dict[str, Health]:
    """Return the worst severity of each tensor that a finding is about."""
    worst: dict[str, Health] = {}
    for found in findings:
        before = worst.get(found.tensor, "ok")
        worst[found.tensor] = max(before, found.severity, key=_WORSE.index)
    return worst


def _fares(
    infos: Sequence[TensorInfo], collection: str, values: Mapping[str, float], health: Mapping[str, Health]
) -> _Fares:
    """Return the first value that a module's tensors have, whose it is, and how the module fares.

    A value that is not finite is an error, whether a rule said so or not.
    """
    worst: Health = max((health.get(info.name, "ok") for info in infos), key=_WORSE.index, default="ok")
    for info in infos:
        if info.name in values and (not collection or collection in info.collections):
            value = values[info.name]
            return _Fares(info.name, value, worst if np.isfinite(value) else "error")
    return _Fares("", None, worst)


def _node(module: Module, shown: Shown, belongs: Mapping[str, list[TensorInfo]], fares: list[_Fares]) -> NetworkNode:
    path = module.path
    size = shown.sizes[path]
    known = [one for one in fares if one.value is not None]
    # Of several the one that stands out: what is not finite, else the largest.
    best = max(known, key=lambda one: _size(one.value), default=_Fares("", None, "ok"))
    return NetworkNode(
        path=path,
        type=module.kind,
        depth=depth_of(path),
        order=module.order,
        modules=size,
        tensors=tuple(info.name for info in belongs.get(path, [])) if size == 1 else (),
        value=None if best.value is None else to_number(best.value),
        shown=best.tensor,
        health=max((one.health for one in fares), key=_WORSE.index, default="ok"),
    )


def _size(value: float | None) -> float:
    return abs(value) if value is not None and np.isfinite(value) else np.inf
