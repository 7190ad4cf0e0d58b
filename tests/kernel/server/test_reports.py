"""Reports that are asked for through the server are made beside the requests and kept with their trials."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from labdeck.debugger.watching import Debugger
from labdeck.errors import StoreFull
from labdeck.store.ids import new_id

DEADLINE = 60.0


@pytest.fixture
def ended(ask):
    """Wait until a report that was asked for is kept or has failed."""

    async def wait(trial, kind="training"):
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            progress = (await ask(f"trials/{trial}/reports/{kind}")).body
            if progress["state"] != "making":
                return progress
            await asyncio.sleep(0.05)
        raise AssertionError("the report was not made in time")

    return wait


@pytest.fixture
def made(ask, ended):
    """Ask for a report and wait for it."""

    async def make(trial, kind="training"):
        begun = await ask(f"trials/{trial}/reports/{kind}", method="POST", body="{}")
        assert begun.status == 200, begun.raw
        assert begun.body["state"] == "making"
        return await ended(trial, kind)

    return make


async def test_a_report_is_made_and_kept_with_its_trial(ask, seed, made):
    (trial,) = seed("a")
    progress = await made(trial)
    assert (progress["state"], progress["problem"]) == ("kept", None)
    assert progress["page"]["name"] == "training-report.html"
    artifacts = (await ask(f"trials/{trial}")).body["artifacts"]
    assert {"training-report.html", "training-report.ipynb"} == {each["name"] for each in artifacts}
    page = await ask(f"trials/{trial}/artifacts/{progress['page']['id']}")
    assert page.raw.startswith(b"<!doctype html>")
    assert page.headers["Content-Type"] == "application/octet-stream", "a page of a store is never shown as one"
    again = await made(trial)
    assert again["page"]["id"] != progress["page"]["id"], "asked for again it is made anew"


async def test_why_there_is_none_is_told(seed, made):
    (trial,) = seed("a")
    progress = await made(trial, "profiler")
    assert progress["state"] == "failed"
    assert progress["page"] is None
    assert progress["problem"]["code"] == "not-found"
    assert "not profiled" in progress["problem"]["message"]


async def test_what_nobody_foresaw_is_told_without_its_text(seed, made, monkeypatch):
    (trial,) = seed("a")
    secret = "the secret of /somewhere"

    def break_(*_):
        raise RuntimeError(secret)

    monkeypatch.setattr(Debugger, "report", break_)
    progress = await made(trial)
    assert progress["problem"]["code"] == "internal"
    assert secret not in str(progress)

    def fill(*_):
        raise StoreFull("the disk is full", "make room")

    monkeypatch.setattr(Debugger, "report", fill)
    assert (await made(trial))["problem"]["remedy"] == "make room"


async def test_a_report_is_made_once_at_a_time_and_two_at_the_most(ask, seed, ended, monkeypatch):
    first, second, third = seed("a", "b", "c")
    go, calls, real = threading.Event(), [], Debugger.report

    def slowly(debugger, trial_id, kind):
        calls.append(trial_id)
        go.wait(DEADLINE)
        return real(debugger, trial_id, kind)

    monkeypatch.setattr(Debugger, "report", slowly)
    try:
        for trial in (first, first, second):
            answer = await ask(f"trials/{trial}/reports/training", method="POST", body="{}")
            assert answer.body["state"] == "making"
        refused = await ask(f"trials/{third}/reports/training", method="POST", body="{}")
        assert (refused.status, refused.body["code"]) == (503, "store-busy")
    finally:
        go.set()
    for trial in (first, second):
        assert (await ended(trial))["state"] == "kept"
    assert sorted(calls) == sorted((first, second)), "one that is being made is not made twice"


async def test_unknown_trials_and_kinds_have_none(ask, seed):
    (trial,) = seed("a")
    for path in (f"trials/{new_id()}/reports/training", f"trials/{trial}/reports/novel", "trials/x/reports/training"):
        assert (await ask(path, method="POST", body="{}")).status == 404
    assert (await ask(f"trials/{trial}/reports/training")).status == 404, "it was not asked for"


async def test_to_have_one_made_is_to_write(ask, seed, refuse):
    (trial,) = seed("a")
    refuse("write")
    assert (await ask(f"trials/{trial}/reports/training", method="POST", body="{}")).status == 403
    refuse("read")
    assert (await ask(f"trials/{trial}/reports/training")).status == 403
