from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from labdeck.magics import NOUNS
from labdeck.magics.parsing import bind, place
from labdeck.magics.words import split

HEAVY = {"sqlalchemy", "alembic", "numpy", "pandas", "pyarrow", "plotly", "torch", "tsdownsample", "ipywidgets"}


def test_loading_again_changes_nothing_but_starts_afresh(ip, line, cell):
    line("create digits")
    before = len(ip.input_transformers_post), len(ip.Completer.custom_matchers)
    cell("%reload_ext labdeck")
    cell("%reload_ext labdeck")
    assert (len(ip.input_transformers_post), len(ip.Completer.custom_matchers)) == before == (len(NOUNS), len(NOUNS))


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
def test_a_noun_is_a_line_and_a_cell_magic_with_help(ip, noun):
    for kind in ("line", "cell"):
        magic = ip.magics_manager.magics[kind][noun.name]
        assert all(f"{noun.name} {verb}" in magic.__doc__ for verb in noun.verbs)
    assert all(verb.purpose.endswith(".") for verb in noun.verbs.values())


def test_loading_imports_nothing_heavy(tmp_path):
    script = textwrap.dedent("""
        import sys
        from IPython.core.interactiveshell import InteractiveShell
        shell = InteractiveShell.instance(ipython_dir=sys.argv[1])
        before = set(sys.modules)
        shell.run_cell("%load_ext labdeck").raise_error()
        print(*sorted({name.split(".")[0] for name in set(sys.modules) - before}))
    """)
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert "labdeck" in ran.stdout.split()
    assert HEAVY.isdisjoint(ran.stdout.split())


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
def test_the_guide_names_every_verb_and_flag(noun):
    guide = (Path(__file__).parents[3] / "docs" / "magics.md").read_text(encoding="utf-8")
    for verb in noun.verbs.values():
        assert f"%{noun.name} {verb.name}" in guide
        for flag in verb.flags:
            assert re.search(rf"`--{flag.name}{' ' + re.escape(flag.value) if flag.value else ''}`", guide), flag.name


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
def test_the_example_in_the_help_of_a_verb_fits_its_declaration(noun):
    for verb in noun.verbs.values():
        (example,) = re.findall(rf"Example: %+{noun.name} (.*)", verb.details)
        name, *words = split(example)
        assert name.text == verb.name
        bind(place(noun, verb, words))
