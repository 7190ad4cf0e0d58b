"""What the tensors of a PyTorch model are called, and which collections they are in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from labdeck.debugger.collections import BUILT_IN
from labdeck.debugger.hooks.torch_library import torch, type_name
from labdeck.errors import UsageError
from labdeck.store.tensors.layout import TensorInfo

GRADIENT, OPTIMIZER, UPDATE = "gradient/", "optimizer/", "update/"
_ACTIVATIONS = {"ReLU": "relu", "ReLU6": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid"}
_WRAPPERS = ("DataParallel", "DistributedDataParallel")


class Unwrapped(NamedTuple):
    """A model without what is wrapped around it.

    Attributes:
        called: What the training calls: outermost of what is known.
        root: The model of the user, whose parameters and modules are named.
        is_parallel: It is copied to several devices at each call.
        ranks: Processes that train it together.
        rank: Which of them this is.
    """

    called: Any
    root: Any
    is_parallel: bool = False
    ranks: int = 1
    rank: int = 0


def unwrap(model: Any) -> Unwrapped:
    """Look through `torch.compile`, DataParallel and DistributedDataParallel.

    Raises:
        UsageError: A model of that kind cannot be watched: ScriptModules run without Python, FSDP has no whole
            parameters.
    """
    root, called, parallel, ranks, rank = model, model, False, 1, 0
    while True:
        name = type(root).__name__
        inside = vars(root).get("_modules", {})
        if "_orig_mod" in inside:
            root = inside["_orig_mod"]
        elif name in _WRAPPERS and "module" in inside:
            parallel = parallel or (name == "DataParallel" and len(getattr(root, "device_ids", ())) > 1)
            if name == "DistributedDataParallel":
                group = getattr(root, "process_group", None)
                ranks, rank = (group.size(), group.rank()) if group is not None else (1, 0)
            root = inside["module"]
        else:
            break
    _refuse(root)
    return Unwrapped(called, root, parallel, ranks, rank)


def _refuse(root: Any) -> None:
    if isinstance(root, torch().jit.ScriptModule):
        raise UsageError("a ScriptModule cannot be watched: it runs without Python", "watch the module it was made of")
    for module in root.modules():
        if "fsdp" in type(module).__module__.lower() or type(module).__name__.startswith("FSDP"):
            raise UsageError(
                "a model under FSDP cannot be watched: no process has its whole parameters",
                "watch it before it is wrapped, or train with DistributedDataParallel",
            )


class Parameter(NamedTuple):
    """One parameter, shared ones once.

    Attributes:
        name: Its path, without the class of the model, and without what `torch.compile` puts into it.
        value: The parameter.
        holder, key: Where it is held: `holder[key] is value` as long as it is.
        module, module_type: The path and the class of its module.
    """

    name: str
    value: Any
    holder: dict[str, Any]
    key: str
    module: str
    module_type: str


def clean(path: str) -> str:
    """Return a path without what wrappers put into it.

    Example:
        >>> clean("_orig_mod.fc.weight"), clean("body._orig_mod.conv.bias")
        ('fc.weight', 'body.conv.bias')
    """
    return ".".join(part for part in path.split(".") if part != "_orig_mod")


def parameters_of(root: Any) -> list[Parameter]:
    """Return the parameters of a model in its order; a shared or tied one by its first name."""
    named = getattr(type(root), "watched_parameters", None)  # a model as another library sees it names its own
    if named is not None:
        return list(named(root))
    found: list[Parameter] = []
    seen: set[int] = set()
    for path, module in root.named_modules():
        for key, value in module._parameters.items():  # noqa: SLF001 - there is no public way to the holder
            if value is None or id(value) in seen:
                continue
            seen.add(id(value))
            place = clean(path)
            name = f"{place}.{key}" if place else key
            found.append(Parameter(name, value, module._parameters, key, place, type(module).__name__))  # noqa: SLF001
    return found


def is_lazy(value: Any) -> bool:
    """Say whether a parameter has no shape before the first call."""
    return type(value).__name__.startswith("Uninitialized")


def infos_of(parameter: Parameter) -> Iterator[TensorInfo]:
    """Yield what there is to know of a parameter, its gradient and its update."""
    value = parameter.value
    shape = () if is_lazy(value) else tuple(value.shape)
    dtype, module, layer, name = type_name(value), parameter.module, parameter.module_type, parameter.name
    kind = "biases" if "bias" in parameter.key.lower() else "weights"
    yield TensorInfo(name, (kind,), module, layer, shape, dtype, name)
    if value.requires_grad:
        yield TensorInfo(GRADIENT + name, ("gradients",), module, layer, shape, dtype, name)
        yield TensorInfo(UPDATE + name, ("updates",), module, layer, (), "float64", name)


def state_infos(parameter: Parameter, state: dict[str, Any]) -> Iterator[TensorInfo]:
    """Yield what an optimizer keeps of a parameter, as far as these are tensors of the parameter's shape."""
    for key, value in state.items():
        if torch().is_tensor(value) and value.shape == parameter.value.shape and value.dim():
            yield TensorInfo(
                f"{OPTIMIZER}{parameter.name}/{key}",
                ("optimizer",),
                parameter.module,
                parameter.module_type,
                tuple(value.shape),
                type_name(value),
                parameter.name,
            )


# -- modules -----------------------------------------------------------------------------------------------------------


def modules_of(root: Any) -> dict[str, Any]:
    """Return the modules of a model by their paths, "" for itself; a shared one by its first path."""
    return {clean(path): module for path, module in root.named_modules() if path.split(".")[-1] != "_orig_mod"}


