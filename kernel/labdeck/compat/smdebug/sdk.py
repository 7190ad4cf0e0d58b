"""What SageMaker's SDK says in a notebook about debugging: rules, and what the hook saves for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from labdeck.compat.smdebug import rule_configs
from labdeck.compat.smdebug.actions import Action, ActionList
from labdeck.compat.smdebug.exceptions import SMDebugValueError

__all__ = [
    "CollectionConfig",
    "DebuggerHookConfig",
    "ProfilerRule",
    "Rule",
    "TensorBoardOutputConfig",
    "rule_configs",
]


class CollectionConfig:
    """A collection that is to be saved.

    Args:
        name: The collection.
        parameters: Its regular expressions, schedule and reductions; see `json_config`.

    Example:
        >>> CollectionConfig("gradients", {"save_interval": "10"})._to_request_dict()
        {'CollectionName': 'gradients', 'CollectionParameters': {'save_interval': '10'}}
    """

    def __init__(self, name: Any, parameters: Mapping[str, str] | None = None) -> None:
        if not isinstance(name, str) or not name:
            raise SMDebugValueError(f"no collection is called {name!r}")
        self.name = name
        self.parameters = dict(parameters or {})

    def _to_request_dict(self) -> dict[str, Any]:
        return {"CollectionName": self.name, "CollectionParameters": dict(self.parameters)}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CollectionConfig):
            return NotImplemented
        return (self.name, self.parameters) == (other.name, other.parameters)

    def __hash__(self) -> int:
        return hash((self.name, tuple(sorted(self.parameters.items()))))


class DebuggerHookConfig:
    """What the hook of a training saves.

    Args:
        s3_output_path: Accepted and not used.
        container_local_output_path: The `out_dir`.
        hook_parameters: For all collections; see `json_config`.
        collection_configs: The collections.
    """

    def __init__(
        self,
        s3_output_path: str | None = None,
        container_local_output_path: str | None = None,
        hook_parameters: Mapping[str, str] | None = None,
        collection_configs: Iterable[CollectionConfig] | None = None,
    ) -> None:
        self.s3_output_path = s3_output_path
        self.container_local_output_path = container_local_output_path
        self.hook_parameters = dict(hook_parameters or {})
        self.collection_configs = list(collection_configs or [])

    def to_json_dict(self) -> dict[str, Any]:
        """Return it as the JSON that configures a hook."""
        found: dict[str, Any] = {
            "HookParameters": self.hook_parameters,
            "CollectionConfigurations": [config._to_request_dict() for config in self.collection_configs],  # noqa: SLF001
        }
        return found | ({"LocalPath": self.container_local_output_path} if self.container_local_output_path else {})


class TensorBoardOutputConfig:
    """Where TensorBoard's files go; accepted and not used."""

    def __init__(self, s3_output_path: str, container_local_output_path: str | None = None) -> None:
        self.s3_output_path = s3_output_path
        self.container_local_output_path = container_local_output_path


class _RuleBase:
    def __init__(self, name: str, rule_to_invoke: str, rule_parameters: Mapping[str, Any]) -> None:
        self.name = name
        self.rule_to_invoke = rule_to_invoke
        self.rule_parameters = dict(rule_parameters)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.rule_parameters})"


