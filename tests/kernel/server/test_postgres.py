"""The same server on a team's database: PostgreSQL wakes the tail by its own means."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.postgres


@pytest.fixture
def place(postgres_location):
    """The URL of a database without a password, which is what is shown of it."""
    return postgres_location.display


async def test_a_write_by_another_connection_arrives(ask, connect, seed, studio):
    socket = await connect()
    assert (await socket.frame())["message"] == "hello"
    (trial,) = seed("cnn-32")
    events, _ = await socket.until(lambda frame: any(e["event"] == "trial-changed" for e in frame.get("events", [])))
    assert events[-1]["seq"] <= studio.cursor()
    assert (await ask(f"trials/{trial}")).body["trial"]["name"] == "cnn-32"
    assert (await ask("status")).body["store"] == studio.status().store


async def test_reconnecting_from_a_cursor_and_beyond_it(connect, studio, experiment_command):
    studio.apply([experiment_command("one")])
    cursor = studio.cursor()
    studio.apply([experiment_command("two")])
    socket = await connect(after=cursor)
    await socket.frame()
    assert [event["experiment"]["name"] for event in (await socket.frame())["events"]] == ["two"]
    ahead = await connect(after=studio.cursor() + 1_000)
    await ahead.frame()
    assert await ahead.frame() == {"message": "reset", "seq": studio.cursor()}


async def test_hostile_text_is_refused_or_kept(ask, command, open_experiment):
    assert (await command(open_experiment("a\0b"))).status == 400
    name = "'; drop table experiments; -- 🧪"
    assert (await command(open_experiment(name))).status == 200
    assert [experiment["name"] for experiment in (await ask("experiments")).body["experiments"]] == [name]
