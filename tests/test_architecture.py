"""The house rules of docs/architecture.md, held. Each check is proven on a planted fault in tests/architecture."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.architecture import budgets, documents, imports, shell, waits

import labdeck

ROOT = Path(__file__).resolve().parent.parent

HEAVY = {"IPython", "alembic", "jupyter_server", "numpy", "pandas", "plotly", "pyarrow", "safetensors", "sqlalchemy"}
"""What `import labdeck` must not load; a first trial may load what it needs."""


def test_a_room_imports_only_what_stands_lower():
    assert imports.room_violations(ROOT) == ""


def test_no_ring_of_modules():
    assert imports.ring(imports.module_edges()) == []


def test_only_the_doors_import_figures_and_formatters():
    assert imports.view_violations(imports.module_edges()) == []


def test_the_doors_import_them_when_they_draw():
    assert imports.eager_views(ROOT) == []


def test_an_optional_library_has_one_home():
    assert imports.scattered_extras(ROOT) == []


def test_import_labdeck_is_light():
    assert imports.loaded_by_import("import labdeck") & (HEAVY | imports.OPTIONAL) == set()


def test_files_are_short():
    assert budgets.long_files(ROOT) == []


def test_functions_are_short():
    assert budgets.long_functions(ROOT) == []


def test_no_ring_in_typescript():
    assert shell.rings(ROOT, ROOT) == []


def test_features_of_the_shell_do_not_import_each_other():
    assert shell.features(ROOT), "the shell has features"
    assert shell.feature_violations(ROOT) == []


def test_tokens_and_commands_are_unique_and_ours():
    tokens, commands = shell.tokens(ROOT), shell.command_ids(ROOT)
    assert tokens
    assert commands
    assert shell.repeated(tokens) == []
    assert shell.repeated(commands) == []
    assert [name for name in [*tokens, *commands] if not name.startswith("labdeck:")] == []


def test_commands_are_added_under_their_constant():
    assert shell.bare_commands(ROOT) == []


def test_wire_ts_is_fresh(tmp_path):
    schema = subprocess.run(
        [sys.executable, "labextension/scripts/wire_schema.py"], cwd=ROOT, capture_output=True, check=True
    )
    target = tmp_path / "wire.ts"
    command = [sys.executable, "kernel/_build_backend/labdeck_frontend.py", "jlpm", "wire", str(target)]
    subprocess.run(command, cwd=ROOT, input=schema.stdout, check=True, stdout=subprocess.DEVNULL)
    committed = ROOT / "labextension" / "src" / "wire.ts"
    assert committed.read_text(encoding="utf-8") == target.read_text(encoding="utf-8"), "run `make wire`"


def test_one_version():
    front_end = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["version"]
    assert front_end == labdeck.__version__


def test_public_names_are_documented():
    assert documents.missing(documents.public_names(), documents.written(ROOT)) == []


def test_magics_are_documented():
    assert documents.missing(documents.verbs(), documents.written(ROOT)) == []


def test_routes_are_documented():
    assert documents.missing(documents.routes(), documents.written(ROOT)) == []


def test_settings_are_documented():
    assert documents.missing(documents.settings(ROOT), documents.written(ROOT)) == []


def test_environment_variables_are_documented():
    names = documents.environment(ROOT)
    assert "LABDECK_STORE" in names
    assert documents.missing(names, documents.written(ROOT)) == []


def test_a_test_waits_for_a_condition_not_for_a_time():
    assert waits.blind_sleeps(ROOT) == []
