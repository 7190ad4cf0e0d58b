"""Asks for the report of a training of XGBoost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window


@dataclass
class CreateXgboostReport(Rule):
    """Makes the report of a training of XGBoost when it ends; it never finds anything wrong.

    What it is for: the report tells, from what was recorded, how the labels are distributed, how the loss fell and
    whether the model fits too much or too little, which features matter, and where the model errs: confusion matrix,
    precision and recall, ROC curve, residuals. See `labdeck.debugger.reports`.

    What to do: add it to the rules of `labdeck.debugger.XGBoostHook` together with `validation_data`; the report is
    kept as the artifacts "xgboost-report.html" and "xgboost-report.ipynb" of the trial. `%debug_rules report xgboost`
    makes one of any trial with these tensors.

    The hook sees to it that what the report tells of is recorded: metrics and importances, the labels once, predictions
    each round (of more than 20,000 rows each fifth round, as SageMaker does), and those of the finished model.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> list(CreateXgboostReport().judge(window_of({"train-rmse": 0.5})))
        []
    """

    def needs(self) -> tuple[Need, ...]:
        """What the report tells of."""
        return (
            Need(collection="metrics", regex=r"^(?:[^/]+/)?[^/]+-[^/]+$"),
            Need(collection="hyperparameters", optional=True),
            Need(collection="feature_importance"),
        )

    def judge(self, window: Window) -> Iterator[Finding]:
        """Find nothing."""
        del window
        return iter(())
