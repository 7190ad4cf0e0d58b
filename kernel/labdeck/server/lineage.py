"""The lineage over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from jupyter_server.auth.decorator import authorized
from tornado import web

from labdeck.errors import InvalidQuery
from labdeck.server import checks
from labdeck.server.base import LabdeckHandler

if TYPE_CHECKING:
    from labdeck.store.contract import Direction

DEPTH_LIMIT = 100_000
NODES_DEFAULT, NODES_LIMIT = 200, 2_000


class LineageHandler(LabdeckHandler):
    """GET lineage/<id>?direction&depth&limit: what a node or trial came from and led to."""

    @web.authenticated
    @authorized
    async def get(self, node_id: str) -> None:
        """Answer with a LineageGraph."""
        direction = self.get_query_argument("direction", "both")
        if direction not in {"up", "down", "both"}:
            raise InvalidQuery("the direction is none", "ask for up, down or both")
        wanted = self.get_query_argument("depth", None)
        depth = None if wanted is None else checks.whole("depth", wanted, 0, 0, DEPTH_LIMIT)
        limit = checks.whole("limit", self.get_query_argument("limit", None), NODES_DEFAULT, 1, NODES_LIMIT)
        way = cast("Direction", direction)
        await self.answer(lambda studio: studio.lineage.record(node_id, way, depth, limit))
