"""The REST routes: decode, ask Studio, encode."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado import web

from labdeck.errors import NotFound, TooLarge
from labdeck.server import checks
from labdeck.server.base import LabdeckHandler
from labdeck.studio import Studio
from labdeck.wire.messages import CommandRequest, CommandResult

if TYPE_CHECKING:
    from labdeck.server.door import Door


class StatusHandler(LabdeckHandler):
    """GET status: who answers, from which store."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with a Status."""
        await self.answer(Studio.status)


class ExperimentsHandler(LabdeckHandler):
    """GET experiments: all of them, latest activity first."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with an ExperimentList."""
        await self.answer(Studio.experiment_list)


class TrialsHandler(LabdeckHandler):
    """GET experiments/<id>/trials?offset&limit&archived&roots: a page of trials, newest first."""

    @web.authenticated
    @authorized
    async def get(self, experiment_id: str) -> None:
        """Answer with a TrialPage."""
        offset = checks.whole("offset", self.get_query_argument("offset", None), 0)
        limit = checks.whole("limit", self.get_query_argument("limit", None), checks.PAGE_DEFAULT, 1, checks.PAGE_LIMIT)
        both = None if checks.flag("archived", self.get_query_argument("archived", None)) else False
        roots = checks.flag("roots", self.get_query_argument("roots", None))
        await self.answer(
            lambda studio: studio.trial_page(experiment_id, offset, limit, archived=both, roots=roots),
        )


class TrialHandler(LabdeckHandler):
    """GET trials/<id>: everything about a trial."""

    @web.authenticated
    @authorized
    async def get(self, trial_id: str) -> None:
        """Answer with a TrialDetail."""
        await self.answer(lambda studio: studio.trial_detail(trial_id))


class ComparisonHandler(LabdeckHandler):
    """GET comparison?trial=<id>&trial=<id>…: the numbers by which trials are compared."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with a Comparison."""
        trial_ids = checks.trials(self.get_query_arguments("trial"))
        await self.answer(lambda studio: studio.comparison(trial_ids))


@web.stream_request_body
class CommandsHandler(LabdeckHandler):
    """POST commands: what a person asks for, applied together or not at all."""

    def initialize(self, door: Door) -> None:
        """Begin with an empty body."""
        super().initialize(door)
        self._body = bytearray()

    def data_received(self, chunk: bytes) -> None:
        """Keep the body as far as it may go; what is beyond is read and dropped."""
        if len(self._body) <= checks.BODY_LIMIT:
            self._body += chunk

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Decode a CommandRequest, apply it, answer with a CommandResult."""
        if len(self._body) > checks.BODY_LIMIT:
            raise TooLarge("the request is larger than 1 MiB", "send fewer commands at once")
        request = decode(bytes(self._body))
        checks.user_commands(request.commands)
        await self.answer(lambda studio: CommandResult(seq=studio.apply(request.commands)))


def decode(body: bytes) -> CommandRequest:
    """Return the request that a body holds; ValidationError, DecodeError."""
    try:
        return msgspec.json.decode(body, type=CommandRequest)
    except RecursionError:
        raise msgspec.DecodeError("it is nested too deeply") from None


class UnknownHandler(LabdeckHandler):
    """Anything else below the root: told as all other errors are."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Raise NotFound."""
        raise self._unknown()

    # A method of its own: Jupyter's decorator remembers for which action it was first used.
    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Raise NotFound."""
        raise self._unknown()

    def _unknown(self) -> NotFound:
        return NotFound(f"there is no route {self.request.path[:200]}", "see docs/server.md for the routes")
