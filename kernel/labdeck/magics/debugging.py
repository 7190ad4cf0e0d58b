"""What the verbs of `%debug_rules` share: rules in a line, the rules of a notebook, the trial that is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from labdeck.errors import NotFound, UsageError
from labdeck.magics.verbs import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.findings.rule import Rule
    from labdeck.magics.context import Context
    from labdeck.magics.parsing import Draft
    from labdeck.magics.words import Word
    from labdeck.runs.trial import Trial

_rules: WeakKeyDictionary[Context, list[Rule]] = WeakKeyDictionary()
_latest: WeakKeyDictionary[Context, Trial] = WeakKeyDictionary()


def chosen_rules(context: Context) -> list[Rule]:
    """Return the rules that were added in this notebook; the list itself."""
    return _rules.setdefault(context, [])


def remember(context: Context, trial: Trial) -> None:
    """Let a trial be the one that was watched last."""
    _latest[context] = trial


def forget(context: Context, trial: Trial) -> None:
    """Let a trial that was deleted no longer be the one that was watched last."""
    if _latest.get(context) is trial:
        del _latest[context]


def find_trial(context: Context, name: str | None) -> Trial:
    """Return the trial of that name or id; without one that which is, or was, watched last in this notebook.

    Raises:
        NotFound: There is no such trial.
        UsageError: None is named, and none was watched.
    """
    if name is not None:
        return context.choose_trial(name, None)
    live = context.studio.debugger.hubs()
    if live:
        return live[-1].trial
    if context in _latest:
        return _latest[context]
    newest = () if context.experiment is None else context.studio.trial_page(context.experiment.id, limit=1).trials
    if not newest:
        raise UsageError("no training was watched here", "name its trial, or watch one with %%debug_rules")
    return context.studio.find_trial(newest[0].id)


def trial_and_rules(context: Context, first: Word | None, rest: tuple[Word, ...]) -> tuple[Trial, tuple[Word, ...]]:
    """Return the trial and the rules of a line that may begin with either; a name of both is the trial's.

    Raises:
        NotFound: The first word names neither.
        UsageError: It is a rule, and no trial was watched.
    """
    if first is None:
        return find_trial(context, None), rest
    try:
        return find_trial(context, first.text), rest
    except NotFound:
        from labdeck.debugger import rules

        if ".py:" not in first.text and first.text.lower() not in {name.lower() for name in rules.names()}:
            raise
        return find_trial(context, None), (first, *rest)


def parameter_or_rule(word: Word) -> Word:
    """Return a word of a line of rules as it is: what it means depends on the words before it."""
    read_text(word)
    return word


def split_rules(words: Sequence[Word]) -> list[tuple[str, dict[str, str]]]:
    """Return rules with their parameters: NAME=VALUE belongs to the rule before it.

    Raises:
        UsageError: A parameter stands before any rule, or twice.
    """
    found: list[tuple[str, dict[str, str]]] = []
    for word in words:
        name, has_value, value = word.partition()
        if not has_value:
            found.append((word.text, {}))
        elif not found:
            raise UsageError(f"{word.text!r} stands before any rule", "write the rule first: NAME parameter=value")
        elif name.text in found[-1][1]:
            raise UsageError(f"{name.text} is given twice", "keep one of them")
        else:
            found[-1][1][name.text] = value.text
    return found


def make_rules(words: Sequence[Word]) -> list[Rule]:
    """Return the rules of a line; NotFound, UsageError."""
    from labdeck.debugger.watching import make

    return [make(name, params) for name, params in split_rules(words)]


def rule_names(context: Context, draft: Draft) -> Sequence[str]:
    """List the rules, and the parameters of the one before."""
    from labdeck.debugger import rules

    parameters: list[str] = []
    for word in draft.positional:
        if "=" not in word.mask and word.text.lower() in {name.lower() for name in rules.names()}:
            (kind,) = context.studio.debugger.rules([word.text]).rules
            parameters = [f"{name}=" for name in kind.params]
    return [*parameters, *rules.names()]
