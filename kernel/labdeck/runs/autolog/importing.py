"""Does something with a library as soon as it has been imported, without importing it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Action = Callable[[ModuleType], None]


class _Loader(Loader):
    """Loads as the real loader does, then tells."""

    def __init__(self, real: Any, action: Action) -> None:
        self._real = real
        self._action = action

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return the module to be filled, None for the usual one."""
        created: ModuleType | None = self._real.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        """Fill the module, give it back its real loader, and tell."""
        if module.__spec__ is not None:
            module.__spec__.loader = self._real
        module.__loader__ = self._real
        self._real.exec_module(module)
        self._action(module)


class _Finder(MetaPathFinder):
    """Finds what is waited for through the finders behind it."""

    def __init__(self) -> None:
        self.waiting: dict[str, dict[str, Action]] = {}
        self._asking: set[str] = set()

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the finders behind are asked by name
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Return where a module is that is waited for, None for every other."""
        if fullname not in self.waiting or fullname in self._asking:
            return None
        self._asking.add(fullname)
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._asking.discard(fullname)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _Loader(spec.loader, self.tell)
        return spec

    def tell(self, module: ModuleType) -> None:
        """Do what waits for a module."""
        for action in list(self.waiting.get(module.__name__, {}).values()):
            action(module)


_finder = _Finder()


def when_imported(name: str, owner: str, action: Action) -> None:
    """Do something with a module: now if it has been imported, else right after it is.

    Args:
        name: The module.
        owner: Who asks; of what one asks of a module the last counts.
        action: Is given the module; it must not raise.
    """
    _finder.waiting.setdefault(name, {})[owner] = action
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    module = sys.modules.get(name)
    if module is not None and not _is_being_imported(module):
        action(module)


def forget(owner: str) -> None:
    """Do nothing more of what somebody asked for."""
    for name, actions in list(_finder.waiting.items()):
        actions.pop(owner, None)
        if not actions:
            del _finder.waiting[name]
    if not _finder.waiting and _finder in sys.meta_path:
        sys.meta_path.remove(_finder)


def is_installed(name: str) -> bool:
    """Say whether a top-level module can be imported, without importing it."""
    if name in sys.modules:
        return sys.modules[name] is not None
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _is_being_imported(module: ModuleType) -> bool:
    return bool(getattr(module.__spec__, "_initializing", False))
