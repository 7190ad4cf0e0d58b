"""Keras, looked for without importing it: nothing of Labdeck imports it before a model of it is watched."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

NAME = "keras"


def keras() -> ModuleType | None:
    """Return the library if something has imported it."""
    found = sys.modules.get(NAME)
    return found if found is not None and hasattr(found, "Model") else None


def is_layer(obj: object) -> bool:
    """Say whether something is a layer or a model of Keras."""
    found = keras()
    return found is not None and isinstance(obj, found.layers.Layer)


def is_model(obj: object) -> bool:
    """Say whether something is a model of Keras."""
    found = keras()
    return found is not None and isinstance(obj, found.Model)


def backend() -> str:
    """Return what Keras computes with: "torch", "jax", "tensorflow"; "" where it has not been imported."""
    found = keras()
    return "" if found is None else str(found.backend.backend())


def layers_in(layer: Any) -> list[Any]:
    """Return the layers that a layer or model holds itself, those that only stand for its inputs left out."""
    held = getattr(layer, "_layers", None) or []
    return [one for one in held if type(one).__name__ != "InputLayer" and hasattr(one, "name")]


def own_variables(layer: Any) -> list[Any]:
    """Return the variables of a layer that training changes, or would if they were not frozen; not of what it holds.

    Statistics such as those of a batch normalization are none, nor are states of random numbers.
    """
    return [one for one in getattr(layer, "_trainable_variables", None) or [] if value_of(one) is not None]


def value_of(variable: Any) -> Any:
    """Return the tensor in which a variable keeps its value, whatever type it is read as; None if it has none yet."""
    return getattr(variable, "_value", None)


def is_symbolic(value: Any) -> bool:
    """Say whether a layer is called with what only stands for numbers: a model is being built."""
    if isinstance(value, (list, tuple)):
        return any(map(is_symbolic, value))
    if isinstance(value, dict):
        return any(map(is_symbolic, value.values()))
    return type(value).__name__ == "KerasTensor"
