"""Watches trainings of LightGBM; nothing here imports the library."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.hooks.attaching import Attachment, is_estimator
from labdeck.debugger.hooks.boosters import BoosterFeed, Metric, Numbers, Source
from labdeck.debugger.hooks.making import HubMaker
from labdeck.debugger.hooks.trees import flatten_lightgbm
from labdeck.debugger.saving import Save, to_savings
from labdeck.debugger.switch import is_enabled

if TYPE_CHECKING:
    from labdeck.debugger.hub import Hub
    from labdeck.findings.actions.base import Action
    from labdeck.findings.rule import Rule
    from labdeck.runs.autolog.place import Place
    from labdeck.runs.trial import Trial

NAME = "lightgbm"
_BEFORE_EARLY_STOPPING = 25
_MOST_ROWS = 100_000
_RATES = ("learning_rate", "shrinkage_rate", "eta")


def can_watch(obj: object) -> bool:
    """Say whether an object is an estimator of LightGBM's scikit-learn interface."""
    return is_estimator(obj, "lightgbm.sklearn", "LGBMModel")


def attach(maker: HubMaker, obj: object = None) -> Attachment:
    """Watch every training of LightGBM, or those of one estimator, until `close`."""
    return LightGBMAttachment(maker, obj)


class LightGBMAttachment(Attachment):
    """Trainings of LightGBM are watched until it is closed."""

    name = NAME
    homes = ("engine", "sklearn")

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Watching, Any]:  # noqa: ARG002
        """Return a training that begins, and the callback that tells of it."""
        watching = Watching(self.maker)
        return watching, _Follower(watching)


class LightGBMSource(Source):
    """One booster while it is trained.

    Args:
        booster: It.
        params: What it is trained with.
        rows: Raw rows of which SHAP values are computed, shape (rows, features); None for none.
    """

    kinds = ("weight", "gain", "total_gain")

    def __init__(self, booster: Any, params: Mapping[str, Any], rows: Any = None) -> None:
        self._booster = booster
        self._params = params
        self._rows = rows
        self.features = tuple(booster.feature_name())
        self._matrix = booster.valid_sets[0] if booster.valid_sets else booster.train_set
        self.data = "validation" if booster.valid_sets else "train"
        self._labels = np.asarray(self._matrix.get_label())[:_MOST_ROWS]
        trees = booster.num_model_per_iteration()
        self.classes = max(1, int(params.get("num_class", 1) or 1)) if trees > 1 else 1
        self.shap_rows = 0 if rows is None else len(rows)
        self._grown = booster.current_iteration() - 1
        self._rate = next((float(params[name]) for name in _RATES if name in params), 0.1)

    @property
    def model(self) -> Any:
        """The booster itself."""
        return self._booster

    def lower_learning_rate(self, factor: float) -> str:
        """Multiply the learning rate by a factor, from the next round on."""
        self._rate *= factor
        self._booster.reset_parameter({"learning_rate": self._rate})
        return f"learning_rate {self._rate:.3g}"

    def importance(self) -> Mapping[str, Numbers]:
        """Return how often features are split on, the gain of a split, and of all splits."""
        splits = self._booster.feature_importance("split").astype(np.float64)
        gain = self._booster.feature_importance("gain")
        return {"weight": splits, "gain": gain / np.maximum(splits, 1), "total_gain": gain}

    def labels(self) -> NDArray[Any]:
        """Return the labels."""
        return self._labels

    def predictions(self) -> NDArray[Any]:
        """Return what it predicts now: LightGBM keeps it at hand, and shows it to functions that evaluate."""
        seen: list[NDArray[Any]] = []

        def look(predictions: NDArray[Any], _: Any) -> list[Any]:
            seen.append(predictions[:_MOST_ROWS].copy())
            return []

        if self.data == "validation":
            self._booster.eval_valid(look)
        else:
            self._booster.eval_train(look)
        return seen[0]

    def shap(self) -> Numbers:
        """Return SHAP values, those of the bias left out."""
        # A booster that is being trained crashes the process when it is asked for these: a copy answers.
        copy = type(self._booster)(model_str=self._booster.model_to_string())
        found = np.asarray(copy.predict(self._rows, pred_contrib=True), np.float64)
        return np.moveaxis(found.reshape(len(found), self.classes, -1), 1, 2)[:, :-1]

    def trees(self) -> Mapping[str, NDArray[Any]]:
        """Return the trees that have grown since this was asked last."""
        now = self._booster.current_iteration()
        new = now - self._grown
        found = self._booster.dump_model(start_iteration=self._grown, num_iteration=new)["tree_info"] if new else []
        self._grown = now
        return flatten_lightgbm(found)

    def hyperparameters(self) -> Mapping[str, float]:
        """Return those that are numbers; of texts, "objective=binary" is 1."""
        found = {}
        for name, value in self._params.items():
            if isinstance(value, (int, float)):
                found[name] = float(value)
            elif isinstance(value, str) and value:
                found[f"{name}={value}"] = 1.0
        return found


