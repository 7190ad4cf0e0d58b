"""What fitted models do later: scores, and metrics of their predictions, go to the trial of the fit."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from labdeck.runs.autolog.apart import Apart, quiet
from labdeck.runs.autolog.patching import Observation, argument
from labdeck.runs.autolog.place import Place, floats

MEASURES = ("_score", "_loss", "_error")
_MOST_LATE = 200
"""Points that one fit gets after it has ended: a loop over a score does not make a file a point for ever."""


@dataclass
class Known:
    """What is known of one object that is watched while it lives."""

    library: str
    alive: weakref.ref[Any]
    place: Place
    training: weakref.ref[Any] | None
    apart: Apart
    late: int = 0

    def is_training(self, data: Any) -> bool:
        """Say whether this is the very data it was fitted with."""
        return self.training is not None and self.training() is data


_models: dict[int, Known] = {}
_predictions: dict[int, tuple[weakref.ref[Any], Known, bool]] = {}


def remember(library: str, model: Any, place: Place, training: Any) -> None:
    """From now on record what this model scores, until it is gone or fitted anew."""
    key = id(model)
    try:
        alive = weakref.ref(model, lambda _: _models.pop(key, None))
    except TypeError:
        return
    try:
        data = weakref.ref(training)
    except TypeError:
        data = None
    _models[key] = Known(library, alive, place, data, Apart(type(model).__name__))


def known(model: Any) -> Known | None:
    """Return what is known of a model, None if its fit was not recorded."""
    found = _models.get(id(model))
    return found if found is not None and found.alive() is model else None


def log_late(known: Known, metrics: dict[str, float]) -> None:
    """Log a point per metric of a model whose training may have ended."""
    if metrics and known.late < _MOST_LATE:
        known.late += 1
        known.apart.do("later scores", known.place.log_late, metrics)


def _log(known: Known, name: str, value: Any, *, training: bool) -> None:
    with quiet():
        metrics = floats({f"{'train' if training else 'test'}:{name}": value})
    log_late(known, metrics)


class _Score(Observation):
    def __init__(self, known: Known, name: str, training: bool, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(args, kwargs)
        self.library = known.library
        self._known, self._name, self._training = known, name, training

    def end(self, result: Any) -> None:
        _log(self._known, self._name, result, training=self._training)


def begin_score(_: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Observation | None:
    """Observe `model.score(X, y)` of a model whose fit was recorded."""
    model = known(args[0]) if args else None
    if model is None:
        return None
    return _Score(model, "score", model.is_training(argument(args, kwargs, 1, "X")), args, kwargs)


class _Prediction(Observation):
    def __init__(self, known: Known, training: bool, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(args, kwargs)
        self.library = known.library
        self._known, self._training = known, training

    def end(self, result: Any) -> None:
        whole = _whole(result)
        key = id(whole)
        try:
            alive = weakref.ref(whole, lambda _: _predictions.pop(key, None))
        except TypeError:
            return
        _predictions[key] = (alive, self._known, self._training)


def begin_predict(_: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Observation | None:
    """Observe the predictions of a model whose fit was recorded, to know them again in a metric."""
    model = known(args[0]) if args else None
    if model is None:
        return None
    return _Prediction(model, model.is_training(argument(args, kwargs, 1, "X")), args, kwargs)


def begin_metric(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Observation | None:
    """Observe a metric of predictions that are known; of views of them, too, such as one class's column."""
    if not _predictions:
        return None
    for given in [*args[:2], *kwargs.values()]:
        whole = _whole(given)
        found = _predictions.get(id(whole))
        if found is not None and found[0]() is whole:
            return _Score(found[1], original.__name__, found[2], args, kwargs)
    return None


def _whole(data: Any) -> Any:
    """Return the array that an array is a view of, itself if it is none: one class's column leads to all."""
    import numpy as np

    while isinstance(data, np.ndarray) and data.base is not None:
        data = data.base
    return data
