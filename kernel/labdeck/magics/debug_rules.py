"""`%debug_rules`: choose rules, watch trainings, look at what rules find, ask running trainings."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, cast, get_args

import msgspec

from labdeck.errors import NotFound, UsageError
from labdeck.findings.actions.base import SEVERITIES
from labdeck.findings.actions.choose import WORDS, to_actions, to_policy
from labdeck.magics.debugging import (
    chosen_rules,
    find_trial,
    make_rules,
    parameter_or_rule,
    rule_names,
    trial_and_rules,
)
from labdeck.magics.names import trial_names
from labdeck.magics.verbs import Argument, Flag, Noun, offer, one_of
from labdeck.wire.debugging import Wish
from labdeck.wire.judging import RuleList

if TYPE_CHECKING:
    from labdeck.magics.context import Context
    from labdeck.magics.words import Word
    from labdeck.wire.debugging import Severity
    from labdeck.wire.judging import Judged, ReportKept, WatchReport
    from labdeck.wire.tensors import RecordedStep, TensorList

DEBUG_RULES = Noun("debug_rules", "Watch trainings by rules, and see what they find.", of_cells="run")

RULES = Argument(
    "rule",
    "rules, each followed by its parameters: VanishingGradient threshold=1e-6; my_rules.py:MyRule is one of a file",
    read=parameter_or_rule,
    many=True,
    complete=rule_names,
)
ACTION = Flag(
    "action",
    f"what to do about findings: {', '.join(WORDS[:6])}=0.1, webhook=URL …; may be repeated",
    "ACTION",
    many=True,
    complete=offer(*WORDS),
)
_TRIAL = Flag("trial", "the trial, default the one that is or was watched last", "NAME", complete=trial_names)
_KINDS = ("training", "profiler", "xgboost")
_WISHES: tuple[Wish, ...] = get_args(Wish)


@DEBUG_RULES.verb(Argument("rule", "rules, default all that ship", many=True, optional=True, complete=rule_names))
def list_(context: Context, *, rule: tuple[str, ...]) -> RuleList:
    """List the rules there are, what they look for, and their parameters.

    Example: %debug_rules list
    """
    listed = context.studio.debugger.rules(rule)
    chosen = {type(each).__name__ for each in chosen_rules(context)}
    return RuleList(rules=tuple(msgspec.structs.replace(each, chosen=each.name in chosen) for each in listed.rules))


@DEBUG_RULES.verb(
    RULES,
    ACTION,
    Flag("policy", "how often: once, each, or at most every so many SECONDS", "once|each|SECONDS"),
    Flag("least", "only for findings at least this bad", "|".join(SEVERITIES), one_of(*SEVERITIES), default="info"),
)
def add(
    context: Context,
    *,
    rule: tuple[Word, ...],
    action: tuple[str, ...],
    policy: str | None,
    least: Severity,
) -> RuleList:
    """Have rules watch the trainings of this notebook: those that run, and those to come.

    Example: %debug_rules add VanishingGradient threshold=1e-6 --action stop
    """
    actions = [to_policy(each, policy) if policy else each for each in to_actions(action)]
    for each in actions:
        each.least = least
    for made in make_rules(rule):
        chosen_rules(context).append(made.then(*actions))
        context.studio.debugger.add(made)
    return _chosen(context)


@DEBUG_RULES.verb(Argument("rule", "rules, default all that were added", many=True, optional=True, complete=rule_names))
def remove(context: Context, *, rule: tuple[str, ...]) -> RuleList:
    """Take rules back that were added, from the trainings that run, too; their findings stay.

    Example: %debug_rules remove VanishingGradient
    """
    mine = chosen_rules(context)
    for name in rule or tuple(type(each).__name__ for each in mine):
        named = [each for each in mine if type(each).__name__.lower() == name.lower()]
        mine[:] = [each for each in mine if all(each is not other for other in named)]
        if not context.studio.debugger.remove(name) and not named:
            raise NotFound(f"no rule {name!r} was added", "see them with %debug_rules list")
    return _chosen(context)


@DEBUG_RULES.verb(
    Argument("model", "the variable that holds the model"),
    Argument("optimizer", "the variable that holds its optimizer", optional=True),
    Argument("loss", "the variable that holds the loss, a module", optional=True),
    ACTION,
)
def watch(context: Context, *, model: str, optimizer: str | None, loss: str | None, action: tuple[str, ...]) -> Any:
    """Watch a model from here on, by the rules that were added, or else by those that suit any training.

    Example: %debug_rules watch net optimizer
    """
    from labdeck.debugger.watch import watch as begin

    held = [None if name is None else _variable(context, name) for name in (model, optimizer, loss)]
    return begin(held[0], held[1], loss=held[2], rules=list(chosen_rules(context)) or None, actions=to_actions(action))


@DEBUG_RULES.verb(Argument("trial", "the trial, default the one watched last", optional=True, complete=trial_names))
def status(context: Context, *, trial: str | None) -> WatchReport:
    """Show how the watching of a trial goes: rules with their state and cost, and findings.

    Example: %debug_rules status
    """
    return context.studio.debugger.status(find_trial(context, trial).id)


@DEBUG_RULES.verb(
    Argument("wish", f"one of {', '.join(_WISHES)}", one_of(*_WISHES), complete=offer(*_WISHES)),
    Argument("rule", "for rule-on and rule-off: the rule", optional=True, complete=rule_names),
    _TRIAL,
)
def ask(context: Context, *, wish: str, rule: str | None, trial: str | None) -> WatchReport:
    """Ask something of a running training: it does it at the end of its step.

    Example: %debug_rules ask go-on
    """
    found = find_trial(context, trial)
    context.studio.debugger.ask(found.id, cast("Wish", wish), rule or "")
    return context.studio.debugger.status(found.id, note=f"asked to {wish}{f' {rule}' if rule else ''}")


@DEBUG_RULES.verb(
    Argument("kind", "training, profiler or xgboost; default training", optional=True, complete=offer(*_KINDS)),
    _TRIAL,
)
def report(context: Context, *, kind: str | None, trial: str | None) -> ReportKept:
    """Make a report about a trial, as a page and as a notebook; both are kept with the trial.

    Example: %debug_rules report profiler
    """
    return context.studio.debugger.report(find_trial(context, trial).id, kind or "training")


@DEBUG_RULES.verb(
    Argument("trial", "the trial, default the one watched last", parameter_or_rule, optional=True,
             complete=trial_names),
    Argument("rule", "rules with their parameters, default those that were over it", parameter_or_rule, many=True,
             optional=True, complete=rule_names),
    Flag("recording", "step through a flight recording instead: its id, or latest", "ID"),
    Flag("step", "the recording's step; -1, the last, is the default, -2 the one before", "STEP"),
)  # fmt: skip
def replay(
    context: Context, *, trial: Word | None, rule: tuple[Word, ...], recording: str | None, step: str | None
) -> Judged | RecordedStep:
    """Let rules judge a trial as it was recorded, or step through a flight recording.

    Example: %debug_rules replay cnn-32 VanishingGradient threshold=1e-5
    """
    found, rule = trial_and_rules(context, trial, rule)
    if recording is not None or step is not None:
        return _recorded(context.studio.tensors.list_of(found.id), context, recording or "latest", step or "-1")
    return context.studio.debugger.judge(found.id, make_rules(rule))


def _recorded(listed: TensorList, context: Context, recording: str, step: str) -> RecordedStep:
    known = {each.id: each for each in listed.recordings}
    if not known:
        raise NotFound("that trial has no flight recordings", "one is kept when a rule finds something")
    chosen = listed.recordings[0] if recording == "latest" else known.get(recording)
    if chosen is None:
        raise NotFound(f"there is no flight recording {recording[:40]!r}", f"there are {', '.join(known)}")
    try:
        number = int(step)
        moment = chosen.steps[number] if number < 0 else next(each for each in chosen.steps if each.step == number)
    except (ValueError, IndexError, StopIteration):
        held = ", ".join(str(each.step) for each in chosen.steps)
        raise UsageError(f"the recording holds no step {step}", f"it holds {held}") from None
    return context.studio.tensors.recorded_step(listed.trial_id, chosen.id, moment.mode, moment.step)


def _chosen(context: Context) -> RuleList:
    kinds = dict.fromkeys(type(each) for each in chosen_rules(context))
    return context.studio.debugger.describe(kinds)


def _variable(context: Context, name: str) -> Any:
    head, _, rest = name.partition(".")
    if head not in context.shell.user_ns:
        raise UsageError(f"there is no variable {head!r}", "write the name of the variable that holds it")
    held = context.shell.user_ns[head]
    try:
        return operator.attrgetter(rest)(held) if rest else held
    except AttributeError as error:
        raise UsageError(str(error), "write the name of the variable that holds it") from None
