"""Brings trials that are here to what an archive knows of them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from labdeck.errors import Conflict, NotFound, StoreFull
from labdeck.store.completing import completion, new_artifacts, points_standing, standing
from labdeck.store.series import cut
from labdeck.wire.commands import AdvanceOutput
from labdeck.wire.transfers import Imported

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from labdeck.store.columns.parquet import Packed
    from labdeck.store.contract import Catalog, Series, SeriesKey
    from labdeck.store.open import Store
    from labdeck.wire.records import ArtifactRecord, TrialDetail

_MOST_IDS = 20
_MOST_LINES = 1000


class Content(Protocol):
    """What an archive holds beside its records, checked as it is unpacked."""

    def folder(self) -> AbstractContextManager[Path]:
        """Give a folder on the store's disk for a while."""

    def keep_artifact(self, artifact: ArtifactRecord, target: Path) -> None:
        """Keep the content of an artifact, by way of a file."""

    def unpack_points(self, trial_id: str, folder: Path) -> Packed | None:
        """Unpack the points of a trial into a folder; None if it has none."""

    def unpack_output(self, trial_id: str, target: Path) -> bool:
        """Unpack what a trial printed; False if it printed nothing."""

    def keep_output(self, trial_id: str, target: Path) -> None:
        """Keep what a trial printed."""


@dataclass
class Counts:
    """What an import brought so far; see `labdeck.wire.transfers.Imported`."""

    trials: int = 0
    completed: int = 0
    unchanged: int = 0
    points: int = 0
    artifacts: int = 0
    experiments: dict[str, None] = field(default_factory=dict)
    trial_ids: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def count(self, trial_id: str, home: str, points: int, artifacts: int) -> None:
        """Count what a trial that is new, or is completed, brought."""
        self.points += points
        self.artifacts += artifacts
        self.experiments[home] = None
        if len(self.trial_ids) < _MOST_IDS:
            self.trial_ids.append(trial_id)

    def report(self, catalog: Catalog) -> Imported:
        """Return all of it."""
        more = len(self.lines) - _MOST_LINES
        return Imported(
            kind="labdeck",
            experiments=tuple(catalog.experiment(home).name for home in self.experiments),
            trials=self.trials,
            completed=self.completed,
            unchanged=self.unchanged,
            points=self.points,
            artifacts=self.artifacts,
            skipped=(*self.lines[:_MOST_LINES], *([f"and {more:,} more"] if more > 0 else [])),
            trial_ids=tuple(self.trial_ids),
        )


class Completer:
    """Completes trials of one archive.

    Args:
        store: Where the trials are.
        content: The archive's.
    """

    def __init__(self, store: Store, content: Content) -> None:
        self._store = store
        self._content = content
        self.counts = Counts()

    def complete(self, wanted: TrialDetail) -> None:
        """Bring a trial what it lacks, unless it was deleted, runs, or has gone another way."""
        here = self._store.catalog.detail(wanted.trial.id)
        if here.trial.deleted is not None:
            self._say(here, "it was deleted here; it stays so")
        elif here.trial.state == "running":
            self._say(here, "it is running here; it is left as it is")
        else:
            with self._content.folder() as folder:
                self._complete(wanted, here, folder)

    def _say(self, here: TrialDetail, why: str) -> None:
        self.counts.lines.append(f"{here.trial.name[:80]!r}: {why}")

    def _complete(self, wanted: TrialDetail, here: TrialDetail, folder: Path) -> None:
        trial_id = here.trial.id
        packed = self._content.unpack_points(trial_id, folder)
        theirs = {} if packed is None else packed.read_all()
        ours = self._store.columns.all_series(trial_id)
        how = standing(wanted.trial, here.trial, points_standing(theirs, ours))
        if how == "apart":
            self._say(here, "it has gone on here and there in different ways; it is left as it is")
            return
        if how == "behind":
            self.counts.unchanged += 1
            return
        files = new_artifacts(wanted, here)
        for artifact in files:
            self._content.keep_artifact(artifact, folder / "artifact")
        points = self._append(trial_id, theirs, ours)
        commands = completion(wanted, here, files, time.time(), ahead=how == "ahead")
        if self._print(here, folder / "output"):
            commands.append(AdvanceOutput(trial_id=trial_id))
        if not commands:
            self.counts.unchanged += 1
            return
        try:
            self._store.catalog.apply(commands)
        except (Conflict, NotFound):
            self._say(here, "it was resumed or deleted here meanwhile; import again")
            return
        self.counts.completed += 1
        self.counts.count(trial_id, here.trial.experiment_id, points, len(files))

    def _append(self, trial_id: str, theirs: Mapping[SeriesKey, Series], ours: Mapping[SeriesKey, Series]) -> int:
        """Append the points that came since; return how many."""
        new = {key: cut(series, slice(len(ours[key]) if key in ours else 0, None)) for key, series in theirs.items()}
        count = sum(map(len, new.values()))
        if not count:
            return 0
        writer = self._store.columns.writer(trial_id)
        try:
            for key, series in new.items():
                if len(series):
                    writer.extend(key, series)
        finally:
            writer.close()
        if writer.dropped:
            raise StoreFull(f"{writer.dropped:,} points cannot be kept", "free some space and import again")
        return count

    def _print(self, here: TrialDetail, target: Path) -> bool:
        """Keep what was printed since; False if that is nothing, or does not begin with what was printed here."""
        trial_id = here.trial.id
        if not self._content.unpack_output(trial_id, target):
            return False
        place = self._store.outputs.path(trial_id)
        ours = place.read_bytes() if place.is_file() else b""
        if target.stat().st_size <= len(ours):
            return False
        with target.open("rb") as source:
            if source.read(len(ours)) != ours:
                self._say(here, "it printed something else there; what is here stays")
                return False
        self._content.keep_output(trial_id, target)
        return True
