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


class Fired:
    """The firings of one rule: the first makes a finding, later ones extend it.

    Args:
        rule_name: The rule.
        trial: The trial it looks at.
    """

    def __init__(self, rule_name: str, trial: Trial) -> None:
        self._rule_name = rule_name
        self._trial = trial
        self.finding: FindingRecord | None = None

    def at(self, step: int) -> None:
        """It fired at a global step."""
        mode, mode_step = self._trial.mode_modestep(step)
        where = step if mode_step is None else mode_step
        now = time.time()
        known = self.finding
        if known is None:
            self.finding = FindingRecord(
                id=new_id(),
                trial_id=self._source.trial_id if self._source else "0" * 32,
                rule=self._rule_name,
                severity="warning",
                mode=to_mode(mode or ModeKeys.GLOBAL),
                step=where,
                last_step=where,
                time=now,
                last_time=now,
                message="the condition of the rule is met",
            )
        else:
            self.finding = msgspec.structs.replace(known, last_step=where, last_time=now, count=known.count + 1)
        if self._source is not None:
            self._source.session.post(PutFinding(finding=self.finding))

    def do(self, parameters: Mapping[str, str]) -> None:
        """Do an action because of it.

        Raises:
            SMDebugError: There is no training to stop.
            LabdeckError: A message cannot be sent.
        """
        if self.finding is None:
            return
        if parameters["name"] == "stoptraining":
            self._stop(parameters.get("training_job_prefix", ""))
            return
        for action in to_actions(to_word(parameters)):
            action.run(self.finding, NoSubject())

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
