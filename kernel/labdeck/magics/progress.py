"""A bar that says how far long work in a cell is, and how long the rest will take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

    from labdeck.runs.imports.bring_in import Progress

_MINUTE, _HOUR = 60, 3600


class ProgressBar:
    """A bar in the output of a cell; it appears with the first word of progress and goes when the block ends.

    Args:
        noun: What is counted, in the singular.
    """

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._handle: Any = None

    def show(self, progress: Progress) -> None:
        """Show how far it is."""
        from IPython.display import display

        text = self.text(progress)
        bundle = {
            "text/plain": text,
            "text/html": f'<progress max="{progress.total}" value="{progress.done}"></progress> {text}',
        }
        if self._handle is not None:
            self._handle.update(bundle, raw=True)
        elif progress.done < progress.total:
            show: Any = display  # untyped
            self._handle = show(bundle, raw=True, display_id=True)

    def text(self, progress: Progress) -> str:
        """Return it in words.

        Example:
            >>> from labdeck.runs.imports.bring_in import Progress
            >>> ProgressBar("run").text(Progress(3, 12, 95.0))
            '3 of 12 runs, 2 min left'
        """
        counted = f"{progress.done:,} of {progress.total:,} {self._noun}{'' if progress.total == 1 else 's'}"
        return counted if progress.left is None else f"{counted}, {_span(progress.left)} left"

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away."""
        if self._handle is not None:
            self._handle.update({"text/plain": "", "text/html": ""}, raw=True)


def _span(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < _HOUR else f"{seconds / _HOUR:.1f} h"
