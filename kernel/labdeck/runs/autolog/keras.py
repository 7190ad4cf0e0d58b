"""Records the trainings of Keras models, epoch by epoch and batch by batch."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from labdeck.runs.autolog import heldout, options, patching
from labdeck.runs.autolog.patching import Observation, argument
from labdeck.runs.autolog.place import Place, floats, open_place

NAME = "keras"


def install(module: ModuleType) -> None:
    """Observe `Model.fit`, and `Model.evaluate` of models whose fit was recorded."""
    patching.observe("keras.fit", NAME, _begin_with(module))
    patching.observe("keras.evaluate", NAME, _begin_evaluate)
    for method in ("fit", "evaluate"):
        owner = next(part for part in module.Model.__mro__ if method in vars(part))
        patching.replace_method(NAME, owner, method, f"keras.{method}")


def _begin_with(module: ModuleType) -> patching.Begin:
    def begin(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Observation | None:
        place = open_place(NAME, type(args[0]).__name__)
        if place is None:
            return None
        try:
            fit = _Fit(place, args, kwargs)
            follower = _follower(module, fit)
            fit.args, fit.kwargs = patching.with_argument(
                original, args, kwargs, "callbacks", lambda given: _with(given, follower)
            )
        except BaseException as error:
            place.finish(error)
            raise
        return fit

    return begin


def _with(given: Any, follower: Any) -> Any:
    """Return what was given as callbacks with one more."""
    if given is None:
        return [follower]
    if hasattr(given, "append") and not isinstance(given, list):
        given.append(follower)  # a CallbackList, which is used as it is
        return given
    return [*given, follower] if isinstance(given, list | tuple) else [given, follower]


def common(name: str, part: str) -> str:
    """Return a metric's name as other libraries' are: val_loss is val:loss, and loss is that of the training.

    Example:
        >>> common("val_loss", "train"), common("loss", "train")
        ('val:loss', 'train:loss')
    """
    return f"val:{name[4:]}" if name.startswith("val_") else f"{part}:{name}"


class _Fit(Observation):
    """One `Model.fit`."""

    library = NAME

    def __init__(self, place: Place, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(args, kwargs)
        self.place = place
        self.model = args[0]
        self._batches = 0

    def begin(self, params: dict[str, Any]) -> None:
        """Record what is trained and how, now that the model is built."""
        model, optimizer = self.model, self.model.optimizer
        facts: dict[str, object] = {"model": type(model).__name__, "model_parameters": model.count_params()}
        facts |= {name: params[name] for name in ("epochs", "steps") if params.get(name) is not None}
        size = argument(self.args, self.kwargs, 3, "batch_size")
        facts |= {} if size is None else {"batch_size": size}
        facts["loss"] = model.loss
        config = dict(optimizer.get_config())
        facts["optimizer"] = type(optimizer).__name__
        facts |= {f"optimizer__{name}": value for name, value in config.items() if name != "name" and value is not None}
        self.place.params(facts)
        lines: list[str] = []
        model.summary(line_length=100, print_fn=lambda text, **_: lines.append(text))
        self.place.keep("model_summary.txt", lambda path: path.write_text("\n".join(lines) + "\n", encoding="utf-8"))

    def after_batch(self, logs: dict[str, Any]) -> None:
        """Log every so many batches; they are counted over all epochs."""
        number, self._batches = self._batches, self._batches + 1
        if number % options.current().every == 0:
            self.place.log({f"batch:{name}": value for name, value in floats(logs).items()}, step=number)

    def after_epoch(self, epoch: int, logs: dict[str, Any]) -> None:
        """Log an epoch."""
        found = {common(name, "train"): value for name, value in floats(logs).items()}
        variable = self.model.optimizer.learning_rate
        rate = floats({"lr": getattr(variable, "value", variable)})
        self.place.log({**rate, **found}, step=epoch)

    def end(self, result: Any) -> None:  # noqa: ARG002 - the history was followed
        """Keep the model and end the trial."""
        try:
            heldout.remember(NAME, self.model, self.place, None)
            if options.current().log_models:
                self.place.keep("model.keras", self.model.save)
        finally:
            self.place.finish()

    def fail(self, error: BaseException) -> None:
        """End the trial as the fit ended."""
        self.place.finish(error)


def _follower(module: ModuleType, fit: _Fit) -> Any:
    """Return a callback of Keras that tells the observation what happens."""

    def on_train_begin(self: Any, _: Any = None) -> None:
        patching.guarded(NAME, fit.begin, dict(self.params or {}))

    def on_train_batch_end(_: Any, __: int, logs: Any = None) -> None:
        patching.guarded(NAME, fit.after_batch, dict(logs or {}))

    def on_epoch_end(_: Any, epoch: int, logs: Any = None) -> None:
        patching.guarded(NAME, fit.after_epoch, epoch, dict(logs or {}))

    methods = {
        "on_train_begin": on_train_begin,
        "on_train_batch_end": on_train_batch_end,
        "on_epoch_end": on_epoch_end,
    }
    return type("AutologFollower", (module.callbacks.Callback,), methods)()


def _begin_evaluate(_: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Observation | None:
    known = heldout.known(args[0])
    return _Evaluation(known, args, kwargs) if known is not None else None


class _Evaluation(Observation):
    """One `Model.evaluate` after the fit."""

    library = NAME

    def __init__(self, known: heldout.Known, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(args, kwargs)
        self._known = known

    def end(self, result: Any) -> None:
        """Log what was found, which does not say its names unless it was asked for them."""
        found = result if isinstance(result, dict) else self.args[0].get_metrics_result()
        heldout.log_late(self._known, {f"test:{name}": value for name, value in floats(found).items()})
