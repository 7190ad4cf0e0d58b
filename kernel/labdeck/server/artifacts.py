"""Downloads of artifacts: other people's bytes, handed over and never shown."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.iostream import StreamClosedError

from labdeck.errors import StoreCorrupt
from labdeck.server.base import LabdeckHandler

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

_CHUNK = 256 * 1024


class ArtifactHandler(LabdeckHandler):
    """GET trials/<id>/artifacts/<artifact id>: the file, as an attachment."""

    @property
    def content_security_policy(self) -> str:
        """Forbid everything to a browser that shows the file in spite of the headers."""
        return "sandbox; default-src 'none'"

    @web.authenticated
    @authorized
    async def get(self, trial_id: str, artifact_id: str) -> None:
        """Send the file piece by piece."""
        record, path = await self.gate.ask(lambda studio: studio.artifact(trial_id, artifact_id))
        with await asyncio.to_thread(_open, path) as file:
            self.set_header("Content-Type", "application/octet-stream")
            self.set_header("Content-Length", str(record.size))
            self.set_header("Content-Disposition", disposition(record.name))
            self.set_header("X-Content-Type-Options", "nosniff")
            self.set_header("Cache-Control", "private, no-store")
            try:
                while chunk := await asyncio.to_thread(file.read, _CHUNK):
                    self.write(chunk)
                    await self.flush()
            except StreamClosedError:
                return
        await self.finish(set_content_type="application/octet-stream")


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise StoreCorrupt(
            f"the file of this artifact cannot be read: {error.strerror}", "run labdeck store check"
        ) from None


def disposition(name: str) -> str:
    r"""Return a Content-Disposition that offers the last part of a name as the file's name (RFC 6266, RFC 8187).

    Example:
        >>> disposition('plots/ä".png')
        'attachment; filename="_.png"; filename*=UTF-8\'\'%C3%A4%22.png'
    """
    printable = "".join(char for char in name.replace("\\", "/") if char.isprintable())
    last = printable.rsplit("/", 1)[-1][:150].strip(". ") or "artifact"
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "-_.") else "_" for char in last)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(last, safe='')}"
