"""The studio that scripts and notebooks use when they name none."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from labdeck.studio import Studio

if TYPE_CHECKING:
    from pathlib import Path

    from labdeck.runs.experiment import Experiment
    from labdeck.wire.records import Goal


@functools.lru_cache(maxsize=1)
def studio() -> Studio:
    """Return this process's studio on the default store; to users it is `labdeck.open()`."""
    return Studio()


def open(store: str | Path | None = None) -> Studio:  # noqa: A001 - read as `labdeck.open`
    """Return a studio on a store: a folder, or a PostgreSQL URL.

    Without an argument it is the one that `labdeck.experiment` uses: the store of LABDECK_STORE, else of the user's
    data folder, opened once a process.

    Raises:
        StorePlace: A store may not live there.
        StoreUnreachable: Its folder can neither be found nor made.

    Example:
        >>> import labdeck
        >>> labdeck.open().status().version == labdeck.__version__
        True
    """
    return studio() if store is None else Studio(store)


def experiment(name: str, *, objective: str | None = None, goal: Goal = "max", note: str | None = None) -> Experiment:
    """Return the experiment of that name in the default store; see `Studio.experiment`."""
    return studio().experiment(name, objective=objective, goal=goal, note=note)


def autolog(
    *libraries: str,
    experiment: Experiment | str | None = None,
    log_models: bool = False,
    every: int = 1,
    disable: bool = False,
) -> tuple[str, ...]:
    """Record what libraries train from now on, without a line of recording in the training code.

    What is trained inside a running trial is recorded in it; else every outermost fit, and every training loop, gets a
    trial of its own. A failure in here never ends a training: it warns once and switches that library off.

    Args:
        *libraries: "sklearn", "xgboost", "lightgbm", "torch", "lightning", "keras"; default all that are installed,
            those included that are imported later.
        experiment: Gets the trials that are started, as object or name; default the one that `%experiment` has in
            use, else one named after the notebook or script, "autolog" where there is none.
        log_models: Keep fitted models, in formats that execute nothing when they are read.
        every: Optimizer steps, boosting rounds or batches from one point to the next.
        disable: Take everything back, or only what is named.

    Returns:
        The libraries that are recorded now.

    Raises:
        UsageError: There is no such library, or `every` is no whole number above 0.
        MissingExtra: A library that is named is not installed.

    Example:
        >>> import labdeck
        >>> labdeck.autolog("sklearn", experiment="iris")
        ('sklearn',)
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.tree import DecisionTreeClassifier
        >>> model = DecisionTreeClassifier(max_depth=2).fit(*load_iris(return_X_y=True))
        >>> trial = labdeck.experiment("iris").trials()[-1]
        >>> trial.params["max_depth"], round(trial.metrics["train:accuracy"].last, 2)
        (2, 0.96)
        >>> labdeck.autolog(disable=True)
        ()
    """
    from labdeck.runs.autolog.options import Options, open_unnamed
    from labdeck.runs.autolog.switch import switch_off, switch_on

    if disable:
        return switch_off(libraries)

    def opened() -> Experiment:
        if experiment is None or experiment == "":
            return open_unnamed()
        return studio().experiment(experiment) if isinstance(experiment, str) else experiment

    return switch_on(libraries, Options(opened, log_models=log_models, every=every))
