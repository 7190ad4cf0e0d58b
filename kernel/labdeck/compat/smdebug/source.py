"""Where a trial gets its tensors from: a folder of smdebug's, or Labdeck's store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labdeck.compat.smdebug.mode_keys import ModeKeys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labdeck.compat.smdebug.collection import Collection


@dataclass(frozen=True)
class Saved:
    """One thing that was saved at one step.

    Args:
        tensor: The tensor's name.
        mode, mode_step, global_step: When.
        worker: Who saved it.
        location: What `Source.value` finds it by; None when only the shape was saved.
        reduction: What was saved is this reduction; "" for the tensor itself.
        absolute: It is a reduction of the absolute values.
        shape: The tensor's shape, where that was saved.
    """

    tensor: str
    mode: ModeKeys
    mode_step: int
    global_step: int
    worker: str
    location: Any
    reduction: str = ""
    absolute: bool = False
    shape: tuple[int, ...] | None = None


@dataclass
class News:
    """What a source has found since it was asked the last time.

    Args:
        saved: In the order of steps.
        steps: Steps that were saved whether or not anything stands in `saved`: global step, mode, mode step, worker.
    """

    saved: list[Saved] = field(default_factory=list)
    steps: list[tuple[int, ModeKeys, int, str]] = field(default_factory=list)


class Source(ABC):
    """Keeps the tensors of one training."""

    path: str
    """Where it is; trials of the same path and name are equal."""

    @abstractmethod
    def news(self) -> News:
        """Return what was saved since the last call."""

    @abstractmethod
    def value(self, saved: Saved) -> NDArray[Any]:
        """Return what was saved; SMDebugError when it cannot be read any more."""

    @abstractmethod
    def collections(self) -> dict[str, Collection]:
        """Return names to collections."""

    @abstractmethod
    def workers(self) -> Iterable[str]:
        """Return the names of the workers that have announced themselves."""

    @abstractmethod
    def worker_count(self) -> int:
        """Return how many workers save each step."""

    @abstractmethod
    def has_ended(self) -> bool:
        """Tell whether nothing will be added any more."""

    @abstractmethod
    def wait(self, seconds: float) -> None:
        """Return when something may be new, at the latest after so many seconds."""
