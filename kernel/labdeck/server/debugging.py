"""The routes of what rules find in trainings, and of how trainings are watched.

What a person asks of a training, and findings that a person has seen enough of, go the way of all commands.
"""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from labdeck.server import checks
from labdeck.server.base import LabdeckHandler


class FindingsHandler(LabdeckHandler):
    """GET findings?trial&experiment&dismissed&offset&limit: what rules found, newest first."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with a FindingPage."""
        trial = checks.optional_id("trial", self.get_query_argument("trial", None))
        experiment = checks.optional_id("experiment", self.get_query_argument("experiment", None))
        dismissed = checks.flag("dismissed", self.get_query_argument("dismissed", None))
        offset = checks.whole("offset", self.get_query_argument("offset", None), 0)
        limit = checks.whole("limit", self.get_query_argument("limit", None), checks.PAGE_DEFAULT, 1, checks.PAGE_LIMIT)
        await self.answer(
            lambda studio: studio.debugger.findings(
                trial_id=trial, experiment_id=experiment, dismissed=dismissed, offset=offset, limit=limit
            )
        )


class DebuggerHandler(LabdeckHandler):
    """GET trials/<id>/debugger: the models of a trial that are watched, and the rules over them."""

    @web.authenticated
    @authorized
    async def get(self, trial_id: str) -> None:
        """Answer with a DebuggerDetail."""
        await self.answer(lambda studio: studio.debugger.detail(trial_id))
