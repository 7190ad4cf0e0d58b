"""What the hooks of all frameworks have in common: what is saved, when, and which step it is."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from labdeck.compat.smdebug.choosing import Choosing
from labdeck.compat.smdebug.collection import (
    SCALAR_COLLECTIONS,
    SM_METRIC_COLLECTIONS,
    CollectionKeys,
)
from labdeck.compat.smdebug.exceptions import (
    InvalidCollectionConfiguration,
    SMDebugTypeError,
    SMDebugValueError,
)
from labdeck.compat.smdebug.jobs import configured
from labdeck.compat.smdebug.json_config import config_path, hook_arguments, read_config
from labdeck.compat.smdebug.logs import get_logger
from labdeck.compat.smdebug.mode_keys import ModeKeys
from labdeck.compat.smdebug.recording import SCALARS, Held, Recording, is_switched_off
from labdeck.compat.smdebug.reduction_config import ReductionConfig
from labdeck.compat.smdebug.singletons import set_hook
from labdeck.errors import TrainingEnded
from labdeck.store.tensors.layout import TensorInfo

_SCALAR = "scalar/"


class BaseHook(Choosing):
    """Saves tensors of a training into Labdeck's store.

    Whatever goes wrong in it while a model is trained switches it off, and is told once; the training goes on.

    Args:
        out_dir: The folder in which word is left of where the tensors are, for `create_trial`; it must not hold an
            earlier training. Default none: then `out_dir` is the address that `create_trial` takes.
        export_tensorboard: Accepted and not used, as is `tensorboard_dir`: Labdeck shows what it records.
        tensorboard_dir: Accepted and not used.
        dry_run: Save nothing.
        reduction_config: What is saved of tensors; default they themselves.
        save_config: When; default every 500 steps.
        include_regex: Tensors that are saved beside those of collections; they make the collection "default".
        include_collections: Collections that are saved beside those that always are.
        save_all: Save everything.
        include_workers: "one": only the first process of a distributed training saves, or "all" of them.

    Raises:
        SMDebugValueError: `out_dir` holds an earlier training.
    """

    framework: ClassVar[str] = "arrays"

    def __init__(  # noqa: PLR0913, PLR0917 - as smdebug has it
        self,
        out_dir: str | Path | None = None,
        export_tensorboard: bool = False,
        tensorboard_dir: str | None = None,
        dry_run: bool = False,
        reduction_config: ReductionConfig | None = None,
        save_config: Any = None,
        include_regex: Iterable[str] | str | None = None,
        include_collections: Iterable[str] | str | None = None,
        save_all: bool = False,
        include_workers: str = "one",
    ) -> None:
        self.logger = get_logger()
        self.export_tensorboard, self.tensorboard_dir = export_tensorboard, tensorboard_dir
        self.dry_run = dry_run
        self.save_all_workers = include_workers == "all"
        self.worker, self.worker_count = self._rank()
        super().__init__(save_config, reduction_config, include_regex, include_collections, save_all)
        self._held: dict[str, Held] = {}
        self._early: list[Callable[[], None]] = []
        self._in_step = False
        self._listens = False
        self._closed = False
        self.failure = ""
        self._out_dir = out_dir
        self._recording = self._open(out_dir)
        set_hook(self)

    @property
    def out_dir(self) -> str | Path | None:
        """What `create_trial` takes: the folder, or where none was given the address of the trial."""
        if self._out_dir is not None or self._recording is None:
            return self._out_dir
        return self._recording.address

    def _open(self, out_dir: str | Path | None) -> Recording | None:
        saves = self.save_all_workers or self.worker == "worker_0"
        if self.dry_run or not saves or is_switched_off():
            return None
        workers = self.worker_count if self.save_all_workers else 1
        return Recording(out_dir, self.worker, workers, self.framework, lambda: self._end(finish=False))

    @classmethod
    def create_from_json_file(cls, json_file_path: str | Path | None = None) -> BaseHook:
        """Return a hook made as a file of JSON says.

        Args:
            json_file_path: The file; default the one that SMDEBUG_CONFIG_FILE_PATH names, then SageMaker's. Where there
                is none the hook is that of the job that runs, else one with nothing but defaults.

        Raises:
            FileNotFoundError: The file that is named is not there.
            SMDebugValueError: It says what cannot be.
        """
        path = config_path(json_file_path)
        config = configured() if path is None else read_config(path)
        arguments, collections = hook_arguments(config, cls.schedule)
        hook = cls(**arguments)
        for collection in collections:
            hook._configure(collection)
        return hook

    hook_from_config = create_from_json_file

    # -- steps -----------------------------------------------------------------------------------------------------

    def set_mode(self, mode: ModeKeys) -> None:
        """Say what the model does from here on; SMDebugValueError."""
        if not isinstance(mode, ModeKeys):
            raise SMDebugValueError(f"{mode!r} is no mode", "write modes.TRAIN, EVAL, PREDICT or GLOBAL")
        if mode is not self.mode:
            with self._guarded():
                self._end_step()
        self.mode = mode
        self.mode_steps.setdefault(mode, -1)

    def _begin_step(self) -> None:
        """End the step that goes on, and begin the next."""
        self._end_step()
        if not self.prepared_collections:
            self._prepare()
        if self._recording is not None and self._is_on:
            self.step, self.mode_steps[self.mode] = self._recording.begin_step(self.mode, self.get_collections())
        else:
            self.step, self.mode_steps[self.mode] = self.step + 1, self.mode_steps.get(self.mode, -1) + 1
        self.mode_steps[ModeKeys.GLOBAL] = self.step
        self._in_step = True
        self._listens = self._is_on and (bool(self._due_now()) or self._has_rules)
        early, self._early = self._early, []
        for save in early:
            save()

    def _end_step(self) -> None:
        """Save what is held of the step that goes on.

        Raises:
            TrainingStopped, TrainingPaused: A rule's action or a person ends the training here.
        """
        held, self._held = self._held, {}
        if not self._in_step:
            return
        self._in_step = False
        if self._recording is not None and self._is_on:
            self._recording.end_step(self.mode, held)

    def _now(self, save: Callable[[], None]) -> None:
        """Save something at the step that goes on, or at the next if none does."""
        with self._guarded():
            if self._in_step:
                save()
            elif self._is_on:
                self._early.append(save)

    def save_scalar(self, name: str, value: Any, sm_metric: bool = False, timestamp: float | None = None) -> None:  # noqa: ARG002
        """Save a number, whatever the schedule: it becomes the tensor `scalar/<name>`, and a metric of the trial.

        Args:
            name: What it is called.
            value: A number, or an array of one.
            sm_metric: Accepted: every scalar is a metric here.
            timestamp: Accepted and not used.

        Raises:
            SMDebugTypeError: It is no single number.
        """
        number = _to_number(value)
        if number is None:
            raise SMDebugTypeError(f"{name} is {type(value).__name__} and no single number", "use save_tensor")
        held = Held(TensorInfo(_SCALAR + name, (SCALARS,), dtype="float64"), np.array(number), (), True, True)
        self._now(lambda: self._held.update({held.info.name: held}))

    def save_tensor(
        self, tensor_name: str, tensor_value: Any, collections_to_write: Iterable[str] | str = CollectionKeys.DEFAULT
    ) -> None:
        """Save an array at this step, if one of its collections is saved now.

        Args:
            tensor_name: What it is called.
            tensor_value: A tensor of the framework, or what `numpy.asarray` takes.
            collections_to_write: The collections it belongs to.
        """
        with self._guarded():
            named = [collections_to_write] if isinstance(collections_to_write, str) else list(collections_to_write)
            for name in named:
                collection = self.collection_manager.get(name)
                if name not in self.include_collections:
                    self.include_collections.append(name)
                    self._forget()
                if not collection.has_tensor_name(tensor_name):
                    collection.add_tensor_name(tensor_name)
                    self._members.pop(tensor_name, None)
            array = to_array(tensor_value)
            self._now(lambda: self._save(tensor_name, array))

    def record_trace_events(self, *_: Any, **__: Any) -> None:
        """Do nothing: times are recorded by Labdeck's own profiler."""

    # -- saving ----------------------------------------------------------------------------------------------------

    @property
    def _is_on(self) -> bool:
        return self._recording is not None and self._recording.is_on and not self._closed and not self.failure

    @property
    def _has_rules(self) -> bool:
        return self._recording is not None and self._recording.has_rules

    def _save(self, name: str, value: Any, **about: str) -> None:
        """Hold a tensor of this step, if it is saved now or a rule needs it.

        Args:
            name: What it is called.
            value: A tensor of the framework, or an array.
            **about: What else is known of it; see `TensorInfo`.
        """
        recording = self._recording
        if recording is None or not self._is_on:
            return
        if not self.prepared_collections:
            self._prepare()
        members = self._collections_of(name)
        due = self._due_now()
        if members.isdisjoint(due) and not recording.is_needed(name):
            return
        chosen = [self.get_collections()[one] for one in sorted(members & due)]
        array = to_array(value)
        if array is None:
            return
        is_scalar = not SCALAR_COLLECTIONS.isdisjoint(one.name for one in chosen)
        configs = [one.reduction_config for one in chosen if one.reduction_config is not None]
        wanted = [] if is_scalar else [key for config in configs for key in config.wanted()]
        self._held[name] = Held(
            TensorInfo(
                name,
                self._told(name, members, about.get("module_type", "")),
                shape=array.shape,
                dtype=array.dtype.name,
                **about,
            ),
            array,
            tuple(dict.fromkeys(("abs_" if absolute else "") + reduction for reduction, absolute in wanted)),
            is_whole=any(config.save_raw_tensor for config in configs),
            keeps_shape=any(config.save_shape for config in configs),
            is_metric=not SM_METRIC_COLLECTIONS.isdisjoint(one.name for one in chosen),
        )

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Let nothing out into the training but what ends it on purpose, and mistakes in the configuration."""
        try:
            yield
        except (TrainingEnded, InvalidCollectionConfiguration):
            raise
        except Exception as error:  # noqa: BLE001 - the training must go on
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        if self.failure:
            return
        self.failure = f"{type(error).__name__}: {error}"
        self.logger.warning("the hook has switched itself off", exc_info=error)
        warnings.warn(
            f"Labdeck: smdebug's hook has switched itself off: {self.failure}; training goes on",
            RuntimeWarning,
            stacklevel=4,
        )

    def close(self) -> None:
        """Save what is held, and end; a second call has no effect."""
        self._end(finish=True)

    def cleanup(self) -> None:
        """Do what `close` does, by its other name."""
        self.close()

    def _end(self, *, finish: bool) -> None:
        if self._closed:
            return
        with self._guarded(), suppress(TrainingEnded, InvalidCollectionConfiguration):  # it ends anyway
            if self._early:
                self._begin_step()
            self._end_step()
        self._closed = True
        self._detach()
        if self._recording is not None:
            with self._guarded():
                self._recording.close(self.get_collections(), finish=finish)

    def _detach(self) -> None:
        """Take the hook off what it was put on."""

    @staticmethod
    def _rank() -> tuple[str, int]:
        """Return this worker's name, and how many there are."""
        return "worker_0", 1

    def __repr__(self) -> str:
        return f"<{type(self).__name__} out_dir={self._out_dir} mode={self.mode.name} step={self.step}>"


def _to_number(value: Any) -> float | None:
    array = to_array(value)
    if array is None or array.size != 1 or array.dtype.kind not in "biuf":
        return None
    return float(array.reshape(-1)[0])


def to_array(value: Any) -> Any:
    """Return a copy in numpy, None for what has no elements or cannot be one."""
    try:
        array = np.array(_of_tensor(value) if hasattr(value, "detach") else value)
    except (TypeError, ValueError, RuntimeError):
        return None
    return array if array.size and array.dtype.kind in "biufcU" else None


def _of_tensor(value: Any) -> Any:
    """Return a tensor of PyTorch in numpy; bfloat16 and narrower as float32, sparse ones with their zeros."""
    tensor = value.detach().cpu()
    if str(tensor.layout) != "torch.strided":
        tensor = tensor.to_dense()
    tensor = tensor.resolve_conj().resolve_neg()
    try:
        return tensor.numpy()
    except TypeError:  # numpy has no such type
        return tensor.float().numpy()
