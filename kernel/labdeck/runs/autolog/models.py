"""Keeps fitted models, in formats that execute nothing when they are read."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labdeck.runs.autolog import options
from labdeck.runs.autolog.importing import is_installed
from labdeck.runs.autolog.patching import warn

if TYPE_CHECKING:
    from labdeck.runs.autolog.place import Place

_said: set[str] = set()


def keep(library: str, place: Place, model: Any) -> None:
    """Keep a model if that was asked for: .ubj of XGBoost, .txt of LightGBM, .skops of scikit-learn."""
    if not options.current().log_models:
        return
    if library == "xgboost":
        place.keep("model.ubj", model.save_model)
    elif library == "lightgbm":
        booster = getattr(model, "booster_", model)
        place.keep("model.txt", lambda path: booster.save_model(str(path)))
    elif is_installed("skops"):
        place.keep("model.skops", lambda path: _dump(model, path))
    elif "skops" not in _said:
        _said.add("skops")
        warn("Labdeck: models of scikit-learn are kept with skops, which is not installed: pip install skops")


def _dump(model: Any, path: Path) -> None:
    importlib.import_module("skops.io").dump(model, path)  # guarded by `is_installed` above


def keep_state(place: Place, model: Any) -> None:
    """Keep the weights of a torch model as safetensors, each once, if that was asked for."""
    if not options.current().log_models:
        return
    from safetensors.torch import save_file

    weights: dict[str, Any] = {}
    shared = {}
    for name, tensor in model.state_dict().items():
        if not hasattr(tensor, "data_ptr"):
            continue
        same = (tensor.data_ptr(), tuple(tensor.shape), tuple(tensor.stride())) if tensor.numel() else (name,)
        if same in shared:
            continue  # tied to one that is kept
        shared[same] = name
        weights[name] = tensor.detach().cpu().contiguous().clone()
    place.keep("model.safetensors", lambda path: save_file(weights, str(path)))
