"""Makes the hubs of trainings that begin and end by themselves."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labdeck.debugger.curves import keep_curves
from labdeck.debugger.hub import Hub
from labdeck.findings.rule import check_rule
from labdeck.runs import active
from labdeck.runs.autolog import loops
from labdeck.runs.autolog.patching import warn
from labdeck.runs.autolog.place import Place, open_place

if TYPE_CHECKING:
    from labdeck.debugger.profiler.profiler import Profiler
    from labdeck.debugger.saving import Save
    from labdeck.findings.actions.base import Action
    from labdeck.findings.rule import Rule
    from labdeck.runs.trial import Trial

WHOLE = ("predictions", "labels", "trees", "full_shap")
"""Collections of boosters of which whole arrays are kept, unless reductions are asked for."""


@dataclass
class HubMaker:
    """Everything that a hub is made with, but the model.

    Attributes:
        save, rules, actions, budget, flight: As `labdeck.debugger.hub.Hub` has them.
        trial: Where it records; default the trial that runs when the training begins, else one that is started for it.
        profile: Time the steps, and sample the machine.
    """

    save: Save = None
    rules: Iterable[Rule | type[Rule] | str] | None = None
    actions: Sequence[Action] = ()
    budget: float | None = 0.03
    flight: int = 5
    trial: Trial | None = None
    profile: bool = True

    def __post_init__(self) -> None:
        """Keep the rules as they are now: each training after the first gets its own, which have judged nothing yet."""
        self.rules = None if self.rules is None else list(self.rules)
        self._unused = _copied(self.rules)
        self._is_first = True

    def again(self) -> HubMaker:
        """Return one that makes hubs of the same kind, with rules that have judged nothing yet."""
        rules = _copied(self._unused)
        return HubMaker(self.save, rules, self.actions, self.budget, self.flight, self.trial, self.profile)

    def _rules(self) -> Any:
        rules, self._is_first = (self.rules if self._is_first else _copied(self._unused)), False
        return rules

    def check(self) -> None:
        """Look at the rules: NotFound, UsageError if there is no such rule, or one that cannot be made or asked."""
        from labdeck.debugger import rules as built_in

        for given in self.rules or ():
            rule: Any = built_in.find(given) if isinstance(given, str) else given
            check_rule(rule)

    def make(
        self,
        name: str,
        framework: str,
        also: Mapping[str, Any] | None = None,
        living: object = None,
        trial: Trial | None = None,
    ) -> tuple[Hub | None, Place | None]:
        """Return a hub, and the place that was opened for it, None where a trial runs; never raises.

        What goes wrong is said in a warning, and there is no hub: a training must not end because of it.

        Args:
            name: What is trained.
            framework: "xgboost", "lightgbm" or "sklearn".
            also: What is recorded beside what the user wants, where he says nothing of it.
            living: What is trained, where nothing tells when that ends: a trial that is started for it ends with the
                cell, when this is gone, or with the process, and no place is returned.
            trial: Where it records, if that is known.
        """
        try:
            return self._make(name, framework, also, living, trial)
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            warn(f"Labdeck: the training of {name} is not watched, it goes on: {error}")
            return None, None

    def _make(
        self, name: str, framework: str, also: Mapping[str, Any] | None, living: object, given: Trial | None
    ) -> tuple[Hub, Place | None]:
        trial, place = given or self.trial or active.innermost(), None
        if trial is None and living is not None:
            trial = loops.open_loop(framework, name, living, None).trial
        elif trial is None:
            place = open_place(framework, name)
            assert place is not None  # noqa: S101 - a training stands alone
            trial = place.trial
        rules = self._rules()
        try:
            hub = Hub(
                trial,
                name=name,
                framework=framework,
                save=with_whole(self.save, also),
                rules=None if rules is None else (),
                actions=self.actions,
                budget=self.budget,
                flight=self.flight,
            )
        except BaseException as error:
            if place is not None:
                place.finish(error)
            raise
        if hub.is_on:
            active.before_leaving(trial, functools.partial(keep_curves, trial.experiment.session, trial.id))
            self._add(hub, rules or ())
        return hub, place

    def _add(self, hub: Hub, rules: Iterable[Rule | type[Rule] | str]) -> None:
        """Have rules judge; one that cannot begin is told of, and the others judge all the same."""
        for rule in rules:
            try:
                hub.add_rule(rule, self.actions)
            except Exception as error:  # noqa: BLE001 - a rule is foreign code
                hub.say(f"a rule does not watch, the others do: {error}")

    def profiler(self, hub: Hub | None) -> Profiler | None:
        """Return what times the steps of a hub; None where nobody wants it. See `begin_profile`."""
        return begin_profile(hub) if hub is not None and self.profile else None

    def wants(self, rule: str) -> bool:
        """Say whether a rule of this class is among the rules."""
        return any(_class_of(given) == rule.lower() for given in self.rules or ())


def begin_profile(hub: Hub) -> Profiler | None:
    """Return what times the steps of a hub, and samples the machine from now on, until the trial ends at the latest.

    None for a hub that is off.
    """
    if not hub.is_on:
        return None
    from labdeck.debugger.profiler.profiler import Profiler

    profiler = Profiler(hub)
    profiler.start()
    active.before_leaving(hub.trial, profiler.close)  # after the hub: its report tells what is stored by then
    return profiler


def _copied(rules: Any) -> Any:
    """Return copies of rules; a rule that cannot be copied stays itself."""
    if rules is None:
        return None
    found = []
    for rule in rules:
        try:
            found.append(copy.deepcopy(rule))
        except Exception:  # noqa: BLE001 - a rule of the user's may hold anything
            found.append(rule)
    return found


def _class_of(rule: Rule | type[Rule] | str) -> str:
    if isinstance(rule, str):
        return rule.strip().lower()
    return (rule if isinstance(rule, type) else type(rule)).__name__.lower()


def with_whole(save: Save, also: Mapping[str, Any] | None = None) -> Save:
    """Return what is to be recorded of a booster: of some collections whole arrays, and something beside.

    Example:
        >>> with_whole("trees"), with_whole({"labels": {"interval": 5}}), with_whole(None)
        ({'trees': {'arrays': True}}, {'labels': {'interval': 5, 'arrays': True}}, None)
    """
    if isinstance(save, str):
        save = [name.strip() for name in save.split(",") if name.strip()]
    if isinstance(save, (list, tuple)):
        save = dict.fromkeys(save, True)
    if save is None or isinstance(save, bool):
        return dict(also) if also else save
    found: dict[str, Any] = {**(also or {}), **save}
    for name in WHOLE:
        given = found.get(name)
        if given is True:
            found[name] = {"arrays": True}
        elif isinstance(given, Mapping) and "reductions" not in given and "arrays" not in given:
            found[name] = {**given, "arrays": True}
    return found
