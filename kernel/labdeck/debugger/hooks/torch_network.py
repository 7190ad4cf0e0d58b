"""Notices, during one pass through a model of PyTorch, in which order its modules ran and which gave what to which."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from labdeck.debugger.hooks.torch_hook import Hook
from labdeck.debugger.hooks.torch_library import is_compiling, is_replica, is_scripted
from labdeck.debugger.hooks.torch_taken import tensors_in

_MOST_MODULES = 2_000
_MOST_FUNCTIONS = 10_000
"""Operations between two modules that are looked through at most."""
_MOST_WALKED = 200_000
"""Operations that are looked through in all: where every module adds to one stream, each has all before it as sources.
From there on a module's source is the one that ran before it."""


class NetworkTrace:
    """Hooks every module of a model until the model has been called once; it sets nothing else on them.

    Two modules are joined where the output of one is the input of another, unchanged or after operations that belong to
    no module: those are followed back through the functions that autograd recorded.

    Args:
        model: The model.
        done: Given `{"modules": [{"path", "type"}, …], "edges": [[path, path], …]}`, modules in the order in which they
            ended, those that hold others after them; called once, and never after `close`.
    """

    def __init__(self, model: Any, done: Callable[[dict[str, Any]], None]) -> None:
        self._done: Callable[[dict[str, Any]], None] | None = done
        self._modules: dict[str, str] = {}
        self._edges: dict[tuple[str, str], None] = {}
        self._made: dict[int, str] = {}
        self._functions: dict[Any, str] = {}
        self._latest = ""
        self._walked = 0
        self._alive: list[Any] = []  # an id names an object only while it lives
        self._handles = []
        modules = list(model.named_modules())[:_MOST_MODULES]
        holders = {path[:end] for path, _ in modules for end, letter in enumerate(path) if letter == "/"}
        for path, module in modules:
            # A layer of Keras keeps its own parameters in a module of their own.
            is_leaf = path not in holders and all(type(one).__name__ == "ParameterDict" for one in module.children())
            hook = self._after_leaf if is_leaf and path else self._after_parent
            if not is_scripted(module):
                self._handles.append(module.register_forward_hook(Hook(self._bind(hook, path)), with_kwargs=True))

    def close(self) -> None:
        """Take the hooks back."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._done = None
        self._let_go()

    def _after_leaf(self, path: str, module: Any, given: Any, output: Any) -> None:
        for source in dict.fromkeys(found for tensor in tensors_in(given) for found in self._sources(tensor)):
            if source != path:
                self._edges[source, path] = None
        self._modules[path] = type(module).__name__
        self._latest = path
        self._made_by(path, output)

    def sources_of(self, tensor: Any) -> tuple[str, ...]:
        """Return the nodes that the input of a function comes from; asked before it, as it may work in place."""
        return () if self._done is None else tuple(dict.fromkeys(self._sources(tensor)))

    def saw_function(self, path: str, kind: str, sources: Iterable[str], output: Any) -> None:
        """Take a function that a module calls, and that is none itself, for one more node."""
        if self._done is None or len(self._modules) >= _MOST_MODULES:
            return
        for source in sources:
            self._edges[source, path] = None
        self._modules[path] = kind
        self._latest = path
        self._made_by(path, output)

    def _made_by(self, path: str, output: Any) -> None:
        for tensor in tensors_in(output):
            self._alive.append(tensor)
            self._made[id(tensor)] = path
            if tensor.grad_fn is not None:
                self._functions[tensor.grad_fn] = path

    def _after_parent(self, path: str, module: Any, given: Any, output: Any) -> None:  # noqa: ARG002 - as the other's
        self._modules[path] = type(module).__name__
        if path:
            self._join(path, output)
            return
        done = self._done
        found = {
            "modules": [{"path": name, "type": kind} for name, kind in self._modules.items()],
            "edges": [list(edge) for edge in self._edges],
        }
        self.close()
        if done is not None:
            done(found)

    def _join(self, path: str, output: Any) -> None:
        """Take what a module that holds others returns for what the last of them made.

        What else went into it, past that one, is an edge to it: a residual connection. Without this, each module
        would seem to get something from all before it.
        """
        latest = self._latest
        if not latest.startswith((path + ".", path + "/")):
            return
        for source in dict.fromkeys(found for tensor in tensors_in(output) for found in self._sources(tensor)):
            if source != latest:
                self._edges[source, latest] = None
        self._made_by(latest, output)

    def _sources(self, tensor: Any) -> Iterator[str]:
        """Yield the modules that an input comes from, the nearest on each way."""
        maker = self._made.get(id(tensor))
        if maker is not None:
            yield maker
            return
        if self._walked >= _MOST_WALKED:
            yield from (self._latest,) if self._latest else ()
            return
        waiting = [tensor.grad_fn]
        seen: set[Any] = set()
        while waiting and len(seen) < _MOST_FUNCTIONS:
            function = waiting.pop()
            if function is None or function in seen:
                continue
            seen.add(function)
            self._walked += 1
            maker = self._functions.get(function)
            if maker is not None:
                yield maker
            else:
                waiting += [following for following, _ in function.next_functions]

    def _let_go(self) -> None:
        self._made, self._functions, self._alive = {}, {}, []

    def _bind(self, hook: Callable[..., None], path: str) -> Callable[..., None]:
        def after(module: Any, args: Any, kwargs: Any, output: Any) -> None:
            if is_compiling() or is_replica(module):
                return
            try:
                hook(path, module, (args, kwargs), output)
            except Exception:  # noqa: BLE001 - a picture is missing then, the training goes on
                self.close()

        return after
