"""`%experiment resume`: go on with a trial that has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdeck.magics.experiment import EXPERIMENT
from labdeck.magics.names import experiment_names, trial_names
from labdeck.magics.verbs import Argument, Flag

if TYPE_CHECKING:
    from labdeck.magics.context import Context
    from labdeck.runs.trial import Trial


@EXPERIMENT.verb(
    Argument("name", "a trial that crashed, failed, was interrupted or completed", complete=trial_names),
    Flag("experiment", "the experiment, default the one in use", "NAME", complete=experiment_names),
)
def resume(context: Context, *, name: str, experiment: str | None) -> Trial:
    """Go on with a trial that has ended: it becomes the variable `trial` and runs until `trial.finish()`.

    A trial that was resumed so before ends. To go on with it for one cell, write %%experiment trial NAME --resume.
    Example: %experiment resume cnn-32
    """
    resumed = context.choose_trial(name, experiment).resume()
    if context.resumed is not None:
        context.resumed.finish()  # nobody has hold of it once `trial` is another one
    context.resumed = resumed
    context.shell.user_ns.update(trial=resumed)
    return resumed
