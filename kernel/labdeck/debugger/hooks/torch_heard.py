"""What one watcher has heard of losses: which were computed, which were differentiated, and which of them are its own.

Several models may train in one process, with a loss together or each with its own. Each watcher hears of all of them
and keeps what concerns its model: a loss whose gradient arrives at the model's parameters.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from labdeck.debugger.hooks.torch_library import library_folder
from labdeck.debugger.origin import Line, line_here

if TYPE_CHECKING:
    from labdeck.debugger.hooks.torch_names import Parameter

_MOST = 64
"""Losses of one step that are remembered."""
_WITH_GRAPH = 8
"""Losses that were not differentiated whose graph is kept: it holds all that a pass through a model has computed."""
_PROBES = 12
"""Parameters that are looked at to learn whether a gradient arrives at a model."""
_NEAR, _AROUND, _FAR = 1_024, 256, 20_000
"""Operations that are looked at: between a loss and what is differentiated, behind a loss each time, and once."""


class LossCall(NamedTuple):
    """One computation of a loss.

    Attributes:
        name: Of the function, or the class of the module.
        value: What came out, detached; the mean, where it was summed over a batch.
        predictions, labels: What the model said and what is true, detached; None if the loss has no such arguments.
        node: The operation that made it, None without a gradient.
        again: Computes it once more.
        line: Where it was called.
    """

    name: str
    value: Any
    predictions: Any = None
    labels: Any = None
    node: Any = None
    again: Callable[[], Any] | None = None
    line: Line | None = None

    @property
    def bare(self) -> LossCall:
        """It without what holds on to a graph."""
        return self._replace(node=None, again=None)


class Differentiated(NamedTuple):
    """A loss that is about to be differentiated.

    Attributes:
        value: A number, or a tensor of a device; without the factor of a gradient scaler.
        node: The operation that made it.
    """

    value: Any
    node: Any


class Root(NamedTuple):
    """One loss that was differentiated.

    Attributes:
        value: A number, or a tensor of a device; without the factor of a gradient scaler.
        calls: The losses that it was made of.
        passes: Passes through the model since the one before.
    """

    value: Any
    calls: tuple[LossCall, ...] = ()
    passes: int = 0


class Heard:
    """What one watcher has heard since the last step of its model, in the thread in which that is trained.

    Attributes:
        calls: Losses that were computed and, as far as is known, not differentiated.
        roots: Losses that were differentiated, and whose gradient has arrived at the model.
        again: Computes the latest loss that was computed once more.
        line: Where that was called, or where a loss was differentiated that is made of none, whichever was later.
        passes: Passes through the model in training since a gradient has arrived.
        gathers_elsewhere: Gradients are gathered in other places than those of the parameters, and clearing these means
            nothing.
    """

    def __init__(self) -> None:
        self.calls: list[LossCall] = []
        self.roots: list[Root] = []
        self.again: Callable[[], Any] | None = None
        self.line: Line | None = None
        self.passes = 0
        self.gathers_elsewhere = False
        self._thread: int | None = None
        self._aside: list[LossCall] = []
        self._others: list[Root] = []
        self._now: Root | None = None
        self._reach = Reach()
        self._is_complete = False
        self._own: dict[tuple[Any, ...], bool] = {}

    def listen(self) -> None:
        """Hear from now on of this thread alone."""
        self._thread = threading.get_ident()

    @property
    def is_elsewhere(self) -> bool:
        """This is not the thread in which the model is trained."""
        return self._thread is not None and self._thread != threading.get_ident()

    def hear(self, call: LossCall) -> None:
        """A loss was computed."""
        calls = self.calls
        if len(calls) >= _MOST:
            del calls[0]
        if len(calls) >= _WITH_GRAPH:
            calls[-_WITH_GRAPH] = calls[-_WITH_GRAPH].bare
        calls.append(call)
        self.again, self.line = call.again, call.line

    # -- what is differentiated ------------------------------------------------------------------------------------

    def begin_backward(
        self, loss: Differentiated, parameters: Mapping[str, Parameter], is_within_step: bool = False
    ) -> None:
        """A loss is about to be differentiated.

        Args:
            loss: What it is.
            parameters: Of the model, by name.
            is_within_step: The optimizer computes it itself: of the losses that it tries the first one counts, which
                is that of the weights before the step.
        """
        gone = self._reach.begin(parameters)
        if gone and self.roots and not self.gathers_elsewhere:
            if is_within_step:
                self._is_complete = True
            else:
                self.roots = []  # their gradients were thrown away, and change no weights
        calls = self._made_of(loss.node)
        if not calls:
            self.again, self.line = None, line_here(library_folder())
        self._now = Root(loss.value, calls, self.passes)
        if not self._is_complete:
            self.roots.append(self._now)  # until more is known: an optimizer may step before the gradient is complete

    def _made_of(self, node: Any) -> tuple[LossCall, ...]:
        """Return the losses that a loss is made of, and wait for them no more."""
        waiting = {call.node: call for call in (*self._aside, *self.calls) if call.node is not None}
        found = []
        if node is not None and waiting:
            for each in _graph(node, _NEAR):
                call = waiting.pop(each, None)
                if call is not None:
                    found.append(call)
                    if not waiting:
                        break
        if not found:
            return ()
        taken = {id(call) for call in found}
        calls = tuple(call for call in (*self._aside, *self.calls) if id(call) in taken)
        self._aside = [call for call in self._aside if id(call) not in taken]
        self.calls = [call for call in self.calls if id(call) not in taken]
        return calls

    def end_backward(self, parameters: Mapping[str, Parameter]) -> bool:
        """It was; say whether its gradient has arrived at the model."""
        root, self._now = self._now, None
        arrived = self._reach.end()
        if root is None:
            return False
        at = next((number for number, one in enumerate(self.roots) if one is root), None)
        if at is None:
            return arrived and not self._is_complete
        if not arrived:
            del self.roots[at]
            self._others = [*self._others[-_MOST:], _light(root, root.calls)]
            return False
        has_pair = any(call.predictions is not None for one in self.roots[:at] for call in one.calls)
        self.roots[at] = _light(root, self._own_calls(root.calls, parameters), has_pair=has_pair)
        self.passes = 0
        del self.roots[:-_MOST]
        return True

    def _own_calls(self, calls: tuple[LossCall, ...], parameters: Mapping[str, Parameter]) -> tuple[LossCall, ...]:
        """Return those that say something of this model."""
        known, kind = {id(one.value) for one in parameters.values()}, tuple(call.name for call in calls)
        return tuple(call for number, call in enumerate(calls) if self._is_own(call, (number, *kind), known))

    def _is_own(self, call: LossCall, place: tuple[Any, ...], parameters: set[int]) -> bool:
        """Say whether a loss was computed by this model; of a large graph that is learned once for its place."""
        found = _is_made_by(call.node, parameters, _AROUND)
        if found is None:
            found = self._own.get(place)
        if found is None:
            found = _is_made_by(call.node, parameters, _FAR) is not False
            if len(self._own) < _MOST:
                self._own[place] = found
        return found

    def adopt(self, earlier: Sequence[LossCall | Differentiated]) -> None:
        """Take in what was computed and differentiated before the model was known to train."""
        for one in earlier:
            if isinstance(one, LossCall):
                self.hear(one)
            else:
                self.roots.append(_light(Root(one.value), self._made_of(one.node)))

    # -- evaluations within a training, and the end of a step ------------------------------------------------------

    def begin_evaluation(self, *, is_training: bool) -> None:
        """The model is evaluated: put aside what was computed in the step that goes on, if one does."""
        self._aside = [*self._aside, *self.calls] if is_training else []
        self.calls = []

    def end_evaluation(self) -> list[LossCall]:
        """Return the losses that were computed, and go on with the step."""
        found, self.calls, self._aside = self.calls, self._aside, []
        return found

    def take(self) -> tuple[list[Root], list[LossCall]]:
        """Return what was differentiated, and, if nothing was, the losses that were computed.

        Where no gradient is known to have arrived, all that was differentiated is returned.
        """
        roots = self.roots or self._others
        return list(roots), [] if roots else [*self._aside, *self.calls]

    def forget(self) -> None:
        """Hold on to nothing: the step has ended."""
        self.calls, self.roots, self._aside, self._others = [], [], [], []
        self.again = self.line = None
        self.passes = 0
        self._is_complete = False


def _light(root: Root, calls: tuple[LossCall, ...], *, has_pair: bool = False) -> Root:
    """Return what was differentiated without its graph, and with one pair of predictions and labels at most."""
    light = []
    for call in calls:
        bare = call.bare
        light.append(bare._replace(predictions=None, labels=None) if has_pair else bare)
        has_pair = has_pair or call.predictions is not None
    return root._replace(calls=tuple(light))


class Reach:
    """Notices whether a backward pass arrives at a model, by gradients that it changes."""

    def __init__(self) -> None:
        self._probes: list[Any] = []
        self._parameters: Mapping[str, Parameter] = {}
        self._before: list[tuple[int, int] | None] = []
        self._after: dict[int, tuple[int, int] | None] = {}

    def begin(self, parameters: Mapping[str, Parameter]) -> bool:
        """A backward pass begins; say whether gradients of the one before it were thrown away or zeroed since."""
        self._choose(parameters)
        self._before = now = self._look()
        return any(now[number] != state for number, state in self._after.items() if number < len(now))

    def end(self) -> bool:
        """It has ended; say whether it has arrived."""
        now = self._look()
        changed = [number for number, state in enumerate(now) if state != self._before[number]]
        if changed:
            self._after = {number: now[number] for number in changed}
        return bool(changed)

    def _choose(self, parameters: Mapping[str, Parameter]) -> None:
        if parameters is self._parameters and all(one.requires_grad for one in self._probes):
            return
        self._parameters = parameters
        trained = [one.value for one in parameters.values() if one.value.requires_grad]
        count = min(len(trained), _PROBES)
        places = [number * (len(trained) - 1) // max(count - 1, 1) for number in range(count)]
        probes = [trained[place] for place in places]
        if [id(one) for one in probes] != [id(one) for one in self._probes]:
            self._probes, self._after = probes, {}

    def _look(self) -> list[tuple[int, int] | None]:
        gradients = [one.grad for one in self._probes]
        return [None if one is None else (id(one), one._version) for one in gradients]  # noqa: SLF001


def _graph(node: Any, most: int) -> Iterator[Any]:
    """Yield the operations that made something, the nearest first, up to so many."""
    seen, waiting = {node}, deque([node])
    for _ in range(most):
        if not waiting:
            return
        found = waiting.popleft()
        yield found
        for each, _ in found.next_functions:
            if each is not None and each not in seen:
                seen.add(each)
                waiting.append(each)


def _is_made_by(node: Any, parameters: set[int], most: int) -> bool | None:
    """Say whether something was computed from parameters, or from others alone; None if that is not to be seen."""
    left, others = most, False
    for each in _graph(node, most):
        left -= 1
        variable = getattr(each, "variable", None)
        if variable is not None:
            if id(variable) in parameters:
                return True
            others = True
    return False if others and left > 0 else None
