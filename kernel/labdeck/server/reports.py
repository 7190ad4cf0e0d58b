"""Reports about trials, made beside the requests: one may take longer than a browser waits for an answer."""

from __future__ import annotations

import threading
from logging import getLogger
from typing import TYPE_CHECKING

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado import web

from labdeck.errors import NotFound, StoreBusy
from labdeck.server.base import LabdeckHandler
from labdeck.server.errors import explain
from labdeck.wire.judging import ReportProgress

if TYPE_CHECKING:
    from labdeck.server.door import Door
    from labdeck.server.gate import StoreGate
    from labdeck.studio import Studio

AT_ONCE = 2
"""Reports that are made at the same time: they share the server's process with everybody's requests."""
_MOST_KEPT = 200
"""Reports of which it is remembered how they went."""

_log = getLogger(__name__)


class ReportMaker:
    """Makes reports in threads, and knows how far each is.

    Args:
        gate: The way to the store.
    """

    def __init__(self, gate: StoreGate) -> None:
        self._gate = gate
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], ReportProgress] = {}

    def start(self, trial_id: str, kind: str) -> ReportProgress:
        """Begin to make a report, and return how far it is; one that is being made already is not made twice.

        Raises:
            StoreBusy: Too many are being made.
        """
        key = trial_id, kind
        with self._lock:
            known = self._known.get(key)
            if known is not None and known.state == "making":
                return known
            if sum(each.state == "making" for each in self._known.values()) >= AT_ONCE:
                raise StoreBusy("other reports are being made", "try again in a moment")
            self._known.pop(key, None)
            begun = self._known[key] = ReportProgress(trial_id=trial_id, kind=kind, state="making")
            while len(self._known) > _MOST_KEPT:
                del self._known[next(old for old, each in self._known.items() if each.state != "making")]
        threading.Thread(target=self._make, args=(begun,), name="labdeck-report", daemon=True).start()
        return begun

    def progress(self, trial_id: str, kind: str) -> ReportProgress:
        """Return how far a report is; NotFound if it was not asked for since the server began."""
        with self._lock:
            if (trial_id, kind) not in self._known:
                raise NotFound("that report was not asked for", "ask for it by POST")
            return self._known[trial_id, kind]

    def _make(self, begun: ReportProgress) -> None:
        try:
            kept = self._gate.run(lambda studio: studio.debugger.report(begun.trial_id, begun.kind))
            self._gate.run(lambda studio: studio.session.flush())
            ended = msgspec.structs.replace(begun, state="kept", page=kept.page, notebook=kept.notebook)
        except Exception as error:  # noqa: BLE001 - whoever asked is told, in the words of all routes
            _, said = explain(error)
            if said.code == "internal":
                _log.exception("a report could not be made")
            ended = msgspec.structs.replace(begun, state="failed", problem=said)
        with self._lock:
            self._known[begun.trial_id, begun.kind] = ended


class ReportHandler(LabdeckHandler):
    """POST and GET trials/<id>/reports/<kind>: have a report made and kept with its trial, and see how far it is."""

    def initialize(self, door: Door) -> None:
        """Take who makes them, too."""
        super().initialize(door)
        self._reports = door.reports

    @web.authenticated
    @authorized
    async def get(self, trial_id: str, kind: str) -> None:
        """Answer with a ReportProgress."""
        await self.answer(lambda _: self._reports.progress(trial_id, kind))

    @web.authenticated
    @authorized
    async def post(self, trial_id: str, kind: str) -> None:
        """Begin, and answer with a ReportProgress."""

        def begin(studio: Studio) -> ReportProgress:
            return self._reports.start(studio.session.catalog.trial(trial_id).id, kind)

        await self.answer(begin)
