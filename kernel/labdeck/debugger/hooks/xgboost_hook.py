"""A callback of XGBoost that watches the training it is given to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labdeck.debugger.hooks.making import HubMaker
from labdeck.debugger.hooks.xgboost import Watching
from labdeck.debugger.saving import Save, to_savings
from labdeck.errors import MissingExtra

try:
    from xgboost.callback import TrainingCallback
except ImportError:
    raise MissingExtra("XGBoost is not installed", "pip install xgboost") from None

if TYPE_CHECKING:
    from labdeck.debugger.hub import Hub
    from labdeck.findings.actions.base import Action
    from labdeck.findings.rule import Rule
    from labdeck.runs.trial import Trial


class XGBoostHook(TrainingCallback):
    """Records the rounds of a training of XGBoost, and has rules watch them; for `callbacks=[XGBoostHook()]`.

    It works with `xgboost.train`, with XGBoost's scikit-learn estimators and with `xgboost.cv`, of which mean and
    deviation of each metric are recorded. Each round is a step of the mode TRAIN. Recorded are, under SageMaker's
    names: metrics as "<dataset>-<metric>" (of several data sets, one should be called "train"),
    "hyperparameters/<name>" once (text as "hyperparameters/objective=binary:logistic"), and
    "feature_importance/<kind>/<feature>" for the kinds weight, gain, cover, total_gain and total_cover, each divided by
    its sum. Where `save` names them also "predictions" and "labels" of the validation data (of the training data if
    there are none), the trees that have grown since they were recorded last as "trees/<column>" (Tree, Node, Feature,
    Split, Yes, No, Missing, Gain, Cover; numbers, -1 for "no node"), and SHAP values as "average_shap/<feature>" (the
    mean over rows) and "full_shap/<feature>".

    A rule's StopTraining ends the training as early stopping does: `xgboost.train` returns the booster. Where no trial
    runs, one is started; it ends with the training. With `LABDECK_DEBUGGER=0` the hook does nothing.

    Args:
        save: What is recorded: `save={"predictions": {"interval": 5}, "trees": True}`; see `labdeck.watch`.
        rules: Rules, their classes or names; default those that suit any training of trees. With CreateXgboostReport
            predictions and labels are recorded too, and the report is kept when the training has ended.
        actions: What is done because of any rule's findings.
        budget: Share of the time that watching may take, 0.03 for 3 %; None for no limit: then importances are read in
            every round, else as often as that share allows.
        trial: The running trial; default the one that runs when the training begins.
        hyperparameters: What is recorded as such, beside what the booster says of itself.
        train_data: The DMatrix that is trained on.
        validation_data: One that is not.
        shap_rows: Rows of the training data of which SHAP values are computed.
        profile: Time the rounds, and sample the machine.

    Raises:
        UsageError: `save` or `rules` make no sense.
        MissingExtra: XGBoost is not installed.

    Example:
        >>> import labdeck, xgboost
        >>> from sklearn.datasets import load_breast_cancer
        >>> data = xgboost.DMatrix(*load_breast_cancer(return_X_y=True))
        >>> with labdeck.experiment("cancer").trial("boosted") as trial:
        ...     hook = XGBoostHook(train_data=data)
        ...     params = {"objective": "binary:logistic"}
        ...     evals = [(data, "train")]
        ...     _ = xgboost.train(params, data, 5, evals=evals, verbose_eval=False, callbacks=[hook])
        >>> len(trial.experiment.session.tensors.reader(trial.id).series("train-logloss", "value"))
        5
    """

    watches_for_labdeck = True

    def __init__(  # noqa: PLR0913 - each is a wish of its own
        self,
        save: Save = None,
        rules: Iterable[Rule | type[Rule] | str] | None = None,
        actions: Sequence[Action] = (),
        *,
        budget: float | None = 0.03,
        trial: Trial | None = None,
        hyperparameters: Mapping[str, Any] | None = None,
        train_data: Any = None,
        validation_data: Any = None,
        shap_rows: int = 200,
        profile: bool = True,
    ) -> None:
        to_savings(save)
        self._maker = HubMaker(save, rules, actions, budget, 0, trial, profile)
        self._maker.check()
        self._data = train_data, validation_data, hyperparameters, shap_rows
        self._watching = Watching(self._maker, train_data, validation_data, hyperparameters, shap_rows=shap_rows)

    def __deepcopy__(self, memo: dict[int, Any]) -> XGBoostHook:
        """Return a hook with the same wishes: scikit-learn clones estimators with their callbacks."""
        train, validation, hyperparameters, rows = self._data
        found = XGBoostHook(train_data=train, validation_data=validation, hyperparameters=hyperparameters)
        found._data = self._data
        found._maker = self._maker.again()
        found._watching = Watching(found._maker, train, validation, hyperparameters, shap_rows=rows)
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        """Let a copy in another process watch nothing: its trial is not there."""
        return TrainingCallback, ()

    @property
    def hub(self) -> Hub | None:
        """The hub of the training that goes on, None for none."""
        return self._watching.hub

    def before_training(self, model: Any) -> Any:
        """Begin; called by XGBoost."""
        self._watching.end()
        self._watching.begin(model)
        return model

    def before_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Begin a round; called by XGBoost."""
        del model, epoch, evals_log
        self._watching.times.begin()
        return False

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """End a round; called by XGBoost. True ends the training."""
        return self._watching.round(model, evals_log, epoch)

    def after_training(self, model: Any) -> Any:
        """End; called by XGBoost."""
        self._watching.end()
        return model

    def close(self) -> None:
        """End: needed only where a training was left by an error."""
        self._watching.end()
