"""Sizes: files and functions that outgrow their budget are asking to be divided."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

FILE_LINES = 400
FUNCTION_LINES = 50
STUDIO_LINES = 300
"""The facade hands over to the rooms; if it grows past this, a room is leaking into it."""

PYTHON = ("kernel", "ui", "tests", "scripts", "bench", "labextension")
TYPESCRIPT = ("labextension/src", "tests/labextension")
GENERATED = {"labextension/src/wire.ts"}
BUILT = ("kernel/labdeck/labextension/", "bench/.venv/")


_DEF = (ast.FunctionDef, ast.AsyncFunctionDef)


def sources(root: Path, folders: tuple[str, ...], *suffixes: str) -> Iterator[tuple[str, Path]]:
    """Yield our own sources: the path from the root, and the file."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.suffix in suffixes and path.is_file() and name not in GENERATED and not name.startswith(BUILT):
                yield name, path


def long_files(root: Path) -> list[str]:
    """Name every Python and TypeScript file over its budget."""
    found = []
    for name, path in [*sources(root, PYTHON, ".py"), *sources(root, TYPESCRIPT, ".ts", ".tsx")]:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        budget = STUDIO_LINES if name == "kernel/labdeck/studio.py" else FILE_LINES
        if lines > budget:
            found.append(f"{name}: {lines} lines, budget {budget}")
    return found


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines from `def` to the end, its docstring left out: documentation is not what makes it hard."""
    docstring = function.body[0] if ast.get_docstring(function, clean=False) is not None else None
    documented = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - documented


def long_functions(root: Path) -> list[str]:
    """Name every Python function over its budget; TypeScript's are held by eslint's max-lines-per-function."""
    found = []
    for name, path in sources(root, PYTHON, ".py"):
        functions = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, _DEF)]
        found += [
            f"{name}:{function.lineno} {function.name}: {_body_lines(function)} lines, budget {FUNCTION_LINES}"
            for function in functions
            if _body_lines(function) > FUNCTION_LINES
        ]
    return found
