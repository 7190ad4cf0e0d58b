"""Watching a training: `labdeck.watch`, and the same without a line in the script."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from labdeck.debugger.hooks import lightgbm, sklearn, torch, xgboost
from labdeck.debugger.hooks.keras_calls import KerasCalls
from labdeck.debugger.hooks.keras_library import is_layer, is_model
from labdeck.debugger.hooks.making import HubMaker
from labdeck.debugger.hooks.torch_library import is_module
from labdeck.debugger.hooks.torch_model import Model, watch_alone
from labdeck.debugger.preview import PreviewRow
from labdeck.debugger.saving import to_savings
from labdeck.debugger.switch import is_enabled
from labdeck.errors import TrainingEnded, UsageError
from labdeck.findings.actions.choose import Given, to_actions
from labdeck.runs.autolog import loops

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from labdeck.debugger.hub import Hub
    from labdeck.debugger.saving import Save
    from labdeck.findings.actions.base import Action
    from labdeck.findings.rule import Rule
    from labdeck.runs.trial import Trial
    from labdeck.wire.debugging import Mode

Rules = Iterable["Rule | type[Rule] | str"] | type["Rule"] | str | None
_MODES = ("TRAIN", "EVAL", "PREDICT", "GLOBAL")


class Attached(Protocol):
    """What watches models of one framework."""

    @property
    def hubs(self) -> list[Hub]:
        """The hubs of what was watched."""

    def close(self) -> None:
        """Watch no more."""


class Watch:
    """A training that is watched, or will be when it begins; made by `labdeck.watch`.

    As a context manager it ends with the block, and a training that one of its rules or a person stops ends the block
    without an error. With `LABDECK_DEBUGGER=0` it does nothing at all.

    Attributes:
        ended: What ended the training on purpose, None if nothing did.
    """

    def __init__(self, attached: Sequence[Attached], *, quiet: bool = False) -> None:
        self._attached = list(attached)
        self._quiet = quiet
        self._closed = False
        self.ended: TrainingEnded | None = None

    @property
    def hubs(self) -> tuple[Hub, ...]:
        """What watches each model, oldest first; none before a training without a trial has begun."""
        return tuple(hub for attached in self._attached for hub in attached.hubs)

    @property
    def trial(self) -> Trial | None:
        """The trial that the latest training is recorded into, None before there is one."""
        return self.hubs[-1].trial if self.hubs else None

    @property
    def is_on(self) -> bool:
        """Something is watched, or waited for."""
        if self._closed or not is_enabled() or not self._attached:
            return False
        return not self.hubs or any(hub.is_on for hub in self.hubs) or self._is_waiting

    @property
    def _is_waiting(self) -> bool:
        """What trains next will be watched, in this cell of a notebook or in a later one."""
        return any(each.is_waiting for each in self._attached if isinstance(each, (Model, torch.Models)))

    def preview(self) -> tuple[PreviewRow, ...]:
        """Return what will be recorded: collection, mode, tensors, reductions, interval, bytes a step, and a warning.

        Empty before a training without a trial has begun.
        """
        return tuple(row for hub in self.hubs for row in hub.preview())

    def tree(self) -> str:
        """Return the modules of the PyTorch models that are watched, with the names of their tensors."""
        from labdeck.debugger.hooks.torch_names import tree

        return "\n".join(tree(model.root) for model in self._models())

    def _models(self) -> Iterator[Model]:
        for attached in self._attached:
            if isinstance(attached, Model):
                yield attached
            elif isinstance(attached, torch.Models):
                yield from attached.models

    def mode(self, mode: Mode | None) -> Self:
        """Say what a PyTorch model does from now on, whatever `model.train()` and `model.eval()` say; return itself.

        Args:
            mode: "TRAIN", "EVAL", "PREDICT" or "GLOBAL"; None to let the model say it again.

        Raises:
            UsageError: There is no such mode.
        """
        if mode is not None and mode not in _MODES:
            raise UsageError(f"there is no mode {mode!r}", f"choose from {', '.join(_MODES)}, or None")
        for model in self._models():
            if model.feed is not None:
                model.feed.mode = mode
        return self

    def step(self) -> None:
        """Say that a step of training has ended, where no optimizer of PyTorch steps: weights are changed by hand.

        Call it when the weights are changed. How far they moved is not known then: "updates" are left out.

        Raises:
            TrainingStopped, TrainingPaused: A rule's action or a person ends the training here.
        """
        for model in self._models():
            if model.feed is not None:
                model.feed.step_by_hand()

    def scalar(self, name: str, value: float, collection: str = "scalars") -> None:
        """Add a number of one's own to the step that goes on: "accuracy", say, of the collection "metrics"."""
        for hub in self.hubs[-1:]:
            hub.scalar(name, float(value), collection)

    def add_rule(self, rule: Rule | type[Rule] | str, actions: Sequence[Action] = ()) -> None:
        """Have one more rule judge from the next step on; NotFound, UsageError."""
        for hub in self.hubs:
            if hub.is_on:
                hub.add_rule(rule, actions)

    def profile_operators(self, steps: int = 5) -> None:
        """Have PyTorch's own profiler tell which operators take the time of the next steps.

        These become several times slower, so it is never done without being asked for.

        Args:
            steps: How many, 1 to 100.

        Raises:
            UsageError: The number is out of range.
        """
        for attached in self._attached:
            if isinstance(attached, (Model, torch.Models)):
                attached.operators(steps)

    def close(self) -> None:
        """Watch no more, and leave nothing behind on models and libraries; a trial of its own ends.

        A second call has no effect.
        """
        if not self._closed:
            self._closed = True
            for attached in self._attached:
                attached.close()

    def __enter__(self) -> Self:
        """Watch until the block ends."""
        for attached in self._attached:
            if isinstance(attached, Model):
                attached.is_block = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """End; a training that was ended on purpose is no error."""
        trials = {hub.trial.id: hub.trial for hub in self.hubs}
        if not isinstance(error, TrainingEnded) or error.trial_id not in {"", *trials}:
            if error is not None:
                for trial in trials.values():
                    loops.note_error(trial, error)
            self.close()
            return False
        for trial in trials.values() if not error.trial_id else (trials[error.trial_id],):
            trial.was_interrupted = True
        self.close()
        self.ended = error
        if not self._quiet:
            sys.stderr.write(f"Labdeck: {error}\n")  # a warning would show the line of whoever runs the cell
        return True

    def __repr__(self) -> str:
        """Say what is watched."""
        names = ", ".join(dict.fromkeys(hub.name for hub in self.hubs)) or "what trains next"
        if not self.is_on:
            return f"<watch over {names}, off>"
        is_idle = bool(self.hubs) and not any(hub.is_on for hub in self.hubs)
        return f"<watch over {names}{', waiting for the next training' if is_idle else ''}>"


