"""Tests wait for a condition with a deadline: a blind sleep is too long here and too short there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.architecture.budgets import sources

_SLEEP = re.compile(r"(time\.|asyncio\.)?sleep|(page|self\.page)\.wait_for_timeout")


def _polled(tree: ast.Module) -> set[ast.AST]:
    """Collect everything inside a `while` loop: there a pause is the beat of a poll."""
    return {inner for node in ast.walk(tree) if isinstance(node, ast.While) for inner in ast.walk(node)}


def blind_sleeps(root: Path) -> list[str]:
    """Name every sleep in the tests that no loop repeats until a condition holds."""
    found = []
    for name, path in sources(root, ("tests",), ".py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        polled = _polled(tree)
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node not in polled]
        found += [f"{name}:{call.lineno}" for call in calls if _SLEEP.fullmatch(ast.unparse(call.func))]
    return found
