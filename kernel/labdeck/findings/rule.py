"""What a rule is: it says what it needs, and judges one recorded step after the other."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from labdeck.errors import LabdeckError, UsageError
from labdeck.findings.parameters import checked, parameters
from labdeck.wire.debugging import Mode, Severity
from labdeck.wire.records import ParamValue

if TYPE_CHECKING:
    from typing_extensions import Self

    from labdeck.findings.window import Window
    from labdeck.store.tensors.reader import TensorReader


@dataclass(frozen=True)
class Need:
    """Something that a rule must be given at the steps it judges.

    Attributes:
        collection: The tensors of a collection, and
        regex: those whose names a regular expression finds.
        reductions: What is needed of each; "value" of scalars needs not be asked for.
        arrays: The whole arrays are needed, too.
        modes: In which modes.
        first: Only the first so many steps of a mode; None for all.
        optional: The rule can judge without it.
        otherwise: What it means that no such tensor is there, in words; default the names that are looked for.
    """

    collection: str = ""
    regex: str = ""
    reductions: tuple[str, ...] = ()
    arrays: bool = False
    modes: tuple[Mode, ...] = ("TRAIN", "EVAL", "PREDICT", "GLOBAL")
    first: int | None = None
    optional: bool = False
    otherwise: str = ""


@dataclass
class Finding:
    """What a rule says of the step that it judges; who runs the rule adds the rule, the trial, the step and the time.

    Attributes:
        message: What was found, one sentence without a full stop.
        tensor: The tensor concerned, "" for none.
        value, threshold: The number that was judged, and what it was judged against.
        remedy: What to do about it; default the rule's.
        severity: Default the rule's.
        step: Default the step that is judged.
        mode: What the model was doing at that step, if not what it does at the step that is judged.
        origin: The line of source that is to blame.
        aspect: What of the tensor is concerned, for a rule that can find several things of the same tensor.
    """

    message: str
    tensor: str = ""
    value: float | None = None
    threshold: float | None = None
    remedy: str = ""
    severity: Severity | None = None
    step: int | None = None
    origin: str = ""
    aspect: str = ""
    mode: Mode | None = None


class Surroundings(ABC):
    """What a rule may ask for beside the steps: other trials, and facts about this one."""

    @abstractmethod
    def other_trial(self, ref: str) -> TensorReader:
        """Return the tensors of another trial, by name or id; NotFound."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """Return what is known of the training: "batch_size", "workers", "cores", "devices" … as far as it is known."""


class Rule(ABC):
    """One kind of failure, looked for step by step.

    A rule is a dataclass: its fields are its parameters. It keeps a bounded state per tensor, in fields that are no
    parameters (`field(init=False)`) or in attributes made by `begin`. The same rule judges a running training, right
    after each step, and one that was recorded.

    Attributes:
        severity: Of its findings.
        remedy: What to do about what it finds.
        reactions: What is done because of its findings; see `then`.

    Example:
        >>> @dataclass
        ... class LossAbove(Rule):
        ...     '''The loss is too high.'''
        ...     limit: float = 10.0
        ...     def needs(self):
        ...         return (Need(collection="losses"),)
        ...     def judge(self, window):
        ...         for name in window.select("losses"):
        ...             if window.value(name) > self.limit:
        ...                 yield Finding("the loss is too high", name, window.value(name), self.limit)
        >>> from labdeck.findings.window import window_of
        >>> [found.value for found in LossAbove(limit=1).judge(window_of({"loss": 3.0}))]
        [3.0]
    """

    severity: ClassVar[Severity] = "warning"
    remedy: ClassVar[str] = ""
    reactions: tuple[Any, ...] = ()

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a text that is given for a parameter becomes what the parameter's type is.

        Raises:
            UsageError: It stands for no value of that type, or for none that makes sense.
        """
        if not name.startswith("_"):
            field = next((field for field in parameters(type(self)) if field.name == name), None)
            value = value if field is None else checked(type(self), field, value)
        super().__setattr__(name, value)

    @abstractmethod
    def needs(self) -> tuple[Need, ...]:
        """Return what the rule must be given."""

    @abstractmethod
    def judge(self, window: Window) -> Iterator[Finding]:
        """Look at one step and yield what is wrong with it; steps come in the order in which they were recorded."""

    def begin(self, surroundings: Surroundings) -> None:  # noqa: B027 - most rules need nothing
        """Be told, before the first step, where to ask for what the steps do not hold; UsageError."""

    def wait(self, idle: float, steps: int) -> Iterator[Finding]:
        """Look at a training of which nothing was heard for a while; called about once a second.

        Args:
            idle: Seconds since the latest step, or since the beginning.
            steps: Steps recorded so far.
        """
        del idle, steps
        return iter(())

    def conclude(self) -> Iterator[Finding]:
        """Yield what can only be said at the end; called once, when the training has ended."""
        return iter(())

    def rhythm(self) -> int:
        """Return every how many of the steps that it judges it can find something, as far as it knows by now.

        What it finds again after so many steps is the same finding, not a new one.
        """
        return 1

    def then(self, *actions: Any) -> Self:
        """Have actions done because of its findings, beside those that are meant for all rules; return itself.

        Args:
            actions: Words such as "stop" and "notify", functions of a finding, or actions; see
                `labdeck.findings.actions.to_actions`.

        Example:
            >>> from labdeck.debugger import rules
            >>> rules.VanishingGradient(threshold=1e-6).then("checkpoint", "stop").reactions
            ('checkpoint', 'stop')
        """
        self.reactions = (*self.reactions, *actions)
        return self

    def report(self) -> dict[str, ParamValue]:
        """Return figures that the rule has gathered, by name, for reports."""
        return {}

    def params(self) -> dict[str, Any]:
        """Return its parameters by name."""
        return {field.name: getattr(self, field.name) for field in parameters(type(self))}

    @classmethod
    def describe(cls) -> str:
        """Return what it looks for, one sentence."""
        text = inspect.getdoc(cls) or cls.__name__
        return text.partition("\n")[0].strip()


