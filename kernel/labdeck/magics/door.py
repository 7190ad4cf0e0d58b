"""Where a noun meets IPython: the magic itself, its completion, and the await that a cell may need."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from IPython.utils.text import DollarFormatter

from labdeck.errors import UsageError
from labdeck.magics.cells import Body
from labdeck.magics.help import HelpText, describe_noun, describe_verb
from labdeck.magics.parsing import bind, place
from labdeck.magics.words import split

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from labdeck.magics.context import Context
    from labdeck.magics.verbs import Noun, Verb
    from labdeck.magics.words import Word


def make_magic(noun: Noun, context: Context) -> Callable[..., Any]:
    """Return the function that IPython calls for `%noun` and `%%noun`."""

    def magic(line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None) -> Any:
        names = {**context.shell.user_ns, **(local_ns or {})}
        return run_line(noun, context, split(line, lambda text: _interpolate(text, names)), cell)

    magic.__name__ = noun.name
    magic.__doc__ = describe_noun(noun).text
    # Variables are put in word by word here, so that their values cannot split a word or end a quotation.
    vars(magic).update(_ipython_magic_no_var_expand=True, needs_local_scope=True)
    return magic


def run_line(noun: Noun, context: Context, words: list[Word], cell: str | None) -> Any:
    """Run the verb that a line names; help if it names none or asks for it.

    Raises:
        UsageError: The line does not fit the declaration of the verb.
    """
    if not words and not (cell is not None and noun.of_cells):
        return describe_noun(noun)
    if words and words[0].text == "help":
        return _help(noun, words[1:])
    if words and words[0].mask == "--help" and (cell is None or not noun.of_cells):
        return describe_noun(noun)
    verb, rest = noun.choose(words, cell=cell is not None)
    if any(word.mask == "--help" for word in words):
        return describe_verb(noun, verb)
    _check_kind(noun, verb, cell)
    arguments = bind(place(noun, verb, rest))
    if cell is not None:
        arguments["cell"] = cell
    return verb.run(context, **arguments)


def make_awaiter(noun: Noun, context: Context) -> Callable[[list[str]], list[str]]:
    """Return an input transformation that awaits the magic where the body of its cell awaits.

    A body that is no Python is refused here, before anything runs: so IPython shows the cell and no frames of ours.
    """
    opening = f"get_ipython().run_cell_magic({noun.name!r}, "

    def await_cell(lines: list[str]) -> list[str]:
        if len(lines) != 1 or not lines[0].startswith(opening):
            return lines
        call = ast.parse(lines[0], mode="eval").body
        body = call.args[-1] if isinstance(call, ast.Call) else None
        if not (isinstance(body, ast.Constant) and isinstance(body.value, str)):
            return lines
        head = call.args[1] if isinstance(call, ast.Call) else None
        if not (isinstance(head, ast.Constant) and _takes_cell(noun, str(head.value))):
            return lines
        if Body(context.shell, body.value).needs_await:
            return [f"await {lines[0]}"]
        return lines

    return await_cell


def _takes_cell(noun: Noun, line: str) -> bool:
    """Say whether a line names a verb that runs the rest of its cell, and does not ask for help."""
    words = line.split()
    if "--help" in words or words[:1] == ["help"]:
        return False
    named = noun.verbs.get(words[0]) if words else None
    return named.cell if named is not None else bool(noun.of_cells)


def _help(noun: Noun, words: list[Word]) -> HelpText:
    return describe_verb(noun, noun.find(words[0].text)) if words else describe_noun(noun)


def _check_kind(noun: Noun, verb: Verb, cell: str | None) -> None:
    if verb.cell and cell is None:
        raise UsageError(f"{verb.name} takes the rest of the cell", f"start the cell with %%{noun.name} {verb.name}")
    if cell is not None and not verb.cell:
        raise UsageError(f"{verb.name} takes no cell", f"write %{noun.name} {verb.name} with one percent sign")


def _interpolate(text: str, names: Mapping[str, Any]) -> str:
    """Put variables into a text as IPython does: `{expression}` and `$name`; text that names none stays as it is."""
    try:
        return DollarFormatter().vformat(text, (), dict(names))
    except Exception:  # noqa: BLE001 - whatever the user's expression raises
        return text
