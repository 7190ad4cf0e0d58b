"""What a user wants to be recorded: the `save` argument of `labdeck.watch`, read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labdeck.debugger.collections import ALL, BUILT_IN, USUAL
from labdeck.debugger.schedules import EVERY, KEYS, Schedule, to_schedules
from labdeck.errors import UsageError
from labdeck.findings.reductions import check_reductions
from labdeck.store.tensors.frames import MODES
from labdeck.store.tensors.layout import TensorInfo
from labdeck.wire.debugging import Mode

_MODES = {name for mode in MODES for name in (mode, mode.lower())}
_OWN = {"reductions", "arrays", "regex", "names", "modules", "inputs", "outputs"}
_KNOWN = _OWN | set(KEYS) | _MODES


@dataclass(frozen=True)
class Saving:
    """What is recorded of one collection.

    Attributes:
        collection: Its name.
        regex: Tensors whose names this finds are in it, beside those that say so themselves.
        names: Tensors that are in it by name.
        reductions: What is recorded of each tensor.
        arrays: Whole arrays are recorded, too.
        schedules: When, by mode.
        asked: A user asked for it: one that matches nothing is told.
        modules: Modules whose tensors are in it: objects, or expressions over their paths; for a hook to resolve.
        inputs, outputs: The modules' inputs and outputs are meant.
    """

    collection: str
    regex: str = ""
    names: frozenset[str] = frozenset()
    reductions: tuple[str, ...] = USUAL
    arrays: bool = False
    schedules: Mapping[Mode, Schedule] = field(default_factory=lambda: dict.fromkeys(ALL, EVERY))
    asked: bool = True
    modules: tuple[Any, ...] = ()
    inputs: bool = False
    outputs: bool = False

    @property
    def is_plain(self) -> bool:
        """It holds the tensors that say themselves that they are in the collection, and no others."""
        return self.collection != "all" and not (self.names or self.regex)

    def holds(self, info: TensorInfo) -> bool:
        """Say whether a tensor is in the collection."""
        return (
            self.collection == "all"
            or self.collection in info.collections
            or info.name in self.names
            or (bool(self.regex) and re.search(self.regex, info.name) is not None)
        )


Save = Mapping[str, Any] | list[str] | tuple[str, ...] | str | bool | None


def to_savings(save: Save) -> tuple[Saving, ...]:
    """Return what is to be recorded.

    Args:
        save: None or True for the default: scalars, and of weights, biases, gradients and updates the usual reductions.
            False for nothing at all. A collection's name or several. Or a dict of collections: True for the usual
            reductions, False for none of it, a list of reductions, or a dict of settings: "reductions", "arrays",
            "interval", "start", "end", "steps", the same again under "train", "eval", "predict", "global"; for a
            collection of one's own "regex" or "names", with PyTorch also "modules", "inputs", "outputs". Scalars
            (losses, metrics …) are recorded unless they are set to False.

    Raises:
        UsageError: A setting is unknown, or has no sense.

    Example:
        >>> found = {one.collection: one for one in to_savings({"gradients": {"interval": 10, "reductions": "l2"}})}
        >>> found["gradients"].reductions, found["gradients"].schedules["TRAIN"].interval, "losses" in found
        (('l2',), 10, True)
    """
    if save is False:
        return ()
    if save is None or save is True:
        return tuple(_default(name) for name, built_in in BUILT_IN.items() if built_in.saved)
    if isinstance(save, str):
        save = [name.strip() for name in save.split(",") if name.strip()]
    if isinstance(save, (list, tuple, set, frozenset)):
        save = dict.fromkeys(save, True)
    if not isinstance(save, Mapping):
        raise UsageError(f"save={save!r} says not what to record", 'say save={"gradients": {"interval": 10}}')
    scalars = {name: built_in.saved for name, built_in in BUILT_IN.items() if built_in.scalar and built_in.saved}
    wanted: dict[str, Any] = {**scalars, **{str(name): settings for name, settings in save.items()}}
    return tuple(
        _default(name) if settings is True and name not in save else _saving(name, settings)
        for name, settings in wanted.items()
        if settings is not False and settings is not None
    )


def _default(name: str) -> Saving:
    return Saving(name, schedules=dict.fromkeys(BUILT_IN[name].modes, EVERY), asked=False)


def _saving(name: str, given: Any) -> Saving:
    if not name:
        raise UsageError("a collection has no name", "name it with a text")
    settings = _settings(name, given)
    unknown = [str(key) for key in settings if key not in _KNOWN]
    if unknown:
        known = ", ".join(sorted(_OWN | set(KEYS) | {mode.lower() for mode in MODES}))
        raise UsageError(f"{name!r} has no setting {unknown[0]!r}", f"there are {known}")
    regex, names = _regex(name, settings.get("regex")), _texts(settings.get("names"))
    modules = _several(settings.get("modules"))
    built_in = BUILT_IN.get(name)
    if built_in is None and not (regex or names or modules):
        known = ", ".join(BUILT_IN)
        raise UsageError(
            f"there is no collection {name!r}", f'make it with {{"{name}": {{"regex": "…"}}}}, or choose from {known}'
        )
    arrays = bool(settings.get("arrays", False))
    reductions = settings.get("reductions")
    return Saving(
        name,
        regex=regex,
        names=frozenset(names),
        reductions=(() if arrays else USUAL) if reductions is None else check_reductions(reductions),
        arrays=arrays,
        schedules=to_schedules(settings, built_in.modes if built_in is not None else ALL),
        modules=modules,
        inputs=bool(settings.get("inputs", False)),
        outputs=bool(settings.get("outputs", not settings.get("inputs", False))),
    )


def _settings(name: str, given: Any) -> Mapping[str, Any]:
    if given is True:
        return {}
    if isinstance(given, Mapping):
        return given
    if isinstance(given, (str, list, tuple)):
        return {"reductions": given}
    raise UsageError(f"{name}={given!r} says not what to record", "give True, False, a list of reductions or a dict")


def _regex(name: str, given: Any) -> str:
    if given is None:
        return ""
    parts = [given] if isinstance(given, str) else list(given)
    text = "|".join(f"(?:{part})" for part in parts) if len(parts) > 1 else str(parts[0]) if parts else ""
    try:
        re.compile(text)
    except re.error as error:
        raise UsageError(f"the regular expression of {name!r} cannot be read: {error}", "correct it") from None
    return text


def _several(given: Any) -> tuple[Any, ...]:
    if given is None:
        return ()
    return tuple(given) if isinstance(given, (list, tuple, set, frozenset)) else (given,)


def _texts(given: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in _several(given))
