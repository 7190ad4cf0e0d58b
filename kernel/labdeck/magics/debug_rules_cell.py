"""`%%debug_rules`: watch whatever is trained in a cell, which needs no change for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from labdeck.findings.actions.base import SEVERITIES
from labdeck.findings.actions.choose import to_actions
from labdeck.findings.actions.on_training import StopTraining
from labdeck.magics.background import train_in_background
from labdeck.magics.cells import Body
from labdeck.magics.debug_rules import ACTION, DEBUG_RULES, RULES
from labdeck.magics.debugging import chosen_rules, make_rules
from labdeck.magics.names import experiment_names
from labdeck.magics.verbs import Flag, offer, one_of
from labdeck.magics.watched_cell import Wanted, WatchedCell

if TYPE_CHECKING:
    from labdeck.magics.context import Context
    from labdeck.magics.words import Word
    from labdeck.wire.debugging import Severity


def read_budget(word: Word) -> float | None:
    """Return a share of a step; "none" is no limit; ValueError."""
    if word.text.lower() == "none":
        return None
    share = _read_number(word)
    if not 0 < share < 1:
        raise ValueError("write a share of a step, 0.03 for 3 %, or none")
    return share


def read_steps(word: Word) -> int:
    """Return a number of steps; ValueError."""
    steps = _read_number(word)
    if steps != int(steps) or steps < 0:
        raise ValueError("write a number of steps")
    return int(steps)


def _read_number(word: Word) -> float:
    try:
        return float(word.text)
    except ValueError:
        raise ValueError("write a number") from None


@DEBUG_RULES.verb(
    replace(RULES, optional=True),
    ACTION,
    Flag(
        "stop-on",
        "stop the training at the first finding at least this bad",
        "|".join(SEVERITIES),
        one_of(*SEVERITIES),
        complete=offer(*SEVERITIES),
    ),
    Flag("background", "train in a thread: the notebook stays free, and a pause really waits"),
    Flag("budget", "share of a step that watching may take, default 0.03; none for no limit", "SHARE", read_budget,
         default=0.03),
    Flag("flight", "steps that the flight recorder keeps, default 5", "STEPS", read_steps, default=5),
    Flag("trial", "what to call the trial that is started where none runs", "NAME"),
    Flag("experiment", "its experiment, default the one in use", "NAME", complete=experiment_names),
    cell=True,
)  # fmt: skip
def run(
    context: Context,
    *,
    rule: tuple[Word, ...],
    action: tuple[str, ...],
    stop_on: Severity | None,
    background: bool,
    cell: str,
    **more: Any,
) -> Any:
    """Watch whatever the cell trains, by the rules that are named, or were added, or suit any training.

    The cell needs no change. Where no trial runs one is started; it ends with the cell, and its findings are shown.
    `%%debug_rules` alone means this verb: %%debug_rules VanishingGradient threshold=1e-6 --stop-on error
    Example: %%debug_rules run --stop-on error
    """
    actions = [*to_actions(action), *([StopTraining(least=stop_on)] if stop_on else [])]
    wanted = Wanted(make_rules(rule) or list(chosen_rules(context)) or None, actions, **more)
    watched, body = WatchedCell(context, wanted), Body(context.shell, cell)
    return train_in_background(watched, body) if background else watched.run(body)
