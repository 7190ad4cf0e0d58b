"""Frames on their way to one client: bounded, because a client may read slower than the store grows."""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from labdeck.wire.messages import Reset

FRAMES = 200
BYTES = 8 << 20


class Mailbox:
    """Frames waiting for one client, in order; used on the event loop only.

    When they become too many or too large, they give way to one Reset: the client reads everything anew and goes on
    from there, which is cheaper for both than to catch up.

    Args:
        frames: How many may wait.
        size: How many bytes may wait.
    """

    def __init__(self, frames: int = FRAMES, size: int = BYTES) -> None:
        self._frames, self._size = frames, size
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()

    def put(self, frame: bytes, seq: int) -> None:
        """Add a frame that brings its reader up to `seq`."""
        if len(self._waiting) >= self._frames or self._bytes + len(frame) > self._size:
            self._waiting.clear()
            self._bytes = 0
            frame = msgspec.json.encode(Reset(seq=seq))
        self._waiting.append(frame)
        self._bytes += len(frame)
        self._filled.set()

    async def take(self) -> bytes:
        """Wait for the next frame and remove it."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        frame = self._waiting.popleft()
        self._bytes -= len(frame)
        return frame
