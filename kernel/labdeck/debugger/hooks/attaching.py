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


class Attachment(ABC):
    """Trainings of a library are watched until it is closed; as soon as it is imported if it is not yet.

    Args:
        maker: Makes the hubs: each training has its own.
        estimator: Only what this one trains is watched; None for everything.
    """

    name: ClassVar[str]
    homes: ClassVar[tuple[str, ...]]
    """The modules beside the library itself that name its `train`."""

    def __init__(self, maker: HubMaker, estimator: object = None) -> None:
        self.maker = maker
        self._ended: list[Hub] = []
        self._current: list[Watched] = []
        self._estimator = estimator
        self._calls = Calls()
        self._owner = f"debugger-{id(self)}"
        self._fitted: list[object] = []
        if is_enabled():
            importing.when_imported(self.name, self._owner, self._install)

    @property
    def hubs(self) -> list[Hub]:
        """The hubs of the latest trainings, the one that goes on last."""
        return self._ended + [watched.made for watched in self._current if watched.made is not None]

    @abstractmethod
    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Watched, Any]:
        """Return a training that begins, and the callback that tells of it."""

    def close(self) -> None:
        """Watch no further training; what was put into the library is taken out again."""
        importing.forget(self._owner)
        self._calls.restore()

    def _install(self, module: ModuleType) -> None:
        self._calls.around_function([module, *(getattr(module, home) for home in self.homes)], "train", self._train)
        if self._estimator is not None:
            for owner in type(self._estimator).__mro__:
                if owner.__module__.startswith(self.name):
                    self._calls.around_method(owner, "fit", self._fit)

    def _fit(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._fitted.append(args[0] if args else None)
        try:
            return original(*args, **kwargs)
        finally:
            self._fitted.pop()

    def _train(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._estimator is not None and not any(fitted is self._estimator for fitted in self._fitted):
            return original(*args, **kwargs)
        given = inspect.signature(original).bind_partial(*args, **kwargs).arguments.get("callbacks") or ()
        if any(getattr(callback, "watches_for_labdeck", False) for callback in given):
            return original(*args, **kwargs)
        watched, follower = self.begin(args, kwargs)
        args, kwargs = with_argument(original, args, kwargs, "callbacks", lambda given: [follower, *(given or [])])
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
