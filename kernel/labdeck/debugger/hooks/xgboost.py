"""Watches trainings of XGBoost; nothing here imports the library."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from labdeck.debugger.hooks.attaching import Attachment, is_estimator
from labdeck.debugger.hooks.boosters import BoosterFeed, Metric, is_loss
from labdeck.debugger.hooks.xgboost_source import XGBoostSource
from labdeck.debugger.switch import is_enabled
from labdeck.runs.autolog.patching import argument

if TYPE_CHECKING:
    from labdeck.debugger.hooks.making import HubMaker
    from labdeck.debugger.hub import Hub
    from labdeck.runs.autolog.place import Place

NAME = "xgboost"
REPORT = "CreateXgboostReport"
_FEW = 20_000
"""Predictions up to which they are kept each round for a report; of more, every fifth round's, as SageMaker's are."""


def can_watch(obj: object) -> bool:
    """Say whether an object is an estimator of XGBoost's scikit-learn interface."""
    return is_estimator(obj, "xgboost.sklearn", "XGBModel")


def attach(maker: HubMaker, obj: object = None) -> Attachment:
    """Watch every training of XGBoost, or those of one estimator, until `close`."""
    return XGBoostAttachment(maker, obj)


class XGBoostAttachment(Attachment):
    """Trainings of XGBoost are watched until it is closed."""

    name = NAME
    homes = ("training", "sklearn")

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Watching, Any]:
        """Return a training that begins, and the callback that tells of it."""
        train = argument(args, kwargs, 1, "dtrain")
        evals = list(kwargs.get("evals") or (args[3] if len(args) > 3 else None) or ())  # noqa: PLR2004 - its place
        known = {name: "train" for data, name in evals if data is train}
        held_out = next((data for data, _ in evals if data is not train), None)
        watching = Watching(self.maker, train, held_out, argument(args, kwargs, 0, "params"), names=known)
        return watching, follower_of(sys.modules[NAME], watching)


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
        self._source: XGBoostSource | None = None
        self._feed: BoosterFeed | None = None
        self.hub: Hub | None = None
        self.made: Hub | None = None

    def begin(self, booster: Any) -> None:
        """Begin to watch."""
        if not is_enabled() or type(booster).__name__ == "_PackedBooster":
            return  # of a cross-validation: it is several, and none can be looked at
        also = _for_report(self._data) if self._maker.wants(REPORT) else None
        self.hub, self._place = self._maker.make("Booster", NAME, also)
        self.made = self.hub
        try:
            self._rounds = booster.num_boosted_rounds()
        except Exception:  # noqa: BLE001 - a booster that cannot be will say so when it is trained
            self._rounds = 0

    def round(self, booster: Any, log: Mapping[str, Mapping[str, Any]]) -> bool:
        """End a round; return whether the training is to end here; TrainingPaused."""
        began = time.perf_counter()
        if self._feed is None:
            self._open(booster)
        if self._feed is None or self._source is None:
            return False
        self._source.use(booster)
        return self._feed.round(self._metrics(log), began)

    def _open(self, booster: Any) -> None:
        """Read what the booster is: only now it is certain to be one."""
        if self.hub is None or not self.hub.is_on:
            return
        train, validation = self._data
        try:
            self._source = XGBoostSource(
                booster, train, validation, self._hyperparameters, shap_rows=self._shap_rows, grown=self._rounds
            )
            self._feed = BoosterFeed(self.hub, self._source, self._maker.budget)
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            self.hub.fail(error)

    def _metrics(self, log: Mapping[str, Mapping[str, Any]]) -> Iterator[Metric]:
        for dataset, found in log.items():
            for name, values in found.items():
                value = values[-1]
                value = value[0] if isinstance(value, tuple) else value  # of cross-validation: mean, deviation
                yield Metric(self._names.get(dataset, dataset), name, float(value), is_loss(name))

    def end(self, error: BaseException | None = None) -> None:
        """End, as the training ended; a second call has no effect."""
        if self._feed is not None and error is None:
            self._feed.finish()
        hub, place, self._feed = self.hub, self._place, None
        self.hub = self._place = self._source = None
        if hub is None:
            return
        makes_report = hub.is_on and any(record.rule == REPORT for record in hub.runner.records())
        hub.close()
        if makes_report and error is None:
            _keep_report(hub)
        if place is not None:
            place.finish(error)


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

    def after_iteration(_: Any, model: Any, epoch: int, evals_log: Any) -> bool:
        del epoch
        return watching.round(model, evals_log)

    methods = {"before_training": before_training, "after_iteration": after_iteration, "watches_for_labdeck": True}
    return type("DebuggerFollower", (module.callback.TrainingCallback,), methods)()
