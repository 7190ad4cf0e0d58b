"""What a magic is made of: a noun has verbs, a verb has arguments and flags.

A room adds a magic by making a `Noun`, declaring its verbs on it with `Noun.verb`, and naming it in `labdeck.magics`. A
verb is a short function: it gets a `Context` and its arguments by keyword, calls the facade and returns a record. It
prints nothing; help, usage errors and completion follow from the declaration.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labdeck.errors import UsageError
from labdeck.magics.words import read_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labdeck.magics.context import Context
    from labdeck.magics.parsing import Draft
    from labdeck.magics.words import Word
    from labdeck.wire.records import ParamValue

Reader = Callable[["Word"], Any]
"""Makes a value of a word; ValueError, with a message that says what is expected, if it cannot."""

Completer = Callable[["Context", "Draft"], Sequence[str]]
"""Lists what could stand here, the likeliest first, given what stands already."""

PhraseCompleter = Callable[["Context", "Draft", str], tuple[int, list[str]]]
"""Returns where in a text the part to replace begins, and by what it may be replaced."""

RunVerb = Callable[..., Any]


def read_text(word: Word) -> str:
    """Return the word as it is."""
    return word.text


def read_pair(word: Word) -> tuple[str, str]:
    """Return the two sides of KEY=VALUE, both text; ValueError without an equals sign."""
    key, has_value, value = word.partition()
    if not has_value:
        raise ValueError("write KEY=VALUE")
    return key.text, value.text


def read_setting(word: Word) -> tuple[str, ParamValue]:
    """Return the two sides of NAME=VALUE, the value as what it spells; ValueError without an equals sign."""
    name, has_value, value = word.partition()
    if not has_value:
        raise ValueError("write NAME=VALUE")
    return name.text, read_value(value)


def read_definition(word: Word) -> tuple[str, str]:
    """Return the two sides of NAME=REGEX, which is quoted as a rule; ValueError without an equals sign."""
    name, has_value, regex = word.text.partition("=")
    if not has_value:
        raise ValueError("write 'NAME=REGEX'")
    return name, regex


def offer(*choices: str) -> Completer:
    """Return a completer that always lists these words."""
    return lambda _context, _draft: choices


def one_of(*choices: str) -> Reader:
    """Return a reader that accepts these words only."""

    def read(word: Word) -> str:
        if word.text not in choices:
            raise ValueError(suggest(word.text, choices, "choose one of"))
        return word.text

    return read


@dataclass(frozen=True)
class Argument:
    """What a verb is given by position.

    Attributes:
        name: The keyword under which the verb gets it; in capitals it stands in the help.
        help: What it is, for the help: a phrase in lower case.
        read: Makes the value.
        many: Take all that follow; the verb gets a tuple.
        optional: It may be left out; the verb gets None, or () for many.
        complete: Lists what could stand here.
        complete_phrase: Completes all of its words together, as they stand in the line; of an argument that takes many.
    """

    name: str
    help: str
    read: Reader = read_text
    many: bool = False
    optional: bool = False
    complete: Completer | None = None
    complete_phrase: PhraseCompleter | None = None

    @property
    def usage(self) -> str:
        """How it is written in a usage line."""
        shown = self.name.upper() + ("…" if self.many else "")
        return f"[{shown}]" if self.optional else shown


@dataclass(frozen=True)
class Flag:
    """What a verb is given by `--name`.

    Attributes:
        name: Without the leading dashes; the verb gets it under this keyword, dashes in it as underscores.
        help: What it is, for the help: a phrase in lower case.
        value: What its value is called in the help; "" for a switch, which the verb gets as a bool.
        read: Makes the value.
        many: It may be given again; the verb gets a tuple.
        default: What the verb gets if it is not given (for many: always ()).
        complete: Lists what its value could be.
    """

    name: str
    help: str
    value: str = ""
    read: Reader = read_text
    many: bool = False
    default: Any = None
    complete: Completer | None = None

    @property
    def usage(self) -> str:
        """How it is written in a usage line."""
        shown = f"--{self.name} {self.value}".rstrip()
        return f"[{shown}]…" if self.many else f"[{shown}]"


@dataclass(frozen=True)
class Verb:
    """One thing a magic can do.

    Attributes:
        name: As it is typed.
        run: Does it: called with a `Context` and the arguments by keyword; a cell verb gets the cell as `cell`.
        arguments, flags: What it takes.
        cell: It is written `%%noun verb` and takes the rest of the cell.
    """

    name: str
    run: RunVerb
    arguments: tuple[Argument, ...] = ()
    flags: tuple[Flag, ...] = ()
    cell: bool = False

    @property
    def purpose(self) -> str:
        """The first sentence of the function's docstring."""
        return (inspect.getdoc(self.run) or "").split("\n\n")[0].replace("\n", " ")

    @property
    def details(self) -> str:
        """The rest of the function's docstring."""
        return (inspect.getdoc(self.run) or "").partition("\n\n")[2]

    def find_flag(self, name: str) -> Flag:
        """Return the flag of that name; UsageError with the nearest one if there is none."""
        for flag in self.flags:
            if flag.name == name:
                return flag
        known = [f"--{flag.name}" for flag in self.flags]
        raise UsageError(f"{self.name} has no flag --{name}", suggest(f"--{name}", known, "it takes"))


