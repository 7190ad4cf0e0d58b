"""Reads the JSON that configures a hook.

    {"LocalPath": "out",
     "HookParameters": {"save_interval": "10", "reductions": "mean,l2"},
     "CollectionConfigurations": [
       {"CollectionName": "gradients", "CollectionParameters": {"train.save_interval": "1"}}]}

All values may be text, lists with commas between their parts. A key of a schedule may have its mode before it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from labdeck.compat.smdebug.collection import Collection
from labdeck.compat.smdebug.config_constants import (
    CONFIG_FILE_PATH_ENV_STR,
    DEFAULT_CONFIG_FILE_PATH,
    DEFAULT_SAGEMAKER_OUTDIR,
)
from labdeck.compat.smdebug.exceptions import SMDebugValueError
from labdeck.compat.smdebug.mode_keys import ModeKeys
from labdeck.compat.smdebug.reduction_config import ReductionConfig, to_bool
from labdeck.compat.smdebug.save_config import SaveConfig, SaveConfigMode

__all__ = [
    "CONFIG_FILE_PATH_ENV_STR",
    "DEFAULT_CONFIG_FILE_PATH",
    "DEFAULT_SAGEMAKER_OUTDIR",
    "config_path",
    "hook_arguments",
    "read_config",
    "split",
]

_SCHEDULE = ("save_interval", "start_step", "end_step", "save_steps")


def config_path(given: str | Path | None = None) -> Path | None:
    """Return the file that configures the hook: the one given, that of the environment, SageMaker's; None for none.

    Raises:
        FileNotFoundError: The one given, or that of the environment, is not there.
    """
    named = given or os.environ.get(CONFIG_FILE_PATH_ENV_STR)
    if named:
        if not Path(named).is_file():
            raise FileNotFoundError(f"there is no file {str(named)!r} to configure the hook from")
        return Path(named)
    return Path(DEFAULT_CONFIG_FILE_PATH) if Path(DEFAULT_CONFIG_FILE_PATH).is_file() else None


def read_config(path: Path) -> dict[str, Any]:
    """Return what a file of JSON says; SMDebugValueError when it says nothing that can be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SMDebugValueError(f"{path} is no JSON: {error}") from None
    if not isinstance(content, dict):
        raise SMDebugValueError(f"{path} configures no hook", 'write {"LocalPath": "…"}')
    return content


def hook_arguments(
    config: Mapping[str, Any], default_values: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], list[Collection]]:
    """Return what a hook is made with, and the collections to add to it.

    Args:
        config: As at the top.
        default_values: Of the schedule, where the configuration has none.

    Raises:
        SMDebugValueError: Something in it that cannot be.
    """
    params = _mapping(config.get("HookParameters"), "HookParameters")
    schedules = _schedules(params, {mode: dict(default_values or {}) for mode in ModeKeys})
    described = config.get("CollectionConfigurations") or []
    if not isinstance(described, list):
        raise SMDebugValueError("CollectionConfigurations is no list")
    collections = [_collection(one, schedules) for one in described]
    found: dict[str, Any] = {
        "out_dir": config.get("LocalPath") or None,
        "save_config": _save_config(schedules) if _has_schedule(params) else None,
        "include_collections": [collection.name for collection in collections] or None,
        "include_regex": split(params.get("include_regex")) or None,
        "reduction_config": _reduction_config(params),
    }
    for key, where in (("export_tensorboard", config), ("dry_run", params), ("save_all", params)):
        found[key] = to_bool(params.get(key, where.get(key, False)), key)
    found["tensorboard_dir"] = params.get("tensorboard_dir", config.get("tensorboard_dir"))
    found["include_workers"] = str(params.get("include_workers", "one"))
    return found, collections


def split(listed: Any) -> list[str]:
    """Return the parts of a text with commas between them.

    Example:
        >>> split("relu_output, tanh")
        ['relu_output', 'tanh']
    """
    parts = listed if isinstance(listed, list) else str(listed or "").split(",")
    return [str(part).strip() for part in parts if str(part).strip()]


def _collection(described: Any, base: dict[ModeKeys, dict[str, Any]]) -> Collection:
    name = _mapping(described, "a collection").get("CollectionName")
    if not isinstance(name, str) or not name:
        raise SMDebugValueError("a collection has no CollectionName", "every collection needs one")
    params = _mapping(described.get("CollectionParameters"), f"CollectionParameters of {name}")
    return Collection(
        name,
        split(params.get("include_regex")),
        reduction_config=_reduction_config(params),
        save_config=_save_config(_schedules(params, base)),
        save_histogram=to_bool(params.get("save_histogram", True), "save_histogram"),
    )


def _reduction_config(params: Mapping[str, Any]) -> ReductionConfig | None:
    """Return what is to be saved; a configuration that names no reductions leaves that open."""
    return ReductionConfig.from_dict(params) if {"reductions", "save_shape"} & set(params) else None


def _has_schedule(params: Mapping[str, Any]) -> bool:
    return any(key.rpartition(".")[2] in _SCHEDULE for key in params)


def _schedules(params: Mapping[str, Any], base: dict[ModeKeys, dict[str, Any]]) -> dict[ModeKeys, dict[str, Any]]:
    """Return the schedule of each mode: its own words, those for all modes, then the base."""
    found = {}
    for mode in ModeKeys:
        own = {key: params[key] for key in _SCHEDULE if key in params}
        prefix = f"{mode.name.lower()}."
        own |= {key: params[prefix + key] for key in _SCHEDULE if prefix + key in params}
        found[mode] = {**base[mode], **own}
    return found


def _save_config(schedules: dict[ModeKeys, dict[str, Any]]) -> SaveConfig:
    return SaveConfig({mode: SaveConfigMode.from_dict(words) for mode, words in schedules.items()})


def _mapping(given: Any, what: str) -> Mapping[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise SMDebugValueError(f"{what} is {str(given)[:80]!r}", "write an object of names and values")
    return given
