"""Does the parts of a recording apart from each other, so that what fails in one costs that one alone."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from labdeck.errors import LabdeckError
from labdeck.runs.autolog.patching import warn

_T = TypeVar("_T")
_log = logging.getLogger("labdeck.autolog")
_lock = threading.Lock()
_silences: list[warnings.catch_warnings[Any]] = []
_depth = 0


class Apart:
    """What is recorded of one training, part by part, with one warning at most for all of them.

    Args:
        name: What the training is called in the warning.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._warned = False

    def do(self, part: str, action: Callable[..., _T], *args: Any) -> _T | None:
        """Do one part and return what it returns; None if it fails."""
        try:
            return action(*args)
        except Exception as error:  # noqa: BLE001 - what an estimator of the user's own raises may be anything
            self.failed(part, error)
        return None

    def failed(self, part: str, error: Exception) -> None:
        """Say that a part is missing, unless something was said before."""
        _log.info("autolog could not record the %s of %s", part, self._name, exc_info=error)
        if not self._warned:
            self._warned = True
            said = str(error) if isinstance(error, LabdeckError) else f"{type(error).__name__}: {error}"
            warn(f"Labdeck: autolog could not record the {part} of {self._name}: {said}")


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the warnings of what is computed for the record alone away from the user, also where they are errors.

    The filters of warnings are one list for all threads: the first thread that comes in silences it, and the last one
    that leaves brings it back. Each thread by itself could leave it silenced for ever.
    """
    global _depth  # noqa: PLW0603 - the filters are the process's, too
    if getattr(sys.flags, "context_aware_warnings", False):  # Python 3.14 and later can have a list for each thread
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
        return
    with _lock:
        _depth += 1
        if _depth == 1:
            silence = warnings.catch_warnings()
            silence.__enter__()
            warnings.simplefilter("ignore")
            _silences.append(silence)
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0:
                _silences.pop().__exit__(None, None, None)
