"""Watches trainings of XGBoost; nothing here imports the library."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from labdeck.debugger.hooks.attaching import Attachment, is_estimator
from labdeck.debugger.hooks.boosters import DEVIATION, BoosterFeed, Metric, Source, is_loss
from labdeck.debugger.hooks.datasets import is_same_matrix, training_names
from labdeck.debugger.hooks.folds import NAME as FOLDS
from labdeck.debugger.hooks.folds import Folds, Listening, fold_metrics, told_by_xgboost
from labdeck.debugger.hooks.updates import Library, UpdateLoops
from labdeck.debugger.hooks.xgboost_source import XGBoostSource
from labdeck.debugger.profiler.rounds import RoundTimes
from labdeck.debugger.switch import is_enabled
from labdeck.runs.autolog.patching import argument

if TYPE_CHECKING:
    from labdeck.debugger.hooks.making import HubMaker
    from labdeck.debugger.hub import Hub
    from labdeck.runs.autolog.place import Place

NAME = "xgboost"
BOOSTER = ("xgboost.core", "Booster")
REPORT = "CreateXgboostReport"
_FEW = 20_000
"""Predictions up to which they are kept each round for a report; of more, every fifth round's, as SageMaker's are."""


def can_watch(obj: object) -> bool:
    """Say whether an object is an estimator of XGBoost's scikit-learn interface, or a booster."""
    return is_estimator(obj, "xgboost.sklearn", "XGBModel") or is_estimator(obj, *BOOSTER)


def attach(maker: HubMaker, obj: object = None) -> Attachment:
    """Watch every training of XGBoost, or those of one estimator, until `close`."""
    return XGBoostAttachment(maker, obj)


class XGBoostAttachment(Attachment):
    """Trainings of XGBoost are watched until it is closed."""

    name = NAME
    homes = ("training", "sklearn")
    booster = BOOSTER

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Watching, list[Any]]:
        """Return a training that begins, and the callback that tells of it."""
        train = argument(args, kwargs, 1, "dtrain")
        evals = list(kwargs.get("evals") or (args[3] if len(args) > 3 else None) or ())  # noqa: PLR2004 - its place
        known = training_names(train, evals, is_same_matrix)
        held_out = next((data for data, name in evals if name not in known), None)
        watching = Watching(self.maker, train, held_out, argument(args, kwargs, 0, "params"), names=known)
        return watching, [follower_of(sys.modules[NAME], watching)]

    def begin_cv(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Watching, list[Any]]:
        """Return a cross-validation that begins, and the callback that tells of it."""
        hyperparameters = dict(argument(args, kwargs, 0, "params") or {})
        watching = Watching(self.maker, argument(args, kwargs, 1, "dtrain"), None, hyperparameters)
        return watching, [follower_of(sys.modules[NAME], watching)]

    def loops(self, module: ModuleType) -> UpdateLoops:
        """Return what watches loops over `Booster.update`."""
        return UpdateLoops(self.maker, _Loops(module), self.only)


class Watching:
    """One training that is watched.

    Args:
        maker: Makes its hub.
        train: The data it is trained on, None if it is not known.
        validation: Data it is not trained on, None if there are none.
        hyperparameters: What it is trained with, beside what the booster says.
        names: What datasets are called, where the training's own names do not tell: "validation_0" is "train".
        shap_rows: Rows of which SHAP values are computed where they are asked for.
    """

    def __init__(
        self,
        maker: HubMaker,
        train: Any = None,
        validation: Any = None,
        hyperparameters: Mapping[str, Any] | None = None,
        *,
        names: Mapping[str, str] | None = None,
        shap_rows: int = 200,
    ) -> None:
        self._maker = maker
        self._data = (train, validation)
        self._hyperparameters = hyperparameters
        self._names = names or {}
        self._shap_rows = shap_rows
        self._rounds = 0
        self._place: Place | None = None
        self._source: Source | None = None
        self._feed: BoosterFeed | None = None
        self._folds: Listening | None = None
        self.times = RoundTimes(None)
        self.hub: Hub | None = None
        self.made: Hub | None = None

    def begin(self, booster: Any) -> None:
        """Begin to watch."""
        if not is_enabled():
            return
        also = _for_report(self._data) if self._maker.wants(REPORT) else None
        packed = _is_packed(booster)
        self.hub, self._place = self._maker.make(FOLDS if packed else "Booster", NAME, also)
        self.made = self.hub
        self.times = RoundTimes(self._maker.profiler(self.hub))
        if packed:
            self._folds = Listening(booster, "eval")
        try:
            self._rounds = booster.num_boosted_rounds()
        except Exception:  # noqa: BLE001 - a booster that cannot be will say so when it is trained
            self._rounds = 0

    def round(self, booster: Any, log: Mapping[str, Mapping[str, Any]], number: int) -> bool:
        """End a round; return whether the training is to end here; TrainingPaused."""
        began = time.perf_counter()
        self.times.end()
        if self._feed is None:
            self._open(booster)
        if self._feed is None or self._source is None:
            return False
        self._source.use(booster)
        ends = self._feed.round(self._metrics(log), began)
        if ends and _is_packed(booster) and booster.attr("best_iteration") is None:
            booster.set_attr(best_iteration=str(number))  # a cross-validation that ends early asks for it
        self.times.go_on()
        return ends

    def _open(self, booster: Any) -> None:
        """Read what the booster is: only now it is certain to be one."""
        if self.hub is None or not self.hub.is_on:
            return
        train, validation = self._data
        given = self._hyperparameters
        try:
            if _is_packed(booster):
                folds = [XGBoostSource(one.bst, one.dtrain, one.dtest, given, shap_rows=0) for one in booster.cvfolds]
                self._source = Folds(folds)
            else:
                self._source = XGBoostSource(
                    booster, train, validation, given, shap_rows=self._shap_rows, grown=self._rounds
                )
            self._feed = BoosterFeed(self.hub, self._source, self._maker.budget, self.times)
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            self.hub.fail(error)

    def _metrics(self, log: Mapping[str, Mapping[str, Any]]) -> Iterator[Metric]:
        for dataset, found in log.items():
            called = self._names.get(dataset, dataset)
            for name, values in found.items():
                value = values[-1]
                if isinstance(value, tuple):  # of cross-validation: mean, deviation
                    yield Metric(called, f"{name}-{DEVIATION}", float(value[1]), is_loss=False)
                    value = value[0]
                yield Metric(called, name, float(value), is_loss(name))
        if self._folds is not None:
            yield from fold_metrics([list(told_by_xgboost(text)) for text in self._folds.take()])

    def end(self, error: BaseException | None = None) -> None:
        """End, as the training ended; a second call has no effect."""
        if self._feed is not None and error is None:
            self._feed.finish()
        hub, place, self._feed = self.hub, self._place, None
        self.hub = self._place = self._source = None
        if self._folds is not None:
            self._folds.close()
        if hub is None:
            return
        makes_report = hub.is_on and any(record.rule == REPORT for record in hub.runner.records())
        hub.close()
        self.times.close()
        if makes_report and error is None:
            _keep_report(hub)
        if place is not None:
            place.finish(error)


