"""Which reductions of a tensor are saved."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from labdeck.compat.smdebug.exceptions import SMDebugValueError

ALLOWED_REDUCTIONS = ["min", "max", "mean", "median", "std", "variance", "sum", "prod"]
ALLOWED_NORMS = ["l1", "l2"]
_LISTS = ("reductions", "abs_reductions", "norms", "abs_norms")


class ReductionConfig:
    """What is saved of a tensor in place of it.

    Args:
        reductions: Of "min", "max", "mean", "median", "std", "variance", "sum", "prod"; "l1" and "l2" too.
        abs_reductions: The same, of the absolute values.
        norms: Of "l1", "l2".
        abs_norms: The same, of the absolute values.
        save_raw_tensor: Save the tensor as well.
        save_shape: Save its shape as well.

    Raises:
        SMDebugValueError: A reduction that there is not.

    Example:
        >>> ReductionConfig(reductions=["mean", "median"], norms=["l2"]).to_json_dict()["reductions"]
        'mean,median,l2_norm'
    """

    def __init__(
        self,
        reductions: Iterable[str] | None = None,
        abs_reductions: Iterable[str] | None = None,
        norms: Iterable[str] | None = None,
        abs_norms: Iterable[str] | None = None,
        save_raw_tensor: bool = False,
        save_shape: bool = False,
    ) -> None:
        plain, plain_norms = _sorted_out("reductions", reductions)
        absolute, absolute_norms = _sorted_out("abs_reductions", abs_reductions)
        self.reductions = plain
        self.abs_reductions = absolute
        self.norms = _unique([*plain_norms, *_only_norms("norms", norms)])
        self.abs_norms = _unique([*absolute_norms, *_only_norms("abs_norms", abs_norms)])
        for name, value in (("save_raw_tensor", save_raw_tensor), ("save_shape", save_shape)):
            if not isinstance(value, bool):
                raise SMDebugValueError(f"{name} is {value!r}", "write True or False")
        self.save_raw_tensor = save_raw_tensor
        self.save_shape = save_shape

    def wanted(self) -> list[tuple[str, bool]]:
        """Return the reductions to save, each with whether it is of the absolute values."""
        plain = [(name, False) for name in [*self.reductions, *self.norms]]
        return [*plain, *((name, True) for name in [*self.abs_reductions, *self.abs_norms])]

    @classmethod
    def from_dict(cls, params: Mapping[str, Any] | None) -> ReductionConfig | None:
        """Return what a mapping describes; None for None.

        Args:
            params: "reductions": names with commas between them, "l1" and "l1_norm" alike, "abs_" before those of the
                absolute values. "save_raw_tensor", "save_shape": a truth value, or how it is written.

        Raises:
            SMDebugValueError: A reduction that there is not.
        """
        if params is None:
            return None
        if not isinstance(params, Mapping):
            raise SMDebugValueError(f"{params!r} is no mapping")
        found: dict[str, list[str]] = {name: [] for name in _LISTS}
        listed = params.get("reductions") or ""
        for word in listed.split(",") if isinstance(listed, str) else listed:
            name = word.strip()
            absolute = "abs_" if name.startswith("abs_") else ""
            bare = name.removeprefix("abs_").removesuffix("_norm")
            if name:
                found[absolute + ("norms" if bare in ALLOWED_NORMS else "reductions")].append(bare)
        raw, shape = (to_bool(params.get(name, False), name) for name in ("save_raw_tensor", "save_shape"))
        return cls(**found, save_raw_tensor=raw, save_shape=shape)

    @classmethod
    def from_json(cls, json_str: str) -> ReductionConfig | None:
        """Return what JSON of `to_json` describes."""
        return cls.from_dict(json.loads(json_str))

    def to_json_dict(self) -> dict[str, Any]:
        """Return what `from_dict` takes."""
        words = [
            *self.reductions,
            *(f"{name}_norm" for name in self.norms),
            *(f"abs_{name}" for name in self.abs_reductions),
            *(f"abs_{name}_norm" for name in self.abs_norms),
        ]
        return {
            "save_raw_tensor": self.save_raw_tensor,
            "reductions": ",".join(words),
            "save_shape": self.save_shape,
        }

    def to_json(self) -> str:
        """Return it as JSON."""
        return json.dumps(self.to_json_dict())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ReductionConfig):
            return NotImplemented
        return vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ReductionConfig({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


def to_bool(value: Any, name: str) -> bool:
    """Return a truth value that may be written out, as all values in SageMaker's JSON are; SMDebugValueError.

    Example:
        >>> to_bool("True", "save_all"), to_bool("false", "save_all")
        (True, False)
    """
    if isinstance(value, bool):
        return value
    written = str(value).strip().lower()
    if written in ("true", "1", "yes", "t", "y", "on"):
        return True
    if written in ("false", "0", "no", "f", "n", "off", "", "none"):
        return False
    raise SMDebugValueError(f"{name} is {value!r}", 'write "true" or "false"')


def _sorted_out(name: str, given: Iterable[str] | None) -> tuple[list[str], list[str]]:
    """Return the reductions and the norms among names."""
    words = _unique(given or ())
    for word in words:
        if word not in ALLOWED_REDUCTIONS and word not in ALLOWED_NORMS:
            raise SMDebugValueError(
                f"{word!r} in {name} is no reduction", f"write {', '.join(ALLOWED_REDUCTIONS)}, l1 or l2"
            )
    return [word for word in words if word in ALLOWED_REDUCTIONS], [word for word in words if word in ALLOWED_NORMS]


def _only_norms(name: str, given: Iterable[str] | None) -> list[str]:
    words = _unique(given or ())
    for word in words:
        if word not in ALLOWED_NORMS:
            raise SMDebugValueError(f"{word!r} in {name} is no norm", "write l1 or l2")
    return words


def _unique(given: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([given] if isinstance(given, str) else given))
