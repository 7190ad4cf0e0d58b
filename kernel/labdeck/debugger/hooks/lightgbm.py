"""Watches trainings of LightGBM; nothing here imports the library."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labdeck.debugger.hooks.attaching import Attachment, is_estimator
from labdeck.debugger.hooks.boosters import DEVIATION, BoosterFeed, Metric, Source
from labdeck.debugger.hooks.datasets import is_same_dataset, training_names
from labdeck.debugger.hooks.folds import NAME as FOLDS
from labdeck.debugger.hooks.folds import Folds, Listening, fold_metrics
from labdeck.debugger.hooks.lightgbm_source import LightGBMSource
from labdeck.debugger.hooks.making import HubMaker
from labdeck.debugger.hooks.updates import Library, UpdateLoops
from labdeck.debugger.profiler.rounds import RoundTimes
from labdeck.debugger.saving import Save, to_savings
from labdeck.debugger.switch import is_enabled
from labdeck.runs.autolog.patching import argument

if TYPE_CHECKING:
    from types import ModuleType

    from labdeck.debugger.hub import Hub
    from labdeck.findings.actions.base import Action
    from labdeck.findings.rule import Rule
    from labdeck.runs.autolog.place import Place
    from labdeck.runs.trial import Trial

NAME = "lightgbm"
_BEFORE_EARLY_STOPPING = 25
BOOSTER = ("lightgbm.basic", "Booster")


def can_watch(obj: object) -> bool:
    """Say whether an object is an estimator of LightGBM's scikit-learn interface, or a booster."""
    return is_estimator(obj, "lightgbm.sklearn", "LGBMModel") or is_estimator(obj, *BOOSTER)


def attach(maker: HubMaker, obj: object = None) -> Attachment:
    """Watch every training of LightGBM, or those of one estimator, until `close`."""
    return LightGBMAttachment(maker, obj)


class LightGBMAttachment(Attachment):
    """Trainings of LightGBM are watched until it is closed."""

    name = NAME
    homes = ("engine", "sklearn")
    booster = BOOSTER

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Watching, list[Any]]:
        """Return a training that begins, and the callbacks that tell of it."""
        evaluated = _evaluated(argument(args, kwargs, 3, "valid_sets"), argument(args, kwargs, 4, "valid_names"))
        return _followed(
            Watching(
                self.maker, names=training_names(argument(args, kwargs, 1, "train_set"), evaluated, is_same_dataset)
            )
        )

    def begin_cv(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Watching, list[Any]]:
        """Return a cross-validation that begins, and the callbacks that tell of it."""
        del args, kwargs
        return _followed(Watching(self.maker))

    def loops(self, module: ModuleType) -> UpdateLoops:
        """Return what watches loops over `Booster.update`."""
        return UpdateLoops(self.maker, _Loops(module), self.only)


def _evaluated(sets: Any, names: Any) -> list[tuple[Any, str]]:
    """Return the data that a training is evaluated on, and their names as LightGBM gives them."""
    given = list(sets) if isinstance(sets, (list, tuple)) else [] if sets is None else [sets]
    called = [names] if isinstance(names, str) else list(names or ())
    return [(data, called[i] if i < len(called) else f"valid_{i}") for i, data in enumerate(given)]


def _followed(watching: Watching) -> tuple[Watching, list[Any]]:
    return watching, [_Beginning(watching), _Follower(watching)]