@dataclass(frozen=True)
class Noun:
    """A magic: `%name verb …`.

    Attributes:
        name: Without the percent sign.
        purpose: What it is for, one sentence.
        verbs: By name, in the order of the help.
        of_cells: The verb of a cell that names none: `%%name …` is `%%name verb …`; "" if a verb must be named.
    """

    name: str
    purpose: str
    verbs: dict[str, Verb] = field(default_factory=dict)
    of_cells: str = ""

    def verb(self, *parts: Argument | Flag, cell: bool = False) -> Callable[[RunVerb], RunVerb]:
        """Declare the decorated function a verb of this noun, under its own name.

        Args:
            parts: Its arguments, in order, and its flags.
            cell: It takes the rest of the cell.
        """

        def declare(run: RunVerb) -> RunVerb:
            arguments = tuple(part for part in parts if isinstance(part, Argument))
            flags = tuple(part for part in parts if isinstance(part, Flag))
            name = run.__name__.rstrip("_")
            self.verbs[name] = Verb(name, run, arguments, flags, cell)
            return run

        return declare

    def find(self, name: str) -> Verb:
        """Return the verb of that name; UsageError with the nearest one if there is none."""
        if name in self.verbs:
            return self.verbs[name]
        known = [*self.verbs, "help"]
        raise UsageError(f"%{self.name} has no verb {name!r}", suggest(name, known, "it has"))

    def choose(self, words: list[Word], *, cell: bool) -> tuple[Verb, list[Word]]:
        """Return the verb that a line names, or that its cell means, and the words for it; UsageError."""
        if cell and self.of_cells and (not words or words[0].text not in self.verbs):
            return self.verbs[self.of_cells], words
        return self.find(words[0].text), words[1:]

    def usage(self, verb: Verb) -> str:
        """Return how a verb is written, on one line."""
        parts = [argument.usage for argument in verb.arguments] + [flag.usage for flag in verb.flags]
        return " ".join([f"{'%%' if verb.cell else '%'}{self.name} {verb.name}", *parts])


def suggest(wrong: str, known: Iterable[str], otherwise: str) -> str:
    """Return a remedy: the nearest correct spelling, or after `otherwise` all of them.

    Example:
        >>> suggest("crate", ["create", "use"], "it has")
        "did you mean 'create'?"
    """
    names = list(known)
    near = difflib.get_close_matches(wrong, names, n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"{otherwise} {', '.join(names) or 'none'}"
