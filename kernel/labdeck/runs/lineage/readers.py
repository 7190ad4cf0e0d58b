"""Functions of libraries that open files where Python does not see it: they say so themselves.

A library that is imported before the first trial is looked at then, one that is imported later right after its import;
none is imported for this.
"""

from __future__ import annotations

import functools
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labdeck.runs.lineage import watching

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


@dataclass(frozen=True)
class Opener:
    """A function that opens a file: what it is called in its module, and which argument is the path.

    Attributes:
        name: With dots for a method.
        place: Position of the path among the arguments, `self` included.
        keyword: The argument's name.
        writing: Whether it writes; None if its argument `mode` says so.
    """

    name: str
    place: int
    keyword: str
    writing: bool | None


_OPENERS: dict[str, tuple[Opener, ...]] = {
    "torch": (
        Opener("save", 1, "f", True),
        Opener("jit.save", 1, "f", True),
        Opener("jit.load", 0, "f", False),
    ),
    "xgboost": (
        Opener("Booster.save_model", 1, "fname", True),
        Opener("Booster.load_model", 1, "fname", False),
        Opener("DMatrix.__init__", 1, "data", False),
    ),
    "lightgbm": (
        Opener("Booster.save_model", 1, "filename", True),
        Opener("Booster.__init__", 3, "model_file", False),
        Opener("Dataset.__init__", 1, "data", False),
    ),
    "safetensors.torch": (Opener("save_file", 1, "filename", True), Opener("load_file", 0, "filename", False)),
    "safetensors.numpy": (Opener("save_file", 1, "filename", True), Opener("load_file", 0, "filename", False)),
    "pyarrow.parquet": (
        Opener("ParquetFile.__init__", 1, "source", False),
        Opener("ParquetDataset.__init__", 1, "path_or_paths", False),
        Opener("ParquetWriter.__init__", 1, "where", True),
    ),
    "pyarrow.feather": (Opener("read_table", 0, "source", False), Opener("write_feather", 1, "dest", True)),
    "pyarrow.csv": (Opener("read_csv", 0, "input_file", False), Opener("write_csv", 1, "output_file", True)),
    "pyarrow.dataset": (Opener("dataset", 0, "source", False), Opener("write_dataset", 1, "base_dir", True)),
    "h5py": (Opener("File.__init__", 1, "name", None),),
}
_done: set[str] = set()


def install() -> None:
    """Have the libraries that are imported tell what they open, and the others when they come."""
    for name in _OPENERS:
        module = sys.modules.get(name)
        spec = getattr(module, "__spec__", None)
        if module is not None and not getattr(spec, "_initializing", False):
            _teach(name, module)
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds nothing itself, but has what others find taught after its import."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return what the finders after this one find."""
        if name not in _OPENERS or name in _done:
            return None
        for finder in sys.meta_path:
            spec = None if isinstance(finder, _Finder) else finder.find_spec(name, path, target)
            if spec is not None:
                _teach_after_import(name, spec)
                return spec
        return None


def _teach_after_import(name: str, spec: ModuleSpec) -> None:
    loader: Any = spec.loader
    run = getattr(loader, "exec_module", None)
    if run is None:
        return

    def exec_module(module: ModuleType) -> None:
        run(module)
        _teach(name, module)

    loader.exec_module = exec_module


def _teach(name: str, module: ModuleType) -> None:
    """Replace the functions of a module that open files; one that is not there in this version is left out."""
    if name in _done:
        return
    _done.add(name)
    for opener in _OPENERS[name]:
        owner: Any = module
        *above, last = opener.name.split(".")
        for part in above:
            owner = getattr(owner, part, None)
        function = getattr(owner, last, None)
        if function is not None:
            telling = _telling(function, opener)
            setattr(owner, last, telling)
            home = sys.modules.get(getattr(function, "__module__", "") or "")
            if not above and getattr(home, last, None) is function:
                setattr(home, last, telling)  # pickle looks a function up where it says that it lives


def _telling(function: Callable[..., Any], opener: Opener) -> Callable[..., Any]:
    @functools.wraps(function)
    def telling(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        if watching.is_watched():
            _tell(opener, args, kwargs)
        return result

    return telling


def _tell(opener: Opener, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    try:
        given = args[opener.place] if len(args) > opener.place else kwargs.get(opener.keyword)
        writing = opener.writing
        if writing is None:
            mode = args[opener.place + 1] if len(args) > opener.place + 1 else kwargs.get("mode", "r")
            writing = mode not in {"r", None}
        caller = sys._getframe(2)  # noqa: SLF001 - ourselves, the function's stand-in, whoever called it
        if not str(caller.f_globals.get("__name__", "")).startswith("labdeck."):
            for one in given if isinstance(given, list | tuple) else (given,):
                if isinstance(one, str | os.PathLike):
                    watching.note(str(os.fspath(one)).partition("?")[0], writing=writing)
    except Exception as error:  # noqa: BLE001 - the library's caller must not notice
        watching.give_up(error)
