"""Records what estimators are fitted with and how well, for scikit-learn and whatever follows its conventions."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from labdeck.runs.autolog import heldout, models, nesting, patching, search
from labdeck.runs.autolog.apart import Apart, quiet
from labdeck.runs.autolog.describe import shape_of
from labdeck.runs.autolog.patching import Observation, argument
from labdeck.runs.autolog.place import Place, floats, open_place
from labdeck.runs.autolog.scores import training_scores

NAME = "sklearn"
FITS = ("fit", "fit_transform", "fit_predict")
PREDICTIONS = ("predict", "predict_proba", "predict_log_proba", "decision_function")
_ALL = "estimators"
"""What the patches of estimators are kept under: they serve several libraries."""
_on: set[str] = set()


def install(library: str, module: ModuleType) -> None:
    """Observe estimators; `library` is sklearn itself or one of the boosters, whose estimators are fitted alike."""
    _on.add(library)
    patching.on_restore(library, lambda: _leave(library))
    if patching.is_observed("estimator.fit"):
        return
    base = module.base
    patching.observe("estimator.fit", _ALL, _begin_fit)
    patching.observe("estimator.score", _ALL, heldout.begin_score)
    patching.observe("estimator.predict", _ALL, heldout.begin_predict)
    for owner in _subclasses(base.BaseEstimator):
        _adopt(owner)
    inherited = base.BaseEstimator.__init_subclass__.__func__

    def __init_subclass__(cls: type, /, **kwargs: Any) -> None:  # noqa: N807 - it is put into a class
        inherited(cls, **kwargs)
        patching.guarded(_ALL, _adopt, cls)

    patching.put(_ALL, base.BaseEstimator, "__init_subclass__", classmethod(__init_subclass__))


def _leave(library: str) -> None:
    _on.discard(library)
    if not _on:
        patching.restore(_ALL)


def install_metrics(module: ModuleType) -> None:
    """Observe the functions of `sklearn.metrics`: what they say of a fitted model's predictions belongs to it."""
    patching.observe("sklearn.metric", NAME, heldout.begin_metric)
    parts = [part for name, part in list(sys.modules.items()) if name.startswith("sklearn.metrics._")]
    for name in module.__all__:
        if name.endswith(heldout.MEASURES):
            patching.replace_function(NAME, [module, *parts], name, "sklearn.metric")


def _subclasses(base: type) -> Iterator[type]:
    waiting, seen = [base], set()
    while waiting:
        owner = waiting.pop()
        if owner not in seen:
            seen.add(owner)
            yield owner
            waiting.extend(owner.__subclasses__())


def _adopt(owner: type) -> None:
    """Patch what a class and those before it define; what a mixin defines is patched once for all."""
    for part in owner.__mro__:
        if part.__module__ != "builtins":
            _patch(part)


def _patch(owner: type) -> None:
    for names, key in ((FITS, "estimator.fit"), (("score",), "estimator.score"), (PREDICTIONS, "estimator.predict")):
        for name in names:
            patching.replace_method(_ALL, owner, name, key)


def library_of(estimator: object) -> str:
    """Return which of the libraries an estimator is of; one that a user has written is scikit-learn's."""
    root = type(estimator).__module__.partition(".")[0]
    return root if root in {"xgboost", "lightgbm"} else NAME


