"""The server keeps answering while its store is slow, gone, damaged or coming back."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from labdeck.errors import StoreUnreachable
from labdeck.server import gate as gates
from labdeck.server.gate import StoreGate
from labdeck.store.ids import new_id
from labdeck.studio import Studio

ROOT = Path(__file__).parents[3]
TRAINER = """
import sys, time, labdeck
trial = labdeck.open(sys.argv[1]).experiment("digits").trial("cnn-32").start()
trial.log(loss=1.0)
print("started", flush=True)
time.sleep(600)
"""


@pytest.fixture
def stuck(monkeypatch):
    """Make every listing of experiments wait until the test ends it."""
    release = threading.Event()
    real = Studio.experiment_list

    def wait(self):
        release.wait(60)
        return real(self)

    monkeypatch.setattr(Studio, "experiment_list", wait)
    yield release
    release.set()


async def test_others_are_answered_while_the_store_is_slow(ask, stuck, jp_fetch):
    waiting = [asyncio.ensure_future(ask("experiments")) for _ in range(gates.THREADS - 1)]
    assert (await ask("status")).status == 200
    assert (await jp_fetch("api", "status")).code == 200
    stuck.set()
    assert {answer.status for answer in await asyncio.gather(*waiting)} == {200}


async def test_the_loop_lives_when_all_threads_are_taken(ask, stuck, jp_fetch, door, monkeypatch):
    monkeypatch.setattr(door.gate, "_patience", 0.3)
    answers = await asyncio.gather(*(ask("experiments") for _ in range(gates.THREADS + 2)))
    assert {(answer.status, answer.body["code"]) for answer in answers} == {(503, "store-busy")}
    assert (await jp_fetch("api", "status")).code == 200
    stuck.set()
    monkeypatch.setattr(door.gate, "_patience", 30)
    assert (await ask("experiments")).status == 200


async def test_more_calls_than_may_wait_are_refused_at_once(ask, door, stuck, eventually):
    door.gate._room = threading.BoundedSemaphore(2)
    waiting = [asyncio.ensure_future(ask("experiments")) for _ in range(2)]
    await eventually(lambda: not door.gate._room._value)
    answer = await ask("status")
    assert (answer.status, answer.body["code"]) == (503, "store-busy")
    stuck.set()
    assert {answer.status for answer in await asyncio.gather(*waiting)} == {200}
    assert (await ask("status")).status == 200


async def test_reading_goes_on_while_another_process_writes(ask, command, open_experiment, place):
    await ask("status")
    with closing(sqlite3.connect(place / "catalog.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.ensure_future(command(open_experiment("x")))
        assert (await ask("experiments")).status == 200
        assert not writing.done()
        other.execute("COMMIT")
    assert (await writing).status == 200


async def test_a_store_that_cannot_be_opened_is_said_and_recovers(ask, place):
    place.write_text("not a folder")
    for _ in range(2):
        answer = await ask("status")
        assert answer.status == 503
        assert answer.body["code"] == "store-unreachable"
        assert answer.body["remedy"]
    place.unlink()
    assert (await ask("status")).status == 200


async def test_a_damaged_catalog_is_said_without_a_traceback(ask, place):
    place.mkdir()
    (place / "catalog.sqlite").write_bytes(b"this is no database" * 1000)
    answer = await ask("status")
    assert answer.status == 500
    assert answer.body["code"] == "store-corrupt"
    assert "Traceback" not in answer.raw.decode()


async def test_a_defect_of_ours_tells_nothing_of_the_inside(ask, monkeypatch):
    def broken(_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(Studio, "experiment_list", broken)
    answer = await ask("experiments")
    assert (answer.status, answer.body["code"]) == (500, "internal")
    assert b"secret" not in answer.raw
    assert b"Traceback" not in answer.raw


async def test_a_store_that_became_unreachable_is_opened_anew(ask, door, monkeypatch):
    await ask("status")
    first, real = door.gate._studio, Studio.experiment_list

    def gone(self):
        if self is first:
            raise StoreUnreachable("the database went away", "wait")
        return real(self)

    monkeypatch.setattr(Studio, "experiment_list", gone)
    assert (await ask("experiments")).status == 503
    assert (await ask("experiments")).status == 200
    assert door.gate._studio is not first


async def test_the_socket_survives_an_outage(connect, studio, experiment_command, monkeypatch):
    socket = await connect()
    await socket.frame()
    real, failures = Studio.events, []

    def sometimes(self, after, limit=1000):
        if len(failures) < 2:
            failures.append(after)
            raise StoreUnreachable("the database went away", "wait")
        return real(self, after, limit)

    monkeypatch.setattr(Studio, "events", sometimes)
    studio.apply([experiment_command("during")])
    events, _ = await socket.until(lambda frame: frame["message"] == "events")
    assert [event["experiment"]["name"] for event in events] == ["during"]
    assert len(failures) == 2


async def test_a_store_that_was_removed_and_made_anew_is_noticed(ask, command, connect, place, experiment_command):
    for name in "abc":
        await command({"command": "open-experiment", "id": new_id(), "name": name, "created": 1.0})
    socket = await connect()
    await socket.frame()
    shutil.rmtree(place)
    with closing(Studio(place)) as other:
        other.apply([experiment_command("new")])
        (experiment,) = (await ask("experiments")).body["experiments"]
        assert experiment["name"] == "new"
        _, reset = await socket.until(lambda frame: frame["message"] == "reset")
        assert reset["seq"] <= other.cursor()  # 0 if it was noticed before there was anything
        other.apply([experiment_command("newer")])
        names = ["new"] * (reset["seq"] < other.cursor() - 1)
        told = []
        while "newer" not in told:
            events, _ = await socket.until(lambda frame: frame["message"] == "events")
            told += [event["experiment"]["name"] for event in events]
        assert told == [*names, "newer"]


async def test_a_store_that_was_removed_is_empty_again(ask, command, open_experiment, place):
    await command(open_experiment("x"))
    shutil.rmtree(place)
    assert (await ask("experiments")).body["experiments"] == []
    assert (await command(open_experiment("y"))).status == 200
    assert (place / "catalog.sqlite").exists()


async def test_a_killed_training_process_shows_while_somebody_looks(connect, place):
    path = os.pathsep.join(str(ROOT / folder) for folder in ("kernel", "ui"))
    trainer = subprocess.Popen(  # noqa: ASYNC220 - returns at once
        [sys.executable, "-c", TRAINER, str(place)], env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE
    )
    assert await asyncio.to_thread(trainer.stdout.readline) == b"started\n"
    socket = await connect()
    await socket.frame()
    trainer.send_signal(signal.SIGKILL)
    trainer.wait(30)
    trainer.stdout.close()

    def crashed(frame):
        return any(
            event["event"] == "trial-changed" and event["trial"]["state"] == "crashed"
            for event in frame.get("events", [])
        )

    await socket.until(crashed)


async def test_the_door_closes_while_a_call_is_under_way(ask, door, stuck, eventually):
    waiting = asyncio.ensure_future(ask("experiments"))
    await eventually(lambda: door.gate.is_open)
    door.close()
    answer = await ask("status")
    assert (answer.status, answer.body["code"]) == (503, "store-unreachable")
    stuck.set()
    assert (await waiting).status in {200, 503}


def test_a_closed_gate_opens_nothing(place):
    gate = StoreGate(str(place))
    gate.close()
    with pytest.raises(StoreUnreachable):
        gate.run(Studio.status)
    assert not place.exists()
