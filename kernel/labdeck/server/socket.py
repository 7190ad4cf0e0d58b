"""The event socket: what changed, pushed to a browser from the cursor it names."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from labdeck.server import checks
from labdeck.server.base import AUTH_RESOURCE, ExplainedErrors
from labdeck.server.mailbox import Mailbox
from labdeck.server.tail import Reader

if TYPE_CHECKING:
    from labdeck.server.door import Door

_ONE_WAY = 1008
"""WebSocket close code "policy violation" (RFC 6455, 7.4.1)."""


class EventsHandler(ExplainedErrors, WebSocketMixin, WebSocketHandler, JupyterHandler):
    """WS events?after=<seq>&wire=<n>: Hello, then what happened after `seq`, then everything as it happens."""

    auth_resource = AUTH_RESOURCE

    def initialize(self, door: Door) -> None:
        """Take the tail from the table of routes."""
        self._tail = door.tail
        self._mailbox = Mailbox()
        self._reader: Reader | None = None
        self._writer: asyncio.Task[None] | None = None

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Admit who may read and asks for what there can be, then upgrade the connection."""
        if not await ensure_async(self.authorizer.is_authorized(self, self.current_user, "read", self.auth_resource)):
            raise HTTPError(403)
        checks.check_wire(self.get_query_argument("wire", None))
        after = self.get_query_argument("after", None)
        self._after = None if after is None else checks.whole("after", after, 0)
        await super().get(*args, **kwargs)

    def open(self, *args: Any, **kwargs: Any) -> None:
        """Join the tail."""
        super().open(*args, **kwargs)
        loop = asyncio.get_running_loop()
        put = self._mailbox.put

        def deliver(frame: bytes, seq: int) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(put, frame, seq)

        self._reader = Reader(self._after, deliver)
        self._writer = asyncio.create_task(self._write())
        self._tail.join(self._reader)

    async def _write(self) -> None:
        """Send what is in the mailbox, each frame when the one before has left."""
        try:
            while True:
                await self.write_message(await self._mailbox.take())
        except WebSocketClosedError:
            return

    def on_message(self, message: str | bytes) -> None:
        """Hang up: commands go by POST, where they are authorised."""
        del message
        self.close(_ONE_WAY, "this socket takes no messages")

    def on_close(self) -> None:
        """Leave the tail."""
        if self._reader is not None:
            self._tail.leave(self._reader)
        if self._writer is not None:
            self._writer.cancel()
        super().on_close()
