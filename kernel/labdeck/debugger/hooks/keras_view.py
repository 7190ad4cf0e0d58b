"""A model of Keras as the debugger looks at models of PyTorch: its layers as modules, its variables as parameters.

With PyTorch as its backend each layer of Keras is a module, but one that knows neither its layers nor what its
parameters are called.
"""

from __future__ import annotations

import functools
import itertools
import weakref
from collections.abc import Iterator
from typing import Any, NamedTuple

from labdeck.debugger.hooks import torch_names
from labdeck.debugger.hooks.keras_library import is_layer, layers_in, own_variables, value_of
from labdeck.debugger.hooks.torch_names import Parameter, Unwrapped


class Named(NamedTuple):
    """A variable.

    Attributes:
        name: What it is called.
        variable: It.
        key: What it is in its layer, "kernel"; "bias" for one that is added.
        path, layer: The layer's path and class.
    """

    name: str
    variable: Any
    key: str
    path: str
    layer: str


class View:
    """What there is to see of a model of Keras. Its class is called as that of the model.

    Layers have paths of names, "encoder/dense"; of several layers of one name the later ones have a number. Variables
    are called as Keras calls them, "encoder/dense/kernel", without the name of the model itself: that counts up.

    Args:
        model: The model.

    Attributes:
        model: The model.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    @property
    def training(self) -> bool:
        """The model is in training, as far as PyTorch knows."""
        return bool(self.model.training)

    @training.setter
    def training(self, value: bool) -> None:
        self.model.train(value)

    def train(self, mode: bool) -> None:
        """Set that."""
        self.model.train(mode)

    def named_modules(self) -> Iterator[tuple[str, Any]]:
        """Yield the model, its layers, and the modules of PyTorch in these, with their paths; each once."""
        seen: set[int] = set()
        for path, layer in self._layers():
            if id(layer) not in seen:
                seen.add(id(layer))
                yield path, layer
            for name, module in _wrapped(layer):
                if id(module) not in seen:
                    seen.add(id(module))
                    yield "/".join(part for part in (path, name.replace(".", "/")) if part), module

    def modules(self) -> Iterator[Any]:
        """Yield every module of PyTorch that the model is made of."""
        seen: set[int] = set()
        for _, layer in self._layers():
            for module in layer.modules():
                if id(module) not in seen:
                    seen.add(id(module))
                    yield module

    def watched_parameters(self) -> list[Parameter]:
        """Return the variables that training changes, frozen ones with them, as parameters."""
        return [
            Parameter(one.name, value_of(one.variable), {}, one.key, one.path, one.layer) for one in self.variables()
        ]

    def variables(self) -> list[Named]:
        """Return these variables, each once."""
        found: dict[str, Named] = {}
        seen: set[int] = set()
        for path, layer in self._layers():
            inside = {id(value): name for name, value in _parameters_inside(layer)}
            for variable in own_variables(layer):
                if id(value_of(variable)) in seen:
                    continue
                seen.add(id(value_of(variable)))
                own = inside.get(id(value_of(variable)))
                name = _free(f"{path or self.model.name}/{own}" if own else self._name_of(variable), found)
                key = "bias" if variable.name == "beta" else own or str(variable.name)
                found[name] = Named(name, variable, key, path, type(layer).__name__)
        return list(found.values())

    def _name_of(self, variable: Any) -> str:
        return str(variable.path).removeprefix(f"{self.model.name}/")

    def _layers(self) -> Iterator[tuple[str, Any]]:
        """Yield the model and its layers, the outer before the inner, each by its first path."""
        seen = {id(self.model)}
        waiting = [("", self.model)]
        while waiting:
            path, layer = waiting.pop()
            yield path, layer
            inner: dict[str, Any] = {}
            for one in layers_in(layer):
                if id(one) not in seen:
                    seen.add(id(one))
                    inner[_free(f"{path}/{one.name}" if path else str(one.name), inner)] = one
            waiting += reversed(inner.items())


def _free(name: str, taken: Any) -> str:
    """Return the name, with a number if it is taken."""
    return next(
        one for number in itertools.count(1) if (one := name if number == 1 else f"{name}-{number}") not in taken
    )


def _wrapped(layer: Any) -> Iterator[tuple[str, Any]]:
    """Yield the modules of PyTorch that the user has put into a layer, by their paths there."""
    for name, child in layer.named_children():
        if type(child).__name__ != "ParameterDict" and not is_layer(child):
            yield from child.named_modules(prefix=name)


def _parameters_inside(layer: Any) -> Iterator[tuple[str, Any]]:
    """Yield the parameters of such modules; on another backend than PyTorch a layer holds none."""
    for name, child in layer.named_children() if hasattr(layer, "named_children") else ():
        if type(child).__name__ != "ParameterDict" and not is_layer(child):
            for path, parameter in child.named_parameters():
                yield f"{name}.{path}".replace(".", "/"), parameter


_views: weakref.WeakValueDictionary[int, View] = weakref.WeakValueDictionary()


@functools.cache
def _kind(name: str) -> type[View]:
    """Return a class of views that is called as a class of models: names of tensors begin with it."""
    return type(name, (View,), {})


def view_of(model: Any) -> View:
    """Return the view of a model, the same one as long as somebody holds it."""
    found = _views.get(id(model))
    if found is None or found.model is not model:
        found = _views[id(model)] = _kind(type(model).__name__)(model)
    return found


def unwrap(model: Any) -> Unwrapped:
    """Look through what is wrapped around a model, as `torch_names.unwrap` does; of Keras there is a view."""
    if isinstance(model, View):
        return Unwrapped(model.model, model)
    found = torch_names.unwrap(model)
    return found._replace(root=view_of(found.root)) if is_layer(found.root) else found


def module_of(root: Any) -> Any:
    """Return the module itself, of a view the model."""
    return root.model if isinstance(root, View) else root


def tree(model: Any) -> str:
    """Return the modules of a model of PyTorch or Keras as text, indented, each with the names of its tensors.

    These are the names that collections and rules choose tensors by. Of modules that are called several times in one
    pass, and of those with several outputs, further names come at the first call; so do those of activation functions
    that are called without being modules, "body/relu_output_0".

    Args:
        model: A `torch.nn.Module`, or a model of Keras on PyTorch.

    Raises:
        UsageError: It is none, or one that cannot be watched.

    Example:
        >>> from torch import nn
        >>> print(tree(nn.Sequential(nn.Linear(4, 2), nn.ReLU())))
        Sequential: Sequential_input_0, Sequential_output_0
          0 (Linear): 0_input_0, 0_output_0
            0.weight [2, 4], gradient/0.weight, update/0.weight
            0.bias [2], gradient/0.bias, update/0.bias
          1 (ReLU): 1_input_0, 1_output_0
    """
    return torch_names.tree(view_of(model) if is_layer(model) else model)
