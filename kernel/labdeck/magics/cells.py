"""Runs the body of a cell magic as the cell itself would have run.

The last expression is shown, magics and top-level await work, line numbers are those of the cell, and an exception
reaches the reader as if the magic were not there.
"""

from __future__ import annotations

import ast
import inspect
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from contextlib import AbstractContextManager
    from types import CodeType, TracebackType

Result = TypeVar("Result")


class Body:
    """The code of a cell below its first line, compiled.

    Args:
        shell: The shell whose namespace it runs in.
        text: As typed.

    Raises:
        SyntaxError: It is no Python.
    """

    def __init__(self, shell: Any, text: str) -> None:  # InteractiveShell is typed in part only
        self._shell = shell
        code = self._shell.transform_cell(text)
        # The magic's own line counts, and so do empty ones that are dropped: tracebacks then name the cell's lines.
        skipped = len(text) - len(text.lstrip("\n"))
        code = "\n" * (1 + skipped) + code
        self._file = self._shell.compile.cache(code, shell.execution_count, raw_code=text)
        tree = self._shell.transform_ast(self._shell.compile.ast_parse(code, filename=self._file))
        self.is_silent = bool(self._shell.displayhook.semicolon_at_end_of_expression(code))
        interactivity = "none" if self.is_silent else self._shell.ast_node_interactivity
        self._codes = [self._compile(part) for part in _split(tree, interactivity)]

    @property
    def needs_await(self) -> bool:
        """Whether it awaits at its top level."""
        return any(_is_coroutine(code) for code in self._codes)

    def run(self, around: AbstractContextManager[Result]) -> Result | Awaitable[Result | None] | None:
        """Run it inside a context manager.

        Returns:
            What entering the manager gave, None if the body ends in a semicolon; awaitable if the body awaits.
        """
        if self.needs_await:
            return self._run_async(around)
        value = around.__enter__()
        try:
            for code in self._codes:
                self._start(code)
        except BaseException as error:
            self._leave(around, error)
            raise
        around.__exit__(None, None, None)
        return None if self.is_silent else value

    async def _run_async(self, around: AbstractContextManager[Result]) -> Result | None:
        value = around.__enter__()
        try:
            for code in self._codes:
                started = self._start(code)
                if _is_coroutine(code):
                    await started
        except BaseException as error:
            self._leave(around, error)
            raise
        around.__exit__(None, None, None)
        return None if self.is_silent else value

    def _start(self, code: CodeType) -> Any:
        return eval(code, self._shell.user_global_ns, self._shell.user_ns)  # noqa: S307 - the user's own cell

    def _compile(self, part: ast.Module | ast.Interactive) -> CodeType:
        mode = "single" if isinstance(part, ast.Interactive) else "exec"
        with self._shell.compile.extra_flags(ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if self._shell.autoawait else 0):
            code: CodeType = self._shell.compile(part, self._file, mode)
        return code

    def _leave(self, around: AbstractContextManager[Any], error: BaseException) -> None:
        """Leave the manager with an exception whose traceback is the one it would have had without the magic."""
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != self._file:
            trace = trace.tb_next
        error.__traceback__ = trace or error.__traceback__
        around.__exit__(type(error), error, error.__traceback__)
        if trace is not None and not hasattr(error, "_render_traceback_"):
            # What is raised on from here goes through IPython and this file again; the reader sees the cell alone.
            error._render_traceback_ = partial(self._render, error, trace)  # type: ignore[attr-defined]

    def _render(self, error: BaseException, trace: TracebackType) -> list[str]:
        rendered: list[str] = self._shell.InteractiveTB.structured_traceback(type(error), error, trace, tb_offset=0)
        return rendered


def _split(tree: ast.Module, interactivity: str) -> list[ast.Module | ast.Interactive]:
    """Split code into what only runs and what also shows its value, as the shell is set to."""
    nodes = tree.body
    if interactivity == "last_expr_or_assign" and nodes and (name := _assigned_name(nodes[-1])):
        nodes.append(ast.fix_missing_locations(ast.copy_location(ast.Expr(ast.Name(name, ast.Load())), nodes[-1])))
    if interactivity == "all":
        shown = len(nodes)
    elif interactivity == "last":
        shown = min(1, len(nodes))
    else:
        shown = int(interactivity != "none" and bool(nodes) and isinstance(nodes[-1], ast.Expr))
    at = len(nodes) - shown
    quiet = [ast.Module(nodes[:at], tree.type_ignores)] if at else []
    return [*quiet, *(ast.Interactive([node]) for node in nodes[at:])]


def _assigned_name(node: ast.stmt) -> str | None:
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        targets = [node.target]
    else:
        return None
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else None


def _is_coroutine(code: CodeType) -> bool:
    return bool(code.co_flags & inspect.CO_COROUTINE)
