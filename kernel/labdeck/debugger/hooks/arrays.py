"""Watches a training loop that somebody wrote by hand, over arrays of numpy or anything that becomes one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.finite import is_finite
from labdeck.debugger.hooks.making import begin_profile
from labdeck.debugger.hub import Hub
from labdeck.debugger.origin import line_here
from labdeck.debugger.profiler.timer import PARTS
from labdeck.debugger.reducing import Reducer
from labdeck.debugger.rules.not_finite import USUAL
from labdeck.debugger.switch import is_enabled
from labdeck.errors import TrainingEnded, UsageError
from labdeck.findings.window import guess_collections
from labdeck.runs import active
from labdeck.runs.autolog.place import Place, open_place
from labdeck.store.tensors.frames import MODES
from labdeck.store.tensors.layout import Column, TensorInfo

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from labdeck.debugger.plan import Plan
    from labdeck.debugger.preview import PreviewRow
    from labdeck.debugger.profiler.profiler import Profiler
    from labdeck.debugger.profiler.timer import Part
    from labdeck.debugger.saving import Save
    from labdeck.findings.actions.base import Action
    from labdeck.findings.rule import Rule
    from labdeck.runs.trial import Trial
    from labdeck.wire.debugging import Mode

_MOST_PLANS = 64
_GUARDED = frozenset(USUAL)
_NUMPY = str(Path(np.__file__).parent)


class ArraysHook:
    """Records the tensors and scalars of a hand-written loop, and has rules watch them.

    Where no trial runs it starts one, which ends with the hook. As a context manager it ends with the block, also when
    a rule's action stopped the training; by hand, with `close`. With `LABDECK_DEBUGGER=0` it does nothing.

    Args:
        trial: The running trial it records into; default the one that runs here.
        name: What is trained.
        save: What is recorded: as in `labdeck.watch`; collections are those that `save_tensor` is given, or what names
            tell ("gradient/w", "w.weight", "b.bias", "train_loss").
        rules: Rules or their classes; default those that suit any training.
        actions: What is done because of any rule's findings.
        budget: Share of a step that watching may take; None for no limit.
        flight: Steps that the flight recorder keeps in memory.
        profile: Time the steps, and sample the machine.

    Raises:
        UsageError: `save` or `rules` make no sense.

    Example:
        >>> import labdeck
        >>> from labdeck.debugger import ArraysHook
        >>> rng = np.random.default_rng(0)
        >>> x, y, w = rng.normal(size=(64, 3)), rng.normal(size=64), np.zeros(3)
        >>> with labdeck.experiment("regression").trial("by hand") as trial, ArraysHook(name="linear") as hook:
        ...     for step in range(20):
        ...         error = x @ w - y
        ...         gradient = 2 * x.T @ error / len(y)
        ...         hook.save_tensor("w", w, "weights")
        ...         hook.save_tensor("gradient/w", gradient)
        ...         hook.save_scalar("loss", (error**2).mean(), "losses")
        ...         w -= 0.1 * gradient
        ...         hook.step()
        >>> len(trial.experiment.session.tensors.reader(trial.id).series("loss", "value"))
        20
    """

    def __init__(
        self,
        trial: Trial | None = None,
        *,
        name: str = "arrays",
        save: Save = None,
        rules: Iterable[Rule | type[Rule] | str] | None = None,
        actions: Sequence[Action] = (),
        budget: float | None = 0.03,
        flight: int = 5,
        profile: bool = True,
    ) -> None:
        self._mode: Mode = "TRAIN"
        self._infos: dict[str, TensorInfo] = {}
        self._described = True
        self._asked = False
        self._plan: Plan | None = None
        self._waiting: dict[str, NDArray[Any]] = {}
        self._latest: dict[str, NDArray[Any]] = {}
        self._spare: dict[str, NDArray[Any]] = {}
        self._fillers: dict[int, tuple[Plan, _Filler]] = {}
        self._spent = 0.0
        self._unsound: set[str] = set()
        self._origins: dict[str, str] = {}
        self._profiler: Profiler | None = None
        self._place: Place | None = None
        self.hub: Hub | None = None
        if not is_enabled():
            return
        trial = trial or active.innermost()
        if trial is None:
            self._place = open_place("arrays", name)
            assert self._place is not None  # noqa: S101 - a training stands alone
            trial = self._place.trial
        try:
            self.hub = Hub(
                trial, name=name, framework="arrays", save=save, rules=rules, actions=actions, budget=budget,
                flight=flight,
            )  # fmt: skip
        except BaseException as error:
            if self._place is not None:
                self._place.finish(error)
            raise
        if profile:
            self._profiler = begin_profile(self.hub)
            self.mark("other")
        self.hub.controls.live = lambda: {"tensors": dict(self._latest)}
        self.hub.controls.arrays = lambda names: {name: self._latest[name] for name in names if name in self._latest}

    @property
    def mode(self) -> Mode:
        """What the model is doing."""
        return self._mode

    def set_mode(self, mode: str) -> None:
        """Say what the model is doing from here on: "TRAIN", "EVAL", "PREDICT" or "GLOBAL"; UsageError."""
        found = next((known for known in MODES if known == str(mode).upper()), None)
        if found is None:
            raise UsageError(f"there is no mode {mode!r}", f"choose from {', '.join(MODES)}")
        if found != self._mode:
            self._mode, self._asked = found, False

    def mark(self, part: Part) -> None:
        """Say what the time from here on is spent for: where nothing is said, "other".

        Args:
            part: "data", "forward", "backward", "optimizer" or "other".

        Raises:
            UsageError: There is no such part.
        """
        if part not in PARTS:
            raise UsageError(f"there is no part {part!r} of a step", f"choose from {', '.join(PARTS)}")
        if self._profiler is not None:
            self._profiler.mark(part)

    def save_tensor(self, name: str, value: Any, collections: str | Iterable[str] = ()) -> None:
        """Give a tensor of the step that goes on, as it is now: it may change afterwards.

        Nothing is copied where nothing of it is due. Of a name given twice in a step the later value counts.

        Args:
            name: Its name.
            value: An array of numpy, or what becomes one; a single number counts as a scalar.
            collections: The collections it is in; default what its name tells.
        """
        hub = self.hub
        if hub is None or not hub.is_on:
            return
        begun = time.perf_counter()
        try:
            self._take_in(str(name), np.asarray(value), collections)
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            hub.fail(error)
        spent = time.perf_counter() - begun
        self._spent += spent
        if self._profiler is not None:
            self._profiler.timer.leave_out(spent)

    def save_scalar(self, name: str, value: float, collection: str = "") -> None:
        """Give a scalar of the step that goes on.

        Args:
            name: Its name.
            value: Anything with a float value.
            collection: Default what its name tells ("losses"), else "scalars".
        """
        hub = self.hub
        if hub is None or not hub.is_on:
            return
        try:
            hub.scalar(str(name), float(value), collection or next(iter(guess_collections(str(name))), "scalars"))
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            hub.fail(error)

    def step(self) -> None:
        """End the step.

        Raises:
            TrainingStopped, TrainingPaused: A rule's action or a person ends the training here.
        """
        hub = self.hub
        if hub is None or not hub.is_on:
            return
        begun = time.perf_counter()
        if self._profiler is not None:
            self._profiler.cut()
        try:
            plan, row = self._finish(hub)
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            hub.fail(error)
            return
        waiting = self._latest = self._waiting
        self._waiting, self._asked = {}, False
        spent, self._spent = self._spent, 0.0
        origins, self._origins = self._origins, {}
        if self._profiler is not None:
            self._profiler.tell()
        if plan is None:
            hub.skip(self._mode)
        else:
            hub.take(self._mode, plan, row, waiting, origins=origins, cost=spent + time.perf_counter() - begun)
        self._spare = dict(waiting)
        if self._profiler is not None:
            self._profiler.mark("other")

    def preview(self) -> tuple[PreviewRow, ...]:
        """Return what is recorded: collections, tensors, reductions, intervals, bytes a step, warnings."""
        return self.hub.preview() if self.hub is not None else ()

    def close(self, error: BaseException | None = None) -> None:
        """End, and the trial with it if it was started by the hook; a second call has no effect.

        Args:
            error: What ended the training, if anything did.
        """
        hub, self.hub = self.hub, None
        if hub is not None:
            hub.close("" if error is None else f"{type(error).__name__}: {error}")
        profiler, self._profiler = self._profiler, None
        if profiler is not None:
            profiler.close()  # its report tells what is stored by now
        place, self._place = self._place, None
        if place is not None:
            place.finish(error)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """End; a stop or a pause of this training ends the block without an error."""
        trial_id = self.hub.trial.id if self.hub is not None else ""
        self.close(error)
        return isinstance(error, TrainingEnded) and error.trial_id == trial_id

    # -- helpers ---------------------------------------------------------------------------------------------------

    def _take_in(self, name: str, array: NDArray[Any], collections: str | Iterable[str]) -> None:
        hub = self.hub
        if hub is None:
            return
        inside = (collections,) if isinstance(collections, str) else tuple(collections)
        if array.ndim == 0 and name not in self._infos and array.dtype.kind in "biuf":
            self.save_scalar(name, float(array), inside[0] if inside else "")
            return
        known = self._infos.get(name)
        if known is None or _looks_different(known, array) or (inside and inside != known.collections):
            inside = inside or (known.collections if known is not None else guess_collections(name) or ("default",))
            parameter = name.partition("/")[2] if name.startswith("gradient/") else ""
            self._infos[name] = TensorInfo(name, inside, shape=array.shape, dtype=array.dtype.name, parameter=parameter)
            self._described = False
        if hub.guards_gradients and not _GUARDED.isdisjoint(self._infos[name].collections):
            self._look(hub, name, array)
        if not self._asked:
            self._plan, self._asked = hub.due(self._mode), True
        if not self._described or (self._plan is not None and self._filler(self._plan).wants(name)):
            self._waiting[name] = _copied(array, self._spare.pop(name, None))

    def _look(self, hub: Hub, name: str, array: NDArray[Any]) -> None:
        """Look at every step whether a tensor is finite; one that no longer is has the step recorded in full."""
        if is_finite(array):
            self._unsound.discard(name)
        elif name not in self._unsound:
            self._unsound.add(name)
            hub.alert()
            self._plan, self._asked = hub.due(self._mode), True
            line = line_here(_NUMPY)
            if line is not None and not self._origins:
                self._origins[name] = str(line)

    def _finish(self, hub: Hub) -> tuple[Plan | None, NDArray[np.float64]]:
        """Return what is due at this step, and its row."""
        if not self._described:
            trained = [info for info in self._infos.values() if not {"weights", "biases"}.isdisjoint(info.collections)]
            hub.describe(tuple(self._infos.values()), sum(int(np.prod(info.shape)) for info in trained))
            self._described, self._asked = True, False
        if not self._asked:
            self._plan = hub.due(self._mode)
        plan = self._plan
        return plan, _NOTHING if plan is None else self._filler(plan).fill(self._waiting)

    def _filler(self, plan: Plan) -> _Filler:
        known = self._fillers.get(id(plan))
        if known is None:
            if len(self._fillers) >= _MOST_PLANS:
                self._fillers.clear()
            known = self._fillers[id(plan)] = (plan, _Filler(plan))
        return known[1]


class _Filler:
    """Computes the row of one plan."""

    def __init__(self, plan: Plan) -> None:
        layout = plan.layout
        parts: dict[int, list[Column]] = {}
        for column in layout.columns:
            parts.setdefault(column.tensor, []).append(column)
        self._names = [layout.tensors[number].name for number in parts]
        self.wants: Callable[[str], bool] = {*self._names, *plan.arrays, *plan.flight}.__contains__
        self._reducer = Reducer(list(parts.values()))
        self._row = np.empty(layout.width)

    def fill(self, arrays: dict[str, NDArray[Any]]) -> NDArray[np.float64]:
        """Return the row of these arrays; NaN for those that are not there."""
        self._row.fill(np.nan)
        self._reducer.fill([arrays.get(name) for name in self._names], self._row)
        return self._row


_NOTHING = np.empty(0)


def _looks_different(known: TensorInfo, array: NDArray[Any]) -> bool:
    """Say whether a tensor is to be described anew; the last batch being smaller is no reason."""
    return known.dtype != array.dtype.name or known.shape[1:] != array.shape[1:] or len(known.shape) != array.ndim


def _copied(array: NDArray[Any], buffer: NDArray[Any] | None) -> NDArray[Any]:
    if buffer is None or buffer.shape != array.shape or buffer.dtype != array.dtype:
        return np.array(array)
    np.copyto(buffer, array)
    return buffer
