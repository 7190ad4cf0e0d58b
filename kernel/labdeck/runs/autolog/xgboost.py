"""Records the training of XGBoost's boosters, round by round."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from labdeck.runs.autolog import boosting, patching
from labdeck.runs.autolog.patching import Observation, argument

NAME = "xgboost"


def install(module: ModuleType) -> None:
    """Observe `xgboost.train` and `xgboost.cv`, wherever they are called from."""
    homes = [module, module.training, module.sklearn]
    patching.observe("xgboost.train", NAME, _begin_with(module), nested=True)
    patching.observe("xgboost.cv", NAME, boosting.begin_cv(NAME, "XGBoost cv", _facts))
    patching.replace_function(NAME, homes, "train", "xgboost.train")
    patching.replace_function(NAME, homes, "cv", "xgboost.cv")


def _begin_with(module: ModuleType) -> patching.Begin:
    def begin(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Observation | None:
        place, own = boosting.place_of_training(NAME, "XGBoost")
        if place is None:
            return None
        training = _Training(NAME, place, args, kwargs, own=own)
        try:
            if own:
                place.params(_facts(args, kwargs))
            follower = _follower(module, training)
            training.args, training.kwargs = patching.with_argument(
                original, args, kwargs, "callbacks", lambda given: [*(given or []), follower]
            )
        except BaseException as error:
            training.fail(error)
            raise
        return training

    return begin


def _facts(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, object]:
    data = argument(args, kwargs, 1, "dtrain")
    names = ("num_boost_round", "early_stopping_rounds", "nfold", "seed", "stratified")
    rounds = argument(args, kwargs, 2, "num_boost_round")
    return {
        "n_samples": data.num_row(),
        "n_features": data.num_col(),
        "num_boost_round": 10 if rounds is None else rounds,
        **{name: kwargs[name] for name in names if kwargs.get(name) is not None},
        **dict(argument(args, kwargs, 0, "params") or {}),
    }


class _Training(boosting.Training):
    def record(self, booster: Any) -> None:
        super().record(booster)
        found = {}
        for kind in ("gain", "weight", "cover"):
            try:
                scores = booster.get_score(importance_type=kind)
            except Exception:  # noqa: BLE001, S112 - linear boosters know weights only, each version says it otherwise
                continue
            found[kind] = {name: value for name, value in scores.items() if isinstance(value, int | float)}
        boosting.keep_importance(self.place, {kind: scores for kind, scores in found.items() if scores})


def _follower(module: ModuleType, training: boosting.Training) -> Any:
    """Return a callback of XGBoost that logs each round."""

    def after_iteration(_: Any, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG001
        patching.guarded(NAME, log, epoch, evals_log)
        return False

    def log(epoch: int, evals_log: Any) -> None:
        training.round(
            epoch, {f"{data}:{name}": v[-1] for data, found in evals_log.items() for name, v in found.items()}
        )

    follower = type("AutologFollower", (module.callback.TrainingCallback,), {"after_iteration": after_iteration})
    return follower()
