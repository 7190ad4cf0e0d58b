"""Hooks on a user's module that go no further than that module."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any


class Hook:
    """A hook of ours: whoever copies or pickles the module it is on gets one in its place that does nothing.

    Averaged weights, the best model so far and `torch.save(model)` are copies of what is being watched. Those of a hook
    would be of all that it holds on to: files, threads, the store. A copy needs nothing of Labdeck when it is loaded.

    Args:
        call: What is done.

    Example:
        >>> import copy, pickle
        >>> hook = Hook(lambda *given: len(given))
        >>> hook(1, 2), copy.deepcopy(hook)(1, 2), pickle.loads(pickle.dumps(hook))(1, 2)
        (2, None, None)
    """

    def __init__(self, call: Callable[..., Any]) -> None:
        self.call = call

    def __call__(self, *given: Any) -> Any:
        """Do it."""
        return self.call(*given)

    def __deepcopy__(self, memo: dict[int, Any]) -> Callable[..., Any]:
        """Return what does nothing."""
        del memo
        return nullcontext().__exit__  # takes whatever it is given

    def __reduce__(self) -> tuple[Any, ...]:
        """Have what does nothing pickled."""
        return getattr, (nullcontext(), "__exit__")