class Watching:
    """One training that is watched.

    Args:
        maker: Makes its hub.
        rows: Raw rows of which SHAP values are computed where they are asked for.
        ends: Somebody calls `end` when the training has ended; else it goes on until its trial ends.
    """

    def __init__(self, maker: HubMaker, rows: Any = None, *, ends: bool = True) -> None:
        self._maker = maker
        self._rows = rows
        self._ends = ends
        self._booster: Any = None
        self._place: Place | None = None
        self._feed: BoosterFeed | None = None
        self.hub: Hub | None = None
        self.made: Hub | None = None

    def round(self, env: Any) -> None:
        """End a round; raises what ends the training here."""
        began = time.perf_counter()
        if env.model is not self._booster:
            self.end()
            self._begin(env)
        if self._feed is None:
            return
        if self._feed.round(_metrics(env.evaluation_result_list or ()), began):
            # This is how a callback ends a training so that the booster is returned.
            raise sys.modules[NAME].callback.EarlyStopException(env.iteration, env.evaluation_result_list or [])
        if env.iteration + 1 == env.end_iteration:
            self.end()

    def _begin(self, env: Any) -> None:
        self._booster = env.model
        if not is_enabled() or type(env.model).__name__ == "CVBooster":
            return
        living = None if self._ends else env.model
        self.hub, self._place = self._maker.make("Booster", NAME, living=living)
        self.made = self.hub
        if self.hub is None:
            return
        try:
            source = LightGBMSource(env.model, env.params, self._rows)
            self._feed = BoosterFeed(self.hub, source, self._maker.budget)
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            self.hub.fail(error)

    def end(self, error: BaseException | None = None) -> None:
        """End, as the training ended; a second call has no effect."""
        if self._feed is not None and error is None:
            self._feed.finish()
        hub, place, self._feed = self.hub, self._place, None
        self.hub = self._place = None
        if hub is not None:
            hub.close()
        if place is not None:
            place.finish(error)


def _metrics(found: Iterable[Any]) -> Iterator[Metric]:
    for dataset, name, value, is_rising, *_ in found:
        yield Metric("train" if dataset == "training" else str(dataset), str(name), float(value), not is_rising)


class _Follower:
    """A callback of LightGBM that tells of each round."""

    order = _BEFORE_EARLY_STOPPING
    before_iteration = False
    watches_for_labdeck = True

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    def __call__(self, env: Any) -> None:
        """End a round; called by LightGBM."""
        self._watching.round(env)


class _Nobody:
    """A callback that does nothing."""

    order = _BEFORE_EARLY_STOPPING

    def __call__(self, env: Any) -> None:
        """Do nothing."""


class LightGBMHook(_Follower):
    """Records the rounds of a training of LightGBM, and has rules watch them; for `callbacks=[LightGBMHook()]`.

    It works with `lightgbm.train` and with LightGBM's scikit-learn estimators; `lightgbm.cv` is left alone. Each round
    is a step of the mode TRAIN. Names are those of `XGBoostHook`: metrics are "<dataset>-<metric>", the training data
    "train"; "feature_importance/<kind>/<feature>" has the kinds weight (splits), gain (of a split) and total_gain;
    "predictions" and "labels" are of the first validation data, of the training data if there are none. What an
    objective that is a function predicts are raw scores.

    A rule's StopTraining ends the training as early stopping does: `lightgbm.train` returns the booster. Where no trial
    runs, one is started; it ends with the training, or, if early stopping ended that, with the cell or the process.
    With `LABDECK_DEBUGGER=0` the hook does nothing.

    Args:
        save: What is recorded: `save={"predictions": {"interval": 5}, "trees": True}`; see `labdeck.watch`.
        rules: Rules, their classes or names; default those that suit any training of trees.
        actions: What is done because of any rule's findings.
        budget: Share of the time that watching may take, 0.03 for 3 %; None for no limit.
        trial: The running trial; default the one that runs when the training begins.
        shap_data: Raw rows, shape (rows, features), of which SHAP values are computed where `save` asks for them.

    Raises:
        UsageError: `save` or `rules` make no sense.

    Example:
        >>> import labdeck, lightgbm
        >>> from sklearn.datasets import load_breast_cancer
        >>> data = lightgbm.Dataset(*load_breast_cancer(return_X_y=True))
        >>> with labdeck.experiment("cancer").trial("light") as trial:
        ...     params = {"objective": "binary", "verbose": -1}
        ...     _ = lightgbm.train(params, data, 5, valid_sets=[data], callbacks=[LightGBMHook()])
        >>> len(trial.experiment.session.tensors.reader(trial.id).series("train-binary_logloss", "value"))
        5
    """

    def __init__(
        self,
        save: Save = None,
        rules: Iterable[Rule | type[Rule] | str] | None = None,
        actions: Sequence[Action] = (),
        *,
        budget: float | None = 0.03,
        trial: Trial | None = None,
        shap_data: Any = None,
    ) -> None:
        to_savings(save)
        maker = HubMaker(save, rules, actions, budget, 0, trial)
        maker.check()
        self._maker, self._rows = maker, shap_data
        super().__init__(Watching(maker, shap_data, ends=False))

    def __deepcopy__(self, memo: dict[int, Any]) -> LightGBMHook:
        """Return a hook with the same wishes."""
        found = LightGBMHook()
        found._maker, found._rows = self._maker.again(), self._rows
        found._watching = Watching(found._maker, found._rows, ends=False)
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        """Let a copy in another process watch nothing: its trial is not there."""
        return _Nobody, ()

    @property
    def hub(self) -> Hub | None:
        """The hub of the training that goes on, None for none."""
        return self._watching.hub

    def close(self) -> None:
        """End: needed only where a training was left early."""
        self._watching.end()
