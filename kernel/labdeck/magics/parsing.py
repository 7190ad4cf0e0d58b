"""From the words of a line to the arguments of a verb, in two steps: place them, then read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labdeck.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.magics.verbs import Argument, Flag, Noun, Verb
    from labdeck.magics.words import Word


@dataclass
class Draft:
    """The words of a line, each in its place but none read yet: all that completion can know of a line being typed.

    Attributes:
        noun, verb: What they are given to.
        positional: Words that are no flags, in order.
        flags: The values given to each flag by name; a switch gets its own word.
        waiting: The flag whose value has not come yet.
        only_positional: A lone `--` was seen: nothing that follows is a flag.
        typing: What of the last word stands already, while it is being completed.
    """

    noun: Noun
    verb: Verb
    positional: list[Word] = field(default_factory=list)
    flags: dict[str, list[Word]] = field(default_factory=dict)
    waiting: Flag | None = None
    only_positional: bool = False
    typing: str = ""

    def text(self, flag: str) -> str | None:
        """Return what a flag was given, None if it was not."""
        words = self.flags.get(flag)
        return words[-1].text if words else None


def place(noun: Noun, verb: Verb, words: Sequence[Word]) -> Draft:
    """Put each word in its place.

    Raises:
        UsageError: There is no such flag, or a switch was given a value.
    """
    draft = Draft(noun, verb)
    for word in words:
        if draft.waiting is not None:
            draft.flags.setdefault(draft.waiting.name, []).append(word)
            draft.waiting = None
        elif draft.only_positional or not word.mask.startswith("--"):
            draft.positional.append(word)
        elif word.mask == "--":
            draft.only_positional = True
        else:
            _place_flag(draft, word)
    return draft


def _place_flag(draft: Draft, word: Word) -> None:
    head, has_value, value = word.partition()
    flag = draft.verb.find_flag(head.text[2:])
    if has_value and not flag.value:
        raise UsageError(f"--{flag.name} takes no value", f"write {flag.usage}")
    if has_value or not flag.value:
        draft.flags.setdefault(flag.name, []).append(value if has_value else word)
    else:
        draft.waiting = flag


def bind(draft: Draft) -> dict[str, Any]:
    """Read every word and return the arguments of the verb.

    Raises:
        UsageError: Something is missing, given twice, too much, or cannot be read.
    """
    usage = draft.noun.usage(draft.verb)
    if draft.waiting is not None:
        raise UsageError(f"--{draft.waiting.name} needs a value", usage)
    values: dict[str, Any] = {}
    rest = list(draft.positional)
    for argument in draft.verb.arguments:
        taken, rest = (rest, []) if argument.many else (rest[:1], rest[1:])
        values[argument.name] = _read_argument(argument, taken, usage)
    if rest:
        raise UsageError(f"{draft.verb.name} does not take {rest[0].text!r}", usage)
    for flag in draft.verb.flags:
        values[flag.name.replace("-", "_")] = _read_flag(flag, draft.flags.get(flag.name, []))
    return values


def _read_argument(argument: Argument, words: list[Word], usage: str) -> Any:
    if not words and not argument.optional:
        raise UsageError(f"{argument.name.upper()} is missing", usage)
    read = tuple(_read(argument, word, argument.name.upper()) for word in words)
    if argument.many:
        return read
    return read[0] if read else None


def _read_flag(flag: Flag, words: list[Word]) -> Any:
    if not flag.value:
        return bool(words)
    if len(words) > 1 and not flag.many:
        raise UsageError(f"--{flag.name} is given twice", "keep one of them")
    read = tuple(_read(flag, word, f"--{flag.name}") for word in words)
    if flag.many:
        return read
    return read[0] if read else flag.default


def _read(part: Argument | Flag, word: Word, shown: str) -> Any:
    try:
        return part.read(word)
    except UsageError:
        raise
    except ValueError as error:
        raise UsageError(f"{shown} cannot be {word.text!r}", str(error)) from None
