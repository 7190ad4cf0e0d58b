"""Lines of the user's source, in words: where a number came from."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from types import FrameType
from typing import NamedTuple

_LONGEST = 120
_OURS = str(Path(__file__).resolve().parents[1])
_KERAS = "/keras/src/"
"""What paths of the sources of Keras have in them: it trains and computes losses between the user and PyTorch."""


class Line(NamedTuple):
    """A line of source that ran.

    Attributes:
        file: Its file.
        number: Its number, from 1.
        function: The function it stands in.
    """

    file: str
    number: int
    function: str

    def __str__(self) -> str:
        """Return it in words.

        Example:
            >>> print(Line("/somewhere/train.py", 42, "forward"))
            train.py:42 in forward
        """
        text = linecache.getline(self.file, self.number).strip()
        text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
        where = f"{_short(self.file)}:{self.number} in {self.function}"
        return f"{where}: {text}" if text else where


def _short(file: str) -> str:
    """Return what a person calls a file; the cells of a notebook have odd ones."""
    return "cell" if "ipykernel_" in file or file.startswith("<ipython-input") else Path(file).name


_foreign: dict[str, bool] = {}
"""Of the files met, whether they belong to Labdeck, a library or Python itself."""


def _is_foreign(file: str, library: str) -> bool:
    found = _foreign[file] = file.startswith((library, _OURS, "<frozen", "<string")) or _KERAS in Path(file).as_posix()
    return found


def line_here(library: str) -> Line | None:
    """Return the innermost line that runs now and belongs neither to Labdeck nor to a library; None if there is none.

    Args:
        library: The folder of the library.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - `inspect` would read every source on the way
    while frame is not None:
        code = frame.f_code
        foreign = _foreign.get(code.co_filename)
        if foreign is False or (foreign is None and not _is_foreign(code.co_filename, library)):
            return Line(code.co_filename, frame.f_lineno, code.co_name)
        frame = frame.f_back
    return None
