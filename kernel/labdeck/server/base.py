"""What all REST handlers share: who may call, in which wire version, and how answers and errors are written."""

from __future__ import annotations

import asyncio
import gzip
from typing import TYPE_CHECKING, Any

import msgspec
from jupyter_server.base.handlers import APIHandler
from tornado.log import gen_log
from tornado.web import HTTPError, RequestHandler

from labdeck.errors import LabdeckError
from labdeck.server.checks import check_wire
from labdeck.server.errors import explain

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from labdeck.server.door import Door
    from labdeck.studio import Studio

AUTH_RESOURCE = "labdeck"
"""What an authorizer is asked about: "read" for GET and the event socket, "write" for POST."""
WIRE_HEADER = "X-Labdeck-Wire"
_COMPRESS_FROM = 4_096
"""Bytes from which compressing pays."""
_COMPRESSION = 1
"""The fastest level of gzip: the way is short, JSON shrinks well even so."""


class ExplainedErrors(RequestHandler):
    """Answers every error with an ErrorMessage; stands before Jupyter's own handlers."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send an ErrorMessage, whatever went wrong."""
        raised = kwargs["exc_info"][1] if "exc_info" in kwargs else HTTPError(status_code)
        status, message = explain(raised)
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(msgspec.json.encode(message))

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log what was foreseen in one line, the rest with its traceback."""
        if isinstance(value, LabdeckError | msgspec.MsgspecError):
            gen_log.info("%s %s: %s", self.request.method, self.request.path, value)
        else:
            super().log_exception(typ, value, tb)


class LabdeckHandler(ExplainedErrors, APIHandler):
    """The base of every REST handler; its methods carry `@web.authenticated` and `@authorized`."""

    auth_resource = AUTH_RESOURCE

    def initialize(self, door: Door) -> None:
        """Take the way to the store from the table of routes."""
        self.gate = door.gate

    async def prepare(self) -> None:  # type: ignore[override]
        """Check the wire version after Jupyter's own checks."""
        await super().prepare()
        if self.current_user is not None:
            check_wire(self.request.headers.get(WIRE_HEADER))

    async def answer(self, call: Callable[[Studio], object]) -> None:
        """Run a call on the store in a thread and send the record it returns as JSON."""
        await self.send_json(lambda studio: msgspec.json.encode(call(studio)))

    async def send_json(self, call: Callable[[Studio], bytes]) -> None:
        """Run a call on the store in a thread and send the JSON it returns, compressed where the client takes it."""
        body = await self.gate.ask(call)
        self.set_header("Cache-Control", "no-store")
        self.set_header("Vary", "Accept-Encoding")
        if len(body) >= _COMPRESS_FROM and _takes_gzip(self.request.headers.get("Accept-Encoding", "")):
            body = await asyncio.to_thread(gzip.compress, body, _COMPRESSION)
            self.set_header("Content-Encoding", "gzip")
        await self.finish(body)


def _takes_gzip(accepted: str) -> bool:
    codings = (coding.partition(";") for coding in accepted.lower().split(","))
    return any(
        name.strip() == "gzip" and quality.replace(" ", "") not in {"q=0", "q=0.0"} for name, _, quality in codings
    )
