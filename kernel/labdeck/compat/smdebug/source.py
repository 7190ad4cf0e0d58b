"""Where a trial gets its tensors from: a folder of smdebug's, or Labdeck's store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection as SizedContainer
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labdeck.compat.smdebug.collection import Collection
    from labdeck.compat.smdebug.mode_keys import ModeKeys


class Batch(ABC):
    """What one worker saved at one step, read when it is asked for.

    Args:
        mode: What the model was doing.
        mode_step: The step, counted within the mode.
        global_step: The step, counted over all modes.
        worker: Who saved it.
    """

    def __init__(self, mode: ModeKeys, mode_step: int, global_step: int, worker: str) -> None:
        self.mode = mode
        self.mode_step = mode_step
        self.global_step = global_step
        self.worker = worker

    @property
    @abstractmethod
    def names(self) -> SizedContainer[str]:
        """The tensors of which anything was saved; looking one up is quick."""

    @abstractmethod
    def reductions(self, tensor: str) -> tuple[tuple[str, bool], ...]:
        """Return the reductions that were saved, each with whether it is of the absolute values."""

    @abstractmethod
    def shape(self, tensor: str) -> tuple[int, ...] | None:
        """Return the shape, where that was saved."""

    @abstractmethod
    def has_value(self, tensor: str) -> bool:
        """Tell whether the whole tensor was saved."""

    @abstractmethod
    def value(self, tensor: str) -> NDArray[Any]:
        """Return the whole tensor; TensorUnavailableForStep when it is not there any more."""

    @abstractmethod
    def reduction(self, tensor: str, name: str, absolute: bool) -> Any:
        """Return a reduction that was saved; TensorUnavailableForStep when it is not there any more."""


class Source(ABC):
    """Keeps the tensors of one training."""

    path: str
    """Where it is; trials of the same path and name are equal."""

    @abstractmethod
    def news(self) -> list[Batch]:
        """Return what was saved since the last call, in the order of steps."""

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
