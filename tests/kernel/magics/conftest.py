"""A real shell with the magics in it, over a real store of its own."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from labdeck import defaults


@pytest.fixture
def studio(tmp_path, monkeypatch):
    """The default studio, on an empty store."""
    monkeypatch.setenv("LABDECK_STORE", str(tmp_path / "store"))
    defaults.studio.cache_clear()
    yield defaults.studio()
    defaults.studio().close()
    defaults.studio.cache_clear()


@pytest.fixture
def ip(tmp_path, studio):  # noqa: ARG001 - the store must be set before the shell loads anything
    """An IPython shell after `%load_ext labdeck`."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = InteractiveShell.instance(config=config, ipython_dir=str(tmp_path / "ipython"))
    shell.run_cell("%load_ext labdeck").raise_error()
    yield shell
    shell.restore_sys_module_state()
    InteractiveShell.clear_instance()


@pytest.fixture
def line(ip):
    """Run `%experiment …` and return what it returns."""
    return lambda text: ip.run_line_magic("experiment", text)


@pytest.fixture
def cell(ip):
    """Run a cell and return its result, errors raised."""

    def run(text):
        result = ip.run_cell(text)
        result.raise_error()
        return result.result

    return run
