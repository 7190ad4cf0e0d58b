"""Switches autolog on and off."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable
from types import ModuleType

from labdeck.errors import MissingExtra, UsageError
from labdeck.runs.autolog import importing, keras, lightgbm, lightning, options, patching, sklearn, torch, xgboost
from labdeck.runs.autolog.options import Options

Install = Callable[[ModuleType], None]


def _estimators(library: str) -> Install:
    return functools.partial(sklearn.install, library)


_WHEN_IMPORTED: dict[str, dict[str, Install]] = {
    "sklearn": {"sklearn": _estimators("sklearn"), "sklearn.metrics": sklearn.install_metrics},
    "xgboost": {"sklearn": _estimators("xgboost"), "xgboost": xgboost.install},
    "lightgbm": {"sklearn": _estimators("lightgbm"), "lightgbm": lightgbm.install},
    "torch": {"torch": torch.install},
    "lightning": {"lightning.pytorch": lightning.install, "pytorch_lightning": lightning.install},
    "keras": {"keras": keras.install},
}
_DISTRIBUTIONS = {"sklearn": "scikit-learn", "lightning": "lightning or pytorch_lightning"}
_ALSO = {"scikit-learn": "sklearn", "pytorch": "torch", "pytorch_lightning": "lightning"}
_on: set[str] = set()


def switch_on(libraries: tuple[str, ...], chosen: Options) -> tuple[str, ...]:
    """Observe these libraries, or all that are installed; return which are observed now.

    Nothing is imported: what has not been imported yet is patched when it is.

    Raises:
        UsageError: There is no such library, or `every` is no number of steps.
        MissingExtra: One that is named is not installed.
    """
    every: object = chosen.every
    if not isinstance(every, int) or isinstance(every, bool) or every < 1:
        raise UsageError(
            f"every is {chosen.every!r}", "give how many steps there are from one point to the next: 1, 2 …"
        )
    named = _check(libraries)
    wanted = named if libraries else tuple(name for name in _WHEN_IMPORTED if _is_installed(name))
    for name in wanted:
        if not _is_installed(name):
            raise MissingExtra(f"{name} is not installed", f"pip install {_DISTRIBUTIONS.get(name, name)}")
    options.choose(chosen)
    for name in wanted:
        patching.forgive(name)
        if name in _on and patching.is_on(name):
            continue
        patching.restore(name)
        _on.add(name)
        patching.begin(name)
        for module, install in _WHEN_IMPORTED[name].items():
            importing.when_imported(module, name, functools.partial(patching.guarded, name, install))
    return tuple(name for name in _WHEN_IMPORTED if name in _on and patching.is_on(name))


def switch_off(libraries: tuple[str, ...]) -> tuple[str, ...]:
    """Observe these libraries, or all, no more; return which are still observed."""
    for name in _check(libraries) or tuple(_WHEN_IMPORTED):
        _on.discard(name)
        importing.forget(name)
        patching.restore(name)
    return tuple(name for name in _WHEN_IMPORTED if name in _on and patching.is_on(name))


def _check(libraries: tuple[str, ...]) -> tuple[str, ...]:
    for name in libraries:
        if name not in _WHEN_IMPORTED and name not in _ALSO:
            near = difflib.get_close_matches(str(name).lower(), [*_WHEN_IMPORTED, *_ALSO], n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(_WHEN_IMPORTED)}"
            raise UsageError(f"autolog knows no library {name!r}", hint)
    return tuple(dict.fromkeys(_ALSO.get(name, name) for name in libraries))


def _is_installed(name: str) -> bool:
    return any(importing.is_installed(root) for root in {path.partition(".")[0] for path in _roots(name)})


def _roots(name: str) -> list[str]:
    own = list(_WHEN_IMPORTED[name])
    return [path for path in own if not (path == "sklearn" and name in {"xgboost", "lightgbm"})]
