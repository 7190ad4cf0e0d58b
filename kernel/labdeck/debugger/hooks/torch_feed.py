"""Watches one model of PyTorch: notices its steps, and hands what is due at each of them to the hub.

A step of TRAIN is one of the optimizer, however many passes its gradient was gathered from. A step of another mode is
one call of the model. Nothing is set on the user's modules but hooks, and these go when the watching ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

from labdeck.debugger.hooks import torch_events as events
from labdeck.debugger.hooks.torch_control import controls_of
from labdeck.debugger.hooks.torch_delivery import Delivery
from labdeck.debugger.hooks.torch_doubt import Doubt
from labdeck.debugger.hooks.torch_guard import GradientGuard
from labdeck.debugger.hooks.torch_heard import Heard
from labdeck.debugger.hooks.torch_hook import Hook
from labdeck.debugger.hooks.torch_inventory import Inventory
from labdeck.debugger.hooks.torch_library import is_compiling, is_replica
from labdeck.debugger.hooks.torch_losses import GivenLosses, Losses
from labdeck.debugger.hooks.torch_modules import ModuleHooks
from labdeck.debugger.hooks.torch_names import Unwrapped
from labdeck.debugger.hooks.torch_network import NetworkTrace
from labdeck.debugger.hooks.torch_origin import Origins
from labdeck.debugger.hooks.torch_program import Measured, Program
from labdeck.debugger.hooks.torch_taken import note_batch
from labdeck.debugger.hooks.torch_turns import Idle, Turns
from labdeck.debugger.profiler.passes import PassTimes

if TYPE_CHECKING:
    from labdeck.debugger.hooks.torch_heard import Differentiated, LossCall
    from labdeck.debugger.hub import Hub
    from labdeck.debugger.plan import Plan
    from labdeck.debugger.profiler.profiler import Profiler
    from labdeck.wire.debugging import Mode


class TorchFeed:
    """Watches one model.

    Args:
        hub: Gets everything.
        model: What to watch, looked through.
        optimizers: Those that train it; others that hold its parameters are found when they step.
        losses: Modules that compute losses.
        profiler: Times the steps; None for no times.
        called: What the training calls, if it is a part of the model.
    """

    def __init__(
        self,
        hub: Hub,
        model: Unwrapped,
        optimizers: Sequence[Any] = (),
        losses: Iterable[Any] = (),
        profiler: Profiler | None = None,
        called: Any = None,
    ) -> None:
        self.hub = hub
        self.root = model.root
        self.called = model.called if called is None else called
        self.mode: Mode | None = None
        self._is_whole = any(module is self.root for module in self.called.modules())
        self._times = PassTimes(profiler)
        self._modules = ModuleHooks(self.root, self.called, self._isolated)
        self.inventory = Inventory(self.root, self._modules, optimizers, is_timed=profiler is not None)
        self.delivery = Delivery(hub, self.inventory)
        self._given = GivenLosses(losses, self._isolated)
        self._losses = Losses(hub.warn)
        self.heard = Heard()
        self._origins = Origins(self.root, self.called)
        self._handles: list[Any] = []
        self._network: NetworkTrace | None = None
        self._programs: dict[int, tuple[Plan, Program]] = {}
        self._step: Measured | None = None
        self._evaluated: tuple[Mode, Measured] | None = None
        self._is_entered = False
        self._was_discovered = False
        self._turns = Turns()
        self._doubt = Doubt(hub.warn)
        self._guard = GradientGuard(hub)
        self._idle = Idle()

    # -- its life --------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Begin to watch."""
        self.describe()
        self.hub.controls = controls_of(self)
        self._handles = [
            self.called.register_forward_pre_hook(Hook(self.enter), with_kwargs=True, prepend=True),
            self.called.register_forward_hook(Hook(self._leave), with_kwargs=True),
        ]
        self._origins.heard = self.heard
        self._given.hook()
        self._network = self._modules.functions.trace = NetworkTrace(self.root, self.delivery.keep_network)
        events.join(self)
        self._times.open()

    def close(self) -> None:
        """Watch no more: hand over what is there, and take every hook back."""
        try:
            self._isolated(self._end_evaluation)
            self._isolated(self.delivery.close)
        finally:
            self.release()

    def release(self) -> None:
        """Take every hook back."""
        events.leave(self)
        while self._handles:
            self._handles.pop().remove()
        self._modules.release()
        self._given.release()
        self._origins.forget()
        if self._network is not None:
            self._network.close()

    @property
    def is_over(self) -> bool:
        """Nothing is recorded any more."""
        return not self.hub.is_on

    def _isolated(self, action: Callable[..., Any], *args: Any) -> Any:
        """Do something of ours; its failure switches the watching off, and never reaches the training."""
        if not self.hub.is_on:
            return None
        try:
            return action(*args)
        except Exception as error:  # noqa: BLE001 - nothing automatic may end the user's training
            self.hub.fail(error)
            self.release()
        return None

    # -- what there is ---------------------------------------------------------------------------------------------

    def describe(self) -> None:
        """Tell the hub which tensors there are now."""
        self.hub.describe(self.inventory.infos(), self.inventory.size)
        if self._modules.functions.is_blind:
            self.hub.warn("activation functions of models with compiled parts are not seen")
        self._programs.clear()

    def _program(self, plan: Plan) -> Program:
        found = self._programs.get(id(plan))
        if found is None:
            found = self._programs[id(plan)] = plan, Program(plan, self.inventory.parameters)
        return found[1]

    # -- passes through the model ----------------------------------------------------------------------------------

    def enter(self, module: Any, args: Any, kwargs: Any) -> None:
        """The model is about to be called."""
        if not (is_compiling() or is_replica(module) or self._origins.is_tracing):
            self._isolated(self._begin_pass, args, kwargs)

    def _leave(self, module: Any, args: Any, kwargs: Any, output: Any) -> None:
        del args, kwargs
        if not (is_compiling() or is_replica(module) or self._origins.is_tracing):
            self._isolated(self._end_pass, output)

    def _begin_pass(self, args: Any, kwargs: Any) -> None:
        begun = perf_counter()
        self._times.pause()
        self._is_entered = True
        self.heard.listen()
        self.delivery.deliver()
        self._end_evaluation()
        mode: Mode = self.mode or self._doubt.mode_of(self.root)
        if mode == "TRAIN":
            if self._turns.is_open:
                self._finish()
            measured = self._begin_step()
            self._turns.move()
            self.heard.passes += 1
        else:
            self.heard.begin_evaluation(is_training=self._step is not None)
            measured = self._measure(mode)
            self._evaluated = mode, measured
        discover = not self._was_discovered
        if discover or not measured.has_passed:
            measured.has_passed = True
            self._modules.begin(measured.plan, measured.taken, mode, discover=discover)
            self._modules.see("input", (args, kwargs))
        self._origins.remember(args, kwargs)
        note_batch(self.hub.facts, (args, kwargs))
        measured.cost += perf_counter() - begun
        self._times.begin_pass(is_trained=mode == "TRAIN", within=mode != "TRAIN" and self._step is not None)

    def _end_pass(self, output: Any) -> None:
        self._times.end_pass()
        plan = None if self._step is None else self._step.plan
        if plan is not None and (self.hub.guards_gradients or self._program(plan).watched):
            self._origins.keep_gradients(output)
        self._modules.see("output", output)
        if self._is_whole:
            self._modules.end()
        if not self._was_discovered:
            self._was_discovered = True
            self.describe()
            self._renew()
        self._times.after_pass()

    def _measure(self, mode: Mode) -> Measured:
        return Measured(self.hub.due(mode))

    def _begin_step(self) -> Measured:
        if self._step is None:
            self._step = self._measure("TRAIN")
        return self._step

    def _renew(self) -> None:
        """Ask anew what is due in the step that goes on: there is more to choose from."""
        if self._step is not None:
            self._step.renew(self.hub.due("TRAIN"))
        if self._evaluated is not None:
            mode, measured = self._evaluated
            measured.renew(self.hub.due(mode))

    # -- losses ----------------------------------------------------------------------------------------------------

    def saw_loss(self, call: LossCall) -> None:
        """Without hooks on its call, as in a graph, a model that is evaluated shows in its loss."""
        if self._is_concerned:
            if not self._is_entered and self.mode is None and not self.root.training:
                self._isolated(self._evaluate_by_loss)
            if self._doubt.ends_with(call):
                self._isolated(self._end_evaluation)
            self.heard.hear(call)

    @property
    def _is_concerned(self) -> bool:
        """What happens may have to do with the model: it was called since its last step, or it never is."""
        return bool(self._step or self._evaluated or not self._is_entered) and not self.heard.is_elsewhere

    def _evaluate_by_loss(self) -> None:
        self._end_evaluation()
        self._times.evaluated()
        self.heard.begin_evaluation(is_training=False)
        self._evaluated = "EVAL", self._measure("EVAL")

    def before_backward(self, loss: Differentiated) -> None:
        """A loss is about to be differentiated, of this model or of another."""
        if self._is_concerned:
            within = self._step is not None and self._step.is_late
            self._isolated(self.heard.begin_backward, loss, self.inventory.parameters, within)

    def after_backward(self, loss: Differentiated) -> None:
        """Look at a loss whose gradient has arrived here."""
        if self._is_concerned:
            self._isolated(self._after_backward, loss)

    def _after_backward(self, loss: Differentiated) -> None:
        if self.heard.end_backward(self.inventory.parameters):
            self._turns.move()
            self._origins.look_at_loss(loss.value)
            if self._step is not None:
                self._idle.look(self.hub, self.inventory.parameters.values(), events.recent.steps)

    def step_by_hand(self) -> None:
        """End a step of a training without an optimizer."""
        self._isolated(self._step_by_hand)

    def _step_by_hand(self) -> None:
        if self._doubt.is_open and self._evaluated is not None and self._step is None:
            (_, self._step), self._evaluated = self._evaluated, None
            self._step.renew(self.hub.due("TRAIN"))
        self._doubt.is_by_hand = True
        if self._step is not None:
            measured = self._step
            self._modules.end()
            self._take_gradients(measured)
            measured.before = {}  # the weights have changed already
            self._finish()

    def _end_evaluation(self) -> None:
        """End a step of another mode than TRAIN: the next begins, or the training goes on."""
        if self._evaluated is None:
            return
        begun = perf_counter()
        (mode, measured), self._evaluated = self._evaluated, None
        self._modules.end()
        calls = self.heard.end_evaluation()
        if not self._doubt.is_settled(calls):
            return
        self._losses.evaluate(measured, calls)
        self._learn_ends(mode, measured)
        self._origins.look_at_evaluation(calls)
        measured.cost += perf_counter() - begun
        self._times.tell()
        self._hand_over(mode, measured)
        if self._modules.functions.learn():
            self.describe()

    def _learn_ends(self, mode: Mode, measured: Measured) -> None:
        """Take predictions and labels; describe them when they are seen for the first time."""
        new = self._losses.unknown_ends(self.inventory.ends)
        if new:
            self.inventory.ends |= new
            self.describe()
            self._renew()
            measured.renew(self.hub.due(mode))
        if measured.plan is not None:
            self._losses.take_ends(measured, self._program(measured.plan))

    # -- the optimizer's step --------------------------------------------------------------------------------------

    def before_step(self, optimizer: Any, closure: bool) -> None:
        """Take weights and gradients; with a closure the gradients come only within the step."""
        if self.inventory.is_ours(optimizer):
            self._isolated(self._before_step, optimizer, closure)

    def _before_step(self, optimizer: Any, closure: bool) -> None:
        begun = perf_counter()
        self.delivery.deliver()
        self._end_evaluation()
        if not self._turns.begin(id(optimizer)):
            return
        self._times.pause()
        measured = self._begin_step()
        if self.inventory.has_changed():
            self.describe()
            self._renew()
        self._modules.end()
        measured.unscale, measured.is_late = getattr(optimizer, "grad_scale", None), closure
        if not closure:
            self._take_gradients(measured)
        elif measured.plan is not None:
            self._program(measured.plan).hold(measured)
        measured.cost += perf_counter() - begun
        self._times.optimizer()

    def _take_gradients(self, measured: Measured) -> None:
        if self.hub.guards_gradients and measured.plan is not None and not self._program(measured.plan).watched:
            self._guard.look(measured, list(self.inventory.parameters.values()))
        self._losses.train(measured, *self.heard.take())
        self._learn_ends("TRAIN", measured)
        if measured.plan is not None:
            program = self._program(measured.plan)
            program.before(measured)
            self._origins.look_at_step(measured, program)
        self.heard.forget()

    def after_step(self, optimizer: Any) -> None:
        """End the step, if no other optimizer is still to come."""
        if self.inventory.is_ours(optimizer):
            self._isolated(self._after_step, optimizer)

    def _after_step(self, optimizer: Any) -> None:
        if self._step is not None and self._turns.end(id(optimizer)):
            self._finish()

    def _finish(self) -> None:
        begun = perf_counter()
        measured, self._step = self._step, None
        self._turns.finish()
        if measured is None:
            return
        self._times.end_step()
        if measured.is_late:
            self._modules.end()
            self._take_gradients(measured)
        if self._network is not None:
            self._network.close()  # a model that is never called itself would be looked at for ever
            self._network = None
        plan = measured.plan
        if plan is not None:
            program = self._program(plan)
            program.after(measured, self.inventory.state_of)
            self.delivery.put_rates(measured, program)
        measured.cost += perf_counter() - begun
        self._times.tell()
        self._hand_over("TRAIN", measured)
        if self._modules.functions.learn() or not self.inventory.knows_state:
            self.inventory.knows_state = True
            self.describe()
        self._times.open()

    def step_was_skipped(self, optimizer: Any) -> None:
        """A step that a gradient scaler skips is none."""
        if self.inventory.is_ours(optimizer):
            self._step = None
            self.heard.forget()
            self._turns.finish()
            self._times.open()
            self.hub.facts["skipped_steps"] = self.hub.facts.get("skipped_steps", 0) + 1
            self.hub.warn("the gradient scaler skipped steps whose gradients were not finite; they are not counted")

    # -- handing over ----------------------------------------------------------------------------------------------

    def _hand_over(self, mode: Mode, measured: Measured) -> None:
        """End a step; what is still on its way from a device is waited for at the beginning of the next one."""
        plan, origins = measured.plan, self._origins.found()
        measured.cost += measured.taken.cost
        if plan is None:
            self.hub.skip(mode)
            return
        self.delivery.hand_over(mode, measured, self._program(plan), origins)
