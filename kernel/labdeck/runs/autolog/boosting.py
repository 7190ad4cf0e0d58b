"""What the boosters have in common: rounds with evaluations, the importance of features, cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from labdeck.runs.autolog import heldout, models, nesting, options, patching
from labdeck.runs.autolog.apart import Apart
from labdeck.runs.autolog.patching import Observation
from labdeck.runs.autolog.place import Place, floats, open_place
from labdeck.runs.autolog.sklearn import outer_fit

if TYPE_CHECKING:
    from pathlib import Path

Describe = Callable[[tuple[Any, ...], "dict[str, Any]"], "dict[str, object]"]
_MOST_FEATURES = 5_000


class Training(Observation):
    """One call of a booster's `train`; its rounds go to the fit around it if there is one.

    Args:
        library: "xgboost" or "lightgbm".
        place: Where it is recorded.
        own: It is no part of a fit of an estimator.
    """

    def __init__(self, library: str, place: Place, args: tuple[Any, ...], kwargs: dict[str, Any], *, own: bool) -> None:
        super().__init__(args, kwargs)
        self.library: str = library
        self.place = place
        self.own = own
        self._apart = Apart(library)

    def round(self, number: int, metrics: Mapping[str, Any]) -> None:
        """Log the evaluations of one round."""
        if number % options.current().every == 0:
            self.place.log(floats(metrics), step=number)

    def end(self, result: Any) -> None:
        """Record what the booster learnt, and end the trial if it is this training's own."""
        try:
            self._apart.do("results", self.record, result)
        finally:
            if self.own:
                self._apart.do("end", self.place.finish)

    def record(self, booster: Any) -> None:
        """Record the best round and what the features are worth."""
        if self.own:
            best = {name: getattr(booster, name, None) for name in ("best_iteration", "best_score")}
            if self.library == "lightgbm" and best["best_iteration"] == 0:
                best["best_iteration"] = None  # it counts from 1, and says 0 where nothing stopped it early
            self.place.log({name: float(v) for name, v in best.items() if isinstance(v, int | float)}, step=0)
            heldout.remember(self.library, booster, self.place, None)
            models.keep(self.library, self.place, booster)

    def fail(self, error: BaseException) -> None:
        """End the trial as the training ended, if it is its own."""
        if self.own:
            self.place.finish(error)


def place_of_training(library: str, name: str) -> tuple[Place | None, bool]:
    """Return where a training is recorded, None for a part of something else, and whether it is nobody's part."""
    if nesting.outer() is None:
        return open_place(library, name), True
    fit = outer_fit()
    return (fit.place if fit is not None and fit.follows else None), False


def keep_importance(place: Place, columns: Mapping[str, Mapping[str, float]]) -> None:
    """Keep a table with one row a feature: its name, and per kind of importance a column; the largest first."""
    kinds = list(columns)
    first = columns[kinds[0]] if kinds else {}
    names = sorted({name for column in columns.values() for name in column}, key=lambda name: -first.get(name, 0.0))
    if not names:
        return

    def write(path: Path) -> None:
        import csv

        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["feature", *kinds])
            for name in names[:_MOST_FEATURES]:
                table.writerow([name, *(columns[kind].get(name, 0.0) for kind in kinds)])

    place.keep("feature_importance.csv", write)


class CrossValidation(Observation):
    """One call of a booster's `cv`: a trial with the means and deviations by round."""

    def __init__(self, library: str, place: Place, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(args, kwargs)
        self.library: str = library
        self._place = place

    def end(self, result: Any) -> None:
        """Record what every round yielded."""
        try:
            columns = {f"cv:{name}": list(result[name]) for name in result if name != "cvbooster"}
            rounds = max((len(values) for values in columns.values()), default=0)
            every = options.current().every
            for number in range(0, rounds, every):
                self._place.log(floats({name: values[number] for name, values in columns.items()}), step=number)
        finally:
            self._place.finish()

    def fail(self, error: BaseException) -> None:
        """End the trial as the cross-validation ended."""
        self._place.finish(error)


def begin_cv(library: str, name: str, describe: Describe) -> patching.Begin:
    """Return what observes a booster's `cv`."""

    def begin(_: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Observation | None:
        place = open_place(library, name)
        if place is None:
            return None
        try:
            place.params(describe(args, kwargs))
        except BaseException as error:
            place.finish(error)
            raise
        return CrossValidation(library, place, args, kwargs)

    return begin
