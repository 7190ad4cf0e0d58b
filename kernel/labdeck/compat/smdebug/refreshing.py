"""Holds off looking for news of trials, or asks for it, within a block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdeck.compat.smdebug.trial import Trial


@contextmanager
def no_refresh(trials: Trial | Iterable[Trial]) -> Iterator[None]:
    """Let trials answer from what they know, as long as the block runs."""
    with _set(trials, on=False):
        yield


@contextmanager
def refresh(trials: Trial | Iterable[Trial]) -> Iterator[None]:
    """Let trials look for news again, as long as the block runs."""
    with _set(trials, on=True):
        yield


@contextmanager
def _set(trials: Trial | Iterable[Trial], *, on: bool) -> Iterator[None]:
    chosen = list(trials) if isinstance(trials, Iterable) else [trials]
    before = [trial.dynamic_refresh for trial in chosen]
    for trial in chosen:
        trial.dynamic_refresh = on
    try:
        yield
    finally:
        for trial, was in zip(chosen, before, strict=True):
            trial.dynamic_refresh = was
