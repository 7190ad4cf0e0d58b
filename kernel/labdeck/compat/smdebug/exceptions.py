"""What readers of tensors and rules raise, by the names that scripts catch.

Each is a LabdeckError too, so that a notebook shows one line and not a traceback.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from labdeck.compat.smdebug.mode_keys import ModeKeys
from labdeck.errors import LabdeckError, UsageError

if TYPE_CHECKING:
    from typing_extensions import Self


def _name(mode: Any) -> str:
    return str(getattr(mode, "name", mode))


class SMDebugError(LabdeckError):
    """The root of everything here."""

    code = "smdebug"
    _given: tuple[tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Keep what it is made from, for `__reduce__`."""
        self = super().__new__(cls, *args, **kwargs)
        self._given = (args, kwargs)
        return self

    def __init__(self, message: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy)

    def __reduce__(self) -> tuple[Callable[..., SMDebugError], tuple[Any, ...]]:
        """Be handed to other processes."""
        args, kwargs = self._given
        return partial(type(self), **kwargs), args


class SMDebugCustomerError(SMDebugError):
    """A mistake in the calling code."""


class SMDebugTypeError(SMDebugError, TypeError):
    """A value of the wrong type."""


class SMDebugRuntimeError(SMDebugError, RuntimeError):
    """Something that should not have happened."""


class SMDebugNotImplementedError(SMDebugError, NotImplementedError):
    """Something that there is not."""


class SMDebugValueError(SMDebugError, UsageError):
    """A value that cannot be; it is a ValueError."""


class InvalidCollectionConfiguration(SMDebugCustomerError):
    """A collection that can match nothing."""

    def __init__(self, c_name: str) -> None:
        self.c_name = c_name
        super().__init__(
            f"the collection {c_name!r} can match nothing", "call include(regex) on it, or name its tensors"
        )


class StepNotYetAvailable(SMDebugError):
    """The training has not come so far."""

    def __init__(self, step: int, mode: ModeKeys) -> None:
        self.step, self.mode = step, mode
        super().__init__(f"step {step} of mode {_name(mode)} is not there yet")


class StepUnavailable(SMDebugError):
    """The step has passed without being saved."""

    def __init__(self, step: int, mode: ModeKeys) -> None:
        self.step, self.mode = step, mode
        super().__init__(f"step {step} of mode {_name(mode)} was not saved")


class TensorUnavailable(SMDebugError):
    """No tensor of that name was saved at any step."""

    def __init__(self, tname: str) -> None:
        self.tname = tname
        super().__init__(f"no tensor {tname!r} was saved", "list them with trial.tensor_names()")


class TensorUnavailableForStep(SMDebugError):
    """The tensor was not saved at that step, or only its reductions were."""

    def __init__(self, tname: str, step: int, mode: ModeKeys = ModeKeys.GLOBAL, has_reductions: bool = False) -> None:
        self.tname, self.step, self.mode, self.has_reductions = tname, step, mode, has_reductions
        remedy = "reductions of it are: ask for reduction_values()" if has_reductions else ""
        super().__init__(f"the value of {tname!r} at step {step} of mode {_name(mode)} was not saved", remedy)


class ShapeUnavailableForStep(SMDebugError):
    """Neither the tensor nor its shape was saved at that step."""

    def __init__(self, tname: str, step: int, mode: ModeKeys = ModeKeys.GLOBAL) -> None:
        self.tname, self.step, self.mode = tname, step, mode
        super().__init__(f"the shape of {tname!r} at step {step} of mode {_name(mode)} was not saved")


class MissingCollectionFiles(SMDebugError):
    """Nothing that a hook has written is there."""

    def __init__(self, path: object = "") -> None:
        where = f" in {path}" if path else ""
        super().__init__(
            f"there are no files of collections{where}",
            "give the out_dir of a hook; a hook that has saved nothing leaves nothing",
        )


class IndexReaderException(SMDebugError):
    """An index file is damaged."""


class InvalidWorker(SMDebugError):
    """No such worker has saved that step."""

    def __init__(self, worker: str) -> None:
        self.worker = worker
        super().__init__(f"no worker {worker!r} has saved that step", "list them with tensor.workers(step)")


class NoMoreData(SMDebugError):
    """The training has ended before that step."""

    def __init__(self, step: int, mode: ModeKeys, last_step: int) -> None:
        self.step, self.mode, self.last_step = step, mode, last_step
        super().__init__(f"the training has ended before step {step} of mode {_name(mode)}: the last is {last_step}")
        self.msg = self.message


class NoMoreProfilerData(SMDebugError):
    """The profile has ended before that time."""

    def __init__(self, timestamp: float) -> None:
        self.timestamp = timestamp
        super().__init__(f"the profile has ended before {timestamp}")
        self.msg = self.message


class RuleEvaluationConditionMet(SMDebugError):
    """A rule has found what it looks for.

    Args:
        rule_name: The rule.
        step: The global step at which it did.
        end_of_rule: Whether the rule need not be evaluated any further.
    """

    def __init__(self, rule_name: str, step: int, end_of_rule: bool = False) -> None:
        self.rule_name, self.step, self.end_of_rule = rule_name, step, end_of_rule
        super().__init__(f"the condition of the rule {rule_name} is met at step {step}")


class InsufficientInformationForRuleInvocation(SMDebugError):
    """A rule that cannot be evaluated as it is configured."""

    def __init__(self, rule_name: str, message: str) -> None:
        self.rule_name = rule_name
        super().__init__(f"the rule {rule_name} cannot be evaluated: {message}")
