"""How long a training waits for PyTorch's data loaders, and how many processes load."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import Any

_MODULE, _CLASS, _METHOD = "torch.utils.data.dataloader", "_BaseDataLoaderIter", "__next__"

Hear = Callable[[float, int], None]
"""Called in the training's thread with the seconds that a batch was waited for and the processes that load."""


class LoaderWatch:
    """Hears of each batch that a `DataLoader` hands over, in one thread of this process.

    While at least one is on, the method that hands over batches is wrapped; the last one puts the original back. A
    program that does not use PyTorch is not touched.

    Args:
        hear: What is called.
    """

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._thread = threading.get_ident()
        self.is_on = False

    def start(self) -> bool:
        """Hear from now on the loaders that this thread uses; False if PyTorch's are not loaded yet."""
        if not self.is_on and _class() is not None:
            self._thread = threading.get_ident()
            self.is_on = True
            _Wrap.add(self)
        return self.is_on

    def stop(self) -> None:
        """Hear no more."""
        if self.is_on:
            self.is_on = False
            _Wrap.remove(self)

    def heard(self, seconds: float, workers: int) -> None:
        """Take note of a batch, if it is of this watch's thread."""
        if threading.get_ident() == self._thread:
            self._hear(seconds, workers)


class _Wrap:
    """The one wrap of the method, for all watches of the process."""

    watches: tuple[LoaderWatch, ...] = ()
    original: Any = None
    lock = threading.Lock()

    @classmethod
    def add(cls, watch: LoaderWatch) -> None:
        with cls.lock:
            if not cls.watches:
                owner = _class()
                cls.original = getattr(owner, _METHOD)
                setattr(owner, _METHOD, _timed(cls.original))
            cls.watches = (*cls.watches, watch)

    @classmethod
    def remove(cls, watch: LoaderWatch) -> None:
        with cls.lock:
            cls.watches = tuple(one for one in cls.watches if one is not watch)
            owner = _class()
            if not cls.watches and getattr(getattr(owner, _METHOD), "__wrapped__", None) is cls.original:
                setattr(owner, _METHOD, cls.original)


def _class() -> Any:
    return getattr(sys.modules.get(_MODULE), _CLASS, None)


def _timed(original: Any) -> Any:
    @wraps(original)
    def take(loader: Any) -> Any:
        begun = perf_counter()
        batch = original(loader)
        waited = perf_counter() - begun
        for watch in _Wrap.watches:
            watch.heard(waited, getattr(loader, "_num_workers", 0))
        return batch

    return take
