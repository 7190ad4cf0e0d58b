"""What an import brought and an export took along."""

from __future__ import annotations

from labdeck.wire.records import Record


class Imported(Record, frozen=True, kw_only=True):
    """What an import brought.

    Attributes:
        kind: "labdeck", "mlflow", "tensorboard" or "wandb".
        experiments: Names of the experiments that are new or got something new, as they are called here.
        trials: Trials that are new.
        completed: Trials that were here already and got something new.
        unchanged: Trials that were here already, with everything there is.
        points: Metric points that are new.
        artifacts: Files that are new.
        skipped: What was left out, one line each: what, where, why.
        trial_ids: Of the trials that are new or got something new, at most 20.
    """

    kind: str
    experiments: tuple[str, ...] = ()
    trials: int = 0
    completed: int = 0
    unchanged: int = 0
    points: int = 0
    artifacts: int = 0
    skipped: tuple[str, ...] = ()
    trial_ids: tuple[str, ...] = ()


class Exported(Record, frozen=True, kw_only=True):
    """What an export wrote.

    Attributes:
        path: The file.
        size: Its bytes.
        experiments: Names of the experiments in it.
        trials: How many trials are in it.
        skipped: What could not go along, one line each.
    """

    path: str
    size: int
    experiments: tuple[str, ...]
    trials: int
    skipped: tuple[str, ...] = ()
