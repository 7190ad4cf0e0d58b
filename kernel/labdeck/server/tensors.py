"""The routes of recorded tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from labdeck.errors import InvalidQuery
from labdeck.server import checks
from labdeck.server.compare import CompareHandler
from labdeck.store.tensors.frames import MODES

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from labdeck.studio import Studio
    from labdeck.wire.debugging import Mode

_NAME_LIMIT = 16_384


class TensorHandler(CompareHandler):
    """What these routes share: which mode, step, reduction and tensor are asked for."""

    def mode(self) -> Mode:
        """Return the mode, TRAIN unless it is said; InvalidQuery."""
        mode = self.get_query_argument("mode", "TRAIN")
        if mode not in MODES:
            raise InvalidQuery("there is no such mode", f"ask for {', '.join(MODES)}")
        return mode

    def step(self) -> int | None:
        """Return the step, None if it is not said; InvalidQuery."""
        return self._whole("step")

    def _whole(self, name: str) -> int | None:
        text = self.get_query_argument(name, None)
        return None if text is None else checks.whole(name, text, 0, -checks.LARGEST)

    def tensor(self) -> str:
        """Return the tensor's name; InvalidQuery if it is missing."""
        name = self.get_query_argument("tensor", "", strip=False)
        if not 0 < len(name) <= _NAME_LIMIT:
            raise InvalidQuery("no tensor is named", "add tensor=<name>")
        return name

    def reduction(self) -> str:
        """Return the reduction, abs_mean unless it is said."""
        return self.get_query_argument("reduction", "abs_mean")[:40]

    def collection(self) -> str:
        """Return the collection, "" if none is named."""
        return self.get_query_argument("collection", "", strip=False)[:_NAME_LIMIT]

    def within(self) -> str:
        """Return the path of the module that is looked into, "" for the whole model."""
        return self.get_query_argument("within", "", strip=False)[:_NAME_LIMIT]

    def recording(self) -> str:
        """Return the flight recording, "" if none is named."""
        return self.get_query_argument("recording", "")[:40]


class TensorsHandler(TensorHandler):
    """GET trials/<id>/tensors: every tensor that was recorded, the steps, the flight recordings."""

    @web.authenticated
    @authorized
    async def get(self, trial_id: str) -> None:
        """Answer with a TensorList."""
        await self.answer(lambda studio: studio.tensors.list_of(trial_id))


class NetworkHandler(TensorHandler):
    """GET trials/<id>/network?reduction&mode&step&collection&within: the modules of the model at a step."""

    @web.authenticated
    @authorized
    async def get(self, trial_id: str) -> None:
        """Answer with a Network."""
        reduction, mode, step = self.reduction(), self.mode(), self.step()
        collection, within = self.collection(), self.within()
        await self.answer(lambda studio: studio.tensors.network(trial_id, reduction, mode, step, collection, within))


class RecordedStepHandler(TensorHandler):
    """GET trials/<id>/recordings/<id>?mode&step: one step of a flight recording."""

    @web.authenticated
    @authorized
    async def get(self, trial_id: str, recording_id: str) -> None:
        """Answer with a RecordedStep."""
        mode, step = self.mode(), self.step() or 0
        await self.answer(lambda studio: studio.tensors.recorded_step(trial_id, recording_id, mode, step))


class TensorMapHandler(TensorHandler):
    """GET trials/<id>/figures/map?reduction&mode&collection&tensor&within&offset&start&end: layers over steps."""

    @web.authenticated
    @authorized
    async def get(self, trial_id: str) -> None:
        """Answer with the figure's JSON."""
        reduction, mode = self.reduction(), self.mode()
        collection = self.collection()
        names = [name[:_NAME_LIMIT] for name in self.get_query_arguments("tensor", strip=False)[: checks.TRIALS_LIMIT]]
        within, offset = self.within(), checks.whole("offset", self.get_query_argument("offset", None), 0)
        start, end = self._whole("start"), self._whole("end")

        def make(studio: Studio) -> go.Figure:
            from labdeck_ui import figures

            grid = studio.tensors.grid(
                trial_id, reduction, mode,
                collection=collection, names=names, within=within, offset=offset, start=start, end=end,
            )  # fmt: skip
            return figures.tensor_map(grid)

        await self.draw(make)


class TensorCurvesHandler(TensorHandler):
    """GET trials/<id>/figures/tensor?tensor&mode: every reduction of one tensor."""

    @web.authenticated
    @authorized
    async def get(self, trial_id: str) -> None:
        """Answer with the figure's JSON."""
        name, mode = self.tensor(), self.mode()

        def make(studio: Studio) -> go.Figure:
            from labdeck_ui import figures

            return figures.tensor_curves(studio.tensors.curves(trial_id, name, mode))

        await self.draw(make)


class TensorHistogramHandler(TensorHandler):
    """GET trials/<id>/figures/histogram?tensor&mode: how its values are spread over the steps."""

    @web.authenticated
    @authorized
    async def get(self, trial_id: str) -> None:
        """Answer with the figure's JSON."""
        name, mode = self.tensor(), self.mode()

        def make(studio: Studio) -> go.Figure:
            from labdeck_ui import figures

            return figures.tensor_histogram(studio.tensors.histogram(trial_id, name, mode))

        await self.draw(make)


class TensorValuesHandler(TensorHandler):
    """GET trials/<id>/figures/values?tensor&mode&step&recording: one whole tensor as a picture."""

    @web.authenticated
    @authorized
    async def get(self, trial_id: str) -> None:
        """Answer with the figure's JSON."""
        name, mode, step, recording = self.tensor(), self.mode(), self.step() or 0, self.recording()

        def make(studio: Studio) -> go.Figure:
            from labdeck_ui import figures

            return figures.tensor_values(studio.tensors.values(trial_id, name, mode, step, recording))

        await self.draw(make)
