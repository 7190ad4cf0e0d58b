"""Turns what users log as parameters into what the catalog keeps."""

from __future__ import annotations

from collections.abc import Mapping

from labdeck.errors import InvalidMetric, InvalidParameter, UsageError
from labdeck.store.names import check_name
from labdeck.wire.numbers import to_number
from labdeck.wire.records import Param, ParamValue

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
        return _cut(clean(value)) if isinstance(value, str) else value
    number = _to_number(value)
    if number is not None:
        return number
    return _cut(clean(_text(value)))


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


def clean(text: str) -> str:
    r"""Return text that both databases can hold: NUL and halves of surrogate pairs replaced.

    Example:
        >>> clean("a\0b")
        'a\ufffdb'
    """
    if "\0" in text or not text.isprintable():
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    return str.__str__(text)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def to_text(value: object, what: str) -> str:
    """Return text ready to be recorded; UsageError, which says what it is the text of, for anything else.

    Example:
        >>> to_text("first try", "the note")
        'first try'
    """
    if not isinstance(value, str):
        raise UsageError(f"{what} is given as {type(value).__name__}, not as text", "give a str")
    return clean(value)


def to_tags(tags: object) -> dict[str, str]:
    """Return tags ready to be recorded, their values as text.

    Raises:
        UsageError: What was given is no mapping.
        InvalidName: A name cannot be stored.
    """
    if not isinstance(tags, Mapping):
        raise UsageError(f"tags are given as {type(tags).__name__}, not as a mapping", 'write {"team": "vision"}')
    return {check_name(key, "tag"): clean(_text(value)) for key, value in tags.items()}


def require_metrics(metrics: object) -> None:
    """Raise InvalidMetric if what was given to be logged is no mapping; None is nothing to log."""
    if metrics is not None and not isinstance(metrics, Mapping):
        raise InvalidMetric(
            f"metrics are given as {type(metrics).__name__}, not as a mapping",
            'write trial.log({"loss": 0.5}) or trial.log(loss=0.5)',
        ) from None


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