def make_rule(cls: type[Rule], params: dict[str, Any]) -> Rule:
    """Return a rule with these parameters; texts become what the parameter's default is.

    Args:
        cls: The rule.
        params: By name; from a cell or an old script all of them may be text: "1e-6", "true", "None", "0,1".

    Raises:
        UsageError: There is no such parameter, or a value does not fit.
    """
    known = {field.name: field for field in parameters(cls)}
    values = {}
    for name, value in params.items():
        if name not in known:
            among = ", ".join(known) or "none at all"
            raise UsageError(f"{cls.__name__} has no parameter {name!r}", f"its parameters are {among}")
        values[name] = value
    try:
        return cls(**values)
    except LabdeckError:
        raise
    except (TypeError, ValueError) as error:
        raise UsageError(f"{cls.__name__} cannot be made: {error}", "correct its parameters") from None
    except (Exception, SystemExit) as error:  # a rule is foreign code
        what = f"{cls.__name__} cannot be made: {type(error).__name__}: {error}"
        raise UsageError(what, "correct the rule") from error


def check_rule(given: Any) -> None:
    """Look whether a rule, or a class of rules without parameters, can be used: UsageError.

    Example:
        >>> check_rule(5)
        Traceback (most recent call last):
        labdeck.errors.UsageError: 5 is no rule (give a rule of labdeck.debugger.rules, its class, or its name)
    """
    if not (isinstance(given, Rule) or (isinstance(given, type) and issubclass(given, Rule))):
        raise UsageError(f"{given!r} is no rule", "give a rule of labdeck.debugger.rules, its class, or its name")
    rule = make_rule(given, {}) if isinstance(given, type) else given
    try:
        needs = tuple(rule.needs())
    except LabdeckError:
        raise
    except (Exception, SystemExit) as error:
        raise _unusable(rule, f"its needs() raises {type(error).__name__}: {error}") from error
    if not all(isinstance(need, Need) for need in needs):
        raise _unusable(rule, "its needs() returns other things than Need(...)")


def _unusable(rule: Rule, why: str) -> UsageError:
    return UsageError(f"{type(rule).__name__} cannot be used: {why}", "correct the rule")
