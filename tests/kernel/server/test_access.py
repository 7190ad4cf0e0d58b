"""Nobody gets in without authentication, authorisation and, with a cookie, the XSRF token: every route and method."""

from __future__ import annotations

import pytest
from tornado.httpclient import HTTPClientError

from labdeck.server.routes import ROUTES

ID = "([0-9a-f]{32})"
KINDS = "(training|profiler|xgboost)"


def _calls():
    for pattern, handler in ROUTES:
        path = pattern.replace(ID, "0" * 32).replace(".*", "nowhere").replace(KINDS, "training")
        for method in ("GET", "POST"):
            if getattr(handler, method.lower()).__qualname__ != f"RequestHandler.{method.lower()}":
                own = any(
                    method.lower() in kind.__dict__ for kind in handler.__mro__ if kind.__module__.startswith("labdeck")
                )
                if own:
                    yield path, method


CALLS = sorted(set(_calls()))
POSTS = [path for path, method in CALLS if method == "POST"]


def test_the_list_is_whole():
    assert len({path for path, _ in CALLS}) == len(ROUTES)
    assert ["commands", "nowhere", f"trials/{'0' * 32}/reports/training"] == POSTS


def options(method):
    return {"method": method, **({"body": "{}"} if method == "POST" else {})}


@pytest.mark.parametrize(("path", "method"), CALLS)
@pytest.mark.parametrize("header", ["", "token wrong"])
async def test_without_the_token(ask, path, method, header, door):
    answer = await ask(path, headers={"Authorization": header}, **options(method))
    assert answer.status == 403
    assert answer.body["code"] == "forbidden"
    assert not door.gate.is_open, "a stranger must not even open the store"


@pytest.mark.parametrize(("path", "method"), CALLS)
async def test_without_authorisation(ask, refuse, path, method, door):
    refuse("read" if method == "GET" else "write")
    answer = await ask(path, **options(method))
    assert answer.status == 403
    assert answer.body["code"] == "forbidden"
    assert not door.gate.is_open


async def test_who_may_read_may_not_write(ask, command, open_experiment, refuse):
    refuse("write")
    assert (await ask("experiments")).status == 200
    assert (await command(open_experiment("x"))).status == 403


@pytest.fixture
def log_in(jp_serverapp, http_server_client, jp_base_url, door):  # noqa: ARG001 - closed after the test
    """Get the cookie that a browser holds after logging in."""

    async def fetch():
        token = jp_serverapp.identity_provider.token
        response = await http_server_client.fetch(f"{jp_base_url}labdeck/api/status?token={token}")
        return "; ".join(cookie.split(";")[0] for cookie in response.headers.get_list("Set-Cookie"))

    return fetch


@pytest.mark.parametrize("path", POSTS)
async def test_a_cookie_alone_does_not_write(ask, log_in, path):
    answer = await ask(path, headers={"Authorization": "", "Cookie": await log_in()}, method="POST", body="{}")
    assert answer.status == 403
    assert answer.body["code"] == "forbidden"


async def test_a_cookie_with_its_token_writes(command, log_in, open_experiment):
    headers = {"Authorization": "", "Cookie": f"{await log_in()}; _xsrf=0123abcd"}
    assert (await command(open_experiment("x"), headers={**headers, "X-XSRFToken": "0123abce"})).status == 403
    assert (await command(open_experiment("x"), headers={**headers, "X-XSRFToken": "0123abcd"})).status == 200


async def test_a_cookie_reads(ask, log_in):
    assert (await ask("status", headers={"Authorization": "", "Cookie": await log_in()})).status == 200


@pytest.mark.parametrize("headers", [{"Authorization": ""}, {"Authorization": "token wrong"}])
@pytest.mark.usefixtures("http_server_client")
async def test_a_strangers_socket_is_never_upgraded(jp_ws_fetch, door, headers):
    with pytest.raises(HTTPClientError) as refused:
        await jp_ws_fetch("labdeck", "api", "events", headers=headers)
    assert refused.value.code == 403
    assert not door.tail.busy


@pytest.mark.usefixtures("http_server_client")
async def test_an_unauthorised_socket_is_never_upgraded(jp_ws_fetch, refuse, door):
    refuse("read")
    with pytest.raises(HTTPClientError) as refused:
        await jp_ws_fetch("labdeck", "api", "events")
    assert refused.value.code == 403
    assert not door.tail.busy


async def test_another_sites_page_gets_no_socket(jp_ws_fetch, log_in, door):
    """The browser sends the cookie along, whichever page opens the socket."""
    headers = {"Authorization": "", "Cookie": await log_in(), "Origin": "https://elsewhere.example"}
    with pytest.raises(HTTPClientError) as refused:
        await jp_ws_fetch("labdeck", "api", "events", headers=headers)
    assert refused.value.code == 403
    assert not door.tail.busy
