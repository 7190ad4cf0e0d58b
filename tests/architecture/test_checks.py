"""The checks of tests/test_architecture.py find what they look for: each is shown a planted fault in a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.architecture import budgets, documents, imports, shell, waits

ROOT = Path(__file__).resolve().parents[2]


def plant(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(path.read_text(encoding="utf-8") + text if path.exists() else text, encoding="utf-8")


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """A copy of the Python sources, with the contracts."""
    copy = tmp_path_factory.mktemp("engine")
    for folder in ("kernel/labdeck", "ui/labdeck_ui"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("labextension", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


@pytest.mark.parametrize(
    ("importer", "statement", "report"),
    [
        ("kernel/labdeck/wire", "import labdeck.store.names", "labdeck.wire is not allowed to import labdeck.store"),
        (
            "kernel/labdeck/store",
            "def late():\n    import labdeck.runs.values",
            "labdeck.store is not allowed to import",
        ),
        (
            "kernel/labdeck/magics",
            "import labdeck.server.routes",
            "labdeck.magics is not allowed to import labdeck.server",
        ),
        ("kernel/labdeck/runs", "import labdeck_ui.palette", "labdeck.runs is not allowed to import labdeck_ui"),
        ("ui/labdeck_ui", "import labdeck.store.names", "labdeck_ui is not allowed to import labdeck.store"),
        ("kernel/labdeck/attic", "", "attic"),
    ],
    ids=[
        "upwards",
        "upwards-inside-a-function",
        "door-to-door",
        "room-to-view",
        "view-to-room",
        "room-without-a-place",
    ],
)
def test_a_forbidden_import_is_found(engine, importer, statement, report):
    planted = f"{importer}/planted.py"
    try:
        plant(engine, planted, f'"""Planted."""\n\n{statement}\n')
        if importer.endswith("attic"):
            plant(engine, f"{importer}/__init__.py", '"""Planted."""\n')
        assert report in imports.room_violations(engine)
    finally:
        (engine / planted).unlink()
        shutil.rmtree(engine / "kernel/labdeck/attic", ignore_errors=True)


def test_a_ring_is_found():
    edges = {"labdeck.a": {"labdeck.b"}, "labdeck.b": {"labdeck.c"}, "labdeck.c": {"labdeck.a"}, "labdeck.d": set()}
    assert set(imports.ring(edges)) == {"labdeck.a", "labdeck.b", "labdeck.c"}
    assert imports.ring({**edges, "labdeck.c": {"labdeck.d"}}) == []


def test_the_graph_is_the_real_one():
    edges = imports.module_edges()
    assert "labdeck.errors" in edges["labdeck.studio"] | edges["labdeck.store.contract"]
    assert "labdeck_ui.formatters" in edges["labdeck.magics"], "imports inside functions count"


def test_views_imported_from_elsewhere_are_found():
    edges = {
        "labdeck.server.handlers": {"labdeck_ui.figures.curves", "labdeck_ui.cards"},
        "labdeck.runs.trial": {"labdeck_ui.figures.curves"},
    }
    assert imports.view_violations(edges) == [
        "labdeck.runs.trial imports labdeck_ui.figures.curves",
        "labdeck.server.handlers imports labdeck_ui.cards",
    ]


def test_an_eager_view_is_found(tmp_path):
    plant(tmp_path, "kernel/labdeck/server/a.py", "def draw():\n    from labdeck_ui import figures\n")
    plant(tmp_path, "kernel/labdeck/server/b.py", "import json\nif json:\n    from labdeck_ui import figures\n")
    assert imports.eager_views(tmp_path) == ["kernel/labdeck/server/b.py:3"]


def test_a_scattered_extra_is_found(tmp_path):
    for name in ("a", "b"):
        plant(tmp_path, f"kernel/labdeck/{name}.py", "def late():\n    import torch.nn\n    import json\n")
    assert imports.scattered_extras(tmp_path) == ["torch: kernel/labdeck/a.py, kernel/labdeck/b.py"]


def test_a_heavy_import_is_found():
    assert "sqlite3" in imports.loaded_by_import("import sqlite3")
    assert "sqlite3" not in imports.loaded_by_import("import json")


def test_a_long_file_is_found(tmp_path):
    plant(tmp_path, "kernel/labdeck/a.py", "x = 1\n" * 401)
    plant(tmp_path, "kernel/labdeck/b.py", "x = 1\n" * 400)
    plant(tmp_path, "labextension/src/a.ts", "const x = 1;\n" * 401)
    plant(tmp_path, "labextension/src/wire.ts", "const x = 1;\n" * 401)
    plant(tmp_path, "kernel/labdeck/studio.py", "x = 1\n" * 301)
    assert [found.split(":")[0] for found in budgets.long_files(tmp_path)] == [
        "kernel/labdeck/a.py",
        "kernel/labdeck/studio.py",
        "labextension/src/a.ts",
    ]


def test_a_long_function_is_found(tmp_path):
    body = "    x = 1\n"
    text = '    """Say.\n\n    More.\n    """\n'
    plant(tmp_path, "ui/labdeck_ui/a.py", f"def fits():\n{text}{body * 49}\nasync def long():\n{text}{body * 50}")
    assert budgets.long_functions(tmp_path) == ["ui/labdeck_ui/a.py:56 long: 51 lines, budget 50"]


def test_a_blind_sleep_is_found(tmp_path):
    plant(tmp_path, "tests/test_a.py", "import time\nwhile True:\n    time.sleep(1)\ntime.sleep(1)\n")
    assert waits.blind_sleeps(tmp_path) == ["tests/test_a.py:4"]


SHELL = {
    "one/plugin.ts": "import { b } from '../two/plugin';\nconst t = new Token<IOne>(\n  'labdeck:IOne',\n  'one'\n);\n",
    "two/plugin.ts": "import { a } from '../one/plugin';\nexport const t = new Token<IOne>('labdeck:IOne', 'two');\n",
    "two/commands.ts": "app.commands.addCommand('labdeck:bare', {});\nimport { c } from '../client/plugin';\n",
    "client/plugin.ts": "export const c = 1;\n",
    "parts/a.ts": "import { t } from '../two/plugin';\n",
    "tokens.ts": "namespace CommandIDs {\n  export const a = 'labdeck:a';\n  export const b =\n    'labdeck:a';\n}\n",
}
TOKEN = "import { Token } from '@lumino/coreutils';\nexport const t = new Token<string>('anything', 'goes');\n"


@pytest.fixture
def planted_shell(tmp_path):
    for name, text in SHELL.items():
        plant(tmp_path, f"labextension/src/{name}", text)
    return tmp_path


def test_faults_of_the_shell_are_found(planted_shell):
    assert shell.repeated(shell.tokens(planted_shell)) == ["labdeck:IOne"]
    assert shell.repeated(shell.command_ids(planted_shell)) == ["labdeck:a"]
    assert shell.bare_commands(planted_shell) == ["commands.ts: labdeck:bare"]
    assert shell.features(planted_shell) == {"one", "two"}
    assert shell.feature_violations(planted_shell) == [
        "one/plugin.ts imports two/plugin",
        "parts/a.ts imports two/plugin",
        "two/plugin.ts imports one/plugin",
    ]


def test_a_ring_in_typescript_is_found(planted_shell):
    assert [sorted(ring) for ring in shell.rings(planted_shell, ROOT)] == [["one/plugin.ts", "two/plugin.ts"]]


@pytest.mark.slow
def test_eslint_holds_the_budgets_and_the_platforms_rules(tmp_path):
    for name in ("package.json", "tsconfig.json", "eslint.config.mjs", "yarn.lock", ".yarnrc.yml"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("kernel/_build_backend", "tests/labextension", "labextension/src"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    lines = "  x += 1;\n"
    plant(
        tmp_path, "labextension/src/long.ts", f"export function f(x: number): number {{\n{lines * 50}  return x;\n}}\n"
    )
    plant(tmp_path, "labextension/src/many.ts", "export {};\n" * 401)
    plant(tmp_path, "labextension/src/loose.ts", f"export function f(x: any): any {{\n  return x == 1;\n}}\n{TOKEN}")
    found = shell.eslint(tmp_path, *(f"labextension/src/{name}.ts" for name in ("long", "many", "loose")))
    wanted = {
        "max-lines-per-function",
        "max-lines",
        "@typescript-eslint/no-explicit-any",
        "eqeqeq",
        "jupyter/token-format",
    }
    assert wanted - set(found) == set()


def test_an_undocumented_name_is_found():
    text = "`%experiment list` and ```GET /labdeck/api/trials/{id}/artifacts/{id}``` `trial.logs`"
    wanted = [
        "%experiment list",
        "%experiment show",
        "labdeck/api/trials/{}/artifacts/{}",
        "labdeck/api/trials",
        "trial.log",
    ]
    assert documents.missing(wanted, text) == ["%experiment show", "labdeck/api/trials", "trial.log"]


def test_the_lists_are_not_empty():
    assert {"experiment", "Trial", "trial.log", "experiment.frame"} <= set(documents.public_names())
    assert "%experiment list" in documents.verbs()
    assert "%%experiment trial" in documents.verbs()
    assert "labdeck/api/trials/{}" in documents.routes()
    assert "Labdeck.store" in documents.settings(ROOT)
