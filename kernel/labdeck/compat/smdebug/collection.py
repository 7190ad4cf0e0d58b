"""Groups of tensors that are saved alike."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from labdeck.compat.smdebug.exceptions import SMDebugTypeError, SMDebugValueError
from labdeck.compat.smdebug.mode_keys import ModeKeys
from labdeck.compat.smdebug.reduction_config import ReductionConfig
from labdeck.compat.smdebug.save_config import SaveConfig, SaveConfigMode


class CollectionKeys:
    """The names of the collections that are built in."""

    DEFAULT = "default"
    ALL = "all"
    INPUTS = "inputs"
    OUTPUTS = "outputs"
    WEIGHTS = "weights"
    GRADIENTS = "gradients"
    LOSSES = "losses"
    BIASES = "biases"
    LAYERS = "layers"
    SM_METRICS = "sm_metrics"
    OPTIMIZER_VARIABLES = "optimizer_variables"
    TENSORFLOW_SUMMARIES = "tensorflow_summaries"
    METRICS = "metrics"
    HYPERPARAMETERS = "hyperparameters"
    PREDICTIONS = "predictions"
    LABELS = "labels"
    FEATURE_IMPORTANCE = "feature_importance"
    AVERAGE_SHAP = "average_shap"
    FULL_SHAP = "full_shap"
    TREES = "trees"


SCALAR_COLLECTIONS = {
    CollectionKeys.LOSSES,
    CollectionKeys.METRICS,
    CollectionKeys.FEATURE_IMPORTANCE,
    CollectionKeys.AVERAGE_SHAP,
    CollectionKeys.SM_METRICS,
}
"""Collections of single numbers: there is nothing to reduce in them."""
SM_METRIC_COLLECTIONS = {CollectionKeys.LOSSES, CollectionKeys.METRICS, CollectionKeys.SM_METRICS}
"""Those of them that are metrics of a training."""


class Collection:
    """A group of tensors, by names and regular expressions, with what is saved of them and when.

    Args:
        name: What it is called.
        include_regex: Expressions; a tensor belongs to it when one occurs in its name.
        tensor_names: Names that belong to it in any case.
        reduction_config: What is saved; None as the hook has it.
        save_config: When; None as the hook has it.
        save_histogram: Whether TensorBoard gets histograms; kept and not used.

    Example:
        >>> relu = Collection("relu")
        >>> relu.include([".*relu_output"])
        >>> relu.include_regex
        ['.*relu_output']
    """

    def __init__(
        self,
        name: str,
        include_regex: Iterable[str] | str | None = None,
        tensor_names: Iterable[str] | None = None,
        reduction_config: ReductionConfig | None = None,
        save_config: SaveConfig | SaveConfigMode | Mapping[ModeKeys, SaveConfigMode] | None = None,
        save_histogram: bool = True,
    ) -> None:
        self.name = name
        self.include_regex: list[str] = []
        self.include(include_regex or [])
        self.tensor_names = tensor_names
        self.reduction_config = reduction_config
        self.save_config = save_config
        self.save_histogram = save_histogram
        self.modules: dict[Any, tuple[bool, bool]] = {}

    def include(self, t: Iterable[str] | str) -> None:
        """Add an expression, or several; SMDebugTypeError."""
        if isinstance(t, str):
            self.include_regex.append(t)
        elif isinstance(t, Iterable):
            for one in t:
                self.include(one)
        else:
            raise SMDebugTypeError(f"{t!r} is no regular expression", "give a string or a list of strings")

    def add(self, arg: Any) -> None:
        """Add tensors by their names, or what has a name; SMDebugTypeError.

        Raises:
            SMDebugTypeError: Something without a name.
        """
        if isinstance(arg, (list, tuple, set)):
            for one in arg:
                self.add(one)
            return
        name = arg if isinstance(arg, str) else getattr(arg, "name", None)
        if not isinstance(name, str):
            raise SMDebugTypeError(f"{type(arg).__name__} has no name", "give names, or add_module_tensors(module)")
        self.add_tensor_name(name)

    def add_module_tensors(self, module: Any, inputs: bool = False, outputs: bool = True) -> None:
        """Add what goes into a module of PyTorch, or comes out of it."""
        self.modules[module] = (inputs, outputs)

    def add_block_tensors(self, block: Any, inputs: bool = False, outputs: bool = True) -> None:
        """Do what `add_module_tensors` does, by its other name."""
        self.add_module_tensors(block, inputs, outputs)

    @property
    def tensor_names(self) -> set[str]:
        """The names of its tensors, so far as they are known."""
        return self._tensor_names

    @tensor_names.setter
    def tensor_names(self, tensor_names: Iterable[str] | None) -> None:
        if isinstance(tensor_names, str) or not isinstance(tensor_names, (Iterable, type(None))):
            raise SMDebugTypeError(f"tensor_names is {tensor_names!r}", "give a list or a set of strings")
        self._tensor_names = set(tensor_names or ())

    def add_tensor_name(self, tname: str) -> None:
        """Add a tensor."""
        self._tensor_names.add(tname)

    def remove_tensor_name(self, tname: str) -> None:
        """Remove a tensor; one that is not in it is no mistake."""
        self._tensor_names.discard(tname)

    def has_tensor_name(self, tname: str) -> bool:
        """Tell whether a tensor is in it by name."""
        return tname in self._tensor_names

    @property
    def reduction_config(self) -> ReductionConfig | None:
        """What is saved."""
        return self._reduction_config

    @reduction_config.setter
    def reduction_config(self, reduction_config: ReductionConfig | None) -> None:
        if not (reduction_config is None or isinstance(reduction_config, ReductionConfig)):
            raise SMDebugTypeError(f"{reduction_config!r} is no ReductionConfig")
        self._reduction_config = reduction_config

    @property
    def save_config(self) -> SaveConfig | None:
        """When it is saved."""
        return self._save_config

    @save_config.setter
    def save_config(self, save_config: SaveConfig | SaveConfigMode | Mapping[ModeKeys, SaveConfigMode] | None) -> None:
        self._save_config = None if save_config is None else SaveConfig.parse(save_config)

    def to_json_dict(self) -> dict[str, Any]:
        """Return what `from_dict` takes, in the form of smdebug's files."""
        return {
            "name": self.name,
            "include_regex": self.include_regex,
            "tensor_names": sorted(self.tensor_names),
            "reduction_config": self.reduction_config and self.reduction_config.to_json_dict(),
            "save_config": self.save_config and self.save_config.to_json_dict(),
            "save_histogram": self.save_histogram,
        }

    def to_json(self) -> str:
        """Return it as JSON."""
        return json.dumps(self.to_json_dict())

    @classmethod
    def from_dict(cls, params: Any) -> Collection:
        """Return the collection that a mapping describes; SMDebugValueError."""
        if not isinstance(params, Mapping) or not isinstance(params.get("name"), str):
            raise SMDebugValueError(f"{str(params)[:80]} is no collection")
        lists = {key: params.get(key) or [] for key in ("include_regex", "tensor_names")}
        if not all(isinstance(one, str) for key in lists for one in lists[key]):
            raise SMDebugValueError(f"the collection {params['name']!r} is made of something else than names")
        return cls(
            params["name"],
            **lists,
            reduction_config=ReductionConfig.from_dict(params.get("reduction_config")),
            save_config=SaveConfig.from_dict(params.get("save_config")),
            save_histogram=params.get("save_histogram") is not False,
        )

    @classmethod
    def from_json(cls, json_str: str) -> Collection:
        """Return what JSON of `to_json` describes."""
        return cls.from_dict(json.loads(json_str))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Collection):
            return NotImplemented
        return self.to_json_dict() == other.to_json_dict()

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"Collection({self.name!r}, include_regex={self.include_regex}, {len(self.tensor_names)} tensors)"


class CollectionManager:
    """The collections of a hook, or of a trial.

    Args:
        built_in: Names of those that are there from the beginning, to their expressions.
    """

    def __init__(self, built_in: Mapping[str, Iterable[str]] | None = None) -> None:
        self.collections = {name: Collection(name, patterns) for name, patterns in (built_in or {}).items()}
        self.built_in = frozenset(self.collections)

    def get(self, name: str, create: bool = True) -> Collection:
        """Return a collection; one that there is not yet is made, or SMDebugValueError raised."""
        if name not in self.collections:
            if not create:
                raise SMDebugValueError(f"there is no collection {name!r}", "list them with get_collections()")
            self.collections[name] = Collection(name)
        return self.collections[name]

    def add(self, collection: Collection | str) -> None:
        """Add a collection, or an empty one of that name; SMDebugTypeError."""
        if isinstance(collection, str):
            self.get(collection)
        elif isinstance(collection, Collection):
            self.collections[collection.name] = collection
        else:
            raise SMDebugTypeError(f"{collection!r} is no Collection")

    def get_collections(self) -> dict[str, Collection]:
        """Return names to collections."""
        return self.collections
