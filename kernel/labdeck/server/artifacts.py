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

    from labdeck.wire.records import ArtifactRecord

_CHUNK = 256 * 1024
_PLAIN = "application/octet-stream"
_SAFE = {
    "audio/flac",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "audio/x-wav",
    "application/json",
    "application/vnd.plotly.v1+json",
    "image/bmp",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
}
"""What a browser may be told of a file: formats in which nothing runs. HTML and SVG are none of them."""
_ENDINGS = {
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.plotly.v1+json": ".json",
    "audio/wav": ".wav",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/svg+xml": ".svg",
    "image/webp": ".webp",
    "text/plain": ".txt",
}


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
            self.set_header("Content-Type", content_type(record.media_type))
            self.set_header("Content-Length", str(record.size))
            self.set_header("Content-Disposition", disposition(file_name(record)))
            self.set_header("X-Content-Type-Options", "nosniff")
            self.set_header("Cache-Control", "private, no-store")
            try:
                while chunk := await asyncio.to_thread(file.read, _CHUNK):
                    self.write(chunk)
                    await self.flush()
            except StreamClosedError:
                return
        await self.finish(set_content_type=content_type(record.media_type))


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise StoreCorrupt(
            f"the file of this artifact cannot be read: {error.strerror}", "run labdeck store check"
        ) from None


def content_type(media_type: str) -> str:
    """Return what a browser is told of a file: nothing but of formats in which nothing runs.

    Example:
        >>> content_type("image/png"), content_type("image/svg+xml"), content_type("text/plain")
        ('image/png', 'application/octet-stream', 'text/plain; charset=utf-8')
    """
    if media_type == "text/plain":
        return "text/plain; charset=utf-8"
    return media_type if media_type in _SAFE else _PLAIN


def file_name(record: ArtifactRecord) -> str:
    """Return what a download is called: media have names without endings."""
    ending = "" if record.kind == "file" else _ENDINGS.get(record.media_type, "")
    step = "" if record.step is None else f"-{record.step}"
    return record.name if record.name.lower().endswith(ending) and not step else f"{record.name}{step}{ending}"


def disposition(name: str) -> str:
    r"""Return a Content-Disposition that offers the last part of a name as the file's name (RFC 6266, RFC 8187).

    Example:
        >>> disposition('plots/ä".png')
        'attachment; filename="__.png"; filename*=UTF-8\'\'%C3%A4%22.png'
    """
    printable = "".join(char for char in name.replace("\\", "/") if char.isprintable())
    last = printable.rsplit("/", 1)[-1][:150].strip(". ") or "artifact"
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "-_.") else "_" for char in last)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(last, safe='')}"