def watch(  # noqa: PLR0913 - each is a wish of its own, and all have defaults
    model: Any = None,
    optimizer: Any = None,
    loss: Any = None,
    rules: Rules = None,
    save: Save = None,
    actions: Given | Iterable[Given] | None = (),
    budget: float | None = 0.03,
    flight: int = 5,
    *,
    trial: Trial | None = None,
    profile: bool = True,
) -> Watch:
    """Watch a training: record its tensors, judge every step by rules, and act on what they find.

    Nothing of it raises into the training but the end that an action or a person asks for; what fails switches the
    watching off and says so. Where no trial runs, one is started when the training begins; it ends with the watch, with
    the cell that trains, or with the process, whichever is first; what is trained after that gets one of its own, until
    the watch is closed. Another watch over the same model ends this one; if this one is a `with` block, it goes on when
    the other is closed.

    Args:
        model: A `torch.nn.Module` (compiled, DataParallel, DistributedDataParallel or not), a model of Keras, an
            estimator or a `Booster` of XGBoost or LightGBM, an estimator of scikit-learn that has `partial_fit`; None
            for what trains next, and what trains together with it from its first steps on, as a generator and its
            critic do.
        optimizer: Of PyTorch, one or several; found by itself when it steps.
        loss: Modules of PyTorch that compute losses of one's own; those of the library are known.
        rules: Rules, their classes or names; None for those that are cheap and right for most trainings.
        save: What is recorded: None for losses, learning rates, and statistics of weights, biases, gradients and
            updates at each step that the budget allows. `{"gradients": {"interval": 10, "reductions": ["l2"]}}`,
            `{"mine": {"regex": "attention", "arrays": True}}`,
            `{"mine": {"modules": [net.fc1, "layer4.*"], "inputs": True, "outputs": True}}`; see the guide.
        actions: What is done because of any finding: words such as "stop" and "notify", functions, or actions; see
            `labdeck.debugger.actions.to_actions`.
        budget: Share of a step's time that watching may take, 0.03 for 3 %: it records less often to keep it. None for
            no limit.
        flight: Steps whose whole tensors are kept in memory, and written when a rule fires; 0 for none.
        trial: Where to record; default the trial that runs.
        profile: Time the parts of each step, and sample the machine.

    Raises:
        UsageError: It is nothing that can be watched, or `save` or `rules` make no sense.
        NotFound: There is no rule of a name.

    Example:
        >>> import labdeck, torch
        >>> net = torch.nn.Linear(2, 1)
        >>> optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        >>> with labdeck.experiment("lines").trial("first") as trial, labdeck.watch(net, optimizer) as watch:
        ...     for step in range(3):
        ...         optimizer.zero_grad()
        ...         torch.nn.functional.mse_loss(net(torch.ones(4, 2)), torch.zeros(4, 1)).backward()
        ...         optimizer.step()
        >>> watch.hubs[0].steps["TRAIN"]
        3
    """
    maker = _maker(rules, save, actions, budget, flight, trial, profile=profile)
    optimizers = (
        tuple(optimizer) if isinstance(optimizer, (list, tuple)) else (() if optimizer is None else (optimizer,))
    )
    if model is None:
        return Watch([torch.Models(maker, loss, profile=profile, together=True), *_boosters(maker)])
    if is_module(model):
        watched = watch_alone(model, lambda: Model(maker, model, optimizers, loss, profile=profile))
        return Watch([watched, KerasCalls(maker)] if is_layer(model) else [watched])
    if is_model(model):
        return Watch([KerasCalls(maker, model)])
    for framework in (xgboost, lightgbm, sklearn):
        if framework.can_watch(model):
            return Watch([framework.attach(maker, model)])
    raise UsageError(
        f"{type(model).__name__} cannot be watched",
        "give a model of PyTorch or Keras, an estimator of XGBoost or LightGBM, or of scikit-learn with partial_fit",
    )


