"""Python imports: rings, the one way to what a cell shows, and libraries that not everybody has."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

VIEWS = ("labdeck_ui.figures", "labdeck_ui.formatters")
DOORS = ("labdeck.magics", "labdeck.server")

OPTIONAL = {
    "apprise", "dask", "distributed", "duckdb", "fastapi", "keras", "lightgbm", "lightning", "matplotlib", "mlflow",
    "nbclient", "onnx", "optuna", "polars", "psycopg", "shap", "skl2onnx", "skops", "tensorboard", "tensorflow",
    "torch", "wandb", "xgboost",
}  # fmt: skip
"""Extras, never dependencies of the base: one file each may import them, inside a guard that names the extra."""


def room_violations(root: Path) -> str:
    """Run import-linter on the sources below `root`; give its report, or nothing when all contracts hold."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root / "kernel"), str(root / "ui")]), "NO_COLOR": "1"}
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    report = done.stdout + done.stderr
    return "" if done.returncode == 0 else report[report.find("Broken contracts") :]


def _graph() -> grimp.ImportGraph:
    return grimp.build_graph("labdeck", "labdeck_ui", exclude_type_checking_imports=True, cache_dir=None)


def ring(edges: dict[str, set[str]]) -> list[str]:
    """Give the modules of one import ring, or nothing. Imports inside functions count, those for types alone do not."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def module_edges() -> dict[str, set[str]]:
    """Give who imports whom, without the lazy names and entry hooks of `labdeck/__init__.py`."""
    graph = _graph()
    return {name: graph.find_modules_directly_imported_by(name) for name in graph.modules if name != "labdeck"}


def view_violations(edges: dict[str, set[str]]) -> list[str]:
    """Name every import of `labdeck_ui` that is not a door's import of its figures or formatters."""
    return [
        f"{importer} imports {imported}"
        for importer, targets in sorted(edges.items())
        for imported in sorted(targets)
        if importer.startswith("labdeck.")
        and imported.startswith("labdeck_ui")
        and not (importer.startswith(DOORS) and imported.startswith(VIEWS))
    ]


def _modules_of(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module]
    return []


def _eager(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes that run when the module is imported."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        skipped = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
        is_for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not isinstance(node, skipped) and not is_for_types:
            waiting.extend(ast.iter_child_nodes(node))


def eager_views(root: Path) -> list[str]:
    """Name every file of the engine that imports `labdeck_ui` before it draws anything."""
    return [
        f"{path.relative_to(root)}:{getattr(node, 'lineno', 0)}"
        for path in sorted((root / "kernel" / "labdeck").rglob("*.py"))
        for node in _eager(ast.parse(path.read_text(encoding="utf-8")))
        if any(module.split(".")[0] == "labdeck_ui" for module in _modules_of(node))
    ]


def scattered_extras(root: Path) -> list[str]:
    """Name every optional library that more than one file of the engine imports."""
    homes: defaultdict[str, set[str]] = defaultdict(set)
    for folder in ("kernel/labdeck", "ui/labdeck_ui"):
        for path in sorted((root / folder).rglob("*.py")):
            is_tool = "testing" in path.parts  # ships the contract tests, which bring their own libraries
            for node in [] if is_tool else ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                for module in _modules_of(node):
                    homes[module.split(".")[0]].add(path.relative_to(root).as_posix())
    return [
        f"{library}: {', '.join(sorted(files))}"
        for library, files in sorted(homes.items())
        if library in OPTIONAL and len(files) > 1
    ]


def loaded_by_import(statement: str) -> set[str]:
    """Give the top-level modules in memory after a fresh interpreter ran the statement."""
    code = f"{statement}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())
