"""Makes `import smdebug` mean this package."""

from __future__ import annotations

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from labdeck.errors import Conflict

_HERE = "labdeck.compat.smdebug"
_VERSION = "1.0.34"
"""The newest smdebug there is, whose API this is."""
_PACKAGES = ("smdebug", "smdebug.analysis", "smdebug.core")
_MODULES = {
    "smdebug.analysis.utils": "refreshing",
    "smdebug.core.access_layer": "utils",
    "smdebug.core.access_layer.utils": "utils",
    "smdebug.core.collection": "collection",
    "smdebug.core.collection_manager": "collection",
    "smdebug.core.config_constants": "config_constants",
    "smdebug.core.hook": "hook",
    "smdebug.core.json_config": "json_config",
    "smdebug.core.logger": "logs",
    "smdebug.core.modes": "mode_keys",
    "smdebug.core.reduction_config": "reduction_config",
    "smdebug.core.reductions": "reductions",
    "smdebug.core.sagemaker_utils": "sagemaker_utils",
    "smdebug.core.save_config": "save_config",
    "smdebug.core.singleton_utils": "singletons",
    "smdebug.core.tensor": "tensor",
    "smdebug.core.utils": "utils",
    "smdebug.exceptions": "exceptions",
    "smdebug.pytorch": "pytorch",
    "smdebug.pytorch.collection": "collection",
    "smdebug.pytorch.hook": "pytorch",
    "smdebug.pytorch.singleton_utils": "singletons",
    "smdebug.rules": "rules",
    "smdebug.rules.action": "actions",
    "smdebug.rules.req_tensors": "required_tensors",
    "smdebug.rules.rule": "rules",
    "smdebug.rules.rule_invoker": "rules",
    "smdebug.trials": "trials",
    "smdebug.trials.local_trial": "trials",
    "smdebug.trials.s3_trial": "trials",
    "smdebug.trials.trial": "trial",
    "smdebug.trials.utils": "trials",
    "smdebug.xgboost": "xgboost",
    "smdebug.xgboost.collection": "collection",
    "smdebug.xgboost.hook": "xgboost",
    "smdebug.xgboost.singleton_utils": "singletons",
    "smdebug_rulesconfig": "rule_configs",
}
_MISSING = {
    "smdebug.mxnet": "MXNet is no longer developed",
    "smdebug.profiler": "profiles are recorded by labdeck.watch",
    "smdebug.rules.generic": "the built-in rules are in labdeck.debugger.rules, by the same names and parameters",
    "smdebug.tensorflow": "there are hooks for PyTorch and XGBoost; Keras is watched by labdeck.watch",
}
_OTHERS = "docs/smdebug.md lists the modules that are there"


class _Finder(MetaPathFinder, Loader):
    """Answers for the names of smdebug's modules; each is loaded when it is first imported."""

    def __init__(self) -> None:
        self._specs: dict[str, ModuleSpec | None] = {}

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002
        if not _is_named(fullname):
            return None
        if fullname in _PACKAGES or fullname in _MODULES:
            is_package = fullname in _PACKAGES or any(name.startswith(f"{fullname}.") for name in _MODULES)
            return ModuleSpec(fullname, self, is_package=is_package)
        raise ModuleNotFoundError(f"{fullname} is not in Labdeck: {_MISSING.get(fullname, _OTHERS)}", name=fullname)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = _package(spec.name) if spec.name in _PACKAGES else _facade(spec.name)
        if spec.submodule_search_locations is not None:
            module.__path__ = []
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: what stands behind it has run."""


def _package(name: str) -> ModuleType:
    module = ModuleType(name, f"Labdeck's {name}.")
    if name == "smdebug":
        ours = sys.modules[_HERE]
        module.__version__ = _VERSION  # type: ignore[attr-defined]  # modules take any attribute
        for public in ("modes", "CollectionKeys", "ReductionConfig", "SaveConfig", "SaveConfigMode"):
            setattr(module, public, getattr(ours, public))
    return module


def _facade(name: str) -> ModuleType:
    """Return a module of that name with everything that ours has: it can be taken away without a trace."""
    ours = importlib.import_module(f"{_HERE}.{_MODULES[name]}")
    module = ModuleType(name, ours.__doc__)
    module.__dict__.update({key: value for key, value in vars(ours).items() if not key.startswith("__")})
    if "__all__" in vars(ours):
        module.__dict__["__all__"] = ours.__all__
    return module


_finder = _Finder()
_theirs: dict[str, ModuleType] = {}


def install(replace: bool = False) -> None:
    """Make `import smdebug` and its modules mean this package, in this process; a second call has no effect.

    Whether the original is installed does not matter. `smdebug_rulesconfig` comes along.

    Args:
        replace: Take over even if the original was imported already; what has been taken from it stays the original's.

    Raises:
        Conflict: The original was imported already.

    Example:
        >>> install()
        >>> import smdebug.core.modes
        >>> smdebug.core.modes.ModeKeys.TRAIN
        <ModeKeys.TRAIN: 1>
        >>> uninstall()
    """
    if _finder in sys.meta_path:
        return
    theirs = {name: module for name, module in sys.modules.items() if _is_named(name)}
    if theirs and not replace:
        raise Conflict(
            "the original smdebug is imported already",
            "call install() before anything imports it, or install(replace=True)",
        )
    _theirs.update(theirs)
    for name in theirs:
        del sys.modules[name]
    sys.meta_path.insert(0, _finder)


def uninstall() -> None:
    """Take `install` back; what was imported meanwhile goes on to work."""
    if _finder not in sys.meta_path:
        return
    sys.meta_path.remove(_finder)
    for name in [name for name in sys.modules if _is_named(name)]:
        del sys.modules[name]
    sys.modules.update(_theirs)
    _theirs.clear()


def _is_named(module: str) -> bool:
    return module.partition(".")[0] in ("smdebug", "smdebug_rulesconfig")
