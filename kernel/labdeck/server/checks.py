"""What a request may ask for: every bound of the routes in one place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from labdeck.errors import InvalidName, InvalidQuery, TooLarge
from labdeck.server.errors import WireMismatch
from labdeck.store.contract import SeriesKey
from labdeck.store.ids import is_id
from labdeck.store.names import check_name
from labdeck.wire import WIRE_VERSION, commands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.runs.curves import XAxis
    from labdeck.wire import UserCommand

BODY_LIMIT = 1 << 20
"""Bytes of a request's body."""
COMMANDS_LIMIT = 1_000
VIEW_LIMIT = 1 << 16
"""Bytes of what is kept of a saved comparison."""
TRIALS_LIMIT = 200
SERIES_LIMIT = 50
CURVES_LIMIT = 2_000
"""Trials times series of one figure."""
PAGE_LIMIT, PAGE_DEFAULT = 500, 200
POINTS_LEAST, POINTS_LIMIT = 10, 2_000
SMOOTHING_LIMIT = 0.99
FIELDS_LIMIT = 100
"""Fields of one request."""
GROUPS_LIMIT = 5
"""Fields to group by."""
BARS_LIMIT, AXES_LIMIT = 12, 30
"""Fields of a figure of bars, and axes of parallel coordinates."""
LARGEST = 2**53 - 1
"""Whole numbers beyond it are not exact in a browser."""


def check_wire(version: str | None) -> None:
    """Raise WireMismatch unless the caller speaks this version; a script, which names none, may call."""
    if version is not None and version != str(WIRE_VERSION):
        raise WireMismatch(
            f"the page speaks version {version[:20]} of the wire, the server version {WIRE_VERSION}",
            "reload the page; if that does not help, restart the Jupyter server",
        )


def whole(name: str, text: str | None, default: int, least: int = 0, most: int = LARGEST) -> int:
    """Return an argument as a whole number within bounds; InvalidQuery."""
    if text is None:
        return default
    try:
        value = int(text) if len(text) <= len(str(LARGEST)) else most + 1
    except ValueError:
        raise InvalidQuery(f"{name} is not a whole number", f"give one from {least} to {most}") from None
    if not least <= value <= most:
        raise InvalidQuery(f"{name} is out of bounds", f"give a whole number from {least} to {most}")
    return value


def smoothing(text: str | None) -> float:
    """Return the weight of the moving average, from 0 to 0.99; InvalidQuery."""
    try:
        value = float(text or 0)
    except ValueError:
        value = math.nan
    if not 0 <= value <= SMOOTHING_LIMIT:
        raise InvalidQuery("smoothing is no number within its bounds", f"give one from 0 to {SMOOTHING_LIMIT}")
    return value


def x_axis(text: str | None) -> XAxis:
    """Return what the horizontal axis shows, steps unless it is said; InvalidQuery."""
    match text:
        case None:
            return "step"
        case "step" | "time" | "relative":
            return text
    raise InvalidQuery("x is not one of step, time, relative", "choose one of them")


def flag(name: str, text: str | None) -> bool:
    """Return a yes (1) or no (0, or not given); InvalidQuery."""
    if text not in {None, "0", "1"}:
        raise InvalidQuery(f"{name} is neither 0 nor 1", "choose one of them")
    return text == "1"


def trials(ids: Sequence[str]) -> list[str]:
    """Return ids of trials, each once, in the order given; InvalidQuery, TooLarge."""
    if not ids:
        raise InvalidQuery("no trial is named", "add trial=<id> for each")
    if len(ids) > TRIALS_LIMIT:
        raise TooLarge(f"{len(ids):,} trials at once are too many", f"ask for at most {TRIALS_LIMIT}")
    if not all(map(is_id, ids)):
        raise InvalidQuery("a trial's id is not 32 lower-case hexadecimal digits", "take ids from the list of trials")
    return list(dict.fromkeys(ids))


