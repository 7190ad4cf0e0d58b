"""The one hook of a process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labdeck.compat.smdebug.hook import BaseHook

_current: list[BaseHook] = []


def set_hook(custom_hook: BaseHook) -> None:
    """Make a hook the one that `get_hook` returns; the one before is closed."""
    before = get_hook()
    _current[:] = [custom_hook]
    if before is not None and before is not custom_hook:
        before.close()


def get_hook(
    json_config_path: Any = None,
    hook_type: type[BaseHook] | None = None,
    create_if_not_exists: bool = False,
    **_: Any,
) -> BaseHook | None:
    """Return the hook that was made last; None when there is none.

    Args:
        json_config_path: What a new one is configured from; see `Hook.create_from_json_file`.
        hook_type: The class of a new one.
        create_if_not_exists: Make one if there is none.
        **_: Accepted and not used.
    """
    if not _current and create_if_not_exists and hook_type is not None:
        hook_type.create_from_json_file(json_config_path)
    return _current[-1] if _current else None


def del_hook() -> None:
    """Close the hook, and have none."""
    while _current:
        _current.pop().close()
