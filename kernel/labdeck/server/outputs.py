"""The routes of what a trial printed and of the tables it kept."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from labdeck.errors import InvalidQuery
from labdeck.server import checks
from labdeck.server.base import LabdeckHandler

LINES_DEFAULT, LINES_LIMIT = 1_000, 5_000
ROWS_DEFAULT, ROWS_LIMIT = 100, 500
SEARCH_LIMIT = 1_000
"""Characters that may be searched for."""
_FAR = 2**53 - 1


class OutputHandler(LabdeckHandler):
    """GET trials/<id>/output?after&limit&search: lines that were printed, in order."""

    @web.authenticated
    @authorized
    async def get(self, trial_id: str) -> None:
        """Answer with an OutputPage."""
        after = checks.whole("after", self.get_query_argument("after", None), 0, -_FAR)
        limit = checks.whole("limit", self.get_query_argument("limit", None), LINES_DEFAULT, 1, LINES_LIMIT)
        search = self.get_query_argument("search", "", strip=False)
        if len(search) > SEARCH_LIMIT:
            raise InvalidQuery("the text to search for is too long", f"give at most {SEARCH_LIMIT:,} characters")
        await self.answer(lambda studio: studio.output(trial_id, after, limit, search))


class PreviewHandler(LabdeckHandler):
    """GET trials/<id>/artifacts/<artifact id>/preview?offset&limit: rows of a table, as text."""

    @web.authenticated
    @authorized
    async def get(self, trial_id: str, artifact_id: str) -> None:
        """Answer with a TablePreview."""
        offset = checks.whole("offset", self.get_query_argument("offset", None), 0)
        limit = checks.whole("limit", self.get_query_argument("limit", None), ROWS_DEFAULT, 1, ROWS_LIMIT)
        await self.answer(lambda studio: studio.preview(trial_id, artifact_id, offset, limit))
