"""What the doors ask of the debugger: rules, findings, how watching goes, what a training is to do."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any, get_args

from labdeck.debugger import registry
from labdeck.errors import Conflict, NotFound, UsageError
from labdeck.findings.rule import Rule, make_rule
from labdeck.findings.watched import plain
from labdeck.store.ids import new_id
from labdeck.wire.commands import AskTraining, Dismiss
from labdeck.wire.debugging import RequestRecord, Wish
from labdeck.wire.judging import Judged, ReportKept, RuleKind, RuleList, WatchReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from labdeck.debugger.hub import Hub
    from labdeck.findings.rule import Need
    from labdeck.store.session import Session
    from labdeck.wire.debugging import DebuggerDetail, FindingPage

WISHES: tuple[Wish, ...] = get_args(Wish)
MOST_FINDINGS = 100
"""Findings of a `WatchReport`."""


class Debugger:
    """The debugger over one store; made by `Studio.debugger`.

    Example:
        >>> import labdeck
        >>> debugger = labdeck.open().debugger
        >>> debugger.rules(["VanishingGradient"]).rules[0].params["threshold"]
        1e-07
        >>> debugger.findings(trial_id="0" * 32).total
        0
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    # -- what is known ---------------------------------------------------------------------------------------------

    def detail(self, trial_id: str) -> DebuggerDetail:
        """Return the models of a trial that are or were watched, and the rules over it; NotFound."""
        return self._session.catalog.debugger(trial_id)

    def findings(
        self,
        *,
        trial_id: str | None = None,
        experiment_id: str | None = None,
        dismissed: bool = False,
        offset: int = 0,
        limit: int | None = None,
    ) -> FindingPage:
        """Return what rules found, newest first: in one trial, in one experiment, or anywhere; InvalidQuery."""
        return self._session.catalog.findings(
            trial_id=trial_id, experiment_id=experiment_id, dismissed=dismissed, offset=offset, limit=limit
        )

    def status(self, trial_id: str, *, note: str = "") -> WatchReport:
        """Return how the watching of a trial goes, with its newest findings; NotFound."""
        detail = self.detail(trial_id)
        page = self.findings(trial_id=detail.trial.id, limit=MOST_FINDINGS)
        return WatchReport(detail=detail, findings=page.findings, total=page.total, note=note)

    def rules(self, names: Iterable[str] = ()) -> RuleList:
        """Return the rules that can be chosen, all built-in ones unless names or files are given; NotFound."""
        from labdeck.debugger import rules as built_in

        return self.describe([built_in.find(name) for name in names] or built_in.all())

    def describe(self, kinds: Iterable[type[Rule]]) -> RuleList:
        """Return what can be said of rules before they are made."""
        return RuleList(rules=tuple(describe(kind) for kind in kinds))

    # -- what is watched in this process ---------------------------------------------------------------------------

    def hubs(self) -> tuple[Hub, ...]:
        """Return what is watched in this process at this moment and recorded into this store, oldest first."""
        return tuple(hub for hub in registry.live() if hub.session.location == self._session.location)

    def add(self, rule: Rule) -> tuple[str, ...]:
        """Have a rule watch whatever is watched in this process; return its names there; UsageError."""
        return tuple(hub.add_rule(rule) for hub in self.hubs())

    def remove(self, name: str) -> int:
        """Take a rule from whatever is watched in this process; return how many there were of that name."""
        removed = 0
        for hub in self.hubs():
            for known in hub.runner.names:
                if known.lower() == name.lower():
                    hub.runner.remove(known)
                    removed += 1
        return removed

    # -- what is to be done ----------------------------------------------------------------------------------------

    def ask(self, trial_id: str, wish: Wish, argument: str = "") -> RequestRecord:
        """Ask something of a running training; it does it at the end of its step.

        Args:
            trial_id: The trial.
            wish: "stop", "pause", "go-on", "record", "lower-learning-rate", "rule-on" or "rule-off".
            argument: The rule, for "rule-on" and "rule-off".

        Raises:
            NotFound: There is no such trial, or no such rule over it.
            Conflict: It does not run.
            UsageError: There is no such wish.
        """
        if wish not in WISHES:
            raise UsageError(f"a training cannot be asked to {wish!r}", f"choose from {', '.join(WISHES)}")
        detail = self.detail(trial_id)
        if detail.trial.state != "running":
            raise Conflict(f"trial {detail.trial.name!r} does not run", "ask one that does")
        if wish.startswith("rule-") and argument not in {rule.name for rule in detail.rules}:
            among = ", ".join(rule.name for rule in detail.rules) or "none"
            raise NotFound(f"no rule {argument!r} is over that trial", f"there are {among}")
        request = RequestRecord(
            id=new_id(), trial_id=detail.trial.id, wish=wish, argument=argument, created=time.time()
        )
        self._session.catalog.apply([AskTraining(request=request)])
        return request

    def dismiss(self, *finding_ids: str, dismissed: bool = True) -> None:
        """Put findings away, or take them out again; unknown ones are left out."""
        self._session.catalog.apply([Dismiss(ids=finding_ids, dismissed=dismissed)])

    # -- what was recorded -----------------------------------------------------------------------------------------

    def judge(self, trial_id: str, rules: Iterable[Rule | type[Rule] | str] = ()) -> Judged:
        """Let rules judge a trial as it was recorded; nothing is stored and nothing is done.

        Args:
            trial_id: The trial.
            rules: Rules, their classes or names, or files; default those that were over it.

        Raises:
            NotFound: There is no such trial or rule, or nothing was recorded of it.
            UsageError: A rule cannot begin.
        """
        from labdeck.findings.replay import judge_recorded
        from labdeck.findings.subject import StoredSurroundings

        detail = self.detail(trial_id)
        reader = self._session.tensors.reader(detail.trial.id)
        if not reader.moments():
            raise NotFound(f"no tensors were recorded of trial {detail.trial.name!r}", "watch it with labdeck.watch")
        chosen = [make(rule) for rule in rules] or _as_recorded(detail)
        judged = judge_recorded(reader, chosen, StoredSurroundings(self._session), trial_id=detail.trial.id)
        return Judged(trial=detail.trial, steps=judged.steps, findings=judged.findings, rules=judged.rules)

    def report(self, trial_id: str, kind: str = "training") -> ReportKept:
        """Make a report about a trial and keep it with the trial, as a page and as a notebook.

        Args:
            trial_id: The trial.
            kind: "training", "profiler" or "xgboost".

        Raises:
            NotFound: There is no such trial, or nothing was recorded that the report is about.
            UsageError: There is no such kind of report.
            StoreFull: The disk is full.
        """
        from labdeck.debugger.reports import keep_report, make_report

        trial = self._session.catalog.trial(trial_id)
        page, notebook = keep_report(self._session, make_report(self._session, trial.id, kind))
        return ReportKept(trial=trial, kind=kind, page=page, notebook=notebook)


