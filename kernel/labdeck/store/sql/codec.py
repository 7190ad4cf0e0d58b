"""Between records and columns: keys that fit an index, text that both databases hold, JSON bodies."""

from __future__ import annotations

import hashlib
import logging
import math
from typing import Any, TypeVar

import msgspec

from labdeck.wire.debugging import FindingRecord, RequestRecord, RuleRecord, WatchRecord
from labdeck.wire.events import AnyEvent
from labdeck.wire.numbers import Number, to_float
from labdeck.wire.records import ArtifactRecord, Capture, LineageNode, MetricSummary, Param, ViewRecord

_KEY_BYTES = 255
_DIGEST_MARK = "\x01"
_log = logging.getLogger("labdeck.store")

T = TypeVar("T")


def name_key(name: str) -> str:
    """Return what stands for a name in indices: the name itself if it is short, else a digest of it.

    PostgreSQL refuses index entries beyond 2,700 bytes. No two names share a key: short names that begin with the
    mark of a digest are digested too.

    Example:
        >>> name_key("accuracy"), len(name_key("x" * 10_000))
        ('accuracy', 65)
    """
    encoded = name.encode()
    if len(encoded) <= _KEY_BYTES and not name.startswith(_DIGEST_MARK):
        return name
    return _DIGEST_MARK + hashlib.sha256(encoded).hexdigest()


def is_name(key: str) -> bool:
    """Say whether a key is the name itself, not a digest of it."""
    return not key.startswith(_DIGEST_MARK)


def clean_text(text: str) -> str:
    """Return free text that both databases hold: NUL and half surrogate pairs become U+FFFD."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def clean(value: Any) -> Any:
    """Return JSON-like data with every text in it cleaned."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(str(key)): clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    return value


def sortable(number: Number) -> float | None:
    """Return a number as databases compare it: NULL for NaN."""
    value = to_float(number)
    return None if math.isnan(value) else value


def encode(value: Any) -> str:
    """Return the JSON text of a record or of plain data."""
    return _encoder.encode(value).decode()


class Bodies(msgspec.Struct, frozen=True):
    """The decoders of all JSON columns: one body, or many at once."""

    tags: msgspec.json.Decoder[dict[str, str]]
    spark: msgspec.json.Decoder[tuple[Number, ...]]
    param: msgspec.json.Decoder[tuple[Param, ...]]
    metric: msgspec.json.Decoder[tuple[MetricSummary, ...]]
    artifact: msgspec.json.Decoder[tuple[ArtifactRecord, ...]]
    capture: msgspec.json.Decoder[tuple[Capture, ...]]
    view: msgspec.json.Decoder[tuple[ViewRecord, ...]]
    node: msgspec.json.Decoder[tuple[LineageNode, ...]]
    finding: msgspec.json.Decoder[tuple[FindingRecord, ...]]
    watch: msgspec.json.Decoder[tuple[WatchRecord, ...]]
    rule: msgspec.json.Decoder[tuple[RuleRecord, ...]]
    request: msgspec.json.Decoder[tuple[RequestRecord, ...]]
    event: msgspec.json.Decoder[tuple[AnyEvent, ...]]


_encoder = msgspec.json.Encoder()
bodies = Bodies(
    tags=msgspec.json.Decoder(dict[str, str]),
    spark=msgspec.json.Decoder(tuple[Number, ...]),
    param=msgspec.json.Decoder(tuple[Param, ...]),
    metric=msgspec.json.Decoder(tuple[MetricSummary, ...]),
    artifact=msgspec.json.Decoder(tuple[ArtifactRecord, ...]),
    capture=msgspec.json.Decoder(tuple[Capture, ...]),
    view=msgspec.json.Decoder(tuple[ViewRecord, ...]),
    node=msgspec.json.Decoder(tuple[LineageNode, ...]),
    finding=msgspec.json.Decoder(tuple[FindingRecord, ...]),
    watch=msgspec.json.Decoder(tuple[WatchRecord, ...]),
    rule=msgspec.json.Decoder(tuple[RuleRecord, ...]),
    request=msgspec.json.Decoder(tuple[RequestRecord, ...]),
    event=msgspec.json.Decoder(tuple[AnyEvent, ...]),
)


def decode(decoder: msgspec.json.Decoder[tuple[T, ...]], texts: list[str]) -> tuple[T, ...]:
    """Decode many bodies in one pass."""
    return decoder.decode("[" + ",".join(texts) + "]") if texts else ()


def decode_readable(decoder: msgspec.json.Decoder[tuple[T, ...]], texts: list[str]) -> tuple[T, ...]:
    """Decode many bodies; those that cannot be decoded are left out and logged."""
    try:
        return decode(decoder, texts)
    except (msgspec.MsgspecError, UnicodeError):
        found: list[T] = []
    for text in texts:
        try:
            found += decoder.decode(f"[{text}]")
        except (msgspec.MsgspecError, UnicodeError) as error:
            _log.warning("a record was left out: %s; run `labdeck store check`", error)
    return tuple(found)


def decode_tags(text: str) -> dict[str, str]:
    """Decode a tags column."""
    return {} if text == "{}" else bodies.tags.decode(text)
