"""Completion of a line being typed: verbs, flags, and the names that are in the store."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

from labdeck.magics.parsing import place
from labdeck.magics.words import quote, split

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from IPython.core.completer import CompletionContext

    from labdeck.magics.context import Context
    from labdeck.magics.parsing import Draft
    from labdeck.magics.verbs import Noun
    from labdeck.magics.words import Word

MAX_WAIT = 2.0
"""Seconds after which completion gives up on a store that does not answer."""

MAX_SHOWN = 200
"""Most completions offered at once."""


def make_matcher(noun: Noun, context: Context) -> Callable[[CompletionContext], dict[str, Any]]:
    """Return a matcher for IPython's completer; it answers for lines of this magic only and never raises."""
    from IPython.core.completer import context_matcher

    start = re.compile(rf"^\s*(?:[\w.,\s]+=\s*)?(%%?){re.escape(noun.name)}\s")

    def match(asked: CompletionContext) -> dict[str, Any]:
        line = asked.full_text.split("\n")[asked.cursor_line][: asked.cursor_position]
        found = start.match(line)
        if found is None:
            return _result("", [])
        rest = line[found.end() :]
        return _result(*_within(MAX_WAIT, lambda: complete(noun, context, rest, cell=found[1] == "%%")))

    mark: Any = context_matcher  # untyped
    marked: Callable[[CompletionContext], dict[str, Any]] = mark(priority=1000, identifier=f"labdeck.{noun.name}")(
        match
    )
    return marked


def complete(noun: Noun, context: Context, line: str, *, cell: bool) -> tuple[str, list[str]]:
    """Return what of the line would be replaced, and by what.

    Args:
        noun: The magic.
        context: Where names are looked up.
        line: What follows the magic's name, up to the cursor.
        cell: It is written with two percent signs.
    """
    *before, last = split(line, unfinished=True)
    fragment = line[last.start :]
    means_cell = cell and bool(noun.of_cells)
    if not before and not means_cell:
        verbs = [verb.name for verb in noun.verbs.values() if verb.cell == cell]
        return fragment, _beginning([*verbs, "help"], last)
    if before and before[0].text == "help":
        return fragment, _beginning(list(noun.verbs), last)
    if before and before[0].text not in noun.verbs and not means_cell:
        return fragment, []
    verb, rest = noun.choose(before, cell=cell)
    draft = place(noun, verb, rest)
    slot = _slot(draft)
    if slot is not None and slot.complete_phrase and draft.waiting is None and not last.mask.startswith("--"):
        begun = draft.positional[0].start if draft.positional else last.start
        start, texts = slot.complete_phrase(context, draft, line[begun:])
        return line[begun + start :], texts
    return fragment, _options(context, draft, last)[:MAX_SHOWN]


def _options(context: Context, draft: Draft, last: Word) -> list[str]:
    if draft.waiting is not None:
        return _names(context, draft.waiting.complete, draft, last)
    if last.mask.startswith("--") and not draft.only_positional:
        head, has_value, value = last.partition()
        if has_value:
            flag = draft.verb.find_flag(head.text[2:])
            return [f"{head.text}={name}" for name in _names(context, flag.complete, draft, value)]
        return _beginning(_open_flags(draft), last)
    slot = _slot(draft)
    names = [] if slot is None else _names(context, slot.complete, draft, last)
    return names or ([] if last.text else _open_flags(draft))


def _slot(draft: Draft) -> Any:
    """Return the argument that the next positional word goes to, None if there is none."""
    arguments = draft.verb.arguments
    at = len(draft.positional)
    if at < len(arguments):
        return arguments[at]
    return arguments[-1] if arguments and arguments[-1].many else None


def _open_flags(draft: Draft) -> list[str]:
    return [f"--{flag.name}" for flag in draft.verb.flags if flag.many or flag.name not in draft.flags]


def _names(context: Context, completer: Any, draft: Draft, last: Word) -> list[str]:
    if completer is None:
        return []
    draft.typing = last.text
    known = [name for name in completer(context, draft) if "\n" not in name]
    return [_quoted(name) for name in _beginning(known, last)]


def _quoted(name: str) -> str:
    """Quote a name; what ends in an equals sign waits for its value and stays open."""
    return f"{quote(name[:-1])}=" if name.endswith("=") else quote(name)


def _beginning(names: Sequence[str], last: Word) -> list[str]:
    typed = last.text.casefold()
    return [name for name in dict.fromkeys(names) if name.casefold().startswith(typed)]


def _within(seconds: float, work: Callable[[], tuple[str, list[str]]]) -> tuple[str, list[str]]:
    """Return what the work gives, nothing if it raises or takes too long: a Tab must not stop the kernel."""
    given: list[tuple[str, list[str]]] = []

    def run() -> None:
        try:
            given.append(work())
        except Exception:  # noqa: BLE001 - a line that cannot be completed has no completions
            given.append(("", []))

    thread = threading.Thread(target=run, name="labdeck-completion", daemon=True)
    thread.start()
    thread.join(seconds)
    return given[0] if given else ("", [])


def _result(fragment: str, texts: list[str]) -> dict[str, Any]:
    from IPython.core.completer import SimpleCompletion

    completions = [SimpleCompletion(text=text, type="magic") for text in texts]
    return {"completions": completions, "matched_fragment": fragment, "suppress": bool(texts), "ordered": True}
