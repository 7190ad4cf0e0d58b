"""What a studio can compute about trials side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.runs.curves import XAxis
    from labdeck.runs.grouping import GroupedCurve
    from labdeck.runs.marks import CurveMark
    from labdeck.store.contract import SeriesKey
    from labdeck.store.session import Session
    from labdeck.wire.comparing import (
        CodeDifference,
        Difference,
        EnvironmentDifference,
        FieldTable,
        Groups,
        Importance,
        StepValues,
    )
    from labdeck.wire.records import TrialDetail, TrialFacts


class Comparing:
    """Trials side by side; `studio.comparing`.

    Trials are named by their ids; those that do not exist are left out. A field is text in the form that a search has:
    `params.lr`, `metrics.acc.best`, `tags.team`, `duration`, `started`.

    Example:
        >>> import labdeck
        >>> studio = labdeck.open()
        >>> for lr in (0.1, 0.2):
        ...     with studio.experiment("rates").trial(params={"lr": lr}) as trial:
        ...         trial.log(loss=1 - lr)
        >>> ids = [trial.id for trial in studio.experiment("rates").trials()]
        >>> [row.values for row in studio.comparing.table(ids, ["params.lr", "metrics.loss"]).rows]
        [(0.1, 0.9), (0.2, 0.8)]
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def table(self, trial_ids: Sequence[str], fields: Sequence[str]) -> FieldTable:
        """Return some fields of some trials, trial by trial in the order given; MalformedQuery."""
        from labdeck.runs.field_table import read_table

        return read_table(self._facts(trial_ids), fields)

    def values(self, trial_ids: Sequence[str], series: Sequence[SeriesKey], step: int) -> StepValues:
        """Return the value of each series at the greatest step that is not beyond `step`."""
        from labdeck.runs.at_step import values_at_step

        known = [fact.trial.id for fact in self._facts(trial_ids)]
        return values_at_step(self._session.columns, known, series, step)

    def groups(self, trial_ids: Sequence[str], by: Sequence[str], fields: Sequence[str] = ()) -> Groups:
        """Return trials grouped by fields, with count, mean, population deviation, min and max of others.

        Raises:
            MalformedQuery: A field is none.
            UsageError: There is nothing to group by.
        """
        from labdeck.runs.grouping import group_by

        return group_by(self._facts(trial_ids), by, fields)

    def grouped_curves(
        self,
        trial_ids: Sequence[str],
        series: Sequence[SeriesKey],
        by: Sequence[str],
        x: XAxis = "step",
        points: int = 2000,
    ) -> list[GroupedCurve]:
        """Return the mean curve of each group of trials and each series, with its deviation; see `GroupedCurve`."""
        from labdeck.runs.grouping import group_by, grouped_curves

        facts = self._facts(trial_ids)
        groups = group_by(facts, by, ())
        return grouped_curves(self._session.columns, [fact.trial for fact in facts], series, groups, x, points)

    def marks(self, trial_id: str, series: Sequence[SeriesKey], x: XAxis = "step") -> list[CurveMark]:
        """Return where rules found something in a trial, as places on the axis of its curves; see `read_marks`."""
        from labdeck.runs.marks import read_marks

        return read_marks(self._session, trial_id, series, x)

    def importance(self, trial_ids: Sequence[str], target: str, fields: Sequence[str] = ()) -> Importance:
        """Return how much fields explain of a target; see `labdeck.runs.importance.importance`.

        Args:
            trial_ids: Which trials.
            target: The field to explain, `metrics.acc.best` for example.
            fields: What may explain it; default all parameters.

        Raises:
            MalformedQuery: A field is none.
        """
        from labdeck.runs.importance import explain

        return explain(self._facts(trial_ids), target, fields)

    def difference(self, before: str, after: str) -> Difference:
        """Return everything in which two trials differ; NotFound."""
        from labdeck.runs.difference import compare_trials

        return compare_trials(self._detail(before), self._detail(after))

    def code_difference(self, before: str, after: str, *, equal: bool = False) -> CodeDifference:
        """Return how the code of two trials differs, whole files and cells with `equal`; NotFound."""
        from labdeck.runs.code_difference import compare_code

        return compare_code(self._detail(before), self._detail(after), equal=equal)

    def environment_difference(self, before: str, after: str, *, equal: bool = False) -> EnvironmentDifference:
        """Return how Python, packages and machine of two trials differ, what is the same with `equal`; NotFound."""
        from labdeck.runs.difference import compare_environments

        return compare_environments(self._detail(before), self._detail(after), equal=equal)

    def _facts(self, trial_ids: Sequence[str]) -> tuple[TrialFacts, ...]:
        return self._session.catalog.facts(trial_ids=list(dict.fromkeys(trial_ids)))

    def _detail(self, trial_id: str) -> TrialDetail:
        return self._session.catalog.detail(trial_id)
