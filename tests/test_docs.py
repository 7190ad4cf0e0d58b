"""Every snippet in README and docs runs, every command in them exists, every link leads somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


def blocks(page, *languages):
    return [body for language, body in BLOCK.findall(page.read_text()) if language in languages]


def name_of(page):
    return str(page.relative_to(ROOT))


@pytest.fixture(autouse=True)
def _own_place(tmp_path, monkeypatch):
    monkeypatch.setenv("LABDECK_STORE", str(tmp_path / "store"))
    monkeypatch.delenv("LABDECK_FILES", raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)


def test_there_are_pages():
    assert {"README.md", "docs/architecture.md", "docs/experiments.md"} <= {name_of(page) for page in PAGES}


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=name_of)
def test_python_snippets_run_from_top_to_bottom(page, tmp_path):
    script = tmp_path / "snippets.py"
    script.write_text("\n\n".join(blocks(page, "python")))
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "ipython")], ids=name_of)
def test_cells_run_from_top_to_bottom(page):
    from labdeck.defaults import studio

    studio.cache_clear()
    shell = InteractiveShell.instance()
    try:
        for cell in blocks(page, "ipython"):
            result = shell.run_cell(cell, store_history=True)
            assert result.success, f"{cell}\n{result.error_before_exec or result.error_in_exec}"
    finally:
        InteractiveShell.clear_instance()
        studio().close()
        studio.cache_clear()


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "sh")], ids=name_of)
def test_commands_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in "\n".join(blocks(page, "sh")).splitlines():
        words = [word for word in line.partition("#")[0].split() if "=" not in word]
        if words[:1] == ["make"]:
            assert set(words[1:]) <= targets, line
        elif words[:2] == ["labdeck", "store"]:
            command = [sys.executable, "-m", "labdeck.cli", *words[1:3], "--help"]
            assert subprocess.run(command, capture_output=True, check=False).returncode == 0, line


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    for groups in LINK.findall(page.read_text()):
        target = (groups[0] or groups[1]).partition("#")[0]
        if target and "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.slow
def test_examples_in_docstrings_run():
    migrations = ROOT / "kernel" / "labdeck" / "store" / "sql" / "migrations" / "env.py"  # for Alembic alone
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--doctest-modules",
        "-p",
        "tests.own_store",
        "-p",
        "no:cacheprovider",
    ]
    command += [f"--ignore={migrations}", str(ROOT / "kernel" / "labdeck"), str(ROOT / "ui" / "labdeck_ui")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
