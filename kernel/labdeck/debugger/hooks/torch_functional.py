"""Activation functions that a PyTorch model calls as functions: what goes into them and what comes out of them.

`F.relu(x)`, `torch.relu(x)`, `x.relu()` and `x.relu_()` belong to no module, so no hook tells of them. A
`TorchFunctionMode` sees them; it lies on the library's stack during those passes in which something of them is due,
and only then. Nothing is put in the place of a function of the library: a model that keeps one (`self.act = F.relu`)
is seen, too, and keeps nothing of ours afterwards.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from types import CodeType
from typing import TYPE_CHECKING, Any, NamedTuple

from labdeck.debugger.hooks.torch_hook import Hook
from labdeck.debugger.hooks.torch_library import is_module, torch, type_name
from labdeck.debugger.hooks.torch_names import modules_of
from labdeck.debugger.hooks.torch_taken import Taken, tensors_in
from labdeck.store.tensors.layout import TensorInfo

if TYPE_CHECKING:
    from labdeck.debugger.hooks.torch_network import NetworkTrace
    from labdeck.store.tensors.layout import Column
    from labdeck.wire.debugging import Mode

_FUNCTIONS = (
    "celu", "elu", "gelu", "glu", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "log_softmax", "logsigmoid",
    "mish", "prelu", "relu", "relu6", "rrelu", "selu", "sigmoid", "silu", "softmax", "softmin", "softplus", "softsign",
    "tanh",
)  # fmt: skip
_ALIASES = {"expit": "sigmoid"}
_FAMILIES = {"relu": "relu", "relu6": "relu", "sigmoid": "sigmoid", "tanh": "tanh"}
"""Functions that have collections of their own."""
_MODULES = "torch.nn.modules.activation"
"""Where the library keeps the modules that are activation functions themselves: their own tensors tell it all."""
_MOST_CALLS = 32
"""Calls of one function in one module and pass that have names of their own: a loop over time steps may make many."""
_MOST_NAMES = 4_096


class Place(NamedTuple):
    """A module in whose forward functions are called.

    Attributes:
        path: Its path, "" for the model itself.
        name: That, or the class of the model.
        type: Its class.
        is_leaf: It holds no other modules, and is not the model itself.
    """

    path: str
    name: str
    type: str
    is_leaf: bool


def function_info(place: Place, kind: str, end: str, number: int, tensor: Any) -> TensorInfo:
    """Return what is known of an input or output of a function.

    The slash tells it from those of modules, whose calls have only a number behind one. In a module that holds others
    a function is a node of the network by itself.

    Args:
        place: The module in whose forward it is called.
        kind: Its name, "relu".
        end: "input" or "output".
        number: Which call of it in that module and pass.
        tensor: The input or output.

    Example:
        >>> import torch
        >>> info = function_info(Place("", "Net", "Net", is_leaf=False), "relu", "output", 1, torch.ones(2, 3))
        >>> info.name, info.module, info.collections
        ('Net/relu_output_1', 'relu_1()', ('outputs', 'relu_outputs'))
    """
    family = _FAMILIES.get(kind)
    return TensorInfo(
        f"{place.name}/{kind}_{end}_{number}",
        (f"{end}s", *((f"{family}_{end}s",) if family else ())),
        place.path if place.is_leaf else node_of(place, kind, number),
        place.type if place.is_leaf else kind,
        tuple(tensor.shape),
        type_name(tensor),
    )


def node_of(place: Place, kind: str, number: int) -> str:
    """Return what a function is called in the network: no module's path ends with brackets."""
    return ".".join(part for part in (place.path, f"{kind}_{number}()") if part)


class _Call(NamedTuple):
    """One call of a function.

    Attributes:
        place: The module in whose forward it is.
        kind: The function's name.
        number: Which call of it in that module.
        sources: The nodes of the network that its input comes from.
    """

    place: Place
    kind: str
    number: int
    sources: Sequence[str]


