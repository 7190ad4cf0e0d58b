"""What follows when a rule of one's own fires: a finding where Labdeck recorded the trial, and what its actions say."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from labdeck.compat.smdebug.exceptions import SMDebugError
from labdeck.compat.smdebug.mode_keys import ModeKeys, to_mode
from labdeck.compat.smdebug.recorded import RecordedSource
from labdeck.compat.smdebug.translating import to_word
from labdeck.findings.actions.choose import to_actions
from labdeck.findings.subject import NoSubject
from labdeck.store.ids import new_id
from labdeck.wire.commands import AskTraining, PutFinding
from labdeck.wire.debugging import FindingRecord, RequestRecord

if TYPE_CHECKING:
    from labdeck.compat.smdebug.trial import Trial


_MOST = 200
"""Findings that are kept of one rule."""


class Fired:
    """What one rule has found: as long as it fires step after step, in one mode, that is one finding.

    Args:
        rule_name: The rule.
        trial: The trial it looks at.

    Attributes:
        findings: In the order in which they began.
    """

    def __init__(self, rule_name: str, trial: Trial) -> None:
        self._rule_name = rule_name
        self._trial = trial
        self._open: dict[ModeKeys, int] = {}
        self._latest: FindingRecord | None = None
        self.findings: list[FindingRecord] = []

    def at(self, step: int) -> None:
        """It fired at a global step."""
        mode, number = self._when(step)
        place = self._open.get(mode)
        if place is not None:
            known = self.findings[place]
            found = msgspec.structs.replace(known, last_step=number, last_time=time.time(), count=known.count + 1)
            self.findings[place] = found
        else:
            found = self._new(mode, number)
            if len(self.findings) >= _MOST:
                return
            self._open[mode] = len(self.findings)
            self.findings.append(found)
        self._latest = found
        if self._source is not None:
            self._source.session.post(PutFinding(finding=found))

    def quiet(self, step: int) -> None:
        """It did not fire at a global step."""
        self._open.pop(self._when(step)[0], None)

    def _when(self, step: int) -> tuple[ModeKeys, int]:
        mode, number = self._trial.mode_modestep(step)
        return mode or ModeKeys.GLOBAL, step if number is None else number

    def _new(self, mode: ModeKeys, step: int) -> FindingRecord:
        now = time.time()
        return FindingRecord(
            id=new_id(),
            trial_id=self._source.trial_id if self._source else "0" * 32,
            rule=self._rule_name,
            severity="warning",
            mode=to_mode(mode),
            step=step,
            last_step=step,
            time=now,
            last_time=now,
            message="the condition of the rule is met",
        )

    def do(self, parameters: Mapping[str, str]) -> None:
        """Do an action because of it.

        Raises:
            SMDebugError: There is no training to stop.
            LabdeckError: A message cannot be sent.
        """
        if self._latest is None:
            return
        if parameters["name"] == "stoptraining":
            self._stop(parameters.get("training_job_prefix", ""))
            return
        for action in to_actions(to_word(parameters)):
            action.run(self._latest, NoSubject())

    def _stop(self, prefix: str) -> None:
        source = self._source
        if source is None:
            raise SMDebugError("there is no training to stop", "it was not recorded by Labdeck")
        record = source.session.catalog.trial(source.trial_id)
        if record.state != "running" or not record.name.startswith(prefix):
            raise SMDebugError(f"the training {record.name} is not stopped: it has ended, or is called otherwise")
        request = RequestRecord(id=new_id(), trial_id=record.id, wish="stop", created=time.time())
        source.session.post(AskTraining(request=request))

    @property
    def _source(self) -> RecordedSource | None:
        source = self._trial.source
        return source if isinstance(source, RecordedSource) else None
