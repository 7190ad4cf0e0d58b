"""What every test shares: a store of its own, and no silent skip."""

from __future__ import annotations

import pytest
from hypothesis import settings

# A machine may be busy: how long an example takes says nothing about it being right.
settings.register_profile("labdeck", deadline=None)
settings.load_profile("labdeck")


@pytest.fixture(autouse=True)
def _own_store(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the default store at a fresh folder: no test reads or writes the store of the person running it."""
    monkeypatch.setenv("LABDECK_STORE", str(tmp_path_factory.mktemp("store")))
    # What the machine does is sampled after a second: tests that count metrics would depend on how long they take.
    monkeypatch.setenv("LABDECK_SYSTEM_METRICS", "off")


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip (or an expected failure) into a failure that says why it was skipped."""
    if report.skipped:
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{why}\nA test that does not run proves nothing: make it run or remove it."
        report.__dict__.pop("wasxfail", None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> object:
    report = yield
    _fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> object:
    report = yield
    _fail(report)
    return report
