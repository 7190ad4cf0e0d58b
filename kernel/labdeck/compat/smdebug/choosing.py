"""What a hook saves, and when: its collections, and which of them are due at a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from labdeck.compat.smdebug.collection import SCALAR_COLLECTIONS, Collection, CollectionKeys, CollectionManager
from labdeck.compat.smdebug.exceptions import InvalidCollectionConfiguration, SMDebugTypeError
from labdeck.compat.smdebug.mode_keys import ModeKeys
from labdeck.compat.smdebug.patterns import matches
from labdeck.compat.smdebug.reduction_config import ReductionConfig
from labdeck.compat.smdebug.save_config import SaveConfig
from labdeck.findings.window import guess_collections

_WHOLE = ReductionConfig(save_raw_tensor=True)
_WELL_KNOWN = {name for key, name in vars(CollectionKeys).items() if key.isupper()}
"""Collections that some framework has; where this one has not, there is nothing in them."""
_ACTIVATIONS = ("relu", "tanh", "sigmoid")
_ONLY_TRAINED = (CollectionKeys.GRADIENTS, CollectionKeys.OPTIMIZER_VARIABLES)


class Choosing:
    """Knows what is saved; `BaseHook` says what the arguments mean.

    Attributes:
        mode: What the model does.
        step: The step that goes on, counted over all modes; -1 before the first.
        mode_steps: Counted within each mode.
        prepared_collections: What belongs to collections is known.
    """

    built_in: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    always: ClassVar[tuple[str, ...]] = ()
    schedule: ClassVar[Mapping[str, Any]] = {}

    def __init__(
        self,
        save_config: Any,
        reduction_config: ReductionConfig | None,
        include_regex: Iterable[str] | str | None,
        include_collections: Iterable[str] | str | None,
        save_all: bool,
    ) -> None:
        self.save_config = SaveConfig(**self.schedule) if save_config is None else SaveConfig.parse(save_config)
        self.save_config.merge_default_save_config(SaveConfig(**self.schedule))
        self.reduction_config = reduction_config or _WHOLE
        self.save_all = save_all
        self.collection_manager = CollectionManager(self.built_in)
        named = [include_collections] if isinstance(include_collections, str) else list(include_collections or ())
        self.include_collections = list(dict.fromkeys([*self.always, *named]))
        self.include_regex = [include_regex] if isinstance(include_regex, str) else list(include_regex or ())
        if self.include_regex:
            self._also(CollectionKeys.DEFAULT, self.include_regex)
        if save_all:
            self._also(CollectionKeys.ALL, [".*"])
        self._is_default = not (named or self.include_regex or save_all or save_config or reduction_config)
        self.mode = ModeKeys.GLOBAL
        self.step = -1
        self.mode_steps = {ModeKeys.GLOBAL: -1}
        self.prepared_collections = False
        self._members: dict[str, frozenset[str]] = {}
        self._tellings: dict[str, tuple[str, ...]] = {}
        self._due: dict[tuple[ModeKeys, int], frozenset[str]] = {}

    def _also(self, name: str, patterns: list[str]) -> None:
        self.collection_manager.get(name).include(patterns)
        if name not in self.include_collections:
            self.include_collections.append(name)

    def _configure(self, given: Collection) -> None:
        known = self.collection_manager.get(given.name)
        known.include(given.include_regex)
        known.save_config, known.save_histogram = given.save_config, given.save_histogram
        if given.reduction_config is not None:
            known.reduction_config = given.reduction_config

    def add_collection(self, collection: Collection) -> None:
        """Add a collection; SMDebugTypeError."""
        if not isinstance(collection, Collection):
            raise SMDebugTypeError(f"{collection!r} is no Collection")
        self.collection_manager.add(collection)
        self._forget()

    def get_collection(self, name: str, create: bool = True) -> Collection:
        """Return a collection; one that there is not yet is made, or SMDebugValueError raised."""
        self._forget()
        return self.collection_manager.get(name, create)

    def get_collections(self) -> dict[str, Collection]:
        """Return names to collections."""
        return self.collection_manager.get_collections()

    def add_to_collection(self, collection_name: str, args: Any) -> None:
        """Add tensors to a collection by name."""
        self.get_collection(collection_name).add(args)

    def has_default_hook_configuration(self) -> bool:
        """Tell whether the hook was made without saying what it saves."""
        return self._is_default

    def _forget(self) -> None:
        """Collections may change: find out anew what belongs to them."""
        self.prepared_collections = False

    def _prepare(self) -> None:
        """Fill in what collections leave open; InvalidCollectionConfiguration for one that can match nothing."""
        self._members.clear()
        self._tellings.clear()
        self._due.clear()
        for name in self.include_collections:
            if name not in self.get_collections() and name not in _WELL_KNOWN:
                raise InvalidCollectionConfiguration(name)
        for name, one in self.get_collections().items():
            self._resolve(one)
            if name not in self.collection_manager.built_in and not (one.include_regex or one.tensor_names):
                raise InvalidCollectionConfiguration(name)
            if one.save_config is None:
                one.save_config = self.save_config
            else:
                one.save_config.merge_default_save_config(self.save_config)
            if name in SCALAR_COLLECTIONS:
                one.reduction_config = _WHOLE
            elif one.reduction_config is None:
                one.reduction_config = self.reduction_config
        self.prepared_collections = True

    def _resolve(self, collection: Collection) -> None:
        """Turn what only the framework knows into expressions."""

    def _collections_of(self, tensor: str) -> frozenset[str]:
        """Return the collections that are saved and hold a tensor."""
        if tensor not in self._members:
            found = set()
            saves_all = CollectionKeys.ALL in self.include_collections
            for name, one in self.get_collections().items():
                if not (saves_all or name in self.include_collections):
                    continue
                if one.has_tensor_name(tensor) or matches(tensor, one.include_regex):
                    one.add_tensor_name(tensor)
                    found.add(name)
            self._members[tensor] = frozenset(found)
        return self._members[tensor]

    def _due_now(self) -> frozenset[str]:
        """Return the collections that are saved at this step."""
        when = (self.mode, self.mode_steps.get(self.mode, -1))
        if when not in self._due:
            if not self.prepared_collections:
                self._prepare()
            skipped = _ONLY_TRAINED if self.mode in (ModeKeys.EVAL, ModeKeys.PREDICT) else ()
            saves_all = CollectionKeys.ALL in self.include_collections
            self._due = {
                when: frozenset(
                    name
                    for name, one in self.get_collections().items()
                    if (saves_all or name in self.include_collections) and name not in skipped
                    if one.save_config is not None and one.save_config.should_save_step(*when)
                )
            }
        return self._due[when]

    def should_save_tensor_or_collection(self, tensor_name: str, collection_name: str) -> bool:
        """Tell whether a tensor, or the collection it is said to be in, is saved at this step."""
        due = self._due_now()
        return collection_name in due or bool(self._collections_of(tensor_name) & due)

    def _told(self, name: str, members: frozenset[str], module_type: str) -> tuple[str, ...]:
        """Return the collections that a tensor is said to be in: those that are saved, and what name and type tell."""
        if name not in self._tellings:
            built_in = {one for one in self.built_in if matches(name, self.get_collections()[one].include_regex)}
            guessed = () if CollectionKeys.LOSSES in {*members, *built_in} else guess_collections(name)
            layer = module_type.lower()
            if layer in _ACTIVATIONS and guessed[:1] in (("inputs",), ("outputs",)):
                guessed = (*guessed, f"{layer}_{guessed[0]}")
            self._tellings[name] = tuple(sorted({*members, *built_in, *guessed} - {CollectionKeys.ALL}))
        return self._tellings[name]