def _begin_fit(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Observation | None:
    library = library_of(args[0]) if args else ""
    if library not in _on or not hasattr(args[0], "get_params"):
        return None
    found: Observation | None = patching.guarded(library, _open_fit, library, original, args, kwargs)
    return found


def _open_fit(
    library: str, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Observation | None:
    estimator = args[0]
    place = open_place(library, name_of(estimator), stands_alone=yields_model(estimator))
    if place is None:
        # What a preparation fits inside of it is a part of it, and no training either.
        return Observation(args, kwargs) if hasattr(type(estimator), "transform") else None
    try:
        return Fit(library, place, original, args, kwargs)
    except BaseException as error:
        place.finish(error)
        raise


class Fit(Observation):
    """One outermost fit.

    Attributes:
        place: Where it is recorded.
        follows: The rounds of a booster that is trained inside of it are its own.
    """

    def __init__(
        self, library: str, place: Place, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        super().__init__(args, kwargs)
        self.library: str = library
        self.place = place
        self.estimator = args[0]
        self._apart = Apart(type(self.estimator).__name__)
        self._x = argument(args, kwargs, 1, "X", "raw_documents")
        self._y = argument(args, kwargs, 2, "y", "Y")
        self.follows = library != NAME or hasattr(self.estimator, "steps")
        facts: dict[str, object] = {"class": type(self.estimator).__name__, "method": original.__name__}
        facts |= self._apart.do("shape of the data", _sizes, self._x) or {}
        params = self._apart.do("parameters", _params, self.estimator) or {}
        self._apart.do("parameters", self.place.params, {**facts, **params})
        self._began = time.perf_counter()

    def end(self, result: Any) -> None:  # noqa: ARG002 - the estimator itself knows what it learnt
        """Record how well it fits what it was trained on, and end its trial."""
        seconds = time.perf_counter() - self._began
        estimator, do = self.estimator, self._apart.do
        try:
            do("results", self._record_learnt, seconds)
            do("scores", self._record_scores, seconds)
            do("candidates", self._record_search)
            do("later scores", heldout.remember, self.library, estimator, self.place, self._x)
            do("model", models.keep, self.library, self.place, estimator)
        finally:
            do("end", self.place.finish)

    def _record_learnt(self, seconds: float) -> None:
        self.place.log({"fit:seconds": seconds, **_learnt(self.estimator)}, step=0)

    def _record_scores(self, seconds: float) -> None:
        scores = training_scores(self.estimator, self._x, self._y, self.kwargs.get("sample_weight"), seconds)
        self.place.log(scores.metrics, step=0)
        if scores.rows is not None:
            self.place.params({"rows_scored": scores.rows})
        if scores.trouble is not None:
            raise scores.trouble

    def _record_search(self) -> None:
        if search.is_search(self.estimator):
            search.record(self.place, self.estimator)

    def fail(self, error: BaseException) -> None:
        """End its trial as the fit ended."""
        self._apart.do("end", self.place.finish, error)


def yields_model(estimator: object) -> bool:
    """Say whether it learns to predict, and does not just prepare data for what does.

    What it says that it is counts besides its methods: some have `predict` only once their parts are fitted. That it is
    a clusterer does not count: what puts columns together is one, too.
    """
    from sklearn.base import is_classifier, is_outlier_detector, is_regressor

    for says in (_predicts, is_classifier, is_regressor, is_outlier_detector):
        try:
            with quiet():
                if says(estimator):
                    return True
        except Exception:  # noqa: BLE001, S112 - an estimator of the user's own may not say what it is
            continue
    return False


def _predicts(estimator: object) -> bool:
    if hasattr(estimator, "predict") or hasattr(estimator, "fit_predict"):
        return True
    return hasattr(type(estimator), "biclusters_")  # it puts rows and columns together, and predicts nothing


def name_of(estimator: Any) -> str:
    """Return what a fit is called: the class, for a pipeline that of its last step, for a search with what it tunes."""
    name = type(estimator).__name__
    try:
        steps = getattr(estimator, "steps", None)
        if steps:
            last = steps[-1][1]
            return name if last is None or isinstance(last, str) else name_of(last)
        with quiet():
            inner = estimator.get_params(deep=False).get("estimator")
    except Exception:  # noqa: BLE001 - an estimator of the user's own may not know its parameters
        return name
    return f"{name} of {name_of(inner)}" if hasattr(inner, "get_params") else name


def _sizes(x: Any) -> dict[str, object]:
    rows, columns = shape_of(x)
    return {name: n for name, n in (("n_samples", rows), ("n_features", columns)) if n is not None}


def _params(estimator: Any) -> dict[str, object]:
    """Return its parameters, own ones first, those of its parts as `part__name`."""
    with quiet():
        own = estimator.get_params(deep=False)
        deep = estimator.get_params(deep=True)
    return {**own, **{name: value for name, value in deep.items() if name not in own}}


def _learnt(estimator: Any) -> dict[str, float]:
    names = ("n_iter_", "inertia_", "lower_bound_", "best_iteration", "best_iteration_", "best_score_", "oob_score_")
    found: dict[str, Any] = {}
    with quiet():
        for name in names:
            try:
                found[name.rstrip("_")] = getattr(estimator, name)
            except Exception:  # noqa: BLE001, S112 - a property that needs what this fit did not have
                continue
        if library_of(estimator) == "lightgbm" and found.get("best_iteration") == 0:
            del found["best_iteration"]  # it counts from 1, and says 0 where nothing stopped it early
        known = {name: value for name, value in found.items() if value is not None and not isinstance(value, dict)}
        return floats(known)


def outer_fit() -> Fit | None:
    """Return the fit that this thread is inside of, None if it is inside of none."""
    outer = nesting.outer()
    return outer if isinstance(outer, Fit) else None
