"""One line in the output of a cell that says how a training goes, as long as it goes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell
    from typing_extensions import Self

EVERY = 1.0
"""Seconds between two looks, and until the line appears."""


class LiveLine:
    """A line that is written anew every second by a thread of its own; it goes when the block ends.

    In a terminal, where nothing that is written can be taken back, there is none.

    Args:
        shell: The shell.
        text: Returns the line; "" for none yet.
    """

    def __init__(self, shell: InteractiveShell, text: Callable[[], str]) -> None:
        self._text = text
        self._handle: Any = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="labdeck-live", daemon=True)
        self._shows = hasattr(shell, "kernel")

    def __enter__(self) -> Self:
        """Begin."""
        if self._shows:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the line away."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(EVERY)
        if self._handle is not None:
            self._handle.update({"text/plain": ""}, raw=True)

    def _run(self) -> None:
        while not self._ending.wait(EVERY):
            with suppress(Exception):  # a line that cannot be shown must not disturb the cell
                self._show(self._text())

    def _show(self, line: str) -> None:
        from IPython.display import display

        if not line or self._ending.is_set():
            return
        bundle = {"text/plain": line}
        if self._handle is None:
            show: Any = display  # untyped
            self._handle = show(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)
