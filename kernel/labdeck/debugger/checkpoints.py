"""Keeps the state of a model and its optimizer with the trial, in formats that execute nothing when they are read."""

from __future__ import annotations

import importlib
import importlib.util
import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labdeck.errors import MissingExtra, NotFound, StoreCorrupt, UsageError

if TYPE_CHECKING:
    from labdeck.runs.trial import Trial

_KEY = "labdeck"
_MODEL, _STATE = "model/", "optimizer/"


def keep_checkpoint(trial: Trial, model: Any, optimizer: Any = None, *, name: str = "checkpoint", step: int = 0) -> str:
    """Keep the state of a model, and of its optimizer, as an artifact of the trial; return the artifact's name.

    PyTorch's are kept as safetensors: the model's tensors as "model/…", the optimizer's as "optimizer/…", what is no
    tensor as JSON in the header. XGBoost is kept as .ubj, LightGBM as .txt, scikit-learn through skops.

    Args:
        trial: The trial, running.
        model: What is trained.
        optimizer: Of PyTorch; None for none.
        name: What to call it; the step is appended.
        step: The step.

    Raises:
        UsageError: It is no model whose state can be kept.
        MissingExtra: skops is not installed.
        StoreFull: The disk is full.
    """
    suffix, write = _writer(model, optimizer, step)
    return keep_file(trial, f"{name}-step-{step}{suffix}", write)


def keep_file(trial: Trial, called: str, write: Callable[[Path], Any]) -> str:
    """Keep what a function writes to the path that it is given as an artifact of the trial; return its name."""
    with tempfile.TemporaryDirectory(prefix="labdeck-") as folder:
        path = Path(folder) / f"checkpoint{Path(called).suffix}"
        write(path)
        trial.log_artifact(path, name=called)
    return called


def load_checkpoint(source: str | Path | Trial, model: Any, optimizer: Any = None, *, name: str | None = None) -> int:
    """Give a PyTorch model, and its optimizer, the state of a checkpoint; return the step it was kept at.

    Args:
        source: The file, or the trial that has it.
        model: A model of the same shape; its state is replaced.
        optimizer: Its optimizer; None to leave it alone.
        name: The artifact's name; default the trial's latest checkpoint.

    Raises:
        NotFound: There is no such file or checkpoint.
        StoreCorrupt: The file is no checkpoint.
        UsageError: The model has another shape.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(source) if isinstance(source, (str, Path)) else _path_of(source, name)
    if not path.is_file():
        raise NotFound(f"there is no file {path.name}", "write the path of a checkpoint")
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {})[_KEY])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - it is no mapping
    except (SafetensorError, KeyError, ValueError) as error:
        raise StoreCorrupt(
            f"{path.name} is no checkpoint of Labdeck", "choose one that keep_checkpoint wrote"
        ) from error
    weights = {key.removeprefix(_MODEL): value for key, value in tensors.items() if key.startswith(_MODEL)}
    try:
        model.load_state_dict(weights)
        if optimizer is not None and facts["groups"]:
            optimizer.load_state_dict(_optimizer_state(facts, tensors, optimizer))
    except (RuntimeError, ValueError, KeyError) as error:
        what = str(error).strip().splitlines()[0]
        raise UsageError(
            f"{path.name} does not fit: {what}", "give a model and an optimizer of the same shape"
        ) from None
    return int(facts["step"])


def _writer(model: Any, optimizer: Any, step: int) -> tuple[str, Callable[[Path], Any]]:
    """Return the ending of the file, and what writes it."""
    kind = type(model)
    library = kind.__module__.partition(".")[0]
    if callable(getattr(model, "state_dict", None)):
        return ".safetensors", lambda path: _save(path, model, optimizer, step)
    if library == "xgboost":
        return ".ubj", model.save_model
    if library == "lightgbm":
        booster = getattr(model, "booster_", model)
        return ".txt", lambda path: booster.save_model(str(path))
    if library == "sklearn" or callable(getattr(model, "get_params", None)):
        if importlib.util.find_spec("skops") is None:
            raise MissingExtra("checkpoints of scikit-learn are kept with skops", "pip install skops")
        return ".skops", lambda path: importlib.import_module("skops.io").dump(model, path)
    raise UsageError(f"the state of {kind.__name__} cannot be kept", "watch a model of PyTorch, XGBoost or LightGBM")


def _save(path: Path, model: Any, optimizer: Any, step: int) -> None:
    from safetensors.torch import save_file

    tensors = {f"{_MODEL}{name}": _alone(value) for name, value in model.state_dict().items() if _is_tensor(value)}
    facts: dict[str, Any] = {"step": step, "groups": [], "state": {}}
    if optimizer is not None:
        held = optimizer.state_dict()
        facts["groups"] = [{key: _json(value) for key, value in group.items()} for group in held["param_groups"]]
        for index, state in held["state"].items():
            for key, value in state.items():
                if _is_tensor(value):
                    tensors[f"{_STATE}{index}/{key}"] = _alone(value)
                else:
                    facts["state"].setdefault(str(index), {})[key] = _json(value)
    save_file(tensors, str(path), metadata={_KEY: json.dumps(facts)})


def _optimizer_state(facts: Mapping[str, Any], tensors: Mapping[str, Any], optimizer: Any) -> dict[str, Any]:
    state: dict[int, dict[str, Any]] = {int(index): dict(values) for index, values in facts["state"].items()}
    for name, value in tensors.items():
        if name.startswith(_STATE):
            index, _, key = name.removeprefix(_STATE).partition("/")
            state.setdefault(int(index), {})[key] = value
    groups = []
    for kept, own in zip(facts["groups"], optimizer.state_dict()["param_groups"], strict=True):
        groups.append({k: tuple(v) if isinstance(own.get(k), tuple) else v for k, v in kept.items()})
    return {"state": state, "param_groups": groups}


def _path_of(trial: Trial, name: str | None) -> Path:
    artifacts = [each for each in trial.detail().artifacts if each.name.endswith(".safetensors")]
    found = [each for each in artifacts if name in {None, each.name} and (name or "-step-" in each.name)]
    if not found:
        raise NotFound(f"trial {trial.name!r} has no such checkpoint", "see its artifacts")
    newest = max(found, key=lambda each: each.created)
    return trial.experiment.session.artifacts.path(newest.sha256)


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "data_ptr")


def _alone(value: Any) -> Any:
    """Return a tensor that shares its memory with no other: tied weights would be refused."""
    return value.detach().cpu().contiguous().clone()


def _json(value: Any) -> Any:
    if _is_tensor(value):
        return value.tolist()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return [_json(each) for each in value] if isinstance(value, (list, tuple)) else str(value)
