"""Waiting for a condition with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def wait_until(
    condition: Callable[[], Value], what: str, seconds: float = 20.0, why: Callable[[], str] = lambda: ""
) -> Value:
    """Ask again and again until the answer is true, and return it; fail with `what` was awaited and `why` it is not."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}. {why()}"
        time.sleep(0.05)
    return value
