"""Finds the operation that first made NaN or infinity, by running a model once more and looking at each operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from labdeck.debugger.hooks.torch_library import library_folder, torch
from labdeck.debugger.hooks.torch_names import activation_name, modules_of, parameters_of
from labdeck.debugger.hooks.torch_taken import tensors_in
from labdeck.debugger.origin import INPUT, Line, line_here, of_gradient, of_parameter

_MASKS = frozenset({
    "__setitem__", "fill_", "full", "full_like", "masked_fill", "masked_fill_", "new_full", "tensor", "tril", "triu",
    "where",
})  # fmt: skip
"""Operations that make infinities because they were told to: masks of attention, bounds of searches."""
_MOST_NODES = 64
"""Nodes behind one operation in the graph of its gradient that are taken for parts of it."""


class Origin(NamedTuple):
    """Where something that is not finite was made.

    Attributes:
        what: In words: the line of source, or what came in already so.
        module: The path of the module it happened in, "" for the model itself.
        module_type: Its class, "" if it was in no module.
        deliberate: A mask was made.
        tensor: Which tensor it is, if not an output of that module.
    """

    what: str
    module: str = ""
    module_type: str = ""
    deliberate: bool = False
    tensor: str = ""

    def __str__(self) -> str:
        """Return it in words, with the module."""
        return f"{self.what} (in {self.module}, {self.module_type})" if self.module else self.what


class Pass(NamedTuple):
    """One call of a model, and what it depended on.

    Attributes:
        module: What was called.
        args, kwargs: With what.
        random: The state of the generator of random numbers, of the CPU and of the inputs' device.
        autocast: The device on which types are chosen automatically, and which; None if they are not.
        training: It was in training.
        line: The line that called it, None if it is not known.
    """

    module: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    random: tuple[Any, Any]
    autocast: tuple[str, Any] | None
    training: bool
    line: Line | None = None


def remember_pass(module: Any, args: Any, kwargs: Any) -> Pass:
    """Return what a call that begins now depends on; refers to its arguments, copies none."""
    library = torch()
    first = args[0] if args and hasattr(args[0], "is_cpu") else next(tensors_in((args, kwargs)), None)
    autocast, cuda = None, None
    device = "cpu" if first is None or first.is_cpu else first.device.type
    if first is not None and device == "cuda":
        cuda = library.cuda.get_rng_state(first.device)
    if library.amp.is_autocast_available(device) and library.is_autocast_enabled(device):
        autocast = (device, library.get_autocast_dtype(device))
    line = line_here(library_folder())
    return Pass(module, args, kwargs, (library.get_rng_state(), cuda), autocast, module.training, line)


def is_finite(tensor: Any) -> bool:
    """Say whether all numbers of a tensor are finite; it waits for a device."""
    if not (tensor.is_floating_point() or tensor.is_complex()) or not tensor.numel() or tensor.is_meta:
        return True
    if tensor.layout is not torch().strided:
        tensor = tensor.coalesce().values() if tensor.layout is torch().sparse_coo else tensor.values()
    return bool(torch().isfinite(tensor.detach()).all())


class Tracer:
    """Looks at each operation of a model that is run again.

    Args:
        root: The model.
    """

    def __init__(self, root: Any) -> None:
        self._root = root
        self._library = library_folder()
        self._places = {id(module): (path, type(module).__name__) for path, module in modules_of(root).items()}
        self._names = {id(one.value): one.name for one in parameters_of(root)}
        self._inside: list[tuple[str, str]] = []
        self._made: dict[int, Origin] = {}
        self._alive: list[Any] = []
        self._nodes: dict[Any, Origin] = {}
        self._first: Origin | None = None
        self._line: Line | None = None
        self._ends = frozenset(each.__code__ for each in (Tracer.forward, Tracer.loss, Tracer.backward))

    # -- forward ---------------------------------------------------------------------------------------------------

    def forward(self, call: Pass) -> Origin | None:
        """Run a pass again; return where what is not finite in its output was made, None if all is finite now."""
        self._line = call.line
        for number, tensor in enumerate(tensors_in((call.args, call.kwargs))):
            if not is_finite(tensor):
                name = activation_name("", type(self._root).__name__, "input", number)
                self._note(tensor, Origin(INPUT, tensor=name))
        with torch().no_grad(), self._as_it_was(call), self._looking():
            output = call.module(*call.args, **call.kwargs)
        return self._of(output)

    def loss(self, again: Callable[[], Any], where: Line | None) -> Origin | None:
        """Compute a loss again; return where it became not finite."""
        self._line = where
        with torch().no_grad(), self._looking():
            value = again()
        found = self._of(value)
        return None if found is None else Origin(str(where)) if where is not None else found

    def _of(self, value: Any) -> Origin | None:
        """Return the origin of a result that is not finite."""
        for tensor in tensors_in(value):
            if not is_finite(tensor):
                known = self._made.get(id(tensor))
                return known if known is not None and not known.deliberate else self._first or known
        return None

    def _saw(self, function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Any) -> None:
        """Look at one operation."""
        name = getattr(function, "__name__", "")
        made = list(tensors_in(result))
        if not made and name == "__setitem__":
            made = list(tensors_in(args[:1]))
        bad = [tensor for tensor in made if not is_finite(tensor)]
        if not bad:
            return
        origin = self._blamed(name, list(tensors_in((args, kwargs))), bad)
        for tensor in bad:
            self._note(tensor, origin)

    def _blamed(self, name: str, given: list[Any], bad: list[Any]) -> Origin:
        """Return who is to blame for a result: what came in so, or this operation."""
        known = [self._known(tensor) for tensor in given if id(tensor) in self._made or not is_finite(tensor)]
        guilty = [origin for origin in known if not origin.deliberate]
        has_nan = any(bool(torch().isnan(tensor.detach()).any()) for tensor in bad if not tensor.is_sparse)
        if guilty:
            return guilty[0]
        if known and not has_nan:
            return known[0]
        here = self._here(deliberate=name in _MASKS and not has_nan)
        if self._first is None and not here.deliberate:
            self._first = here
        return here

    def _known(self, tensor: Any) -> Origin:
        found = self._made.get(id(tensor))
        if found is not None:
            return found
        name = self._names.get(id(tensor))
        if name is not None:
            return Origin(of_parameter(name), tensor=name)
        return self._here(deliberate=True)  # it was made outside of the pass, such as a mask that is kept

    def _here(self, *, deliberate: bool = False) -> Origin:
        line = line_here(self._library, self._ends) or self._line  # it is run again somewhere else
        path, kind = self._inside[-1] if self._inside else ("", "")
        return Origin(str(line) if line is not None else f"the operation of {path or kind}", path, kind, deliberate)

    def _note(self, tensor: Any, origin: Origin) -> None:
        self._made[id(tensor)] = origin
        self._alive.append(tensor)  # so that nothing else gets its identity

    # -- backward --------------------------------------------------------------------------------------------------

    def backward(self, call: Pass, gradients: list[Any]) -> Origin | None:
        """Run a pass and its differentiation again; return where a gradient became not finite.

        Args:
            call: The pass.
            gradients: The gradients of its outputs that require one, in their order.
        """
        library = torch()
        self._line = call.line
        with library.enable_grad(), self._as_it_was(call), self._looking(graph=True):
            output = call.module(*call.args, **call.kwargs)
        ends = [tensor for tensor in tensors_in(output) if tensor.grad_fn is not None]
        values = [one.value for one in parameters_of(self._root) if one.value.requires_grad]
        if len(ends) != len(gradients) or not ends or not values:
            return None
        found: list[Origin] = []
        handles = [node.register_hook(self._judge(origin, found)) for node, origin in self._nodes.items()]
        try:
            library.autograd.grad(ends, values, gradients, allow_unused=True)
        finally:
            for handle in handles:
                handle.remove()
        return found[0] if found else None

    @staticmethod
    def _judge(origin: Origin, found: list[Origin]) -> Callable[[Any, Any], None]:
        def judge(inputs: Any, outputs: Any) -> None:
            if all(map(is_finite, tensors_in(outputs))) and not all(map(is_finite, tensors_in(inputs))):
                found.append(origin._replace(what=of_gradient(origin.what)))

        return judge

    def _saw_in_graph(self, result: Any) -> None:
        """Remember which operation the nodes of a gradient's graph belong to."""
        waiting = [tensor.grad_fn for tensor in tensors_in(result) if tensor.grad_fn is not None]
        origin, count = None, 0
        while waiting and count < _MOST_NODES:
            node = waiting.pop()
            if node is None or node in self._nodes or type(node).__name__ == "AccumulateGrad":
                continue
            origin = origin or self._here()
            self._nodes[node] = origin
            count += 1
            waiting += [behind for behind, _ in node.next_functions]

    # -- running it again ------------------------------------------------------------------------------------------

    @contextmanager
    def _looking(self, *, graph: bool = False) -> Iterator[None]:
        """Look at each operation, and know which module it is in."""
        look = self._saw_in_graph if graph else None

        class Looking(torch().overrides.TorchFunctionMode):  # type: ignore[misc]
            def __torch_function__(mode, function: Any, _: Any, args: Any = (), kwargs: Any = None) -> Any:  # noqa: N805
                result = function(*args, **(kwargs or {}))
                if look is not None:
                    look(result)
                else:
                    self._saw(function, args, kwargs or {}, result)
                return result

        def enter(module: Any, _: Any) -> None:
            self._inside.append(self._places.get(id(module), ("", "")))

        def leave(*_: Any) -> None:
            if self._inside:
                self._inside.pop()

        with ExitStack() as stack:
            for module in self._root.modules():
                stack.callback(module.register_forward_pre_hook(enter, prepend=True).remove)
                stack.callback(module.register_forward_hook(leave, always_call=True).remove)
            stack.enter_context(Looking())
            yield

    @contextmanager
    def _as_it_was(self, call: Pass) -> Iterator[None]:
        """Have random numbers, types, modes and buffers as they were, and put back afterwards what is now."""
        library = torch()
        device, kind = call.autocast or ("cpu", None)
        types = library.autocast(device, dtype=kind, enabled=call.autocast is not None)
        # The pass gets copies: the graph of a loss that is still to be differentiated refers to the buffers themselves.
        buffers = [(module._buffers, dict(module._buffers)) for module in self._root.modules()]  # noqa: SLF001
        modes = [(module, module.training) for module in self._root.modules()]
        cuda = [library.cuda.current_device()] if call.random[1] is not None else []
        with library.random.fork_rng(devices=cuda), types:
            library.set_rng_state(call.random[0])
            if call.random[1] is not None:
                library.cuda.set_rng_state(call.random[1])
            if self._root.training != call.training:
                self._root.train(call.training)
            try:
                for held, known in buffers:
                    held.update({key: None if value is None else value.clone() for key, value in known.items()})
                yield
            finally:
                for module, training in modes:
                    module.training = training
                for held, known in buffers:
                    held.clear()
                    held.update(known)
