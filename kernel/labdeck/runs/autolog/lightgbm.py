"""Records the training of LightGBM's boosters, round by round."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from labdeck.runs.autolog import boosting, patching
from labdeck.runs.autolog.patching import Observation, argument

NAME = "lightgbm"
_BEFORE_EARLY_STOPPING = 25


def install(module: ModuleType) -> None:
    """Observe `lightgbm.train` and `lightgbm.cv`, wherever they are called from."""
    homes = [module, module.engine, module.sklearn]
    patching.observe("lightgbm.train", NAME, _begin, nested=True)
    patching.observe("lightgbm.cv", NAME, boosting.begin_cv(NAME, "LightGBM cv", _facts))
    patching.replace_function(NAME, homes, "train", "lightgbm.train")
    patching.replace_function(NAME, homes, "cv", "lightgbm.cv")


def _begin(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Observation | None:
    place, own = boosting.place_of_training(NAME, "LightGBM")
    if place is None:
        return None
    training = _Training(NAME, place, args, kwargs, own=own)
    try:
        if own:
            place.params(_facts(args, kwargs))
        training.args, training.kwargs = patching.with_argument(
            original, args, kwargs, "callbacks", lambda given: [*(given or []), _Follower(training)]
        )
    except BaseException as error:
        training.fail(error)
        raise
    return training


def _facts(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, object]:
    rounds = argument(args, kwargs, 2, "num_boost_round")
    return {
        "num_boost_round": 100 if rounds is None else rounds,
        **{name: kwargs[name] for name in ("nfold", "stratified", "seed") if kwargs.get(name) is not None},
        **dict(argument(args, kwargs, 0, "params") or {}),
    }


class _Training(boosting.Training):
    def record(self, booster: Any) -> None:
        super().record(booster)
        if self.own:
            data = argument(self.args, self.kwargs, 1, "train_set")
            self.place.params({"n_samples": data.num_data(), "n_features": data.num_feature()})
        names = booster.feature_name()
        columns = {kind: booster.feature_importance(importance_type=kind) for kind in ("gain", "split")}
        boosting.keep_importance(
            self.place, {kind: dict(zip(names, map(float, values), strict=True)) for kind, values in columns.items()}
        )


class _Follower:
    """A callback of LightGBM that logs each round."""

    order = _BEFORE_EARLY_STOPPING
    before_iteration = False

    def __init__(self, training: boosting.Training) -> None:
        self._training = training

    def __call__(self, env: Any) -> None:
        patching.guarded(NAME, self._log, env)

    def _log(self, env: Any) -> None:
        found = {f"{data}:{name}": value for data, name, value, *_ in env.evaluation_result_list or ()}
        self._training.round(env.iteration, found)