def series(texts: Sequence[str], trial_count: int) -> list[SeriesKey]:
    """Return series named as JSON pairs of component and metric; InvalidQuery, TooLarge."""
    if not texts:
        raise InvalidQuery("no series is named", 'add series=["<component>","<metric>"] for each')
    if len(texts) > SERIES_LIMIT or len(texts) * trial_count > CURVES_LIMIT:
        raise TooLarge(
            f"{len(texts):,} series of {trial_count:,} trials are too many for one figure",
            f"ask for at most {SERIES_LIMIT} series and {CURVES_LIMIT:,} curves",
        )
    try:
        pairs = [msgspec.json.decode(text, type=tuple[str, str]) for text in texts]
    except msgspec.MsgspecError:
        raise InvalidQuery("a series is not a JSON pair", 'write it as ["<component>","<metric>"]') from None
    return [SeriesKey(component, metric) for component, metric in dict.fromkeys(pairs)]


def fields(name: str, texts: Sequence[str], least: int, most: int) -> list[str]:
    """Return texts that name fields, each once, in the order given; InvalidQuery, TooLarge."""
    found = list(dict.fromkeys(text for text in texts if text))
    if len(found) < least:
        raise InvalidQuery(f"{name} is missing", f"name a field: {name}=params.lr, or {name}=metrics.loss.min")
    if len(found) > most:
        raise TooLarge(f"{name} names {len(found):,} fields", f"give at most {most}")
    return found


def optional_id(name: str, text: str | None) -> str | None:
    """Return an argument that may name something by its id; InvalidQuery."""
    if text is not None and not is_id(text):
        raise InvalidQuery(f"{name} is no id", f"give 32 lower-case hexadecimal digits, or leave {name} out")
    return text


def two_trials(before: str, after: str) -> tuple[str, str]:
    """Return the ids of two trials; InvalidQuery."""
    if not is_id(before) or not is_id(after):
        raise InvalidQuery("a and b are not both ids of trials", "add a=<id>&b=<id>, 32 lower-case hexadecimal digits")
    return before, after


def user_commands(given: Sequence[UserCommand]) -> None:
    """Raise unless the commands are few and hold only ids, names and texts that can be stored; UsageError, TooLarge."""
    if not given:
        raise InvalidQuery("there is no command in the request", "send at least one")
    if len(given) > COMMANDS_LIMIT:
        raise TooLarge(f"{len(given):,} commands at once are too many", f"send at most {COMMANDS_LIMIT:,}")
    for command in given:
        if not all(map(is_id, _ids(command))):
            raise InvalidQuery("an id is not 32 lower-case hexadecimal digits", "take ids from the lists")
        _check_texts(command)
        if isinstance(command, commands.AskTraining) and command.request.argument:
            check_name(command.request.argument, "rule")


def _ids(command: UserCommand) -> Sequence[str]:
    """Return what a command acts on; "" where it names nothing."""
    if isinstance(command, commands.AskTraining):
        return (command.request.id, command.request.trial_id)
    view = getattr(command, "view", None)
    return getattr(command, "ids", None) or (getattr(view or command, "id", ""),)


def _check_texts(command: UserCommand) -> None:
    match command:
        case commands.OpenExperiment() | commands.RenameExperiment():
            check_name(command.name, "experiment")
        case commands.RenameTrial():
            check_name(command.name, "trial")
        case commands.Annotate() if "\0" in command.note:
            raise InvalidName("the note holds a NUL character", "remove it")
        case commands.SetTags():
            for key, value in command.set.items():
                check_name(key, "tag")
                if "\0" in value:
                    raise InvalidName("the value of a tag holds a NUL character", "remove it")
        case commands.SaveView():
            check_name(command.view.name, "view")
            if len(msgspec.json.encode(command.view.body)) > VIEW_LIMIT:
                raise TooLarge("the comparison is larger than 64 KiB", "compare fewer trials, or choose fewer columns")
    objective = getattr(command, "objective", None) or getattr(command, "metric", None)
    if objective is not None:
        check_name(objective, "metric")
