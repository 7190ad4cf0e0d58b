"""What a magic says of itself, drawn from the declaration of its verbs."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdeck.magics.verbs import Noun, Verb


@dataclass(frozen=True, repr=False)
class HelpText:
    """Help as a cell shows it.

    Attributes:
        text: Plain text, aligned with spaces.
    """

    text: str

    def __repr__(self) -> str:
        """Return the text as it is."""
        return self.text

    def _repr_html_(self) -> str:
        return f'<pre style="line-height: 1.4">{html.escape(self.text)}</pre>'


def describe_noun(noun: Noun) -> HelpText:
    """List the verbs of a magic, one line each."""
    rows = [(f"%{'%' if verb.cell else ''}{noun.name} {verb.name}", verb.purpose) for verb in noun.verbs.values()]
    lines = [noun.purpose, "", *_table(rows), "", f"%{noun.name} help VERB tells what a verb takes. Tab completes."]
    return HelpText("\n".join(lines))


def describe_verb(noun: Noun, verb: Verb) -> HelpText:
    """Say how a verb is written and what it takes."""
    lines = [verb.purpose, "", noun.usage(verb)]
    arguments = [(argument.name.upper(), argument.help) for argument in verb.arguments]
    flags = [(f"--{flag.name} {flag.value}".rstrip(), flag.help) for flag in verb.flags]
    lines += ["", *_table(arguments + flags)] if arguments or flags else []
    lines += ["", verb.details] if verb.details else []
    return HelpText("\n".join(lines))


def _table(rows: list[tuple[str, str]]) -> list[str]:
    width = max(len(left) for left, _ in rows)
    return [f"  {left:<{width}}  {right}".rstrip() for left, right in rows]
