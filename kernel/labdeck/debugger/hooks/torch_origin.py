"""The sentinel over a PyTorch model: notices the first NaN or infinity, and has its origin traced at that very step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from labdeck.debugger.hooks import torch_events as events
from labdeck.debugger.hooks.torch_heard import Heard
from labdeck.debugger.hooks.torch_library import library_folder, torch
from labdeck.debugger.hooks.torch_names import activation_name, clean
from labdeck.debugger.hooks.torch_reductions import fetch
from labdeck.debugger.hooks.torch_taken import tensors_in
from labdeck.debugger.hooks.torch_tracing import Origin, Pass, Tracer, is_finite, remember_pass
from labdeck.debugger.hooks.torch_variables import bad_assignment
from labdeck.debugger.origin import LABELS, Line, frame_here, of_gradient, of_loss

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from labdeck.debugger.hooks.torch_heard import LossCall
    from labdeck.debugger.hooks.torch_program import Measured, Program

_LARGEST = 1 << 20
"""Numbers in a gradient of the model's output that are kept until the next pass, so that its origin can be traced."""


class Origins:
    """Notices when a loss or a gradient is not finite for the first time, and finds out where that was made.

    Nothing is traced while everything is finite: a pass costs some references and the state of the generator of random
    numbers. What is found is the origin of one episode: it is traced again only after a loss was finite.

    Args:
        root: The model.
        called: What the training calls: the model, what is wrapped around it, or a part of it.

    Attributes:
        heard: What was heard of losses; the watching of the model puts its own here.
    """

    def __init__(self, root: Any, called: Any) -> None:
        self._root = root
        inside = any(module is called for module in root.modules())
        self._module = called if inside else root
        self._pass: Pass | None = None
        self._gradients: dict[int, Any] = {}
        self._outputs = 0
        self._flags: list[Callable[[], Any]] = []
        self._found: dict[str, str] = {}
        self._armed = True
        self.heard = Heard()

    @property
    def is_tracing(self) -> bool:
        """A pass is run once more."""
        return events.recent.is_tracing

    def remember(self, args: Any, kwargs: Any) -> None:
        """A pass begins."""
        self._pass = remember_pass(self._module, args, kwargs)
        self._gradients = {}

    def keep_gradients(self, output: Any) -> None:
        """It has ended: keep the gradients that its outputs will get."""
        if not torch().is_grad_enabled():
            return
        kept: dict[int, Any] = {}
        ends = [tensor for tensor in tensors_in(output) if tensor.grad_fn is not None]
        self._outputs, self._gradients = len(ends), kept
        for number, tensor in enumerate(ends):
            if tensor.numel() <= _LARGEST:
                tensor.grad_fn.register_prehook(_keeper(kept, number, tensor.output_nr))

    def forget(self) -> None:
        """Let go of what is remembered."""
        self._pass, self._gradients, self._flags = None, {}, []

    def found(self) -> dict[str, str]:
        """Return what was found since it was last asked: the line of source, by tensor."""
        found, self._found = self._found, {}
        return found

    # -- looking ---------------------------------------------------------------------------------------------------

    def look_at_loss(self, loss: Any) -> None:
        """Look at a loss that is about to be differentiated: a number, or a tensor of a device."""
        if not isinstance(loss, float):
            self._flags.append(fetch([loss]))  # it is there long before the gradients are
        elif math.isfinite(loss):
            self._armed = True
        else:
            self._trace_loss()

    def look_at_evaluation(self, calls: Iterable[LossCall]) -> None:
        """Look at the losses of a pass of another mode than TRAIN."""
        if self._pass is not None and self._armed and not all(is_finite(call.value) for call in calls):
            self._trace_loss()

    def look_at_step(self, measured: Measured, program: Program) -> None:
        """Look at what a step is made of, right before the optimizer takes it."""
        flags, self._flags = self._flags, []
        if flags:
            if all(np.isfinite(flag()).all() for flag in flags):
                self._armed = True
            else:
                self._trace_loss()
        if not self._armed or not program.watched or measured.pending:
            return
        values = measured.row[program.watched_places]
        with np.errstate(all="ignore"):
            doubtful = np.flatnonzero(values - values).tolist()  # NaN is not zero
        bad = [program.watched[number] for number in doubtful if _is_bad(program.watched[number][1].value.grad)]
        if bad:
            self._trace_gradients([name for name, _ in bad])

    # -- tracing ---------------------------------------------------------------------------------------------------

    def _trace_loss(self) -> None:
        """Find where a loss became not finite: in the model, or behind it."""
        if not self._armed or self._pass is None:
            return
        self._armed = False
        origin = self._guarded(lambda tracer, call: tracer.forward(call)) or self._guarded(self._behind)
        if origin is None:
            return
        path, kind = clean(origin.module), type(self._root).__name__
        output = activation_name(path, kind, "output", 0) if origin.module_type else "loss"
        self._found.setdefault(origin.tensor or output, str(origin))

    def _behind(self, tracer: Tracer, _: Pass) -> Origin | None:
        """Find where a loss became not finite although the outputs of the model are."""
        line, again = self.heard.line, self.heard.again
        given = getattr(again, "args", ()), getattr(again, "keywords", {})
        predictions, labels = _pair(*given)
        if not _is_good(labels):
            return Origin(LABELS, tensor="labels")
        if again is not None and _is_good(predictions):
            origin = tracer.loss(again, line)
            if origin is not None:
                return origin
        frame = frame_here(library_folder())
        if frame is None:
            return None
        assigned = bad_assignment(frame, is_finite)
        if assigned is not None:
            return Origin(str(assigned))
        return Origin(of_loss(Line(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)))

    def _trace_gradients(self, names: list[str]) -> None:
        """Find where gradients became not finite although the loss is."""
        self._armed = False
        kept = [self._gradients[number] for number in sorted(self._gradients)]
        line = self.heard.line
        origin = None
        if kept and not all(map(is_finite, kept)):
            origin = Origin(of_gradient("the loss" if line is None else line))
        elif kept and len(kept) == self._outputs:
            origin = self._guarded(lambda tracer, call: tracer.backward(call, kept))
        if origin is not None:
            for name in names:
                self._found[name] = str(origin)

    def _guarded(self, trace: Callable[[Tracer, Pass], Origin | None]) -> Origin | None:
        """Trace; what the user's model does wrong when it is run again is no failure of ours."""
        if self._pass is None:
            return None
        events.recent.is_tracing = True
        try:
            return trace(Tracer(self._root), self._pass)
        except Exception:  # noqa: BLE001 - then the origin stays unknown
            return None
        finally:
            events.recent.is_tracing = False


def _keeper(kept: dict[int, Any], number: int, place: int) -> Callable[[Any], None]:
    def keep(gradients: Any) -> None:
        if gradients[place] is not None:
            kept[number] = gradients[place].detach()

    return keep


def _pair(args: Sequence[Any] = (), named: Mapping[str, Any] | None = None) -> tuple[Any, Any]:
    """Return what a loss was computed from: what the model says, and what is true; None for what is not known."""
    given = [*args, *(named[key] for key in ("input", "target") if named and key in named), None, None]
    return given[0], given[1]


def _is_good(value: Any) -> bool:
    """Say whether something is no tensor, or a finite one."""
    return not torch().is_tensor(value) or is_finite(value)


def _is_bad(gradient: Any) -> bool:
    return gradient is not None and not is_finite(gradient)
