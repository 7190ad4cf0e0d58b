"""The API of smdebug, the library of Amazon SageMaker Debugger, over Labdeck: scripts run as they are.

    import labdeck.compat.smdebug

    labdeck.compat.smdebug.install()  # from here on `import smdebug` means this package
    import smdebug.pytorch as smd

What a hook saves goes into the local store, so that tensors, rules and findings are seen in the sidebar; `out_dir` gets
a small file that says where. `create_trial` reads that, and the folders that smdebug itself has written.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labdeck.compat.smdebug.collection import Collection, CollectionKeys
    from labdeck.compat.smdebug.installing import install, uninstall
    from labdeck.compat.smdebug.mode_keys import ModeKeys, modes
    from labdeck.compat.smdebug.reduction_config import ReductionConfig
    from labdeck.compat.smdebug.rules import Rule, invoke_rule
    from labdeck.compat.smdebug.save_config import SaveConfig, SaveConfigMode
    from labdeck.compat.smdebug.trials import Trial, create_trial

_HOMES = {
    "Collection": "collection",
    "CollectionKeys": "collection",
    "ModeKeys": "mode_keys",
    "ReductionConfig": "reduction_config",
    "Rule": "rules",
    "SaveConfig": "save_config",
    "SaveConfigMode": "save_config",
    "Trial": "trials",
    "create_trial": "trials",
    "install": "installing",
    "invoke_rule": "rules",
    "modes": "mode_keys",
    "uninstall": "installing",
}

__all__ = [
    "Collection",
    "CollectionKeys",
    "ModeKeys",
    "ReductionConfig",
    "Rule",
    "SaveConfig",
    "SaveConfigMode",
    "Trial",
    "create_trial",
    "install",
    "invoke_rule",
    "modes",
    "uninstall",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
