"""Records the trainings of Lightning: hyperparameters, what a module logs at its steps, the model."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

from labdeck.runs.autolog import heldout, models, options, patching
from labdeck.runs.autolog.patching import Observation, argument
from labdeck.runs.autolog.place import Place, floats, open_place

NAME = "lightning"


def install(module: ModuleType) -> None:
    """Observe `Trainer.fit`, and `validate` and `test` of modules whose fit was recorded."""
    name = module.__name__
    patching.observe(f"{name}.fit", NAME, _begin_with(module))
    patching.observe(f"{name}.test", NAME, _begin_test)
    patching.replace_method(NAME, module.Trainer, "fit", f"{name}.fit")
    for method in ("validate", "test"):
        patching.replace_method(NAME, module.Trainer, method, f"{name}.test")


def _begin_with(module: ModuleType) -> patching.Begin:
    def begin(_: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Observation | None:
        trainer, model = args[0], argument(args, kwargs, 1, "model")
        if model is None or not trainer.is_global_zero:
            return None  # of processes that train one model together, the first tells
        place = open_place(NAME, type(model).__name__)
        if place is None:
            return None
        try:
            return _Fit(module, place, args, kwargs)
        except BaseException as error:
            place.finish(error)
            raise

    return begin


class _Fit(Observation):
    """One `Trainer.fit`."""

    library = NAME

    def __init__(self, module: ModuleType, place: Place, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(args, kwargs)
        self.place = place
        self.trainer, self.model = args[0], argument(args, kwargs, 1, "model")
        self._by_step: set[str] = set()
        self.place.params(_facts(self.trainer, self.model))
        self._follower = _follower(module, self)
        self.trainer.callbacks.append(self._follower)

    def begin(self) -> None:
        """Record what is known only when the fit has begun: the optimizers."""
        facts: dict[str, object] = {}
        for number, optimizer in enumerate(self.trainer.optimizers):
            head = f"optimizer:{number}" if number else "optimizer"
            facts[head] = type(optimizer).__name__
            facts |= {f"{head}__{name}": value for name, value in optimizer.defaults.items()}
        self.place.params(facts)

    def after_batch(self) -> None:
        """Log what belongs to this step, at the steps at which Lightning's own loggers do."""
        every = (self.trainer.log_every_n_steps or 1) * options.current().every
        due = self.trainer.global_step % every == 0
        if due or not self._by_step:
            fresh, found = self._fresh()
            self._by_step.update(fresh)
            if due:
                self._log(fresh, found)

    def after_epoch(self) -> None:
        """Log what belongs to an epoch, of training or validation."""
        fresh, found = self._fresh()
        self._log({name: value for name, value in fresh.items() if name not in self._by_step}, found)

    def _fresh(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what the module has logged in what is just ending, and all it ever has.

        What is of now is made anew whenever it is asked for; what is older stays the same object.
        """
        before, now = dict(self.trainer.callback_metrics), dict(self.trainer.callback_metrics)
        return {name: value for name, value in now.items() if before.get(name) is not value}, now

    def _log(self, fresh: dict[str, Any], found: dict[str, Any]) -> None:
        # Of a metric by step and by epoch Lightning makes "x_step" and "x_epoch", and "x" for callbacks only.
        kept = {name: value for name, value in fresh.items() if not {f"{name}_step", f"{name}_epoch"} & found.keys()}
        if kept:
            rates = {f"lr:{n}" if n else "lr": o.param_groups[0]["lr"] for n, o in enumerate(self.trainer.optimizers)}
            self.place.log({**floats(rates), **floats(kept)}, step=max(self.trainer.global_step - 1, 0))

    def end(self, result: Any) -> None:  # noqa: ARG002 - it is None
        """Record how it ended, and the model."""
        try:
            self._detach()
            # After Ctrl-C Lightning returns as if all were well.
            state = getattr(self.trainer.state, "status", None)
            self.place.params({"epochs_run": self.trainer.current_epoch, "steps_run": self.trainer.global_step})
            heldout.remember(NAME, self.model, self.place, None)
            models.keep_state(self.place, self.model)
        finally:
            self.place.finish(KeyboardInterrupt() if str(state).endswith("interrupted") else None)

    def fail(self, error: BaseException) -> None:
        """End the trial as the fit ended."""
        try:
            self._detach()
        finally:
            self.place.finish(error)

    def _detach(self) -> None:
        if self._follower in self.trainer.callbacks:
            self.trainer.callbacks.remove(self._follower)


def _facts(trainer: Any, model: Any) -> dict[str, object]:
    names = ("max_epochs", "max_steps", "precision", "accumulate_grad_batches", "gradient_clip_val", "world_size")
    facts: dict[str, object] = {"model": type(model).__name__}
    facts |= {name: value for name in names if (value := getattr(trainer, name, None)) is not None}
    counted = [(p.numel(), p.requires_grad) for p in model.parameters()]
    facts["model_parameters"] = sum(number for number, _ in counted)
    facts["trained_parameters"] = sum(number for number, trained in counted if trained)
    return {**facts, **dict(getattr(model, "hparams", None) or {})}


def _follower(module: ModuleType, fit: _Fit) -> Any:
    """Return a callback of Lightning that tells the observation what happens."""

    def tell(action: Callable[[], None]) -> Callable[..., None]:
        def told(_self: Any, trainer: Any, *_: Any, **__: Any) -> None:
            if not trainer.sanity_checking:
                patching.guarded(NAME, action)

        return told

    def plain(_self: Any) -> Any:
        return _plain, (module.__name__,)  # spawned processes get one that tells nothing

    methods = {
        "on_train_start": tell(fit.begin),
        "on_train_batch_end": tell(fit.after_batch),
        "on_validation_end": tell(fit.after_epoch),
        "on_train_epoch_end": tell(fit.after_epoch),
        "__reduce__": plain,
    }
    return type("AutologFollower", (module.Callback,), methods)()


def _plain(name: str) -> Any:
    return importlib.import_module(name).Callback()


def _begin_test(_: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Observation | None:
    model = argument(args, kwargs, 1, "model") or getattr(args[0], "lightning_module", None)
    known = heldout.known(model)
    return _Test(known, args, kwargs) if known is not None else None


class _Test(Observation):
    """One `Trainer.validate` or `Trainer.test` after the fit."""

    library = NAME

    def __init__(self, known: heldout.Known, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(args, kwargs)
        self._known = known

    def end(self, result: Any) -> None:
        """Log what every data set yielded."""
        for metrics in result or ():
            heldout.log_late(self._known, floats(metrics))
