"""Which variable of a training loop first held what is not finite: the line that assigned it."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from labdeck.debugger.hooks.torch_library import torch
from labdeck.debugger.origin import Line

_MOST_LINES = 20_000
"""Lines of a file that is read for this."""
_LARGEST = 1 << 24
"""Numbers in a tensor that is looked at."""
_Function = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def bad_assignment(frame: FrameType, is_finite: Callable[[Any], bool]) -> Line | None:
    """Return the line that first assigned something that is not finite, though all variables it read are finite.

    Nothing is run: variables are looked at, and the source is read. None if no such line is found above the one that
    runs now in the same function.

    Args:
        frame: Of the line that runs now.
        is_finite: Says whether all numbers of a tensor are finite.

    Example:
        >>> import sys, torch
        >>> def train():
        ...     scale = torch.tensor(0.0)
        ...     penalty = scale * torch.log(scale)
        ...     return bad_assignment(sys._getframe(), lambda tensor: bool(tensor.isfinite().all()))
        >>> train().number
        3
    """
    bad = {
        name
        for name, value in frame.f_locals.items()
        if torch().is_tensor(value) and value.numel() <= _LARGEST and not is_finite(value)
    }
    if not bad:
        return None
    code = frame.f_code
    for line, names, read in _assignments(code.co_filename, code.co_firstlineno, code.co_name, frame.f_lineno):
        if names & bad and not read & bad:
            return Line(code.co_filename, line, code.co_name)
    return None


def _assignments(file: str, first: int, function: str, before: int) -> Iterator[tuple[int, set[str], set[str]]]:
    """Yield line, assigned names and read names of the latest assignment of each name above a line, top down."""
    lines = linecache.getlines(file)
    if not lines or len(lines) > _MOST_LINES:
        return
    try:
        scope: ast.AST = ast.parse("".join(lines))
    except SyntaxError:  # a cell with magics
        return
    if function != "<module>":
        found = (node for node in ast.walk(scope) if isinstance(node, _Function) and _begins(node) == first)
        scope = next(found, scope)
    latest: dict[str, tuple[int, set[str], set[str]]] = {}
    for node in sorted(_statements(scope), key=lambda node: node.lineno):
        if node.lineno >= before:
            break
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
        read = set() if node.value is None else {each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)}
        read |= names if isinstance(node, ast.AugAssign) else set()
        latest.update(dict.fromkeys(names, (node.lineno, names, read)))
    yield from sorted(latest.values(), key=lambda each: each[0])


def _begins(node: Any) -> int:
    return int(min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))]))


def _statements(scope: ast.AST) -> Iterator[Any]:
    """Yield the assignments of a scope, not those of functions within it."""
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            yield node
        elif not isinstance(node, _Function):
            yield from _statements(node)