class Rule(_RuleBase):
    """A rule over a training: make one with `sagemaker` or `custom`.

    Attributes:
        name: What it is called.
        rule_to_invoke: The class.
        rule_parameters: Its parameters.
        collection_configs: What the hook has to save for it.
        actions: What is done when it fires; None for nothing.
        source: The file of a rule of one's own; "" for a built-in one.
    """

    def __init__(
        self,
        name: str,
        rule_to_invoke: str,
        rule_parameters: Mapping[str, Any],
        collection_configs: Iterable[CollectionConfig],
        actions: Action | ActionList | None = None,
        source: str = "",
    ) -> None:
        super().__init__(name, rule_to_invoke, rule_parameters)
        self.collection_configs = list(collection_configs)
        self.actions = actions
        self.source = source

    @classmethod
    def sagemaker(
        cls,
        base_config: Any,
        name: str | None = None,
        container_local_output_path: str | None = None,  # noqa: ARG003 - accepted and not used
        s3_output_path: str | None = None,  # noqa: ARG003 - accepted and not used
        other_trials_s3_input_paths: Iterable[str] | None = None,
        rule_parameters: Mapping[str, Any] | None = None,
        collections_to_save: Iterable[CollectionConfig] | None = None,
        actions: Action | ActionList | None = None,
    ) -> Rule:
        """Return a built-in rule.

        Args:
            base_config: From a function of `rule_configs`.
            name: What it is called; default its class.
            container_local_output_path: Accepted and not used.
            s3_output_path: Accepted and not used.
            other_trials_s3_input_paths: The trials that it compares with, by name or folder.
            rule_parameters: Those that shall be otherwise than by default.
            collections_to_save: What the hook saves for it; default what the rule says.
            actions: What is done when it fires.

        Raises:
            SMDebugValueError: It is no configuration of a rule.
        """
        if not isinstance(base_config, Mapping) or "DebugRuleConfiguration" not in base_config:
            raise SMDebugValueError("that is no configuration of a rule", "give rule_configs.vanishing_gradient(), say")
        described = base_config["DebugRuleConfiguration"]
        parameters = {**described.get("RuleParameters", {}), **(rule_parameters or {})}
        invoked = str(parameters.pop("rule_to_invoke"))
        others = list(other_trials_s3_input_paths or ())
        if others:
            parameters["other_trials"] = others
        saved = collections_to_save
        if saved is None:
            saved = [
                CollectionConfig(one["CollectionName"], one.get("CollectionParameters"))
                for one in base_config.get("CollectionConfigurations", ())
            ]
        return cls(name or described.get("RuleConfigurationName") or invoked, invoked, parameters, saved, actions)

    @classmethod
    def custom(  # noqa: PLR0913, PLR0917 - as the SDK has it
        cls,
        name: str,
        image_uri: str = "",  # noqa: ARG003 - accepted and not used
        instance_type: str = "",  # noqa: ARG003 - accepted and not used
        volume_size_in_gb: int = 0,  # noqa: ARG003 - accepted and not used
        source: str | None = None,
        rule_to_invoke: str | None = None,
        container_local_output_path: str | None = None,  # noqa: ARG003 - accepted and not used
        s3_output_path: str | None = None,  # noqa: ARG003 - accepted and not used
        other_trials_s3_input_paths: Iterable[str] | None = None,
        rule_parameters: Mapping[str, Any] | None = None,
        collections_to_save: Iterable[CollectionConfig] | None = None,
        actions: Action | ActionList | None = None,
    ) -> Rule:
        """Return a rule of one's own: a class in a file of Python.

        Args:
            name: What it is called.
            image_uri: Accepted and not used, as are the machine's type and size and the paths.
            instance_type: Accepted and not used.
            volume_size_in_gb: Accepted and not used.
            source: The file.
            rule_to_invoke: The class in it.
            container_local_output_path: Accepted and not used.
            s3_output_path: Accepted and not used.
            other_trials_s3_input_paths: The trials that it compares with, by folder.
            rule_parameters: What the class is made with beside the trial, as text.
            collections_to_save: What the hook saves for it.
            actions: What is done when it fires.

        Raises:
            SMDebugValueError: The file or the class is missing.
        """
        if not source or not rule_to_invoke:
            raise SMDebugValueError("a rule of one's own needs source and rule_to_invoke")
        parameters = dict(rule_parameters or {})
        if others := list(other_trials_s3_input_paths or ()):
            parameters["other_trials"] = others
        return cls(name, rule_to_invoke, parameters, collections_to_save or (), actions, source)


class ProfilerRule(_RuleBase):
    """A rule over the machine: make one with `sagemaker`."""

    @classmethod
    def sagemaker(
        cls,
        base_config: Any,
        name: str | None = None,
        container_local_output_path: str | None = None,  # noqa: ARG003 - accepted and not used
        s3_output_path: str | None = None,  # noqa: ARG003 - accepted and not used
    ) -> ProfilerRule:
        """Return a built-in rule over the machine, of a configuration such as `rule_configs.CPUBottleneck()`."""
        if not isinstance(base_config, rule_configs.ProfilerRuleBase):
            raise SMDebugValueError("that is no configuration of a rule", "give rule_configs.CPUBottleneck(), say")
        parameters = dict(base_config.rule_parameters)
        invoked = str(parameters.pop("rule_to_invoke"))
        return cls(name or base_config.rule_name, invoked, parameters)
