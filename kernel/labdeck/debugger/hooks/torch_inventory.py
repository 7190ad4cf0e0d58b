"""What there is of one PyTorch model: its parameters, the optimizers that train it, and what these keep."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from labdeck.debugger.hooks.torch_names import Parameter, infos_of, is_lazy, parameters_of, state_infos
from labdeck.debugger.profiler.timer import timing_infos
from labdeck.store.tensors.layout import TensorInfo

if TYPE_CHECKING:
    from labdeck.debugger.hooks.torch_modules import ModuleHooks

_LOOK_AGAIN = 8
"""Steps from one look at the build of the model to the next."""


class Inventory:
    """Knows the tensors of one model.

    Args:
        root: The model.
        modules: Knows its inputs and outputs.
        optimizers: Those that train it; others that hold its parameters are found when they step.
        is_timed: Its steps are timed.

    Attributes:
        parameters: By name, as they were when `infos` was last asked.
        ends: Predictions and labels, once they were seen.
        knows_state: An optimizer has stepped, so that it keeps what it keeps.
    """

    def __init__(self, root: Any, modules: ModuleHooks, optimizers: Iterable[Any], *, is_timed: bool = True) -> None:
        self._root = root
        self._is_timed = is_timed
        self._modules = modules
        self._optimizers = [weakref.ref(one) for one in optimizers]
        self._own: weakref.WeakSet[Any] = weakref.WeakSet(optimizers)
        self._strangers: weakref.WeakSet[Any] = weakref.WeakSet()
        self._trained: list[bool] = []
        self._build: list[tuple[dict[str, Any], list[int]]] = []
        self._since_look = 0
        self.parameters: dict[str, Parameter] = {}
        self.ends: dict[str, TensorInfo] = {}
        self.knows_state = False

    @property
    def optimizers(self) -> list[Any]:
        """Those that train the model and are alive, in the order in which they were met."""
        return [found for one in self._optimizers if (found := one()) is not None]

    def is_ours(self, optimizer: Any) -> bool:
        """Say whether an optimizer trains this model; one that does is remembered."""
        if optimizer in self._own:
            return True
        if optimizer in self._strangers:
            return False
        own = {id(one.value) for one in parameters_of(self._root)}
        ours = any(id(value) in own for group in optimizer.param_groups for value in group["params"])
        if ours:
            self._own.add(optimizer)
            self._build = []  # it may have come with new parameters
            self._optimizers.append(weakref.ref(optimizer))
        else:
            self._strangers.add(optimizer)
        return ours

    def infos(self) -> list[TensorInfo]:
        """Look at the model, and return which tensors there are now."""
        self.parameters = {one.name: one for one in parameters_of(self._root)}
        self._trained = [one.value.requires_grad for one in self.parameters.values()]
        self._build = [
            (held, [id(one) for one in held.values()])
            for module in self._root.modules()
            for held in (module._modules, module._parameters)  # noqa: SLF001 - there is no public way to compare them
        ]
        return [*self._scalars(), *self._of_parameters(), *self._modules.infos(), *self.ends.values()]

    def _scalars(self) -> Iterator[TensorInfo]:
        yield TensorInfo("loss", ("losses",), dtype="float64")
        groups = sum(len(one.param_groups) for one in self.optimizers)
        for number in range(max(groups, 1)):
            yield TensorInfo(f"lr/{number}" if number else "lr", ("learning_rates",), dtype="float64")
        if self._is_timed:
            yield from timing_infos()

    def _of_parameters(self) -> Iterator[TensorInfo]:
        for one in self.parameters.values():
            yield from infos_of(one)
            if self.knows_state and not is_lazy(one.value):
                yield from state_infos(one, self.state_of(one.value))

    @property
    def size(self) -> int:
        """Numbers in the model."""
        return sum(one.value.numel() for one in self.parameters.values() if not is_lazy(one.value))

    def state_of(self, parameter: Any) -> dict[str, Any]:
        """Return what the optimizers keep of a parameter."""
        for one in self._optimizers:
            optimizer = one()
            found = None if optimizer is None else optimizer.state.get(parameter)
            if found:
                return dict(found)
        return {}

    def has_changed(self) -> bool:
        """Say whether parameters were frozen or unfrozen, or, looked for now and then, replaced or added."""
        if [one.value.requires_grad for one in self.parameters.values()] != self._trained:
            return True
        self._since_look += 1
        if self._build and self._since_look % _LOOK_AGAIN:
            return False
        return not self._build or any([id(one) for one in held.values()] != known for held, known in self._build)
