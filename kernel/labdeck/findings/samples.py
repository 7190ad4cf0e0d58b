"""Tells samples of the machine from steps of the training: both may be recorded in the mode GLOBAL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdeck.findings.by_layout import ByLayout

if TYPE_CHECKING:
    from labdeck.store.tensors.layout import Layout
    from labdeck.wire.debugging import Mode

SYSTEM = ("system",)
"""The collections of whatever tells what the machine does."""


def is_sample(mode: Mode, layout: Layout) -> bool:
    """Say whether a row tells what the machine does, and nothing of the training.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> cpu = window_of({"system/cpu": 20.0}, mode="GLOBAL", collections={"system/cpu": ("system",)})
        >>> is_sample(cpu.mode, cpu.layout), is_sample("GLOBAL", window_of({"loss": 1.0}).layout)
        (True, False)
    """
    return mode == "GLOBAL" and _tells_of_the_machine(layout)


_tells_of_the_machine = ByLayout[bool](
    lambda layout: bool(layout.tensors) and all(info.collections == SYSTEM for info in layout.tensors)
)
