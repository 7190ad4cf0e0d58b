"""Where a number came from, in words: lines of the user's source, and what was not made in a pass but came into it."""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Container
from pathlib import Path
from types import CodeType, FrameType
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


def line_here(library: str, until: Container[CodeType] = ()) -> Line | None:
    """Return the innermost line that runs now and belongs neither to Labdeck nor to a library; None if there is none.

    Args:
        library: The folder of the library.
        until: Functions behind whose callers it is not looked.
    """
    frame = frame_here(library, until)
    return None if frame is None else Line(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


def frame_here(library: str, until: Container[CodeType] = ()) -> FrameType | None:
    """Return the frame of the line that `line_here` returns."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - `inspect` would read every source on the way
    while frame is not None and frame.f_code not in until:
        file = frame.f_code.co_filename
        foreign = _foreign.get(file)
        if foreign is False or (foreign is None and not _is_foreign(file, library)):
            return frame
        frame = frame.f_back
    return None


# -- what is said of it ------------------------------------------------------------------------------------------------

INPUT = "the input of the model, which is not finite itself"
LABELS = "the labels, which are not finite themselves"
_PARAMETER = "the parameter "
_GRADIENT = "the gradient of "
_BETWEEN = "between "
_INSIDE = re.compile(r" \(in [^()]*, (\w+)\)$")
_PRODUCTS = frozenset({
    "Bilinear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "Dense", "GRU",
    "LSTM", "Linear", "MultiheadAttention", "NonDynamicallyQuantizableLinear", "RNN",
})  # fmt: skip
"""Layers that add up products: out of finite numbers they make infinity only if these are huge."""
_OVERFLOW = (
    "the numbers have grown until they overflowed: lower the learning rate, clip gradients by norm, or scale the input"
)

_SAID = (
    (
        INPUT,
        ", which came into the model so",
        "clean the data: look for missing values, divisions by zero and logarithms",
    ),
    (LABELS, ", which came with the data", "clean the labels: look for missing values"),
    (
        _PARAMETER,
        ": an update made the parameter so, or it was loaded so, before the pass began",
        "look at the gradients of the step before: lower the learning rate, or clip gradients by norm",
    ),
    (
        _GRADIENT,
        ", made by {}",
        "look for a root, a norm or a division at zero, whose slope is infinite, or clip gradients by norm",
    ),
    (_BETWEEN, ", made {}", "look at what is computed from the outputs: guard logarithms, roots and divisions"),
)
"""How origins begin that are no lines, how a sentence with them goes on, and what helps."""


def of_parameter(name: str) -> str:
    """Return what is said of a parameter that was not finite before the pass."""
    return f"{_PARAMETER}{name}, which is not finite itself"


def of_gradient(of: object) -> str:
    """Return what is said of a gradient that is not finite although what it is taken of is."""
    return f"{_GRADIENT}{of}"


def of_loss(line: object) -> str:
    """Return what is said of a loss that is not finite although the outputs of the model are, before a line ran."""
    return f"{_BETWEEN}the outputs of the model, which are finite, and {line}"


def explained(origin: str) -> tuple[str, str]:
    """Return how a sentence goes on that says where something first appeared, and what helps, "" for the usual.

    Example:
        >>> explained("train.py:42 in forward: torch.log(x)")
        (', made at train.py:42 in forward: torch.log(x)', '')
        >>> explained("the input of the model, which is not finite itself")[0]
        ', which came into the model so'
    """
    if not origin:
        return "", ""
    for begins, said, remedy in _SAID:
        if origin.startswith(begins):
            return said.format(origin), remedy
    inside = _INSIDE.search(origin)
    return f", made at {origin}", _OVERFLOW if inside is not None and inside[1] in _PRODUCTS else ""
