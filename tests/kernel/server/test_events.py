"""The event socket: live, from a cursor, for many clients, over every disturbance."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tornado.httpclient import HTTPClientError

from labdeck.errors import CursorExpired
from labdeck.server import tail
from labdeck.server.socket import EventsHandler
from labdeck.store.ids import new_id
from labdeck.wire import WIRE_VERSION

ROOT = Path(__file__).parents[3]
WRITER = """
import sys, labdeck
with labdeck.open(sys.argv[1]).experiment("digits").trial("cnn-32", params={"hidden": 32}) as trial:
    for step in range(20):
        trial.log({"loss": 1 / (step + 1)}, step=step)
"""


def is_reset(frame):
    return frame["message"] == "reset"


def event(kind):
    return lambda frame: any(item["event"] == kind for item in frame.get("events", []))


async def test_hello_comes_first_and_says_where_the_log_stands(connect, seed, studio):
    seed("a")
    socket = await connect(wire=WIRE_VERSION)
    hello = await socket.frame()
    assert hello == {
        "message": "hello",
        "version": studio.status().version,
        "wire": WIRE_VERSION,
        "seq": studio.cursor(),
    }


async def test_a_write_by_another_process_arrives(connect, place):
    socket = await connect()
    assert (await socket.frame())["message"] == "hello"
    path = os.pathsep.join(str(ROOT / folder) for folder in ("kernel", "ui"))
    writer = subprocess.Popen(  # noqa: ASYNC220 - returns at once
        [sys.executable, "-c", WRITER, str(place)], env={**os.environ, "PYTHONPATH": path}
    )

    def completed(frame):
        return any(
            item["event"] == "trial-changed" and item["trial"]["state"] == "completed"
            for item in frame.get("events", [])
        )

    events, _ = await socket.until(completed)
    assert writer.wait(30) == 0
    seqs = [item["seq"] for item in events]
    assert seqs == sorted(set(seqs))
    kinds = {item["event"] for item in events}
    assert {"experiment-changed", "trial-changed", "metrics-advanced"} <= kinds
    advanced = [item for item in events if item["event"] == "metrics-advanced"][-1]
    assert (advanced["points"], advanced["metrics"][0]["last"]) == (20, 0.05)


async def test_a_command_by_the_server_itself_arrives(connect, command, open_experiment):
    socket = await connect()
    await socket.frame()
    await command(open_experiment("mine"))
    events, _ = await socket.until(event("experiment-changed"))
    assert [item["experiment"]["name"] for item in events] == ["mine"]


async def test_from_a_cursor_only_what_is_new(connect, seed, studio):
    seed("a")
    cursor = studio.cursor()
    seed("b")
    socket = await connect(after=cursor)
    assert (await socket.frame())["seq"] == studio.cursor()
    events, _ = await socket.until(event("trial-changed"))
    assert {item["trial"]["name"] for item in events if item["event"] == "trial-changed"} == {"b"}
    assert all(item["seq"] > cursor for item in events)
    seed("c")
    events, _ = await socket.until(event("trial-changed"))
    assert {item["trial"]["name"] for item in events if item["event"] == "trial-changed"} == {"c"}


async def test_reconnecting_from_the_last_seq_loses_and_repeats_nothing(
    connect, studio, experiment_command, eventually, door
):
    studio.apply([experiment_command("0")])
    socket = await connect(after=0)
    seen, _ = await socket.until(event("experiment-changed"))
    for round_ in range(1, 4):
        socket.close()
        await eventually(lambda: not door.tail.busy)
        studio.apply([experiment_command(str(round_))])
        socket = await connect(after=seen[-1]["seq"])
        events, _ = await socket.until(event("experiment-changed"))
        seen += events
    assert [item["experiment"]["name"] for item in seen] == ["0", "1", "2", "3"]


async def test_a_cursor_ahead_of_the_log_is_reset(connect, seed, studio):
    seed("a")
    socket = await connect(after=studio.cursor() + 100)
    await socket.frame()
    assert await socket.frame() == {"message": "reset", "seq": studio.cursor()}


async def test_a_cursor_whose_events_are_gone_is_reset(connect, seed, studio):
    for name in "abcdef":
        seed(name)
    studio.session.catalog.prune(2)
    socket = await connect(after=1)
    await socket.frame()
    assert await socket.frame() == {"message": "reset", "seq": studio.cursor()}
    seed("g")
    events, _ = await socket.until(event("trial-changed"))
    assert "g" in {item["trial"]["name"] for item in events if item["event"] == "trial-changed"}


async def test_a_cursor_too_far_behind_is_reset(connect, seed, studio, monkeypatch):
    monkeypatch.setattr(tail, "GAP", 3)
    seed("a", "b", "c", "d", "e")
    socket = await connect(after=0)
    await socket.frame()
    assert await socket.frame() == {"message": "reset", "seq": studio.cursor()}


async def test_a_long_gap_comes_in_pages(connect, studio, experiment_command, monkeypatch):
    monkeypatch.setattr(tail, "PAGE", 4)
    studio.apply([experiment_command(str(number)) for number in range(10)])
    socket = await connect(after=0)
    assert (await socket.frame())["message"] == "hello"
    sizes, names = [], []
    while len(names) < 10:
        frame = await socket.frame()
        sizes.append(len(frame["events"]))
        names += [item["experiment"]["name"] for item in frame["events"]]
    assert max(sizes) <= 4
    assert names == [str(number) for number in range(10)]


async def test_pruning_beneath_the_readers_resets_them(connect, studio, experiment_command, monkeypatch):
    """The tail itself may fall behind, when the machine was asleep for a day."""
    socket = await connect()
    await socket.frame()
    real = type(studio).events

    def expired(*_, **__):
        monkeypatch.setattr(type(studio), "events", real)
        raise CursorExpired("gone")

    monkeypatch.setattr(type(studio), "events", expired)
    studio.apply([experiment_command("x")])
    _, reset = await socket.until(is_reset)
    assert reset["seq"] <= studio.cursor()  # 0 if the tail looked before there was anything
    studio.apply([experiment_command("y")])
    named = []
    while "y" not in named:
        events, _ = await socket.until(event("experiment-changed"))
        named += [each["experiment"]["name"] for each in events]
    assert named == [*["x"] * (reset["seq"] < studio.cursor() - 1), "y"]


async def test_two_clients_see_the_same(connect, studio, experiment_command):
    early = await connect()
    await early.frame()
    studio.apply([experiment_command("x")])
    late = await connect(after=0)
    await late.frame()
    one, _ = await early.until(event("experiment-changed"))
    two, _ = await late.until(event("experiment-changed"))
    assert one == two


async def test_one_thread_for_all_clients_and_none_without(connect, eventually):
    def threads():
        return [thread for thread in threading.enumerate() if thread.name == "labdeck-tail"]

    sockets = [await connect() for _ in range(3)]
    for socket in sockets:
        await socket.frame()
    assert len(threads()) == 1
    for socket in sockets:
        socket.close()
    await eventually(lambda: not threads())
    again = await connect()
    assert (await again.frame())["message"] == "hello"


async def test_a_slow_client_is_reset_and_costs_no_memory(connect, studio, experiment_command, monkeypatch):
    """The server's side of the connection stops writing, as it does when the client does not read."""
    handlers, gate = [], asyncio.Event()
    real_open, real_write = EventsHandler.open, EventsHandler.write_message

    def remember(self, *args, **kwargs):
        handlers.append(self)
        real_open(self, *args, **kwargs)

    async def slow(self, frame):
        if self is handlers[0]:
            await gate.wait()
        await real_write(self, frame)

    monkeypatch.setattr(EventsHandler, "open", remember)
    monkeypatch.setattr(EventsHandler, "write_message", slow)
    stuck = await connect()
    swift = await connect()
    await swift.frame()
    handlers[0]._mailbox._frames = 5
    last = 0
    for number in range(40):
        studio.apply([experiment_command(str(number))])
        events, _ = await swift.until(event("experiment-changed"))
        last = events[-1]["seq"]
    assert len(handlers[0]._mailbox._waiting) <= 5
    gate.set()
    assert (await stuck.frame())["message"] == "hello"
    _, reset = await stuck.until(is_reset)
    seen = reset["seq"]
    while seen < last:
        seen = (await stuck.frame())["events"][-1]["seq"]
    assert seen == last


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "", "9" * 30, "0x1"])
@pytest.mark.usefixtures("http_server_client")
async def test_a_malformed_cursor_is_refused_before_the_upgrade(jp_ws_fetch, door, after):
    with pytest.raises(HTTPClientError) as refused:
        await jp_ws_fetch("labdeck", "api", "events", params={"after": after})
    assert refused.value.code == 400
    assert json.loads(refused.value.response.body)["code"] == "invalid-query"
    assert not door.tail.busy


@pytest.mark.usefixtures("http_server_client")
async def test_another_wire_is_refused_before_the_upgrade(jp_ws_fetch, door):
    with pytest.raises(HTTPClientError) as refused:
        await jp_ws_fetch("labdeck", "api", "events", params={"wire": WIRE_VERSION + 1})
    assert refused.value.code == 409
    assert json.loads(refused.value.response.body)["code"] == "wire-version"
    assert not door.tail.busy


async def test_a_client_that_talks_is_hung_up_on(connect, door, eventually):
    socket = await connect()
    await socket.frame()
    await socket.connection.write_message(
        json.dumps({"commands": [{"command": "delete", "ids": [new_id()], "time": 0}]})
    )
    assert await socket.frame() is None
    assert socket.connection.close_code == 1008
    await eventually(lambda: not door.tail.busy)