class Watching:
    """One training that is watched.

    Args:
        maker: Makes its hub.
        rows: Raw rows of which SHAP values are computed where they are asked for.
        ends: Somebody calls `end` when the training has ended; else it goes on until its trial ends.
        names: What datasets are called, where the training's own names do not tell: "valid_0" is "train".
    """

    def __init__(
        self, maker: HubMaker, rows: Any = None, *, ends: bool = True, names: Mapping[str, str] | None = None
    ) -> None:
        self._maker = maker
        self._names = names or {}
        self._rows = rows
        self._ends = ends
        self._booster: Any = None
        self._place: Place | None = None
        self._feed: BoosterFeed | None = None
        self._folds: Listening | None = None
        self.times = RoundTimes(None)
        self.hub: Hub | None = None
        self.made: Hub | None = None

    def before(self, env: Any) -> None:
        """A round begins."""
        if env.model is not self._booster:
            self.end()
            self._begin(env)
        self.times.begin()

    def round(self, env: Any) -> None:
        """End a round; raises what ends the training here."""
        began = time.perf_counter()
        self.times.end()
        if env.model is not self._booster:
            self.end()
            self._begin(env)
        if self._feed is None:
            self._open(env)
        if self._feed is None:
            return
        if self._feed.round(self._metrics(env), began):
            # This is how a callback ends a training so that the booster is returned.
            raise sys.modules[NAME].callback.EarlyStopException(env.iteration, env.evaluation_result_list or [])
        if env.iteration + 1 == env.end_iteration:
            self.end()
        self.times.go_on()

    def _begin(self, env: Any) -> None:
        self._booster = env.model
        if not is_enabled():
            return
        folds = _is_several(env.model)
        living = None if self._ends else env.model
        self.hub, self._place = self._maker.make(FOLDS if folds else "Booster", NAME, living=living)
        self.made = self.hub
        self.times = RoundTimes(self._maker.profiler(self.hub))
        if folds and self.hub is not None:
            self._folds = Listening(env.model, "eval_valid")

    def _open(self, env: Any) -> None:
        """Read what the booster is: only now it has trees."""
        if self.hub is None or not self.hub.is_on:
            return
        try:
            several = env.model.boosters if _is_several(env.model) else ()
            source: Source = (
                Folds([LightGBMSource(one, env.params) for one in several])
                if several
                else LightGBMSource(env.model, env.params, self._rows, self._names)
            )
            self._feed = BoosterFeed(self.hub, source, self._maker.budget, self.times)
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            self.hub.fail(error)

    def _metrics(self, env: Any) -> Iterator[Metric]:
        for metric in _metrics(env.evaluation_result_list or ()):
            yield metric._replace(dataset=self._names.get(metric.dataset, metric.dataset))
        if self._folds is not None:
            told = [[(each.dataset, each.name, each.value) for each in _metrics(one)] for one in self._folds.take()]
            yield from fold_metrics(told)

    def end(self, error: BaseException | None = None) -> None:
        """End, as the training ended; a second call has no effect."""
        if self._feed is not None and error is None:
            self._feed.finish()
        hub, place, self._feed = self.hub, self._place, None
        self.hub = self._place = None
        if self._folds is not None:
            self._folds.close()
            self._folds = None
        if hub is not None:
            hub.close()
            self.times.close()
        self.times = RoundTimes(None)
        if place is not None:
            place.finish(error)


def _is_several(model: Any) -> bool:
    """Say whether it is the boosters of a cross-validation."""
    return type(model).__name__ == "CVBooster"


def _metrics(found: Iterable[Any]) -> Iterator[Metric]:
    for dataset, name, value, is_rising, *more in found:
        called = "train" if dataset == "training" else str(dataset)
        yield Metric(called, str(name), float(value), not is_rising)
        if more and more[0] is not None:  # of cross-validation: the deviation
            yield Metric(called, f"{name}-{DEVIATION}", float(more[0]), is_loss=False)


class _Loops(Library):
    """How LightGBM's boosters are trained by hand: `update`, then `eval_train` and `eval_valid`."""

    name = NAME
    updates = ("update",)
    evaluations = ("eval_train", "eval_valid", "eval")

    def __init__(self, module: ModuleType) -> None:
        self.owner = module.basic.Booster

    def train_data(self, booster: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the data of a call of `update`."""
        given = argument(args, kwargs, 1, "train_set")
        return booster.train_set if given is None else given

    def source(self, booster: Any, train: Any, validation: Any, grown: int) -> Source:
        """Return what reads the booster."""
        del train, validation, grown
        return LightGBMSource(booster, booster.params)

    def grown(self, booster: Any) -> int:
        """Return the rounds that a booster has."""
        return int(booster.current_iteration())

    def evaluated(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return the data set of a call of `eval`, by name."""
        data = argument(args, kwargs, 1, "data")
        name = argument(args, kwargs, 2, "name")
        return {} if name is None else {name: data}

    def metrics(self, result: Any) -> Iterator[Metric]:
        """Yield what an evaluation said."""
        yield from _metrics(result)


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


class _Beginning:
    """A callback of LightGBM that tells that a round begins."""

    order = _BEFORE_EARLY_STOPPING
    before_iteration = True

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    def __call__(self, env: Any) -> None:
        """Begin a round; called by LightGBM."""
        self._watching.before(env)


class _Nobody:
    """A callback that does nothing."""

    order = _BEFORE_EARLY_STOPPING

    def __call__(self, env: Any) -> None:
        """Do nothing."""


class LightGBMHook(_Follower):
    """Records the rounds of a training of LightGBM, and has rules watch them; for `callbacks=[LightGBMHook()]`.

    It works with `lightgbm.train`, with LightGBM's scikit-learn estimators and with `lightgbm.cv`, of which mean and
    deviation of each metric are recorded. Each round is a step of the mode TRAIN. Names are those of `XGBoostHook`:
    metrics are "<dataset>-<metric>", the training data "train"; "feature_importance/<kind>/<feature>" has the kinds
    weight (splits), gain (of a split) and total_gain; "predictions" and "labels" are of the first validation data, of
    the training data if there are none. What an objective that is a function predicts are raw scores.

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
        profile: Time the rounds, and sample the machine.

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
        profile: bool = True,
    ) -> None:
        to_savings(save)
        maker = HubMaker(save, rules, actions, budget, 0, trial, profile)
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
