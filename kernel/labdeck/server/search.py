"""The routes that find trials."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from labdeck.errors import InvalidQuery, TooLarge
from labdeck.runs.search.parser import MAX_LENGTH
from labdeck.server import checks
from labdeck.server.base import LabdeckHandler
from labdeck.store.ids import is_id


class SearchHandler(LabdeckHandler):
    """GET search?q&sort&experiment&offset&limit&archived: trials for which a query holds."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with a SearchPage."""
        query, sort = query_of(self, "q"), query_of(self, "sort")
        experiment = experiment_of(self)
        offset = checks.whole("offset", self.get_query_argument("offset", None), 0)
        limit = checks.whole("limit", self.get_query_argument("limit", None), checks.PAGE_DEFAULT, 1, checks.PAGE_LIMIT)
        archived = checks.flag("archived", self.get_query_argument("archived", None))
        await self.answer(
            lambda studio: studio.searching.page(
                query, sort, experiment_id=experiment, offset=offset, limit=limit, archived=archived
            )
        )


class VocabularyHandler(LabdeckHandler):
    """GET vocabulary?experiment: the names that queries may use."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with a Vocabulary."""
        experiment = experiment_of(self)
        await self.answer(lambda studio: studio.searching.vocabulary(experiment))


class CompleteHandler(LabdeckHandler):
    """GET search/complete?q&at&experiment: what may stand in a query at a place."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with Suggestions."""
        query = query_of(self, "q")
        at = checks.whole("at", self.get_query_argument("at", None), len(query), 0, MAX_LENGTH)
        experiment = experiment_of(self)
        await self.answer(lambda studio: studio.searching.complete(query, at, experiment))


def query_of(handler: LabdeckHandler, name: str) -> str:
    """Return a query or sort order as it was written, "" if there is none; TooLarge."""
    text = handler.get_query_argument(name, "", strip=False)
    if len(text) > MAX_LENGTH:
        raise TooLarge(f"{name} has {len(text):,} characters", f"send at most {MAX_LENGTH:,}")
    return text


def experiment_of(handler: LabdeckHandler) -> str | None:
    """Return the id of the experiment that is asked for, None for all; InvalidQuery."""
    experiment = handler.get_query_argument("experiment", None)
    if experiment is not None and not is_id(experiment):
        raise InvalidQuery("an experiment's id is not 32 lower-case hexadecimal digits", "take it from the list")
    return experiment