def make(rule: Rule | type[Rule] | str, params: Mapping[str, Any] | None = None) -> Rule:
    """Return a rule from what people write.

    Args:
        rule: A rule, its class, its name, or a file of them: "my_rules.py:MyRule".
        params: Its parameters; texts become what the parameter's type is.

    Raises:
        NotFound: There is no such rule.
        UsageError: There is no such parameter, or what is given is no rule.

    Example:
        >>> make("vanishinggradient", {"threshold": "1e-6"})
        VanishingGradient(threshold=1e-06)
    """
    from labdeck.debugger import rules as built_in

    if isinstance(rule, Rule):
        if params:
            raise UsageError("a rule that is made already takes no parameters", "give its class or its name")
        return rule
    kind = built_in.find(rule) if isinstance(rule, str) else rule
    if not issubclass(kind, Rule):
        raise UsageError(f"{kind.__name__} is no rule", "derive it from labdeck.debugger.Rule")
    return make_rule(kind, dict(params or {}))


def describe(kind: type[Rule]) -> RuleKind:
    """Return what can be said of a rule before it is made.

    Example:
        >>> from labdeck.debugger import rules
        >>> describe(rules.VanishingGradient).needs
        ('gradients', 'losses')
    """
    fields: dict[str, dataclasses.Field[Any]] = getattr(kind, "__dataclass_fields__", {})
    params = {name: plain(_default(field)) for name, field in fields.items() if field.init}
    return RuleKind(
        name=kind.__name__,
        description=kind.describe(),
        remedy=kind.remedy,
        severity=kind.severity,
        params=params,
        needs=_needs_of(kind),
    )


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return None if field.default is dataclasses.MISSING else field.default


def _needs_of(kind: type[Rule]) -> tuple[str, ...]:
    try:
        needs: tuple[Need, ...] = tuple(kind().needs())
    except Exception:  # noqa: BLE001 - one that cannot be made without parameters tells when it is
        return ()
    return tuple(dict.fromkeys(need.collection or need.regex for need in needs if need.collection or need.regex))


def _as_recorded(detail: DebuggerDetail) -> list[Rule]:
    """Return the rules that were over a trial, made anew; the default ones where none was."""
    from labdeck.debugger import rules as built_in

    found = []
    for record in detail.rules:
        if record.rule in built_in.names():
            kind = built_in.find(record.rule)
            known = describe(kind).params
            found.append(make(kind, {name: value for name, value in record.params.items() if name in known}))
    framework = detail.watches[0].framework if detail.watches else "torch"
    return found or [kind() for kind in built_in.defaults(framework)]
