"""Records of the catalog as the doors hand them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdeck.version import __version__
from labdeck.wire.messages import WIRE_VERSION, Comparison, ExperimentList, Status, ViewList

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.store.session import Session
    from labdeck.wire.records import TrialDetail, TrialPage


class Records:
    """The half of `Studio` that reads the catalog and computes nothing."""

    session: Session

    def status(self) -> Status:
        """Return versions, place and the newest event; StoreError if the store cannot be opened."""
        return Status(
            version=__version__,
            wire=WIRE_VERSION,
            store=self.session.location.display,
            seq=self.session.catalog.cursor(),
        )

    def experiment_list(self) -> ExperimentList:
        """Return all experiments, and the cursor from which on changes are news."""
        catalog = self.session.catalog
        seq = catalog.cursor()
        return ExperimentList(seq=seq, experiments=catalog.experiments())

    def trial_page(
        self,
        experiment_id: str,
        offset: int = 0,
        limit: int | None = None,
        *,
        archived: bool | None = False,
        roots: bool = False,
    ) -> TrialPage:
        """Return some trials of an experiment, newest first; see `Catalog.trials`; NotFound."""
        catalog = self.session.catalog
        return catalog.trials(experiment_id, offset=offset, limit=limit, archived=archived, roots=roots)

    def trial_detail(self, trial_id: str) -> TrialDetail:
        """Return everything known of a trial, points aside; NotFound."""
        return self.session.catalog.detail(trial_id)

    def comparison(self, trial_ids: Sequence[str]) -> Comparison:
        """Return the facts of trials in the order given, and the ids that do not exist."""
        facts = self.session.catalog.facts(trial_ids=trial_ids)
        found = {fact.trial.id for fact in facts}
        return Comparison(trials=facts, missing=tuple(i for i in dict.fromkeys(trial_ids) if i not in found))

    def views(self) -> ViewList:
        """Return the saved comparisons whose experiments are not deleted, by name."""
        return ViewList(views=self.session.catalog.views())
