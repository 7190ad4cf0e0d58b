"""PyTorch, imported in one place; nothing of Labdeck imports it before a model of it is watched."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from labdeck.errors import MissingExtra

_known: ModuleType | None = None


def torch() -> ModuleType:
    """Return the library; MissingExtra.

    `torch.compile` traces this where it traces hooks: a global is a constant to it; the table of all modules is not,
    and may grow while it is read.
    """
    global _known  # noqa: PLW0603 - there is one library
    if _known is None:
        try:
            import torch as library
        except ImportError:
            raise MissingExtra("PyTorch is not installed", 'pip install "labdeck[torch]"') from None
        _known = library
    return _known


def is_module(value: Any) -> bool:
    """Say whether something is a model of PyTorch, without importing it."""
    loaded = sys.modules.get("torch")
    return loaded is not None and isinstance(value, loaded.nn.Module)


def is_compiling() -> bool:
    """Say whether code is being traced instead of run: what a hook does then would become part of the graph.

    Keras calls models with made-up numbers, too, to learn their shapes.
    """
    library = torch()
    return bool(library.compiler.is_compiling() or library.jit.is_tracing() or _is_symbolic())


def _is_symbolic() -> bool:
    scope = sys.modules.get("keras.src.backend.common.stateless_scope")
    return scope is not None and bool(scope.in_stateless_scope())


def is_replica(module: Any) -> bool:
    """Say whether a module is a copy that DataParallel made for one call."""
    return bool(getattr(module, "_is_replica", False))


def is_scripted(module: Any) -> bool:
    """Say whether a module runs without Python: it takes no hooks."""
    return isinstance(module, torch().jit.ScriptModule)


def type_name(tensor: Any) -> str:
    """Return the name of the type of a tensor: "float32" or "bfloat16", say."""
    return str(tensor.dtype).removeprefix("torch.")


@functools.cache
def library_folder() -> str:
    """Return the folder of the library's sources."""
    return str(Path(str(torch().__file__)).parent)
