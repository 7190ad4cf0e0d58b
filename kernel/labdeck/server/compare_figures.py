"""The routes of figures that are drawn from fields of trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from labdeck.server import checks
from labdeck.server.compare import CompareHandler

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from labdeck.studio import Studio


class ScatterHandler(CompareHandler):
    """GET figures/scatter?trial&x&y&color&logx&logy: two fields against each other."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the figure's JSON."""
        trial_ids, x, y = self.trials(), self.field("x"), self.field("y")
        color, log_x, log_y = self.optional_field("color"), self.flag("logx"), self.flag("logy")

        def make(studio: Studio) -> go.Figure:
            from labdeck_ui.figures import scatter

            table = studio.comparing.table(trial_ids, [x, y, *([color] if color else [])])
            return scatter(table, x, y, color, log_x=log_x, log_y=log_y)

        await self.draw(make)


class BoxHandler(CompareHandler):
    """GET figures/box?trial&y&group&logy: how a field is spread, group by group."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the figure's JSON."""
        trial_ids, y, log = self.trials(), self.field("y"), self.flag("logy")
        group = self.fields("group", most=checks.GROUPS_LIMIT)

        def make(studio: Studio) -> go.Figure:
            from labdeck_ui.figures import box

            groups = studio.comparing.groups(trial_ids, group) if group else None
            return box(studio.comparing.table(trial_ids, [y]), y, groups, log=log)

        await self.draw(make)


class BarHandler(CompareHandler):
    """GET figures/bar?trial&y&group&logy: fields as bars, of each trial or the mean of each group."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the figure's JSON."""
        trial_ids, log = self.trials(), self.flag("logy")
        fields = self.fields("y", least=1, most=checks.BARS_LIMIT)
        group = self.fields("group", most=checks.GROUPS_LIMIT)

        def make(studio: Studio) -> go.Figure:
            from labdeck_ui.figures import bar, grouped_bar

            if group:
                return grouped_bar(studio.comparing.groups(trial_ids, group, fields), log=log)
            return bar(studio.comparing.table(trial_ids, fields), fields, log=log)

        await self.draw(make)


class ContourHandler(CompareHandler):
    """GET figures/contour?trial&x&y&z&logx&logy: a field over two others."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the figure's JSON."""
        trial_ids, x, y, z = self.trials(), self.field("x"), self.field("y"), self.field("z")
        log_x, log_y = self.flag("logx"), self.flag("logy")

        def make(studio: Studio) -> go.Figure:
            from labdeck_ui.figures import contour

            return contour(studio.comparing.table(trial_ids, [x, y, z]), x, y, z, log_x=log_x, log_y=log_y)

        await self.draw(make)


class ParallelHandler(CompareHandler):
    """GET figures/parallel?trial&field&color: parallel coordinates."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the figure's JSON."""
        trial_ids, color = self.trials(), self.optional_field("color")
        fields = self.fields("field", least=1, most=checks.AXES_LIMIT)

        def make(studio: Studio) -> go.Figure:
            from labdeck_ui.figures import parallel

            table = studio.comparing.table(trial_ids, [*fields, *([color] if color else [])])
            return parallel(table, fields, color)

        await self.draw(make)


class ImportanceFigureHandler(CompareHandler):
    """GET figures/importance?trial&target&field: which fields explain a target, as bars."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the figure's JSON."""
        trial_ids, target, fields = self.trials(), self.field("target"), self.fields("field")

        def make(studio: Studio) -> go.Figure:
            from labdeck_ui.figures import importance

            return importance(studio.comparing.importance(trial_ids, target, fields))

        await self.draw(make)
