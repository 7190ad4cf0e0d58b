"""Every route that a real server got from us, with every method: closed without a token, closed to the unauthorised."""

from __future__ import annotations

import pytest
from jupyter_server.auth import Authorizer
from tornado.httpclient import HTTPClientError
from tornado.routing import PathMatches

METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
"""Without OPTIONS: Jupyter answers a browser's preflight, which carries no facts, before anybody is known."""
REFUSED = {403, 405}
"""405 is Tornado's answer to a method that a handler does not have; nothing of ours runs then."""


class NobodyMay(Authorizer):
    def is_authorized(self, *_):
        return False


@pytest.fixture
def jp_server_config(tmp_path):
    return {
        "ServerApp": {
            "jpserver_extensions": {"labdeck": True, "jupyter_server_terminals": False},
            "allow_unauthenticated_access": False,
            "authorizer_class": NobodyMay,
        },
        "Labdeck": {"store": str(tmp_path / "store")},
    }


@pytest.fixture
def routes(jp_serverapp):
    """The patterns of all rules whose handlers are ours, read from the running application."""
    found = {}
    waiting = [jp_serverapp.web_app.default_router]
    while waiting:
        for rule in getattr(waiting.pop(), "rules", []):
            if isinstance(rule.matcher, PathMatches) and getattr(rule.target, "__module__", "").startswith("labdeck"):
                found[rule.matcher.regex.pattern] = rule.target
            waiting.append(rule.target)
    return found


def paths(routes):
    """A path for each pattern: ids where it wants ids, some word where it takes any."""
    for pattern in routes:
        yield pattern.replace("([0-9a-f]{32})", "0" * 32).replace(".*", "nowhere").rstrip("$")


async def ask(jp_fetch, path, method, **headers):
    body = "{}" if method in {"PATCH", "POST", "PUT"} else None
    try:
        return (await jp_fetch(path, method=method, headers=headers, body=body)).code
    except HTTPClientError as error:
        return error.code


def test_the_routes_are_those_of_the_table(routes):
    from labdeck.server.routes import ROUTES

    assert set(routes.values()) == {handler for _, handler in ROUTES}
    assert len(routes) == len(ROUTES)


async def test_closed_without_a_token(routes, jp_fetch, jp_base_url):
    answers = {
        (path, method): await ask(jp_fetch, path.removeprefix(jp_base_url), method, Authorization="")
        for path in paths(routes)
        for method in METHODS
    }
    assert {key: code for key, code in answers.items() if code not in REFUSED} == {}
    assert 403 in answers.values()


async def test_closed_to_the_unauthorised(routes, jp_fetch, jp_base_url):
    answers = {
        (path, method): await ask(jp_fetch, path.removeprefix(jp_base_url), method)
        for path in paths(routes)
        for method in METHODS
    }
    assert {key: code for key, code in answers.items() if code not in REFUSED} == {}
    assert 403 in answers.values()
