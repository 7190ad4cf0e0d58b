"""Turns what users log as parameters into what the catalog keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdeck.errors import InvalidParameter
from labdeck.store.names import check_name
from labdeck.wire.numbers import to_number
from labdeck.wire.records import Param, ParamValue

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_TEXT = 16_384
"""Longest text of a parameter's value, in characters; the rest is cut and marked with "…"."""
_INT64 = 1 << 63


def to_param_value(value: object) -> ParamValue:
    """Return the stored form of a parameter value.

    Booleans, int64, finite floats, text and None stay; numpy and torch scalars become Python numbers; NaN and
    infinities, larger integers and everything else become text.

    Example:
        >>> to_param_value(True), to_param_value(3), to_param_value(float("inf")), to_param_value([1, 2])
        (True, 3, 'Infinity', '[1, 2]')
    """
    if value is None or isinstance(value, bool | str):
        return _clean(value) if isinstance(value, str) else value
    number = _to_number(value)
    if number is not None:
        return number
    return _clean(_text(value))


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - a foreign __str__ may raise anything; logging must not end the training
        return f"<{type(value).__name__}: its text form failed with {type(error).__name__}>"


def _to_number(value: object) -> bool | int | float | str | None:
    """Return a Python number for anything that is one number, None for what is none."""
    item = getattr(value, "item", None)
    if getattr(value, "shape", None) == () and callable(item):
        value = item()
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if -_INT64 <= value < _INT64 else str(value)
    return to_number(float(value)) if isinstance(value, float) else None


def _clean(text: str) -> str:
    """Return text that both databases can hold."""
    if "\0" in text or not text.isprintable():
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def to_params(mapping: Mapping[str, object] | None, more: Mapping[str, object], component: str) -> tuple[Param, ...]:
    """Return parameters ready to be recorded.

    Raises:
        InvalidParameter: What was given is no mapping.
        InvalidName: A name that cannot be stored.
    """
    if mapping is not None and not hasattr(mapping, "items"):
        raise InvalidParameter(
            f"parameters are given as {type(mapping).__name__}, not as a mapping", 'write {"hidden": 32} or hidden=32'
        )
    merged = {**(mapping or {}), **more}
    return tuple(
        Param(name=check_name(name, "parameter"), value=to_param_value(value), component=component)
        for name, value in merged.items()
    )
