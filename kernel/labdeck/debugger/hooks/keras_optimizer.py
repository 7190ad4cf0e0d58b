"""An optimizer of Keras, as the debugger looks at those of PyTorch."""

from __future__ import annotations

import weakref
from typing import Any

from labdeck.debugger.hooks.keras_library import keras, value_of
from labdeck.errors import UsageError


class KerasOptimizer:
    """Shows which parameters an optimizer trains, what it keeps of each, and its learning rate.

    Args:
        optimizer: It; one that only scales losses for another is not meant.
    """

    def __init__(self, optimizer: Any) -> None:
        self._optimizer = weakref.ref(optimizer)
        self._places: dict[int, int] = {}

    @property
    def optimizer(self) -> Any:
        """The optimizer itself, None if it is gone."""
        return self._optimizer()

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """Its one group: parameters and learning rate."""
        rate = self.rate
        group: dict[str, Any] = {"params": [value_of(one) for one in self._variables()]}
        return [group if rate is None else {**group, "lr": rate}]

    @property
    def rate(self) -> float | None:
        """Its learning rate at this step, None if it has none."""
        try:
            return float(self.optimizer.learning_rate)
        except (TypeError, ValueError, AttributeError):
            return None

    @property
    def state(self) -> KerasOptimizer:
        """What it keeps, to be asked by parameter."""
        return self

    def get(self, parameter: Any) -> dict[str, Any]:
        """Return what it keeps of a parameter: "momentum", "velocity" and so on."""
        variables = self._variables()
        if len(self._places) != len(variables):
            self._places = {id(value_of(one)): number for number, one in enumerate(variables)}
        place = self._places.get(id(parameter))
        if place is None:
            return {}
        prefix = str(variables[place].path).replace("/", "_") + "_"
        found = {}
        for kept in vars(self.optimizer).values():
            if isinstance(kept, (list, tuple)) and len(kept) == len(variables) and kept is not variables:
                value = value_of(kept[place])
                if value is not None and value is not parameter:
                    found[str(kept[place].name).removeprefix(prefix)] = value
        return found

    def lower(self, factor: float) -> str:
        """Multiply the learning rate by a factor; say in words what it is now; UsageError if it has a schedule."""
        optimizer, rate = self.optimizer, self.rate
        try:
            if rate is None or optimizer is None:
                return "no optimizer has a learning rate"
            optimizer.learning_rate = rate * factor
        except TypeError:
            raise UsageError("the learning rate follows a schedule", "give the optimizer a number instead") from None
        return f"learning rate is now {self.rate:.4g}"

    def _variables(self) -> Any:
        return [] if self.optimizer is None else self.optimizer._trainable_variables  # noqa: SLF001 - no public way


_known: weakref.WeakKeyDictionary[Any, KerasOptimizer] = weakref.WeakKeyDictionary()


def seen_as_torch(optimizer: Any) -> KerasOptimizer:
    """Return the one view of an optimizer."""
    found = _known.get(optimizer)
    if found is None:
        found = _known[optimizer] = KerasOptimizer(optimizer)
    return found


def is_optimizer(obj: object) -> bool:
    """Say whether something is an optimizer of Keras."""
    found = keras()
    return found is not None and isinstance(obj, found.optimizers.Optimizer)
