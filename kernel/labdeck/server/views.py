"""The route of saved comparisons."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from labdeck.server.base import LabdeckHandler
from labdeck.studio import Studio


class ViewsHandler(LabdeckHandler):
    """GET views: all saved comparisons, by name."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with a ViewList."""
        await self.answer(Studio.views)