def _maker(
    rules: Rules,
    save: Save,
    actions: Given | Iterable[Given] | None,
    budget: float | None,
    flight: int,
    trial: Trial | None,
    *,
    profile: bool,
) -> HubMaker:
    """Return what makes the hubs, after looking at everything that can be wrong."""
    to_savings(save)
    if budget is not None and not (_is_number(budget) and 0 < budget <= 1):
        raise UsageError(f"budget={budget!r} is no share of a step", "give 0.03 for 3 %, or None for no limit")
    if flight not in range(1_000_000):
        raise UsageError(f"flight={flight!r} is no number of steps", "give 5 for the latest five, 0 for none")
    if rules is not None and (isinstance(rules, (str, type)) or not isinstance(rules, Iterable)):
        rules = [rules]
    maker = HubMaker(save, rules, to_actions(actions), budget, int(flight), trial, profile)
    maker.check()
    return maker


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _boosters(maker: HubMaker) -> list[Attached]:
    return [KerasCalls(maker), *(framework.attach(maker) for framework in (xgboost, lightgbm, sklearn))]


@contextmanager
def attach_automatically(
    rules: Rules = None,
    save: Save = None,
    actions: Given | Iterable[Given] | None = (),
    budget: float | None = 0.03,
    flight: int = 5,
    trial: Trial | None = None,
    *,
    profile: bool = True,
    quiet: bool = False,
) -> Iterator[Watch]:
    """Watch everything that is trained within a block, without a change to it; leave nothing behind.

    Models of PyTorch, with Lightning or by hand, Keras, XGBoost, LightGBM, and scikit-learn's `partial_fit`. Arguments
    and errors are those of `labdeck.watch`. A training that is ended on purpose ends the block without an error; it is
    said on the standard error output unless `quiet`.

    Example:
        >>> import labdeck, torch
        >>> net = torch.nn.Linear(2, 1)
        >>> with labdeck.experiment("lines").trial("by itself"), attach_automatically() as watch:
        ...     optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        ...     net(torch.ones(1, 2)).sum().backward()
        ...     optimizer.step()
        >>> watch.hubs[0].name, len(net._forward_hooks)
        ('Linear', 0)
    """
    maker = _maker(rules, save, actions, budget, flight, trial, profile=profile)
    with Watch([torch.Models(maker, profile=profile), *_boosters(maker)], quiet=quiet) as watching:
        yield watching
