"""smdebug's hook for XGBoost: `import smdebug.xgboost as smd`.

It is a callback; every round is a step. Saved are, as smdebug names them, metrics as `<data>-<metric>`,
`hyperparameters/<name>`, `predictions`, `labels`, `feature_importance/<type>/<feature>`, `average_shap/<feature>`,
`full_shap/<feature>` and `trees/<column>`. The columns of trees are numbers, as Labdeck's rules have them.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from labdeck.compat.smdebug.collection import Collection, CollectionKeys, CollectionManager
from labdeck.compat.smdebug.exceptions import SMDebugValueError
from labdeck.compat.smdebug.hook import BaseHook
from labdeck.compat.smdebug.mode_keys import ModeKeys, modes
from labdeck.compat.smdebug.reduction_config import ReductionConfig
from labdeck.compat.smdebug.save_config import SaveConfig, SaveConfigMode
from labdeck.compat.smdebug.singletons import del_hook, set_hook
from labdeck.compat.smdebug.singletons import get_hook as _get_hook
from labdeck.compat.smdebug.trials import create_trial
from labdeck.debugger.hooks.xgboost_hook import TrainingCallback  # type: ignore[attr-defined]  # its one home
from labdeck.debugger.hooks.xgboost_source import XGBoostSource
from labdeck.errors import TrainingStopped

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Collection",
    "CollectionKeys",
    "CollectionManager",
    "Hook",
    "ModeKeys",
    "ReductionConfig",
    "SaveConfig",
    "SaveConfigMode",
    "create_trial",
    "del_hook",
    "get_hook",
    "modes",
    "set_hook",
]

_SHAP_ROWS = 1_000
_LIBSVM = ("libsvm", "text/libsvm", "text/x-libsvm")
_CSV = ("csv", "text/csv")


class Hook(BaseHook, TrainingCallback):
    """Saves the rounds of a training of XGBoost: `callbacks=[Hook()]`.

    Args:
        *args: See `BaseHook`; `reduction_config` is not used, as in smdebug. The default schedule is every 10 rounds.
        hyperparameters: What is saved as such; they become parameters of the trial, too.
        train_data: What SHAP values are of: a DMatrix, or a file of this machine and "csv" or "libsvm".
        validation_data: What labels and predictions are of; the same.
        **kwargs: See `BaseHook`.

    Raises:
        SMDebugValueError: The data are none of these.
        MissingExtra: XGBoost is not installed.

    Example:
        >>> import xgboost
        >>> from sklearn.datasets import load_iris
        >>> data = xgboost.DMatrix(*load_iris(return_X_y=True))
        >>> hook = Hook(save_config=SaveConfig(save_interval=2))
        >>> booster = xgboost.train({}, data, 3, evals=[(data, "train")], callbacks=[hook], verbose_eval=False)
        >>> trial = create_trial(hook.out_dir)
        >>> trial.tensor_names(), trial.steps()
        (['train-rmse'], [0, 2])
    """

    framework = "xgboost"
    schedule: ClassVar[Mapping[str, Any]] = {"save_interval": 10}
    built_in: ClassVar[Mapping[str, tuple[str, ...]]] = {
        CollectionKeys.ALL: (),
        CollectionKeys.DEFAULT: (),
        CollectionKeys.METRICS: ("^[^/]+-[^/]+$",),
        CollectionKeys.LOSSES: ("^[^/]+-(?!auc|aucpr|map|ndcg|pre)[^/]+$",),
        CollectionKeys.HYPERPARAMETERS: ("^hyperparameters/",),
        CollectionKeys.PREDICTIONS: ("^predictions$",),
        CollectionKeys.LABELS: ("^labels$",),
        CollectionKeys.FEATURE_IMPORTANCE: ("^feature_importance/",),
        CollectionKeys.AVERAGE_SHAP: ("^average_shap/",),
        CollectionKeys.FULL_SHAP: ("^full_shap/",),
        CollectionKeys.TREES: ("^trees/",),
    }
    always = (CollectionKeys.METRICS,)

    def __init__(
        self,
        *args: Any,
        hyperparameters: Mapping[str, Any] | None = None,
        train_data: Any = None,
        validation_data: Any = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.pop("reduction_config", None) is not None:
            warnings.warn("Labdeck: XGBoost's tensors are saved whole; reduction_config is not used", stacklevel=2)
        self.hyperparameters = hyperparameters
        self.train_data = _to_matrix(train_data)
        self.validation_data = _to_matrix(validation_data)
        self._source: XGBoostSource | None = None
        super().__init__(*args, **kwargs)

    def before_training(self, model: Any) -> Any:
        """Begin; called by XGBoost."""
        with self._guarded():
            if self._recording is not None and self._is_on:
                self._recording.model = "Booster"
                self._recording.log_params(self.hyperparameters or {})
            if self._is_on and hasattr(model, "save_config"):
                self._source = XGBoostSource(
                    model, self.train_data, self.validation_data, self.hyperparameters, shap_rows=_SHAP_ROWS
                )
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """End a round; called by XGBoost. True ends the training: a rule's action, or a person, has stopped it."""
        del epoch
        try:
            with self._guarded():
                self._begin_step()
                self._save_round(model, evals_log)
                self._end_step()
        except TrainingStopped as stopped:
            self.logger.warning("the training was stopped: %s", stopped)
            return True
        return False

    def after_training(self, model: Any) -> Any:
        """End; called by XGBoost."""
        self.close()
        return model

    def _save_round(self, model: Any, log: Mapping[str, Mapping[str, Any]]) -> None:
        for data, metrics in log.items():
            for metric, values in metrics.items():
                latest = values[-1]
                self._save(f"{data}-{metric}", float(latest[0] if isinstance(latest, tuple) else latest))
        source = self._source
        if source is None:
            return
        source.use(model)
        for name, value in self._of_booster(source):
            self._save(name, value)

    def _of_booster(self, source: XGBoostSource) -> Iterator[tuple[str, Any]]:
        """Yield what is read of the booster: only what is saved at this round."""
        if self._wants(CollectionKeys.HYPERPARAMETERS, "hyperparameters/any"):
            yield from ((f"hyperparameters/{name}", value) for name, value in source.hyperparameters().items())
        if source.data and self._wants(CollectionKeys.PREDICTIONS, "predictions"):
            yield "predictions", source.predictions()
        if source.data and self._wants(CollectionKeys.LABELS, "labels"):
            yield "labels", source.labels()
        if self._wants(CollectionKeys.FEATURE_IMPORTANCE, "feature_importance/any"):
            yield from _shares(source)
        if self._wants(CollectionKeys.TREES, "trees/Tree"):
            yield from ((f"trees/{column}", values) for column, values in source.trees().items())
        if source.shap_rows and (
            self._wants(CollectionKeys.AVERAGE_SHAP, "average_shap/any")
            or self._wants(CollectionKeys.FULL_SHAP, "full_shap/any")
        ):
            values = source.shap()
            plain = values[:, :, 0] if source.classes == 1 else values
            for number, feature in enumerate(source.features):
                yield f"average_shap/{feature}", plain[:, number].mean(axis=0)
                yield f"full_shap/{feature}", plain[:, number]

    def _wants(self, collection: str, tensor: str) -> bool:
        """Tell whether anything of a collection is saved now, or needed by a rule."""
        if self.should_save_tensor_or_collection(tensor, collection):
            return True
        return self._recording is not None and self._is_on and self._recording.is_needed_in(collection, tensor)

    @staticmethod
    def _rank() -> tuple[str, int]:
        collective = sys.modules.get("xgboost.collective")
        if collective is None or not collective.is_distributed():
            return "worker_0", 1
        return f"worker_{collective.get_rank()}", int(collective.get_world_size())