def _is_packed(booster: Any) -> bool:
    """Say whether it is the boosters of a cross-validation."""
    return hasattr(booster, "cvfolds")


def _for_report(data: tuple[Any, Any]) -> dict[str, Any]:
    """Return what a report needs beside what is recorded anyway."""
    train, validation = data
    matrix = validation if validation is not None else train
    interval = 1 if matrix is None or matrix.num_row() <= _FEW else 5
    return {
        "predictions": {"arrays": True, "interval": interval},
        "labels": {"arrays": True, "interval": interval, "end": 1},
    }


def _keep_report(hub: Hub) -> None:
    from labdeck.debugger.reports import keep_report, make_report

    try:
        keep_report(hub.session, make_report(hub.session, hub.trial.id, "xgboost"))
    except Exception as error:  # noqa: BLE001 - a report that cannot be made must not end the training
        hub.say(f"the report of XGBoost could not be made: {error}")


def follower_of(module: ModuleType, watching: Watching) -> Any:
    """Return a callback of XGBoost that tells of each round."""

    def before_training(_: Any, model: Any) -> Any:
        watching.begin(model)
        return model

    def before_iteration(_: Any, model: Any, epoch: int, evals_log: Any) -> bool:
        del model, epoch, evals_log
        watching.times.begin()
        return False

    def after_iteration(_: Any, model: Any, epoch: int, evals_log: Any) -> bool:
        return watching.round(model, evals_log, epoch)

    methods = {
        "before_training": before_training,
        "before_iteration": before_iteration,
        "after_iteration": after_iteration,
        "watches_for_labdeck": True,
    }
    return type("DebuggerFollower", (module.callback.TrainingCallback,), methods)()


class _Loops(Library):
    """How XGBoost's boosters are trained by hand: `update`, or `boost` with gradients of one's own, then `eval_set`."""

    name = NAME
    updates = ("update", "boost")
    evaluations = ("eval_set", "eval")

    def __init__(self, module: ModuleType) -> None:
        self.owner = module.core.Booster

    def also(self, maker: HubMaker) -> dict[str, Any] | None:
        """Return what a report needs, if one is wanted."""
        return _for_report((None, None)) if maker.wants(REPORT) else None

    def train_data(self, booster: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the data of a call of `update`."""
        del booster
        return argument(args, kwargs, 1, "dtrain")

    def source(self, booster: Any, train: Any, validation: Any, grown: int) -> Source:
        """Return what reads the booster."""
        return XGBoostSource(booster, train, validation, grown=grown)

    def grown(self, booster: Any) -> int:
        """Return the rounds that a booster has."""
        return int(booster.num_boosted_rounds())

    def evaluated(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return the data sets of a call of `eval_set` or `eval`, by name."""
        given = argument(args, kwargs, 1, "evals", "data")
        if isinstance(given, (list, tuple)):
            return {name: data for data, name in given}
        return {argument(args, kwargs, 2, "name") or "eval": given}

    def metrics(self, result: Any) -> Iterator[Metric]:
        """Yield what an evaluation said."""
        for dataset, name, value in told_by_xgboost(str(result)):
            yield Metric(dataset, name, value, is_loss(name))

    def ended(self, hub: Hub) -> None:
        """Keep the report, if one is wanted."""
        if any(record.rule == REPORT for record in hub.runner.records()):
            _keep_report(hub)
