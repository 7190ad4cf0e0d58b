"""What verbs of one shell share: the store they work on and the experiment in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labdeck.errors import Conflict, NotFound, UsageError
from labdeck.runs.lookup import no_such

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from labdeck.runs.experiment import Experiment
    from labdeck.runs.trial import Trial
    from labdeck.studio import Studio


@dataclass(frozen=True)
class Deleted:
    """A trial or an experiment that was deleted here.

    Attributes:
        id: Its id.
        name: Its name at that time.
        home: The id of a trial's experiment, "" for an experiment.
    """

    id: str
    name: str
    home: str


class Context:
    """The state of the magics of one shell.

    Attributes:
        shell: The shell.
        experiment: The experiment in use, None before `%experiment use` or `create`.
        resumed: The trial that `%experiment resume` goes on with, None if it did with none.
        deletions: What was deleted here and not restored, the latest deletion last.
    """

    def __init__(self, shell: InteractiveShell, open_studio: Callable[[], Studio]) -> None:
        self.shell = shell
        self.experiment: Experiment | None = None
        self.resumed: Trial | None = None
        self.deletions: list[tuple[Deleted, ...]] = []
        self._open_studio = open_studio

    @property
    def studio(self) -> Studio:
        """The facade; opened when it is first needed."""
        return self._open_studio()

    def choose_experiment(self, name: str | None) -> Experiment:
        """Return the experiment of that name or id, without one the experiment in use.

        Raises:
            NotFound: There is no such experiment.
            UsageError: None is named and none is in use.
        """
        if name is not None:
            return self.studio.find_experiment(name)
        if self.experiment is None:
            raise UsageError("no experiment is in use", "write %experiment use NAME, or %experiment create NAME")
        return self.experiment

    def choose_trial(self, name: str, experiment: str | None) -> Trial:
        """Return the trial of that name or id, of the experiment named or in use; of any if there is none in use."""
        if experiment is None and self.experiment is None:
            return self.studio.find_trial(name)
        return self.choose_experiment(experiment).find(name)

    def choose(self, trial: str | None, experiment: str | None) -> Experiment | Trial:
        """Return a trial of an experiment if one is named, else the experiment; NotFound, UsageError."""
        if trial is not None and experiment is None and self.experiment is None:
            return self.studio.find_trial(trial)
        chosen = self.choose_experiment(experiment)
        return chosen if trial is None else chosen.find(trial)

    def find(self, name: str) -> Experiment | Trial:
        """Return what a name or id means: a trial of the experiment in use, or an experiment.

        Raises:
            NotFound: Neither.
            Conflict: Both.
        """
        trial = self._find_trial(name)
        try:
            experiment = self.studio.find_experiment(name)
        except NotFound as error:
            if trial is None:
                raise self._neither(name, error) from None
            return trial
        if trial is not None:
            raise Conflict(f"{name!r} is a trial and an experiment", f"write the id: {trial.id} or {experiment.id}")
        return experiment

    def remember_deleted(self, deleted: Sequence[Deleted]) -> None:
        """Keep what was deleted for undo; an experiment that is gone is not in use any more."""
        self.deletions.append(tuple(deleted))
        if self.experiment is not None and self.experiment.id in {each.id for each in deleted}:
            self.experiment = None

    def find_deleted(self, name: str) -> Deleted:
        """Return what a name or id meant: of several the one of the experiment in use, else the latest; NotFound."""
        latest = [each for deletion in reversed(self.deletions) for each in deletion]
        found = [each for each in latest if name in {each.id, each.name}]
        if not found:
            raise no_such("deleted trial or experiment", name, (each.name for each in latest))
        used = None if self.experiment is None else self.experiment.id
        return next((each for each in found if each.home == used), found[0])

    def forget_deleted(self, restored: Sequence[Deleted]) -> None:
        """Keep it no longer: it has been restored."""
        left = (tuple(each for each in deletion if each not in restored) for deletion in self.deletions)
        self.deletions = [deletion for deletion in left if deletion]

    def _find_trial(self, name: str) -> Trial | None:
        try:
            return self.studio.find_trial(name) if self.experiment is None else self.experiment.find(name)
        except NotFound:
            return None

    def _neither(self, name: str, error: NotFound) -> NotFound:
        """Say that there is no such thing, with the nearest name of either kind."""
        if self.experiment is None:
            return error
        try:
            self.experiment.find(name)
        except NotFound as no_trial:
            nearest = [each.remedy for each in (no_trial, error) if each.remedy.startswith("did you mean")]
            remedy = nearest[0] if nearest else "%experiment show shows the trials, %experiment list the experiments"
            return NotFound(f"there is no trial in {self.experiment.name!r} and no experiment {name!r}", remedy)
        return error
