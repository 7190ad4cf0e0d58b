"""The routes of comparing: figures, values at a step, groups, importance, differences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from labdeck.server import checks
from labdeck.server.base import LabdeckHandler

if TYPE_CHECKING:
    from collections.abc import Callable

    import plotly.graph_objects as go

    from labdeck.studio import Studio


class CompareHandler(LabdeckHandler):
    """What these routes share: reading arguments that most of them take, and answering with a figure."""

    def trials(self) -> list[str]:
        """Return the ids of the trials that are asked for."""
        return checks.trials(self.get_query_arguments("trial"))

    def field(self, name: str) -> str:
        """Return an argument that names a field; InvalidQuery if it is missing."""
        return self.fields(name, least=1, most=1)[0]

    def optional_field(self, name: str) -> str | None:
        """Return an argument that may name a field."""
        return next(iter(self.fields(name, most=1)), None)

    def fields(self, name: str, *, least: int = 0, most: int = checks.FIELDS_LIMIT) -> list[str]:
        """Return an argument that may be repeated and names fields."""
        return checks.fields(name, self.get_query_arguments(name), least, most)

    def flag(self, name: str) -> bool:
        """Return an argument that is 0 or 1."""
        return checks.flag(name, self.get_query_argument(name, None))

    async def draw(self, make: Callable[[Studio], go.Figure]) -> None:
        """Answer with a figure's JSON."""

        def encode(studio: Studio) -> bytes:
            text: str = make(studio).to_json(engine="json")
            return text.encode()

        await self.send_json(encode)


class CurvesHandler(CompareHandler):
    """GET figures/curves?trial&series&x&smoothing&log&logx&clip&group&points&findings: metric curves."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the figure's JSON."""
        trial_ids = self.trials()
        series = checks.series(self.get_query_arguments("series", strip=False), len(trial_ids))
        x = checks.x_axis(self.get_query_argument("x", None))
        smoothing = checks.smoothing(self.get_query_argument("smoothing", None))
        log, log_x, clip = self.flag("log"), self.flag("logx"), self.flag("clip")
        group = self.fields("group", most=checks.GROUPS_LIMIT)
        wanted = self.get_query_argument("points", None)
        points = checks.whole("points", wanted, checks.POINTS_LIMIT, checks.POINTS_LEAST, checks.POINTS_LIMIT)
        # Whose finding a line across several curves is could not be told.
        marked = self.flag("findings") and len(trial_ids) == 1

        def make(studio: Studio) -> go.Figure:
            # Plotly takes a tenth of a second to import: the first figure pays, not the server's start.
            from labdeck_ui import figures

            if group:
                groups = studio.comparing.grouped_curves(trial_ids, series, group, x, points)
                return figures.grouped_curves(groups, x, smoothing, log=log, log_x=log_x, clip=clip)
            readings = studio.curves(trial_ids, series, x, points)
            marks = studio.comparing.marks(trial_ids[0], series, x) if marked else ()
            return figures.curves(readings, x, smoothing, log=log, log_x=log_x, clip=clip, marks=marks)

        await self.draw(make)


class ValuesHandler(CompareHandler):
    """GET values?trial&series&step: the values of series at a step."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with StepValues."""
        trial_ids = self.trials()
        series = checks.series(self.get_query_arguments("series", strip=False), len(trial_ids))
        step = checks.whole("step", self.get_query_argument("step"), 0, -checks.LARGEST)
        await self.answer(lambda studio: studio.comparing.values(trial_ids, series, step))


class GroupsHandler(CompareHandler):
    """GET groups?trial&by&metric: trials grouped by fields, with statistics of others."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with Groups."""
        trial_ids, fields = self.trials(), self.fields("metric")
        by = self.fields("by", least=1, most=checks.GROUPS_LIMIT)
        await self.answer(lambda studio: studio.comparing.groups(trial_ids, by, fields))


class ImportanceHandler(CompareHandler):
    """GET importance?trial&target&field: which fields explain a target."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with an Importance."""
        trial_ids, target, fields = self.trials(), self.field("target"), self.fields("field")
        await self.answer(lambda studio: studio.comparing.importance(trial_ids, target, fields))


class CodeDifferenceHandler(CompareHandler):
    """GET difference/code?a&b&equal: how the code of two trials differs."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with a CodeDifference."""
        before, after = checks.two_trials(self.get_query_argument("a", ""), self.get_query_argument("b", ""))
        equal = self.flag("equal")
        await self.answer(lambda studio: studio.comparing.code_difference(before, after, equal=equal))


class EnvironmentDifferenceHandler(CompareHandler):
    """GET difference/environment?a&b&equal: how packages, Python and machine of two trials differ."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with an EnvironmentDifference."""
        before, after = checks.two_trials(self.get_query_argument("a", ""), self.get_query_argument("b", ""))
        equal = self.flag("equal")
        await self.answer(lambda studio: studio.comparing.environment_difference(before, after, equal=equal))
