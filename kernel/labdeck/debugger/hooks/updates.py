"""Watches loops that somebody wrote by hand over the `update` of a booster; nothing here imports a library."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from labdeck.debugger.hooks.boosters import BoosterFeed, Metric, Source
from labdeck.debugger.hooks.calls import Calls
from labdeck.debugger.profiler.rounds import RoundTimes
from labdeck.errors import TrainingEnded
from labdeck.runs import active
from labdeck.runs.autolog import loops

if TYPE_CHECKING:
    from types import FrameType

    from labdeck.debugger.hooks.making import HubMaker
    from labdeck.debugger.hub import Hub
    from labdeck.runs.trial import Trial

_inside = threading.local()
"""Whether a call of this thread is one within a call that is looked at, or our own."""


class Library(ABC):
    """What boosters of one library are like when they are trained by hand.

    Attributes:
        name: The library's.
        updates: The methods each call of which is a round.
        evaluations: The methods that tell metrics.
        owner: The class that has them.
    """

    name: ClassVar[str]
    updates: ClassVar[tuple[str, ...]]
    evaluations: ClassVar[tuple[str, ...]]
    owner: type

    def also(self, maker: HubMaker) -> dict[str, Any] | None:
        """Return what is recorded beside what the user wants."""
        del maker
        return None

    @abstractmethod
    def train_data(self, booster: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the data of a round, from the arguments of its call."""

    @abstractmethod
    def source(self, booster: Any, train: Any, validation: Any, grown: int) -> Source:
        """Return what reads the booster, which had grown so far before the loop began."""

    @abstractmethod
    def grown(self, booster: Any) -> int:
        """Return the rounds that a booster has."""

    @abstractmethod
    def evaluated(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return the data sets that an evaluation is about, by name, as far as its call names them."""

    @abstractmethod
    def metrics(self, result: Any) -> Iterator[Metric]:
        """Yield what an evaluation returned."""

    def ended(self, hub: Hub) -> None:
        """The loop has ended and its hub is closed."""
        del hub


class UpdateLoops:
    """Every call of `update` that is not the library's own is a round, until `close`.

    A round is handed over when the next one begins, so that the metrics that were computed after it are its own. A stop
    or a pause that is asked for is raised there, too, out of `update`.

    Args:
        maker: Makes the hubs: each booster has its own.
        library: Which one.
        booster: Only this one is watched; None for all.
    """

    def __init__(self, maker: HubMaker, library: Library, booster: object = None) -> None:
        self._maker, self._library, self._only = maker, library, booster
        self._loops: dict[int, _Loop] = {}
        self._calls = Calls()
        for name in library.updates:
            self._calls.around_method(library.owner, name, self._update)
        for name in library.evaluations:
            self._calls.around_method(library.owner, name, self._evaluate)

    @property
    def hubs(self) -> list[Hub]:
        """The hubs of the boosters that were watched."""
        return [loop.hub for loop in self._loops.values() if loop.hub is not None]

    def close(self) -> None:
        """Watch no further round; what was put into the library is taken out again, and trials of their own end."""
        self._calls.restore()
        for loop in self._loops.values():
            loop.close()

    def _update(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not self._concerns(args):
            return original(*args, **kwargs)
        loop = self._loop(args[0])
        with _ours():
            loop.begin_round(args[0], self._library.train_data(args[0], args, kwargs))
            result = original(*args, **kwargs)
            loop.end_round()
        return result

    def _evaluate(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        known = self._loops.get(id(args[0])) if args else None
        if known is None or not known.is_of(args[0]) or not self._concerns(args):
            return original(*args, **kwargs)
        with _ours():
            result = original(*args, **kwargs)
            known.evaluated(result, args, kwargs)
        return result

    def _concerns(self, args: tuple[Any, ...]) -> bool:
        if not args or getattr(_inside, "is_so", False) or (self._only is not None and args[0] is not self._only):
            return False
        return not _is_called_by(self._library.name)

    def _loop(self, booster: Any) -> _Loop:
        known = self._loops.get(id(booster))
        if known is None or not known.is_of(booster):
            if known is not None:
                known.close()  # its booster is gone, and the number is used again
            known = self._loops[id(booster)] = _Loop(self._maker, self._library, booster)
        return known


class _Loop:
    """The rounds of one booster."""

    def __init__(self, maker: HubMaker, library: Library, booster: Any) -> None:
        self._maker, self._library = maker, library
        self._booster = weakref.ref(booster)
        self._source: Source | None = None
        self._feed: BoosterFeed | None = None
        self._times = RoundTimes(None)
        self._trial: Trial | None = None
        self._train: Any = None
        self._validation: Any = None
        self._is_waiting = self._has_begun = self._has_ended = False
        self._metrics: list[Metric] = []
        self._grown = 0
        self.hub: Hub | None = None

    def is_of(self, booster: Any) -> bool:
        """Say whether it is the loop of this booster."""
        return self._booster() is booster

    def begin_round(self, booster: Any, train: Any) -> None:
        """Hand over the round before, and begin one; raises TrainingStopped and TrainingPaused."""
        if not self._has_begun:
            self._has_begun = True
            self._begin(booster)
        self._times.pause()
        self._hand_over()
        self._train = train
        self._times.begin()

    def _begin(self, booster: Any) -> None:
        maker, name = self._maker, self._library.name
        try:
            self._grown = self._library.grown(booster)
            trial = maker.trial or active.innermost()
            if trial is None:
                trial = self._trial = loops.open_loop(name, "Booster", booster, None).trial
            active.before_leaving(trial, self._finish)  # before the hub does the same
        except Exception:  # noqa: BLE001 - `make` says what is wrong
            trial = None
        self.hub, _ = maker.make("Booster", name, self._library.also(maker), booster, trial)
        self._times = RoundTimes(maker.profiler(self.hub))

    def end_round(self) -> None:
        """A round has ended; what is computed from here on belongs to it, but not to its time."""
        self._times.end()
        self._is_waiting = self.hub is not None
        self._times.go_on()

    def evaluated(self, result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Metrics of the round that ended were computed."""
        if not self._is_waiting or self.hub is None or not self.hub.is_on:
            return
        try:
            data = self._library.evaluated(args, kwargs)
            trained = {name for name, each in data.items() if each is self._train}
            held_out = [each for each in data.values() if each is not self._train]
            self._validation = held_out[0] if self._validation is None and held_out else self._validation
            for metric in self._library.metrics(result):
                self._metrics.append(metric._replace(dataset="train") if metric.dataset in trained else metric)
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            self.hub.fail(error)

    def _hand_over(self) -> None:
        hub = self.hub
        if not self._is_waiting or hub is None:
            return
        self._is_waiting = False
        began = time.perf_counter()
        metrics, self._metrics = self._metrics, []
        booster = self._booster()
        if booster is not None and self._feed is None and hub.is_on:
            self._open(hub, booster)
        if booster is None or self._feed is None or self._source is None:
            self._hand_over_metrics(hub, metrics)
            return
        self._source.use(booster)
        try:
            self._feed.step(metrics, began)
        finally:
            self._source.use(None)

    def _hand_over_metrics(self, hub: Hub, metrics: list[Metric]) -> None:
        """Hand over what is known of a booster that is gone."""
        self._times.tell()
        for metric in metrics:
            hub.scalar(f"{metric.dataset}-{metric.name}", metric.value, "losses" if metric.is_loss else "metrics")
        hub.skip("TRAIN")

    def _open(self, hub: Hub, booster: Any) -> None:
        try:
            self._source = self._library.source(booster, self._train, self._validation, self._grown)
            self._feed = BoosterFeed(hub, self._source, self._maker.budget, self._times)
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            hub.fail(error)

    def _finish(self) -> None:
        hub = self.hub
        if hub is None or self._has_ended:
            return
        self._has_ended = True
        with contextlib.suppress(Exception, TrainingEnded), _ours():  # a stop that comes now comes too late
            self._hand_over()
            booster, feed, source = self._booster(), self._feed, self._source
            if feed is not None and source is not None and booster is not None:
                source.use(booster)
                feed.finish()
                source.use(None)
        self._feed = self._source = self._train = self._validation = None
        was_on = hub.is_on
        hub.close()
        self._times.close()
        if was_on:
            self._library.ended(hub)

    def close(self) -> None:
        """End; a trial that was started for the booster ends, too."""
        self._finish()
        trial, self._trial = self._trial, None
        if trial is not None:
            loops.end_own(trial)


@contextlib.contextmanager
def _ours() -> Iterator[None]:
    """Look at no call of this thread for a while."""
    before, _inside.is_so = getattr(_inside, "is_so", False), True
    try:
        yield
    finally:
        _inside.is_so = before


def _is_called_by(library: str) -> bool:
    """Say whether the innermost code that is not Labdeck's, of what runs now, is a library's."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - `inspect` would read every source on the way
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if not module.startswith("labdeck."):
            return module.partition(".")[0] == library
        frame = frame.f_back
    return False
