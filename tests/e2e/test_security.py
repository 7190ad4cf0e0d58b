"""Nobody comes in without the token, and no other site speaks in a person's name."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.e2e import seeds
from tests.e2e.lab_page import LabPage
from tests.e2e.lab_server import LabServer
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from labdeck import Studio
from labdeck.server.routes import ROUTES
from labdeck.store.ids import new_id
from labdeck.wire.messages import WIRE_VERSION

pytestmark = [pytest.mark.browser, pytest.mark.slow]

API = "/labdeck/api/"
POST = """async ([url, body, xsrf]) => {
  const token = document.cookie.split('; ').find(c => c.startsWith('_xsrf='))?.slice(6);
  const headers = xsrf ? { 'X-XSRFToken': token } : {};
  return (await fetch(url, { method: 'POST', body, headers, credentials: 'same-origin' })).status;
}"""


def test_every_route_refuses_a_stranger(server: LabServer, studio: Studio) -> None:
    trial = seeds.digits(studio, 2)[0]
    for pattern, handler in ROUTES:
        path = API + pattern.replace("([0-9a-f]{32})", trial.id).replace(".*", "no-such-route")
        method = "POST" if "post" in vars(handler) else "GET"
        body = b"{}" if method == "POST" else None
        for headers in ({}, {"Authorization": "token wrong"}):
            status, _, answer = server.fetch(path, method=method, headers=headers, body=body)
            assert status == 403, f"{method} {path} answered {status}"
            assert b"digits" not in answer
        assert server.fetch(path, method=method, headers=server.authorized(), body=body)[0] != 403


def test_the_socket_refuses_a_stranger(server: LabServer) -> None:
    path = f"{API}events?after=0&wire={WIRE_VERSION}"
    address = server.url.replace("http", "ws") + path
    assert "hello" in _first_frame(HTTPRequest(address, headers=server.authorized()))
    for headers in ({}, {"Authorization": "token wrong"}):
        with pytest.raises(HTTPClientError) as refused:
            _first_frame(HTTPRequest(address, headers=headers))
        assert refused.value.code == 403


def test_a_command_needs_the_xsrf_token(lab: LabPage, studio: Studio) -> None:
    command = {"command": "open-experiment", "id": new_id(), "name": "forged", "created": time.time()}
    body = json.dumps({"commands": [command]})
    lab.tolerate_status(403)
    url = lab.server.url + API + "commands"
    assert lab.page.evaluate(POST, [url, body, False]) == 403
    assert studio.experiments() == []
    assert lab.page.evaluate(POST, [url, body, True]) == 200
    assert [experiment.name for experiment in studio.experiments()] == ["forged"]
    status, _, _ = lab.server.fetch(
        API + "commands", method="POST", headers=lab.server.authorized(), body=body.encode()
    )
    assert status == 200


def _first_frame(request: HTTPRequest) -> str:
    """Open a socket and return the first thing it says."""

    async def listen() -> str:
        connection = await websocket_connect(request)
        try:
            return str(await asyncio.wait_for(connection.read_message(), 20))
        finally:
            connection.close()
            while await connection.read_message() is not None:
                pass  # until the other side has closed too

    with ThreadPoolExecutor(1) as thread:  # Playwright's loop runs in this one
        return thread.submit(asyncio.run, listen()).result()
