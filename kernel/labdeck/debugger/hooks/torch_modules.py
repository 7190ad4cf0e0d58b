"""Inputs and outputs of the modules of a PyTorch model: taken only at steps at which they are due."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Any

from labdeck.debugger.hooks.torch_functional import Functions
from labdeck.debugger.hooks.torch_hook import Hook
from labdeck.debugger.hooks.torch_library import is_compiling, is_replica, is_scripted
from labdeck.debugger.hooks.torch_names import activation_info, activation_name, modules_of
from labdeck.debugger.hooks.torch_taken import Taken, tensors_in
from labdeck.store.tensors.layout import Column, TensorInfo

if TYPE_CHECKING:
    from labdeck.debugger.plan import Plan
    from labdeck.wire.debugging import Mode

_MOST_CALLS = 8
"""Calls of one module in one pass that have names of their own."""
_MOST_NUMBERS = 8
"""Inputs or outputs of one module that are told apart."""


class ModuleHooks:
    """Hooks on the modules of one model, there only while something of them is due.

    Args:
        root: The model.
        called: What the training calls: the model, or what is wrapped around it.
        isolated: Runs something of ours so that its failure does no harm.

    Attributes:
        functions: Those that are called without being modules.
    """

    def __init__(self, root: Any, called: Any, isolated: Callable[..., Any]) -> None:
        self.functions = Functions(root, called)
        self._root = root
        self._isolated = isolated
        self._own = next((path for path, module in modules_of(root).items() if module is called), "")
        self._own_module = called if self._own else root
        self._known: dict[str, TensorInfo] = {}
        self._is_discovering = False
        self._handles: list[Any] = []
        self._hooked: frozenset[str] = frozenset()
        self._plan: Plan | None = None
        self._due: frozenset[str] = frozenset()
        self._has_functions = False
        self._columns: dict[str, list[Column]] = {}
        self._whole: frozenset[str] = frozenset()
        self._calls: dict[str, int] = {}
        self._taken: Taken | None = None

    def infos(self) -> list[TensorInfo]:
        """Return what is known of the inputs and outputs."""
        found: dict[str, TensorInfo] = {}
        for path, module in self._modules().items():
            for kind in ("input", "output"):
                info = activation_info(path, module, self._root, kind, 0, 0, None)
                found[info.name] = info
        return [*{**found, **self._known}.values(), *self.functions.infos()]

    def _modules(self) -> dict[str, Any]:
        return modules_of(self._root)

    def begin(self, plan: Plan | None, taken: Taken, mode: Mode = "TRAIN", *, discover: bool = False) -> None:
        """A pass through the model begins.

        Args:
            plan: What is due in it.
            taken: Gets what is taken.
            mode: What the model does.
            discover: Learn shapes, types, and which inputs and outputs there are.
        """
        self._calls.clear()
        self._taken = taken
        if plan is not self._plan:
            self._read(plan)
        if discover:
            self._known, self._is_discovering = {}, True
            self._hook(frozenset(self._modules()))
        elif self._hooked != self._due:
            self._hook(self._due)
        if self._has_functions or self.functions.is_new_to(mode):
            self.functions.begin(mode, taken, self._columns, self._whole)

    def see(self, kind: str, value: Any) -> None:
        """Look at what the training has given to the model, or got from it: the hooks of others come too late."""
        if self._own in self._hooked:
            look = self._see if kind == "input" else self._see_within  # what is done as a pass begins is counted there
            look(self._own, self._own_module, kind, value)

    def end(self) -> None:
        """The pass has ended: what runs the modules once more, as checkpointing does, is not looked at."""
        self._taken, self._is_discovering = None, False
        self.functions.end()

    def _read(self, plan: Plan | None) -> None:
        self._plan, self._columns, self._has_functions = plan, {}, False
        self._due = self._whole = frozenset()
        if plan is None:
            return
        due = [info for info in plan.layout.tensors if not _ENDS.isdisjoint(info.collections)]
        names, functions = {info.name for info in due}, self.functions.known
        self._due = frozenset(info.module for info in due if info.name not in functions)
        self._has_functions = not names.isdisjoint(functions)
        self._whole = frozenset(names.intersection((*plan.arrays, *plan.flight)))
        for column in plan.layout.columns:
            name = plan.layout.tensors[column.tensor].name
            if name in names:
                self._columns.setdefault(name, []).append(column)

    # -- the hooks themselves --------------------------------------------------------------------------------------

    def _hook(self, paths: frozenset[str]) -> None:
        self._unhook()
        self._hooked = paths
        modules = self._modules() if paths else {}
        for path in paths.intersection(modules):
            if path == self._own:
                continue
            module = modules[path]
            if is_scripted(module):
                continue
            before, after = self._hooks_of(path, module)
            self._handles.append(module.register_forward_pre_hook(Hook(before), with_kwargs=True))
            self._handles.append(module.register_forward_hook(Hook(after), with_kwargs=True))

    def _hooks_of(self, path: str, known: Any) -> tuple[Callable[..., None], Callable[..., None]]:
        def before(module: Any, args: Any, kwargs: Any) -> None:
            if not is_compiling() and not is_replica(module):
                self._isolated(self._see_within, path, known, "input", (args, kwargs))

        def after(module: Any, args: Any, kwargs: Any, output: Any) -> None:
            del args, kwargs
            if not is_compiling() and not is_replica(module):
                self._isolated(self._see_within, path, known, "output", output)
                self._calls[path] = self._calls.get(path, 0) + 1

        return before, after

    def _see_within(self, path: str, module: Any, kind: str, value: Any) -> None:
        """Look at what goes into a module or comes out of it where nobody else counts what that costs."""
        taken, begun = self._taken, perf_counter()
        self._see(path, module, kind, value)
        if taken is not None:
            taken.cost += perf_counter() - begun

    def _see(self, path: str, module: Any, kind: str, value: Any) -> None:
        taken, call = self._taken, self._calls.get(path, 0)
        if taken is None or call >= _MOST_CALLS:
            return
        for number, tensor in enumerate(islice(tensors_in(value), _MOST_NUMBERS)):
            name = activation_name(path, type(self._root).__name__, kind, number, call)
            if self._is_discovering:
                self._known[name] = activation_info(path, module, self._root, kind, number, call, tensor)
            columns, whole = self._columns.get(name, ()), name in self._whole
            if columns or whole:
                taken.take(name, tensor, columns, whole=whole, copied=True)

    def release(self) -> None:
        """Take every hook back."""
        self._unhook()
        self.functions.release()

    def _unhook(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._hooked = frozenset()


_ENDS = frozenset({"inputs", "outputs"})