class Functions:
    """Looks at the activation functions of one model during the passes in which that is due.

    Args:
        root: The model.
        called: What the training calls: the model, or what is wrapped around it, or a part of it.

    Attributes:
        known: What is known of their inputs and outputs; there is nothing to know of before the first pass.
        is_blind: Parts of the model are compiled, so that nothing is looked at.
        trace: Is told of the calls, as long as it looks.
    """

    def __init__(self, root: Any, called: Any) -> None:
        self._root = root
        self._called = called
        self.known: dict[str, TensorInfo] = {}
        self._news: dict[str, TensorInfo] = {}
        self.is_blind = False
        self.trace: NetworkTrace | None = None
        self._places: dict[int, tuple[Any, Place]] = {}
        self._modes: set[Mode] = set()
        self._taken: Taken | None = None
        self._columns: Mapping[str, Sequence[Column]] = {}
        self._whole: frozenset[str] = frozenset()
        self._counts: dict[tuple[str, str], int] = {}
        self._looking: Any = None
        self._thread = 0
        self._leaving: Any = None
        self._error: Exception | None = None

    def infos(self) -> list[TensorInfo]:
        """Return what is known, and look at the build of the model anew when the next pass begins."""
        self._places = {}
        self._look_for_compiled()
        return list(self.known.values())

    def learn(self) -> bool:
        """A step has ended: take for known what was seen for the first time in it; say whether there is any.

        Before, a step would be told to have what it has not taken.
        """
        news, self._news = self._news, {}
        self.known |= news
        return bool(news)

    def _look_for_compiled(self) -> bool:
        """Say whether a part of the model is compiled, and remember it: it may be compiled at any time."""
        self.is_blind = any(_is_compiled(module) for module in self._called.modules())
        return self.is_blind

    def is_new_to(self, mode: Mode) -> bool:
        """Say whether no pass of a mode was looked at: then it is not known what there is."""
        return mode not in self._modes

    def begin(
        self,
        mode: Mode,
        taken: Taken,
        columns: Mapping[str, Sequence[Column]],
        whole: frozenset[str],
    ) -> None:
        """A pass begins: look at its functions.

        Args:
            mode: What the model does.
            taken: Gets what is taken.
            columns: What is to be computed, by tensor.
            whole: Tensors that are wanted whole.
        """
        self.end()
        if self._looking is not None:
            return  # another thread is in the middle of a pass
        self._modes.add(mode)
        if not is_module(self._root):
            return  # a model of Keras: its layers have their activations within, and tell of them
        if self._look_for_compiled():
            return
        if not self._places:
            found = modules_of(self._root)
            self._places = {id(module): (module, _place(path, module, self._root)) for path, module in found.items()}
        self._taken, self._columns, self._whole = taken, columns, whole
        self._counts.clear()
        self._look()

    def end(self) -> None:
        """The pass has ended, whether it failed or not.

        Raises:
            Exception: What went wrong when functions were looked at; there it would have ended the user's pass.
        """
        if self._thread == threading.get_ident():
            self._stop()
        error, self._error = self._error, None
        if error is not None:
            raise error

    def release(self) -> None:
        """Look no more; a pass that goes on in another thread takes the mode off when it ends."""
        self._taken = self._error = None
        self.end()
        if self._looking is None and self._leaving is not None:
            self._leaving.remove()
            self._leaving = None
        self._places = {}

    # -- the pass --------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        if self._leaving is None:  # `always_call`: after a pass that raises, too
            self._leaving = self._called.register_forward_hook(Hook(self._leave), always_call=True)
        self._thread = threading.get_ident()
        self._looking = _looking_type()(self._run)
        self._looking.__enter__()

    def _leave(self, *_: Any) -> None:
        if self._looking is not None and self._thread == threading.get_ident():
            self._stop()

    def _stop(self) -> None:
        looking, self._looking = self._looking, None
        self._taken = None
        if looking is not None:
            _take_off(looking)

    def _run(self, kind: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Call a function for the model, and look at what goes into it and comes out of it."""
        call = self._guarded(self._before, kind, args, kwargs)
        result = function(*args, **kwargs)
        if call is not None:
            self._guarded(self._after, call, result)
        return result

    def _guarded(self, action: Callable[..., Any], *args: Any) -> Any:
        """Do something of ours; what goes wrong is told when the pass has ended, and the pass goes on."""
        taken, begun = self._taken, perf_counter()
        if taken is None or self._error is not None:
            return None
        try:
            return action(*args)
        except Exception as error:  # noqa: BLE001 - nothing of ours may end the user's pass
            self._error = error
        finally:
            taken.cost += perf_counter() - begun
        return None

    def _before(self, kind: str, args: Any, kwargs: Any) -> _Call | None:
        tensor = next(tensors_in((args, kwargs)), None)
        if tensor is None or tensor.is_meta or _is_transformed()(tensor):
            return None
        place = self._place_here()
        if place is None:
            return None
        number = self._counts.get((place.path, kind), 0)
        self._counts[place.path, kind] = number + 1
        if number >= _MOST_CALLS:
            return None
        call = _Call(place, kind, number, () if self.trace is None else self.trace.sources_of(tensor))
        self._see(call, "input", tensor)
        return call

    def _after(self, call: _Call, result: Any) -> None:
        tensor = next(tensors_in(result), None)
        if tensor is None:
            return
        self._see(call, "output", tensor)
        if self.trace is not None and not call.place.is_leaf:
            self.trace.saw_function(node_of(call.place, call.kind, call.number), call.kind, call.sources, tensor)

    def _see(self, call: _Call, end: str, tensor: Any) -> None:
        info = function_info(call.place, call.kind, end, call.number, tensor)
        name = info.name
        if name not in self.known:
            if len(self.known) + len(self._news) < _MOST_NAMES:
                self._news[name] = info
            return
        columns, whole = self._columns.get(name, ()), name in self._whole
        if (columns or whole) and self._taken is not None:
            self._taken.take(name, tensor, columns, whole=whole, copied=True)

    def _place_here(self) -> Place | None:
        """Return the innermost module of the model whose forward runs; None within what tells of itself.

        The frames of the interpreter tell it: hooks on all modules, which would tell it, too, cost something for each
        of them. A module that is no part of the model hides what it calls, but for an activation made on the spot,
        `nn.ReLU()(x)`.
        """
        calling, frame = _calling(), sys._getframe(1)  # noqa: SLF001 - the interpreter's word for who called
        above: Any = frame
        while above is not None:
            if above.f_code is calling:
                module = above.f_locals.get("self")
                known = self._places.get(id(module))
                is_activation = type(module).__module__ == _MODULES
                if known is not None:
                    return None if is_activation else known[1]
                if not is_activation:
                    return None
            above = above.f_back
        return None


# -- what there is of the library --------------------------------------------------------------------------------------


def _place(path: str, module: Any, root: Any) -> Place:
    is_leaf = bool(path) and next(module.children(), None) is None
    return Place(path, path or type(root).__name__, type(module).__name__, is_leaf)


def _is_compiled(module: Any) -> bool:
    return type(module).__name__ == "OptimizedModule" or getattr(module, "_compiled_call_impl", None) is not None


@functools.cache
def _kinds() -> dict[Any, str]:
    """Return the names of activation functions by all that calls them, in place or not."""
    library = torch()
    owners = (library.nn.functional, library, library.Tensor, library.special, library._C._nn)  # noqa: SLF001
    names = {name: name for name in _FUNCTIONS} | _ALIASES
    found = {}
    for name, kind in names.items():
        for owner in owners:
            for spelled in (name, f"{name}_"):
                function = getattr(owner, spelled, None)
                if callable(function):
                    found[function] = kind
    return found


@functools.cache
def _calling() -> CodeType | None:
    """Return the code of the library that calls a module's forward; None if somebody has replaced it by no function."""
    call = inspect.unwrap(torch().nn.Module._call_impl)  # noqa: SLF001 - there is no public way to the caller
    return getattr(call, "__code__", None)


@functools.cache
def _is_transformed() -> Callable[[Any], bool]:
    """Return what says whether a tensor stands for many, as within `torch.vmap`: it has no values of its own."""
    inside = getattr(torch()._C, "_functorch", None)  # noqa: SLF001 - there is no public way to ask
    return getattr(inside, "is_functorch_wrapped_tensor", lambda _: False)


@functools.cache
def _looking_type() -> type:
    library, kinds = torch(), _kinds()
    is_compiling = library.compiler.is_compiling

    class Looking(library.overrides.TorchFunctionMode):  # type: ignore[misc, name-defined]
        """Has activation functions run by somebody who looks at them."""

        def __init__(self, run: Callable[..., Any]) -> None:
            self.run = run

        def __torch_function__(self, function: Any, _: Any, args: Any = (), kwargs: Any = None) -> Any:
            if is_compiling() or function not in kinds:
                return function(*args, **(kwargs or {}))
            return self.run(kinds[function], function, args, kwargs or {})

    return Looking


def _take_off(looking: Any) -> None:
    """Take a mode from this thread's stack; what somebody has left upon it stays."""
    modes = torch().overrides
    stack = modes._get_current_function_mode_stack()  # noqa: SLF001 - there is no public way to look at it
    if not any(one is looking for one in stack):
        return
    above = []
    while (top := modes._pop_mode()) is not looking:  # noqa: SLF001
        above.append(top)
    for mode in reversed(above):
        modes._push_mode(mode)  # noqa: SLF001
