"""What a trial needs while it is being written: its writer, its announcer, its surroundings."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from labdeck.runs.announcer import Announcer
from labdeck.runs.capture import safely
from labdeck.runs.capture.code import capture_code
from labdeck.runs.files import keep_artifact, keep_content
from labdeck.runs.lineage.tracker import Tracker
from labdeck.runs.output import TrialOutput
from labdeck.runs.system import SAMPLER
from labdeck.runs.values import to_params
from labdeck.store.forks import unforked
from labdeck.wire.commands import FinishTrial, LogArtifact, LogCapture, LogParams, MarkIncomplete

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from labdeck.runs.media.content import Content
    from labdeck.store.contract import SeriesWriter
    from labdeck.store.session import Session
    from labdeck.wire.commands import AnyCommand
    from labdeck.wire.records import ArtifactRecord, Capture, TrialState

_CAPTURE_TIMEOUT = 10.0
"""Longest wait, in seconds, at a trial's end for what is recorded in the background."""


class Recorder:
    """Writes one trial from this process until it is closed.

    Args:
        session: The way to the store.
        trial_id: The trial.
        resumed: It has points: steps that count up by themselves continue after them.
    """

    def __init__(self, session: Session, trial_id: str, *, resumed: bool = False) -> None:
        self._session = session
        self._trial_id = trial_id
        self._announcer = Announcer(session, trial_id)
        last_steps = self._announcer.last_steps() if resumed else {}
        self.writer: SeriesWriter = session.columns.writer(trial_id, last_steps)
        self.output = TrialOutput(session, trial_id, lambda name, value: self.writer.log({name: value}, None))
        session.add_source(self._announcer)
        self.lineage = Tracker(session, trial_id).start()
        self._captures: threading.Thread | None = None

    def capture_surroundings(self) -> None:
        """Record the code now, git state, packages and machine in the background, and what the machine does."""
        SAMPLER.watch(self.writer)
        self._record(safely(capture_code))
        self._captures = threading.Thread(target=self._capture_slowly, name="labdeck-capture", daemon=True)
        self._captures.start()

    def _capture_slowly(self) -> None:
        with unforked():
            from labdeck.runs.capture.git import capture_git
            from labdeck.runs.capture.machine import capture_machine
            from labdeck.runs.capture.packages import capture_packages

        for capturer in (capture_git, capture_machine, capture_packages):
            self._record(safely(capturer))

    def _record(self, capture: Capture | None) -> None:
        if capture is not None:
            self._session.post(LogCapture(trial_id=self._trial_id, capture=capture))

    def post(self, *commands: AnyCommand) -> None:
        """Put commands on their way to the catalog."""
        self._session.post(*commands)

    def log(self, component: str, metrics: Mapping[str, float], step: int | None) -> None:
        """Log points of a component; see `Trial.log`."""
        if metrics:
            self.writer.log(metrics, step, component)

    def log_params(self, component: str, mapping: Mapping[str, object] | None, params: Mapping[str, object]) -> None:
        """Record inputs of a component, "" for the trial itself; see `Trial.log_params`."""
        ready = to_params(mapping, params, component)
        if ready:
            self.post(LogParams(trial_id=self._trial_id, params=ready))

    def log_artifact(
        self, component: str, path: str | PathLike[str], name: str | None, media_type: str | None
    ) -> ArtifactRecord:
        """Keep a file with a component, "" for the trial itself; see `Trial.log_artifact`."""
        artifact = keep_artifact(self._session, path, name=name, media_type=media_type, component=component)
        self.post(LogArtifact(trial_id=self._trial_id, artifact=artifact))
        self.lineage.kept(path, artifact)
        return artifact

    def keep(self, component: str, name: str, content: Content, step: int | None, caption: str) -> ArtifactRecord:
        """Keep a picture, sound, table, figure or text with a component, "" for the trial itself."""
        artifact = keep_content(self._session, content, name=name, component=component, step=step, caption=caption)
        self.post(LogArtifact(trial_id=self._trial_id, artifact=artifact))
        return artifact

    def announce(self) -> None:
        """Put the summaries of everything logged so far on their way to the catalog."""
        commands = self._announcer.announce()
        if commands:
            self._session.post(*commands)

    def finish(self, state: TrialState, error: str = "") -> None:
        """Close the writer and end the trial in the store."""
        self.output.close()
        ended = time.time()  # what is still being recorded about its surroundings is not part of it
        if self._captures is not None:
            self._captures.join(_CAPTURE_TIMEOUT)
        if error:
            self._record(_error_capture(error))
        self.leave()
        self._session.post(FinishTrial(id=self._trial_id, state=state, ended=ended))

    def leave(self) -> None:
        """Close the writer; the trial goes on in the process that started it."""
        self.lineage.close()
        self.output.close()
        SAMPLER.forget(self.writer)
        self._session.remove_source(self._announcer)
        self.writer.close()
        if known := self._announcer.conclude():
            self._session.post(*known)
        if self.writer.dropped:
            reason = f"{self.writer.dropped:,} points could not be kept because the disk was full"
            self._session.post(MarkIncomplete(id=self._trial_id, reason=reason))


def _error_capture(text: str) -> Capture:
    from labdeck.wire.records import Capture

    return Capture(kind="error", body={"traceback": text})
