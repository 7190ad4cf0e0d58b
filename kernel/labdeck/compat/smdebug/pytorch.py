"""smdebug's hook for PyTorch: `import smdebug.pytorch as smd`.

A step is a pass forward through a registered model, as it was in smdebug; it ends when the next begins, when the mode
changes, or when the hook is closed. Parameters are saved as the pass begins, inputs, outputs and losses as they are
computed, gradients as the pass backward yields them. PyTorch itself is never imported here: models bring it along.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from labdeck.compat.smdebug.collection import Collection, CollectionKeys, CollectionManager
from labdeck.compat.smdebug.exceptions import SMDebugTypeError, SMDebugValueError
from labdeck.compat.smdebug.hook import BaseHook
from labdeck.compat.smdebug.mode_keys import ModeKeys, modes
from labdeck.compat.smdebug.reduction_config import ReductionConfig
from labdeck.compat.smdebug.save_config import SaveConfig, SaveConfigMode
from labdeck.compat.smdebug.singletons import del_hook, set_hook
from labdeck.compat.smdebug.singletons import get_hook as _get_hook
from labdeck.compat.smdebug.trials import create_trial

__all__ = [
    "Collection",
    "CollectionKeys",
    "CollectionManager",
    "Hook",
    "ModeKeys",
    "ReductionConfig",
    "SaveConfig",
    "SaveConfigMode",
    "create_trial",
    "del_hook",
    "get_hook",
    "modes",
    "set_hook",
]

_WRAPPERS = ("DataParallel", "DistributedDataParallel")


class Hook(BaseHook):
    """Saves tensors of models of PyTorch; see `BaseHook` for its arguments.

    Example:
        >>> import torch
        >>> hook = Hook(save_config=SaveConfig(save_interval=1), include_collections=["weights", "gradients"])
        >>> net, loss = torch.nn.Linear(2, 1), torch.nn.MSELoss()
        >>> hook.register_module(net)
        >>> hook.register_loss(loss)
        >>> for _ in range(3):
        ...     loss(net(torch.ones(4, 2)), torch.zeros(4, 1)).backward()
        >>> hook.close()
        >>> create_trial(hook.out_dir).tensor_names()
        ['Linear_weight', 'MSELoss_output_0', 'gradient/Linear_bias', 'gradient/Linear_weight']
    """

    framework = "torch"
    built_in: ClassVar[Mapping[str, tuple[str, ...]]] = {
        CollectionKeys.ALL: (),
        CollectionKeys.DEFAULT: (),
        CollectionKeys.WEIGHTS: ("^(?!gradient).*weight",),
        CollectionKeys.BIASES: ("^(?!gradient).*bias",),
        CollectionKeys.GRADIENTS: ("^gradient",),
        CollectionKeys.LOSSES: ("[Ll]oss_(?!input).*output",),
    }
    always = (CollectionKeys.LOSSES,)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.module_maps: dict[Any, str] = {}
        self._paths: dict[Any, str] = {}
        self._watched: dict[Any, set[str]] = {}
        self._handles: list[Any] = []
        self._abouts: dict[tuple[Any, str], dict[str, str]] = {}
        self.has_registered_module = False
        self.has_registered_loss_module = False
        super().__init__(*args, **kwargs)

    def register_module(self, module: Any) -> None:
        """Watch a model: all its parameters, and what goes into its modules and comes out of them.

        Raises:
            SMDebugTypeError: It is no module of PyTorch.
            SMDebugValueError: It is watched already.
        """
        if not _is_module(module):
            raise SMDebugTypeError(f"{type(module).__name__} is no module of PyTorch", "give a torch.nn.Module")
        inner = _inner(module)
        if inner in self.module_maps:
            raise SMDebugValueError("that model is registered already", "register every model once")
        if not self._is_on:
            return
        name = _class_of(inner)
        if self._recording is not None:
            self._recording.model = name
            self._recording.parameters += sum(parameter.numel() for parameter in inner.parameters())
        for path, submodule in inner.named_modules():
            self.module_maps[submodule] = self._paths[submodule] = path
        self.module_maps[inner] = name
        self._watched[inner] = set()
        self._handles.append(module.register_forward_pre_hook(lambda *_: self._before_forward(inner)))
        if getattr(module, "_orig_mod", None) is None:
            for submodule in dict.fromkeys(inner.modules()):
                self._handles.append(submodule.register_forward_hook(self._after_forward))
        else:
            warnings.warn(
                "Labdeck: what goes into the modules of a compiled model cannot be saved; parameters and gradients are",
                UserWarning,
                stacklevel=2,
            )
        self._watch_gradients(inner)
        self.has_registered_module = True

    def register_hook(self, module: Any) -> None:
        """Do what `register_module` does, by its other name."""
        self.register_module(module)

    def register_loss(self, loss_module: Any) -> None:
        """Watch a loss: a module; what it returns is saved in the collection "losses"; SMDebugTypeError."""
        if not _is_module(loss_module):
            raise SMDebugTypeError(
                f"{type(loss_module).__name__} is no module of PyTorch", "record_tensor_value takes losses of functions"
            )
        if not self._is_on:
            return
        name = _class_of(loss_module)
        self.module_maps[loss_module] = name
        self.get_collection(CollectionKeys.LOSSES).add_tensor_name(f"{name}_output_0")
        self._handles.append(loss_module.register_forward_hook(self._after_forward))
        self.has_registered_loss_module = True

    def record_tensor_value(self, tensor_name: str, tensor_value: Any) -> None:
        """Save a tensor that no module returns, such as a functional loss, as `<tensor_name>_output_0`.

        Raises:
            SMDebugTypeError: It is no tensor.
        """
        if not hasattr(tensor_value, "detach"):
            raise SMDebugTypeError(f"{type(tensor_value).__name__} is no tensor", "save_scalar takes numbers")
        with self._guarded():
            self._save_all(tensor_name, "output", tensor_value)

    # -- what PyTorch calls ----------------------------------------------------------------------------------------

    def _before_forward(self, model: Any) -> None:
        with self._guarded():
            self._begin_step()
            if not self._listens:
                return
            parameters = list(model.named_parameters())
            watched = self._watched[model]
            if any(parameter.requires_grad and name not in watched for name, parameter in parameters):
                self._watch_gradients(model)
            prefix = _class_of(model) + "_"
            for name, parameter in parameters:
                self._save(prefix + name, parameter, **self._about(model, name))

    def _after_forward(self, module: Any, inputs: Any, outputs: Any) -> None:
        if not (self._listens and self._in_step):
            return
        name = self.module_maps.get(module)
        if name is None:  # a replica
            return
        with self._guarded():
            about = {"module": self._paths.get(module, ""), "module_type": type(module).__name__}
            self._save_all(name, "input", inputs, **about)
            self._save_all(name, "output", outputs, **about)

    def _watch_gradients(self, model: Any) -> None:
        """Watch the gradients of parameters that are trained; of those that are frozen there are none yet."""
        prefix = f"gradient/{_class_of(model)}_"
        for name, parameter in model.named_parameters():
            if parameter.requires_grad and name not in self._watched[model]:
                self._watched[model].add(name)
                self._handles.append(
                    parameter.register_hook(self._gradient_of(prefix + name, self._about(model, name)))
                )

    def _about(self, model: Any, parameter: str) -> dict[str, str]:
        """Return what is known of a parameter beside its value."""
        key = (model, parameter)
        if key not in self._abouts:
            path = parameter.rpartition(".")[0]
            module_type = type(model.get_submodule(path)).__name__
            self._abouts[key] = {"module": path, "module_type": module_type, "parameter": parameter}
        return self._abouts[key]

    def _gradient_of(self, tensor: str, about: dict[str, str]) -> Callable[[Any], None]:
        def save(gradient: Any) -> None:
            if self._listens and self._in_step and gradient is not None:
                with self._guarded():
                    self._save(tensor, gradient, **about)

        return save

    def _save_all(self, name: str, what: str, values: Any, **about: str) -> None:
        """Save the tensors in what a module takes or returns, numbered in their order."""
        for number, value in enumerate(_tensors_in(values)):
            self._save(f"{name}_{what}_{number}", value, **about)

    def _resolve(self, collection: Collection) -> None:
        for module, (inputs, outputs) in collection.modules.items():
            name = self.module_maps.get(module)
            if name is None:
                raise SMDebugValueError(
                    f"a module of the collection {collection.name!r} belongs to no registered model",
                    "call register_module(model) with the model that it is a part of",
                )
            for what in [*(["input"] if inputs else []), *(["output"] if outputs else [])]:
                pattern = f"^{_escaped(name)}_{what}_"
                if pattern not in collection.include_regex:
                    collection.include(pattern)

    def _detach(self) -> None:
        for handle in self._handles:
            handle.remove()
        for held in (self._handles, self.module_maps, self._paths, self._watched, self._abouts):
            held.clear()

    @staticmethod
    def _rank() -> tuple[str, int]:
        distributed = sys.modules.get("torch.distributed")
        if distributed is not None and distributed.is_available() and distributed.is_initialized():
            return f"worker_{distributed.get_rank()}", int(distributed.get_world_size())
        return "worker_0", 1


def get_hook(
    json_config_path: Any = None,
    hook_type: type[BaseHook] | None = None,
    create_if_not_exists: bool = False,
    **_: Any,
) -> BaseHook | None:
    """Return the hook of this process; see `labdeck.compat.smdebug.singletons.get_hook`."""
    return _get_hook(json_config_path, hook_type or Hook, create_if_not_exists)


def _is_module(given: Any) -> bool:
    return hasattr(given, "register_forward_pre_hook") and hasattr(given, "named_modules")


def _inner(module: Any) -> Any:
    """Return the model in what wraps it."""
    while True:
        compiled = getattr(module, "_orig_mod", None)
        if compiled is not None:
            module = compiled
        elif type(module).__name__ in _WRAPPERS:
            module = module.module
        else:
            return module


def _class_of(module: Any) -> str:
    return str(module._get_name())  # noqa: SLF001 - what PyTorch itself shows it by


def _tensors_in(values: Any) -> list[Any]:
    if hasattr(values, "detach"):
        return [values]
    if isinstance(values, Mapping):
        values = list(values.values())
    if isinstance(values, (list, tuple)):
        return [one for value in values for one in _tensors_in(value)]
    return []


def _escaped(name: str) -> str:
    import re

    return re.escape(name)
