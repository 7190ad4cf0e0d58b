"""Watches every call of a booster's `train` while it is attached; whatever calls it."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from labdeck.debugger.hooks.calls import Calls
from labdeck.debugger.switch import is_enabled
from labdeck.runs.autolog import importing
from labdeck.runs.autolog.patching import with_argument

if TYPE_CHECKING:
    from labdeck.debugger.hooks.making import HubMaker
    from labdeck.debugger.hooks.updates import UpdateLoops
    from labdeck.debugger.hub import Hub


_MOST = 100
"""Hubs of ended trainings that are remembered: a search trains thousands of models."""


class Watched(Protocol):
    """One training that is watched.

    Attributes:
        made: Its hub, also when it has ended; None before it has begun.
    """

    made: Hub | None

    def end(self, error: BaseException | None = None) -> None:
        """End, as the training ended."""


Begin = Callable[[tuple[Any, ...], "dict[str, Any]"], tuple[Watched, list[Any]]]


class Attachment(ABC):
    """Trainings of a library are watched until it is closed; as soon as it is imported if it is not yet.

    Args:
        maker: Makes the hubs: each training has its own.
        estimator: Only what this one trains is watched; None for everything.
    """

    name: ClassVar[str]
    homes: ClassVar[tuple[str, ...]]
    """The modules beside the library itself that name its `train`, the one first that defines it and `cv`."""
    booster: ClassVar[tuple[str, str]]
    """The module and the name of its boosters' class."""

    def __init__(self, maker: HubMaker, estimator: object = None) -> None:
        self.maker = maker
        self._ended: list[Hub] = []
        self._current: list[Watched] = []
        self.only = estimator
        self._loops: UpdateLoops | None = None
        self._calls = Calls()
        self._owner = f"debugger-{id(self)}"
        self._fitted: list[object] = []
        if is_enabled():
            importing.when_imported(self.name, self._owner, self._install)

    @property
    def hubs(self) -> list[Hub]:
        """The hubs of the latest trainings, the one that goes on last."""
        by_hand = [] if self._loops is None else self._loops.hubs
        return self._ended + by_hand + [watched.made for watched in self._current if watched.made is not None]

    @abstractmethod
    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Watched, list[Any]]:
        """Return a training that begins, and the callbacks that tell of it."""

    @abstractmethod
    def begin_cv(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Watched, list[Any]]:
        """Return a cross-validation that begins, and the callbacks that tell of it."""

    @abstractmethod
    def loops(self, module: ModuleType) -> UpdateLoops:
        """Return what watches loops over a booster's `update`."""

    def close(self) -> None:
        """Watch no further training; what was put into the library is taken out again."""
        importing.forget(self._owner)
        self._calls.restore()
        if self._loops is not None:
            self._loops.close()

    def _install(self, module: ModuleType) -> None:
        self._calls.around_function([module, *(getattr(module, home) for home in self.homes)], "train", self._train)
        if self.only is None:
            self._calls.around_function([module, getattr(module, self.homes[0])], "cv", self._cv)
        if self.only is None or is_estimator(self.only, *self.booster):
            self._loops = self.loops(module)
            return
        for owner in type(self.only).__mro__:
            if owner.__module__.startswith(self.name):
                self._calls.around_method(owner, "fit", self._fit)

    def _fit(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._fitted.append(args[0] if args else None)
        try:
            return original(*args, **kwargs)
        finally:
            self._fitted.pop()

    def _train(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.only is not None and not any(fitted is self.only for fitted in self._fitted):
            return original(*args, **kwargs)
        return self._watch(self.begin, original, args, kwargs)

    def _cv(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self._watch(self.begin_cv, original, args, kwargs)

    def _watch(self, begin: Begin, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = inspect.signature(original).bind_partial(*args, **kwargs).arguments.get("callbacks") or ()
        if any(getattr(callback, "watches_for_labdeck", False) for callback in given):
            return original(*args, **kwargs)
        watched, followers = begin(args, kwargs)
        args, kwargs = with_argument(original, args, kwargs, "callbacks", lambda given: [*followers, *(given or [])])
        self._current.append(watched)
        error: BaseException | None = None
        try:
            return original(*args, **kwargs)
        except BaseException as ended:
            error = ended
            raise
        finally:
            watched.end(error)
            self._current.remove(watched)
            if watched.made is not None:
                self._ended = [*self._ended[1 - _MOST :], watched.made]


def is_estimator(obj: object, module: str, name: str) -> bool:
    """Say whether an object is of a class, by the class's module and name."""
    return any(cls.__module__ == module and cls.__name__ == name for cls in type(obj).__mro__)
