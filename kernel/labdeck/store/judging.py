"""The part of the catalog that keeps what rules find."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdeck.wire.debugging import DebuggerDetail, FindingPage, RequestRecord


class FindingKeeper(ABC):
    """Keeps findings, the rules over trials, how their watching goes, and what is asked of trainings."""

    @abstractmethod
    def findings(
        self,
        *,
        trial_id: str | None = None,
        experiment_id: str | None = None,
        dismissed: bool = False,
        offset: int = 0,
        limit: int | None = None,
    ) -> FindingPage:
        """Return findings of trials that are not deleted, newest first; those that were dismissed only if asked for.

        Of one trial or one experiment, if its id is given; an unknown one has none.

        Raises:
            InvalidQuery: `offset` or `limit` is negative.
        """

    @abstractmethod
    def debugger(self, trial_id: str) -> DebuggerDetail:
        """Return what watches a trial: models and rules; NotFound."""

    @abstractmethod
    def requests(self, trial_id: str) -> tuple[RequestRecord, ...]:
        """Return what is asked of a training and not yet answered, oldest first."""
