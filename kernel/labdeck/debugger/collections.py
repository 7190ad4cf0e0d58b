"""The collections of tensors that are built in: what they hold, in which modes they exist, what is kept of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from labdeck.store.tensors.layout import TensorInfo
from labdeck.wire.debugging import Mode

TRAINING: tuple[Mode, ...] = ("TRAIN", "GLOBAL")
ALL: tuple[Mode, ...] = ("TRAIN", "EVAL", "PREDICT", "GLOBAL")
USUAL = ("mean", "abs_mean", "std", "min", "max", "l2", "nan_count")
"""The reductions of tensors for which none are named."""


@dataclass(frozen=True)
class BuiltIn:
    """A collection that is built in.

    Attributes:
        description: What it holds.
        modes: The modes in which it is recorded where none is named: weights do not change in an evaluation.
        saved: It is recorded without being asked for.
        scalar: It holds scalars that are at hand in each step: recording them costs next to nothing, and no budget
            stretches their interval.
    """

    description: str
    modes: tuple[Mode, ...] = ALL
    saved: bool = False
    scalar: bool = False


BUILT_IN: dict[str, BuiltIn] = {
    "all": BuiltIn("every tensor there is"),
    "default": BuiltIn("tensors saved by hand that are in no other collection", saved=True),
    "weights": BuiltIn("parameters that are no biases", TRAINING, saved=True),
    "biases": BuiltIn("parameters called bias", TRAINING, saved=True),
    "gradients": BuiltIn("gradients at the optimizer's step", TRAINING, saved=True),
    "optimizer": BuiltIn("what the optimizer keeps of each parameter", TRAINING),
    "updates": BuiltIn("how far each parameter moved, relative to its size", TRAINING, saved=True),
    "losses": BuiltIn("losses", saved=True, scalar=True),
    "metrics": BuiltIn("metrics", saved=True, scalar=True),
    "scalars": BuiltIn("scalars saved by hand", saved=True, scalar=True),
    "learning_rates": BuiltIn("learning rates", TRAINING, saved=True, scalar=True),
    "timing": BuiltIn("seconds that the parts of a step take", saved=True, scalar=True),
    "system": BuiltIn("what the machine does, in percent", ("GLOBAL",), saved=True, scalar=True),
    "inputs": BuiltIn("inputs of modules"),
    "outputs": BuiltIn("outputs of modules"),
    "relu_inputs": BuiltIn("inputs of ReLU"),
    "relu_outputs": BuiltIn("outputs of ReLU"),
    "tanh_inputs": BuiltIn("inputs of Tanh"),
    "sigmoid_inputs": BuiltIn("inputs of Sigmoid"),
    "predictions": BuiltIn("what the model says"),
    "labels": BuiltIn("what is true"),
    "feature_importance": BuiltIn("importance of features in trees", saved=True, scalar=True),
    "trees": BuiltIn("the trees themselves"),
    "hyperparameters": BuiltIn("hyperparameters of a booster", saved=True, scalar=True),
    "average_shap": BuiltIn("mean SHAP value of each feature"),
    "full_shap": BuiltIn("SHAP values of each row and feature"),
}

SCALARS = frozenset(name for name, found in BUILT_IN.items() if found.scalar)
ONLY_TRAINED = frozenset({"gradients", "optimizer", "updates"})
"""Collections that do not exist while a model is evaluated."""
UNCHANGED = frozenset({"weights", "biases"})
"""Collections that stay as they are while a model is evaluated."""


def is_at_hand(info: TensorInfo) -> bool:
    """Say whether a tensor is a scalar that each step has anyway."""
    return info.shape == () and not SCALARS.isdisjoint(info.collections)


def exists_in(info: TensorInfo, mode: Mode, *, changed: bool) -> bool:
    """Say whether a tensor exists in a mode; with `changed`, whether it says there what TRAIN does not."""
    return mode in TRAINING or _exists(info.collections, changed)


@lru_cache(maxsize=1024)
def _exists(collections: tuple[str, ...], changed: bool) -> bool:
    inside = set(collections)
    return inside.isdisjoint(ONLY_TRAINED) and not (changed and inside & UNCHANGED)
