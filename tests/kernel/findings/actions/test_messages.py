"""Findings are told to web addresses and services, and addresses stay secret."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest
from tests.kernel.findings.actions.test_perform import judge
from tests.kernel.findings.test_runner import Told

from labdeck.errors import MissingExtra, UsageError
from labdeck.findings.actions.choose import to_actions
from labdeck.findings.actions.messages import SMS, Chat, Email
from labdeck.findings.actions.webhook import Webhook

SECRET = "T0P-s3cret"

# apprise imports a module that Python has announced to remove.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


@contextmanager
def listening(status: int = 200) -> Iterator[tuple[str, list[tuple[dict[str, str], dict[str, object]]]]]:
    """Serve a web address; give it, and what is posted there."""
    posted: list[tuple[dict[str, str], dict[str, object]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posted.append((dict(self.headers), json.loads(body)))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/{SECRET}", posted
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def said(told: Told) -> tuple[bool, str]:
    """Return what came of the only action."""
    (outcome,) = told.findings[0].actions
    assert SECRET not in str(told.commands)
    return outcome.done, outcome.message


def test_a_webhook_gets_the_finding_as_json() -> None:
    with listening() as (url, posted):
        action = Webhook(url, headers={"Authorization": f"Bearer {SECRET}"})
        assert SECRET not in repr(action)
        told, _ = judge(action, losses=[float("nan"), float("inf")])
    ((headers, body),) = posted
    assert headers["Authorization"] == f"Bearer {SECRET}"
    assert headers["Content-Type"] == "application/json"
    assert body["text"] == "Above at step 1 in loss: loss is inf"
    assert (body["rule"], body["step"], body["value"], body["threshold"]) == ("Above", 1, "Infinity", 1.0)
    assert said(told) == (True, "answered 200")


def test_an_address_that_refuses_is_told_without_the_address() -> None:
    with listening(status=500) as (url, _):
        told, _ = judge(Webhook(url), losses=[2.0])
    assert said(told) == (False, "the web address answered 500")


def test_an_address_where_nobody_listens_is_told_without_the_address() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told, _ = judge(Webhook(f"http://127.0.0.1:{port}/{SECRET}"), losses=[2.0])
    done, message = said(told)
    assert (done, message) == (False, "the web address cannot be reached: Connection refused")


@pytest.mark.parametrize("odd", ["http://[", "https://a b", "http://\ud800"])
def test_an_address_that_is_none_is_told_without_the_address(odd: str) -> None:
    told, _ = judge(Webhook(odd + SECRET), losses=[2.0])
    done, message = said(told)
    assert not done
    assert message.startswith("the web address cannot be reached")


def test_a_server_that_never_answers_is_given_up() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/{SECRET}"
        told, _ = judge(Webhook(url, timeout=0.2), losses=[2.0, 2.0])
        done, message = said(told)  # once the server is gone, that is told in its place
    assert not done
    assert message in {"no answer within 0.2 s", "the web address cannot be reached: TimeoutError"}


def test_without_apprise_messages_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(MissingExtra, match=r"labdeck\[notify\]"):
        Chat("slack://token")
    with pytest.raises(MissingExtra):
        to_actions("chat=slack://token")


@pytest.mark.parametrize(("kind", "variable"), [(Email, "LABDECK_EMAIL_URL"), (SMS, "LABDECK_SMS_URL")])
def test_an_address_needs_a_service(monkeypatch: pytest.MonkeyPatch, kind: type[Email | SMS], variable: str) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(UsageError, match=variable):
        kind("ada@example.org")
    monkeypatch.setenv(variable, f"json://{SECRET}")
    with pytest.raises(MissingExtra) as caught:
        kind("ada@example.org")
    assert SECRET not in str(caught.value)


def test_a_chat_service_gets_the_finding() -> None:
    with listening() as (url, posted):
        action = Chat(url.replace("http://", "json://"))
        assert SECRET not in repr(action)
        told, _ = judge(action, losses=[2.0])
    ((_, body),) = posted
    assert body["title"] == "Labdeck: Above (warning)"
    assert "Above at step 0 in loss" in str(body["message"])
    assert said(told) == (True, "sent")


def test_a_chat_service_that_refuses_is_told_without_the_address() -> None:
    with listening(status=500) as (url, _):
        told, _ = judge(Chat(url.replace("http://", "json://")), losses=[2.0])
    done, message = said(told)
    assert not done
    assert message.startswith("the service did not take the message")


def test_an_unknown_service_is_refused_without_its_address() -> None:
    with pytest.raises(UsageError, match="knows no service") as caught:
        Chat(f"nothing://{SECRET}")
    assert SECRET not in str(caught.value)


@contextmanager
def post_office() -> Iterator[tuple[int, list[str]]]:
    """Take mail by SMTP; give the port, and every line that was said."""
    lines: list[str] = []

    class Session(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 ready\r\n")
            in_letter = False
            while raw := self.rfile.readline():
                line = raw.decode().rstrip()
                lines.append(line)
                if in_letter:
                    in_letter = line != "."
                    if not in_letter:
                        self.wfile.write(b"250 kept\r\n")
                    continue
                in_letter = line.upper() == "DATA"
                self.wfile.write(b"354 go on\r\n" if in_letter else b"250 fine\r\n")

    server = ThreadingTCPServer(("127.0.0.1", 0), Session)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], lines
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_an_email_is_handed_to_the_post_office() -> None:
    with post_office() as (port, lines):
        via = f"mailto://127.0.0.1:{port}?mode=insecure&smtp=127.0.0.1&from=labdeck@example.org"
        told, _ = judge(Email("ada@example.org", via=via), losses=[2.0])
    assert said(told) == (True, "sent to ada@example.org")
    assert any(line.upper().startswith("RCPT TO:<ADA@EXAMPLE.ORG>") for line in lines)
    assert any("Labdeck: Above" in line for line in lines if line.startswith("Subject"))
