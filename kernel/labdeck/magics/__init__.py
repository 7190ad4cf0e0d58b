"""Door 1: magics, one noun each, whose verbs are short functions over the facade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdeck.magics import debug_rules_cell, importing, resuming  # noqa: F401 - they declare their verbs
from labdeck.magics.completing import make_matcher
from labdeck.magics.context import Context
from labdeck.magics.debug_rules import DEBUG_RULES
from labdeck.magics.door import make_awaiter, make_magic
from labdeck.magics.experiment import EXPERIMENT
from labdeck.runs.autolog import options
from labdeck.runs.system import configure

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from labdeck.studio import Studio

NOUNS = (EXPERIMENT, DEBUG_RULES)
"""Every magic there is."""


def load(shell: InteractiveShell) -> Context:
    """Install the magics, their completion and the look of records in a shell; doing it again starts them afresh.

    Returns:
        What the magics of this shell share.
    """
    from labdeck.config import Labdeck
    from labdeck_ui.formatters import register

    configure(Labdeck(config=shell.config).system_metrics)
    _forget(shell.input_transformers_post)
    if shell.Completer is not None:
        _forget(shell.Completer.custom_matchers)
    context = Context(shell, _default_studio)
    options.follow(lambda: context.experiment)
    register_magic: Any = shell.register_magic_function  # typed for something else
    for noun in NOUNS:
        register_magic(make_magic(noun, context), "line_cell", noun.name)
        shell.input_transformers_post.append(make_awaiter(noun, context))
        if shell.Completer is not None:
            shell.Completer.custom_matchers.append(make_matcher(noun, context))
    register(shell)
    return context


def _forget(hooks: list[Any]) -> None:
    """Remove what an earlier load hung in there."""
    hooks[:] = [hook for hook in hooks if not getattr(hook, "__module__", "").startswith(__name__)]


def _default_studio() -> Studio:
    from labdeck.defaults import studio

    return studio()