def activation_name(path: str, root_type: str, kind: str, number: int, call: int = 0) -> str:
    """Return the name of an input or output of a module.

    Args:
        path: The module's path, "" for the model itself.
        root_type: The class of the model.
        kind: "input" or "output".
        number: Which of several.
        call: Which call of a module that is called several times in one pass.

    Example:
        >>> activation_name("body.relu", "Net", "output", 0), activation_name("", "Net", "input", 1)
        ('body.relu_output_0', 'Net_input_1')
        >>> activation_name("relu", "Net", "output", 0, call=2)
        'relu_output_0/2'
    """
    return f"{path or root_type}_{kind}_{number}" + (f"/{call}" if call else "")


def activation_info(path: str, module: Any, root: Any, kind: str, number: int, call: int, tensor: Any) -> TensorInfo:
    """Return what is known of an input or output of a module; `tensor` is None before it was seen."""
    layer = _ACTIVATIONS.get(type(module).__name__) or _activation_in(module, kind)
    return TensorInfo(
        activation_name(path, type(root).__name__, kind, number, call),
        (f"{kind}s", *((f"{layer}_{kind}s",) if layer else ())),
        path,
        type(module).__name__,
        (0,) if tensor is None else tuple(tensor.shape),
        "float32" if tensor is None else type_name(tensor),
    )


def _activation_in(module: Any, kind: str) -> str | None:
    """Return the activation that a layer of Keras is, or ends with: then its outputs are those of the activation."""
    name, function = type(module).__name__, vars(module).get("activation")
    if not str(getattr(function, "__module__", "")).startswith("keras.") or "LSTM" in name or "GRU" in name:
        return None
    found = _ACTIVATIONS.get({"relu": "ReLU", "relu6": "ReLU6"}.get(function.__name__, function.__name__.title()))
    return found if kind == "output" or name == "Activation" else None


def matching(root: Any, wanted: Sequence[Any]) -> set[str]:
    """Return the paths of modules that are meant by objects, classes, or expressions over whole paths.

    Raises:
        UsageError: An expression cannot be read, or something is no module.
    """
    found: set[str] = set()
    modules = modules_of(root)
    for one in wanted:
        if isinstance(one, str):
            pattern = _pattern(one)
            found.update(path for path in modules if pattern.fullmatch(path))
        elif isinstance(one, type):
            found.update(path for path, module in modules.items() if isinstance(module, one))
        elif isinstance(one, torch().nn.Module):
            found.update(path for path, module in modules.items() if module is one)
        else:
            raise UsageError(f"{one!r} is no module", 'name modules by object, class or path: [net.fc1, "layer4.*"]')
    return found


def resolve(save: Any, root: Any) -> Any:
    """Return what is to be recorded, with the names of inputs and outputs in place of modules.

    Raises:
        UsageError: An expression for modules cannot be read, or a built-in collection is to be that of some modules.
    """
    if not isinstance(save, Mapping):
        return save
    return {name: _resolved(name, given, root) for name, given in save.items()}


def _resolved(name: str, given: Any, root: Any) -> Any:
    if not isinstance(given, Mapping) or given.get("modules") is None:
        return given
    if name in BUILT_IN:
        raise UsageError(
            f"{name!r} is a collection of all modules", f'name one of your own: {{"my_{name}": {{"modules": […]}}}}'
        )
    wanted = given["modules"]
    paths = matching(root, wanted if isinstance(wanted, (list, tuple)) else [wanted])
    inputs = bool(given.get("inputs", False))
    kinds = [kind for kind, on in (("input", inputs), ("output", given.get("outputs", not inputs))) if on]
    names = "|".join(re.escape(path or type(root).__name__) for path in sorted(paths))
    own = f"^(?:{names})_(?:{'|'.join(kinds)})_[0-9]+(?:/[0-9]+)?$" if paths and kinds else "(?!)"
    regex = given.get("regex") or []
    rest = {key: value for key, value in given.items() if key not in ("modules", "inputs", "outputs", "regex")}
    return {**rest, "regex": [own, *([regex] if isinstance(regex, str) else regex)]}


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise UsageError(f"the expression {text!r} for modules cannot be read: {error}", "correct it") from None


def tree(model: Any) -> str:
    """Return the modules of a model as text, see `labdeck.debugger.tree`; UsageError if it is none."""
    if not isinstance(model, torch().nn.Module) and not hasattr(type(model), "watched_parameters"):
        raise UsageError(f"{type(model).__name__} is no model of PyTorch", "give a torch.nn.Module")
    root = unwrap(model).root
    parameters: dict[str, list[Parameter]] = {}
    for parameter in parameters_of(root):
        parameters.setdefault(parameter.module, []).append(parameter)
    lines = []
    for path, module in modules_of(root).items():
        indent = "  " * (path.count(".") + 1 if path else 0)
        kind = type(module).__name__
        ends = [activation_name(path, type(root).__name__, end, 0) for end in ("input", "output")]
        lines.append(f"{indent}{f'{path} ({kind})' if path else kind}: {', '.join(ends)}")
        for parameter in parameters.get(path, ()):
            shape = "[not known yet]" if is_lazy(parameter.value) else list(parameter.value.shape)
            names = [info.name for info in infos_of(parameter)]
            frozen = "" if parameter.value.requires_grad else " (frozen)"
            lines.append(f"{indent}  {names[0]} {shape}{frozen}" + "".join(f", {name}" for name in names[1:]))
    return "\n".join(lines)