def get_hook(
    json_config_path: Any = None,
    hook_type: type[BaseHook] | None = None,
    create_if_not_exists: bool = False,
    **_: Any,
) -> BaseHook | None:
    """Return the hook of this process; see `labdeck.compat.smdebug.singletons.get_hook`."""
    return _get_hook(json_config_path, hook_type or Hook, create_if_not_exists)


def _shares(source: XGBoostSource) -> Iterator[tuple[str, float]]:
    """Yield the importance of each feature, each kind divided by its sum; none of features that no tree uses."""
    for kind, values in source.importance().items():
        total = float(np.abs(values).sum())
        for feature, value in zip(source.features, values, strict=True):
            if value:
                yield f"feature_importance/{kind}/{feature}", abs(float(value)) / total


def _to_matrix(data: Any) -> Any:
    if data is None or hasattr(data, "get_label"):
        return data
    try:
        path, kind = data
        file, written = Path(path).expanduser(), str(kind).lower()
    except (TypeError, ValueError):
        raise SMDebugValueError("the data are no DMatrix", 'give one, or (path, "csv") or (path, "libsvm")') from None
    if written not in (*_CSV, *_LIBSVM) or not file.is_file():
        raise SMDebugValueError(
            f"there is no file {str(path)!r} of type {kind!r}", "give a file here, of csv or libsvm"
        )
    matrix = sys.modules["xgboost"].DMatrix
    try:
        if written in _CSV:
            table = np.loadtxt(file, delimiter=",", ndmin=2)
            return matrix(table[:, 1:], table[:, 0])
        from sklearn.datasets import load_svmlight_file

        return matrix(*load_svmlight_file(str(file)))
    except ValueError as error:
        raise SMDebugValueError(f"{path} cannot be read as {kind}: {error}", "the label is the first column") from None
