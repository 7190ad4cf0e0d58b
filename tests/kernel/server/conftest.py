"""A real Jupyter server with Labdeck in it, on a real store in a temporary folder."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

import pytest
from jupyter_server.auth import Authorizer
from pytest_jupyter.jupyter_server import *  # noqa: F403 - fixtures for this folder alone; as a plugin they would run everywhere
from tornado.httpclient import HTTPClientError

from labdeck.server import DOOR
from labdeck.store.ids import new_id
from labdeck.store.process import this_process
from labdeck.studio import Studio
from labdeck.wire.commands import OpenExperiment, StartTrial

DEADLINE = 20.0


class Doorman(Authorizer):
    """Refuses what a test tells it to."""

    refused: set[tuple[str, str]] = set()  # noqa: RUF012 - shared on purpose: Jupyter makes the object

    def is_authorized(self, handler, user, action, resource):  # noqa: ARG002 - Jupyter's signature
        return (action, resource) not in self.refused


@pytest.fixture
def refuse():
    """Refuse an action on a resource for the length of a test."""
    yield lambda action, resource="labdeck": Doorman.refused.add((action, resource))
    Doorman.refused.clear()


@pytest.fixture
def place(tmp_path):
    """Where the server's store is."""
    return tmp_path / "store"


@pytest.fixture
def jp_server_config(place):
    return {
        "ServerApp": {
            "jpserver_extensions": {"labdeck": True, "jupyter_server_terminals": False},
            "allow_unauthenticated_access": False,
            "authorizer_class": Doorman,
        },
        "Labdeck": {"store": str(place)},
    }


@pytest.fixture
def door(jp_serverapp):
    """What the server holds of Labdeck."""
    door = jp_serverapp.web_app.settings[DOOR]
    yield door
    door.close()


@pytest.fixture
def studio(place):
    """Another user of the same store."""
    studio = Studio(place)
    yield studio
    studio.close()


@dataclass(frozen=True)
class Answer:
    """What came back, errors included."""

    status: int
    headers: Any
    raw: bytes

    @property
    def body(self):
        return json.loads(self.raw)


@pytest.fixture
def ask(door, jp_fetch):  # noqa: ARG001 - closed after the test
    """Send a request below labdeck/api; an error is an answer, too."""

    async def send(path, *, params=(), **options):
        query = list(params.items()) if isinstance(params, dict) else list(params)
        try:
            response = await jp_fetch("labdeck", "api", *path.split("/"), params=query, **options)
        except HTTPClientError as error:
            response = error.response
            if response is None:
                raise
        return Answer(response.code, response.headers, response.body)

    return send


@pytest.fixture
def command(ask):
    """Send commands; plain dictionaries, so that a test can send what no client would."""

    async def send(*commands, **options):
        return await ask("commands", method="POST", body=json.dumps({"commands": commands}), **options)

    return send


class Socket:
    """One client of the event socket; reads with a deadline."""

    def __init__(self, connection):
        self.connection = connection

    async def frame(self):
        text = await asyncio.wait_for(self.connection.read_message(), DEADLINE)
        return None if text is None else json.loads(text)

    async def until(self, wanted):
        """Read frames until one fits; return the events before it and the frame itself."""
        events = []
        while (frame := await self.frame()) is not None:
            events += frame.get("events", [])
            if wanted(frame):
                return events, frame
        raise AssertionError("the socket was closed")

    def close(self):
        self.connection.close()


@pytest.fixture
def connect(door, http_server_client, jp_ws_fetch):  # noqa: ARG001 - closed after the test; the server runs
    """Open the event socket."""
    sockets = []

    async def open_socket(**params):
        socket = Socket(await jp_ws_fetch("labdeck", "api", "events", params=params))
        sockets.append(socket)
        return socket

    yield open_socket
    for socket in sockets:
        socket.close()


@pytest.fixture
def eventually():
    """Wait for a condition to come true."""

    async def wait(condition):
        deadline = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < deadline, "it never came true"
            await asyncio.sleep(0.02)

    return wait


def _start(name, experiment, number):
    return StartTrial(
        id=new_id(),
        experiment=experiment,
        new_experiment_id=new_id(),
        name=name,
        started=time.time() + number,
        writer=this_process(),
    )


@pytest.fixture
def seed(studio):
    """Make trials in the store; return their ids."""

    def make(*names, experiment="digits"):
        commands = [_start(name, experiment, number) for number, name in enumerate(names)]
        studio.session.catalog.apply(commands)
        return [command.id for command in commands]

    return make


@pytest.fixture
def open_experiment():
    """A command, as JSON, that opens an experiment."""

    def make(name, **changes):
        return {"command": "open-experiment", "id": new_id(), "name": name, "created": time.time(), **changes}

    return make


@pytest.fixture
def experiment_command():
    """The same as a record."""
    return lambda name: OpenExperiment(id=new_id(), name=name, created=time.time())
