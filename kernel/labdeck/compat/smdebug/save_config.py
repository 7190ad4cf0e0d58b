"""When tensors are saved: a schedule for each mode."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from labdeck.compat.smdebug.exceptions import SMDebugTypeError, SMDebugValueError
from labdeck.compat.smdebug.mode_keys import ModeKeys

DEFAULT_SAVE_CONFIG_INTERVAL = 500
_KEYS = ("save_interval", "start_step", "end_step", "save_steps")


def _whole(name: str, value: Any, least: int) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise SMDebugValueError(f"{name} is {value!r}", "write a whole number") from None
    if isinstance(value, float) and value != number:
        raise SMDebugValueError(f"{name} is {value!r}", "write a whole number")
    if number < least:
        raise SMDebugValueError(f"{name} is {number}", f"write a whole number from {least} on")
    return number


def _steps(value: Any) -> list[int]:
    if isinstance(value, str):
        value = [part for part in value.replace(" ", "").split(",") if part]
    if not isinstance(value, Iterable):
        raise SMDebugValueError(f"save_steps is {value!r}", "write a list of whole numbers")
    return [_whole("save_steps", step, 0) for step in value]


class SaveConfigMode:
    """The schedule of one mode.

    A step is saved when it stands in `save_steps`, or when `start_step` <= step < `end_step` and it is a multiple of
    `save_interval`. With `save_steps` alone nothing else is saved, as the documentation has it.

    Args:
        save_interval: From one saved step to the next; default 500.
        start_step: The first step that may be saved; default 0.
        end_step: The first that may no longer; default none.
        save_steps: Single steps.

    Raises:
        SMDebugValueError: Something that is no whole number, or too small.

    Example:
        >>> [step for step in range(10) if SaveConfigMode(save_interval=3, start_step=2).should_save_step(step)]
        [3, 6, 9]
        >>> [step for step in range(600) if SaveConfigMode(save_steps=[3, 7]).should_save_step(step)]
        [3, 7]
    """

    def __init__(
        self,
        save_interval: int | str | None = None,
        start_step: int | str | None = None,
        end_step: int | str | None = None,
        save_steps: list[int] | str | None = None,
    ) -> None:
        self.save_interval = (
            DEFAULT_SAVE_CONFIG_INTERVAL if save_interval is None else _whole("save_interval", save_interval, 1)
        )
        self.start_step = 0 if start_step is None else _whole("start_step", start_step, 0)
        self.end_step = None if end_step is None else _whole("end_step", end_step, 0)
        self.save_steps = [] if save_steps is None else _steps(save_steps)
        self._single_steps_only = bool(self.save_steps) and save_interval is start_step is end_step is None

    def should_save_step(self, step_num: int) -> bool:
        """Tell whether a step is saved."""
        if step_num in self.save_steps:
            return True
        if self._single_steps_only or step_num < self.start_step:
            return False
        return (self.end_step is None or step_num < self.end_step) and step_num % self.save_interval == 0

    def to_json_dict(self) -> dict[str, Any]:
        """Return what `from_dict` takes."""
        found = {key: getattr(self, key) for key in _KEYS}
        if self._single_steps_only:
            del found["save_interval"], found["start_step"], found["end_step"]
        return found

    @classmethod
    def from_dict(
        cls, params: Mapping[str, Any] | None, default_values: Mapping[str, Any] | None = None
    ) -> SaveConfigMode | None:
        """Return the schedule that a mapping of the four names describes; None for None."""
        if params is None:
            return None
        if not isinstance(params, Mapping):
            raise SMDebugTypeError(f"{params!r} is no mapping")
        merged = {**(default_values or {}), **params}
        return cls(**{key: merged.get(key) for key in _KEYS})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SaveConfigMode):
            return NotImplemented
        return vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ", ".join(f"{key}={getattr(self, key)}" for key in _KEYS)
        return f"SaveConfigMode({shown})"


class SaveConfig:
    """The schedules of all modes.

    Args:
        mode_save_configs: Modes to schedules; what is missing, or None, is as the hook has it.
        save_interval, start_step, end_step, save_steps: One schedule for all modes instead; see `SaveConfigMode`.

    Raises:
        SMDebugValueError: Keys that are no modes, or values that are no schedules.

    Example:
        >>> config = SaveConfig({ModeKeys.TRAIN: SaveConfigMode(save_interval=2)})
        >>> config.should_save_step(ModeKeys.TRAIN, 4)
        True
    """

    def __init__(
        self,
        mode_save_configs: Mapping[Any, Any] | None = None,
        save_interval: int | str | None = None,
        start_step: int | str | None = None,
        end_step: int | str | None = None,
        save_steps: list[int] | str | None = None,
    ) -> None:
        self.mode_save_configs: dict[ModeKeys, SaveConfigMode | None]
        if mode_save_configs is None:
            self.mode_save_configs = {
                mode: SaveConfigMode(save_interval, start_step, end_step, save_steps) for mode in ModeKeys
            }
            return
        for mode, config in mode_save_configs.items():
            if not isinstance(mode, ModeKeys) or not (config is None or isinstance(config, SaveConfigMode)):
                raise SMDebugValueError(
                    f"{mode!r}: {config!r} is no schedule of a mode", "write modes.TRAIN: SaveConfigMode(…)"
                )
        self.mode_save_configs = {mode: mode_save_configs.get(mode) for mode in ModeKeys}

    def get_save_config(self, mode: ModeKeys) -> SaveConfigMode:
        """Return the schedule of a mode; SMDebugValueError when it has none of its own."""
        config = self.mode_save_configs[mode]
        if config is None:
            raise SMDebugValueError(
                f"there is no schedule for {mode.name}", "a hook fills it in when it begins to save"
            )
        return config

    def set_save_config(self, mode: ModeKeys, save_config_mode: Any) -> None:
        """Set the schedule of a mode."""
        if not isinstance(save_config_mode, SaveConfigMode):
            raise SMDebugValueError(f"{save_config_mode!r} is no SaveConfigMode")
        self.mode_save_configs[mode] = save_config_mode

    def should_save_step(self, mode: ModeKeys, step_num: int) -> bool:
        """Tell whether a step of a mode is saved."""
        return self.get_save_config(mode).should_save_step(step_num)

    def merge_default_save_config(self, default_save_config: SaveConfig) -> None:
        """Take the schedules that are missing from another."""
        for mode, config in self.mode_save_configs.items():
            if config is None:
                self.mode_save_configs[mode] = default_save_config.mode_save_configs[mode] or SaveConfigMode()

    def to_json_dict(self) -> dict[str, Any]:
        """Return names of modes to mappings."""
        return {mode.name: config and config.to_json_dict() for mode, config in self.mode_save_configs.items()}

    def to_json(self) -> str:
        """Return it as JSON."""
        return json.dumps(self.to_json_dict())

    @classmethod
    def from_dict(
        cls, params: Mapping[Any, Any] | None, default_values: Mapping[str, Any] | None = None
    ) -> SaveConfig | None:
        """Return what a mapping of modes, or of their names, to schedules or mappings describes; None for None."""
        if params is None:
            return None
        found = {}
        for key, value in params.items():
            mode = key if isinstance(key, ModeKeys) else _mode(key)
            found[mode] = (
                value if isinstance(value, SaveConfigMode) else SaveConfigMode.from_dict(value, default_values)
            )
        return cls(found)

    @classmethod
    def from_json(cls, json_str: str) -> SaveConfig | None:
        """Return what JSON of `to_json` describes."""
        return cls.from_dict(json.loads(json_str))

    @classmethod
    def from_save_config_mode(cls, save_config_mode: SaveConfigMode) -> SaveConfig:
        """Return one schedule for all modes."""
        return cls(dict.fromkeys(ModeKeys, save_config_mode))

    @classmethod
    def parse(cls, obj: Any) -> SaveConfig:
        """Return a SaveConfig made from None, one of these classes, or a mapping; SMDebugTypeError."""
        if obj is None:
            return cls()
        if isinstance(obj, SaveConfig):
            return obj
        if isinstance(obj, SaveConfigMode):
            return cls.from_save_config_mode(obj)
        if isinstance(obj, Mapping):
            return cls.from_dict(obj) or cls()
        raise SMDebugTypeError(f"{obj!r} says not when to save", "give a SaveConfig")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SaveConfig):
            return NotImplemented
        return self.mode_save_configs == other.mode_save_configs

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"SaveConfig({self.mode_save_configs})"


def _mode(name: Any) -> ModeKeys:
    try:
        return ModeKeys[name]
    except KeyError:
        raise SMDebugValueError(f"{name!r} is no mode", "write TRAIN, EVAL, PREDICT or GLOBAL") from None
