"""What is done when a rule fires: SageMaker's three actions, done here and now.

They stop jobs and send messages through a cloud; here `StopTraining` asks the training that is recorded to end, and
`Email` and `SMS` go the way that Labdeck's own notifications go. A failing action is logged and never ends a training.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from labdeck.compat.smdebug.exceptions import SMDebugTypeError, SMDebugValueError

if TYPE_CHECKING:
    from labdeck.compat.smdebug.doing import Fired

_log = logging.getLogger("labdeck.smdebug")
_JOB = re.compile(r"[A-Za-z0-9\-]{1,63}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_PHONE = re.compile(r"\+\d{7,15}")


class Action:
    """The base of the actions.

    Attributes:
        action_parameters: Its name and what it needs, all of it text.
    """

    name: ClassVar[str] = ""

    def __init__(self, **action_parameters: str | None) -> None:
        known = {key: value for key, value in action_parameters.items() if value is not None}
        self.action_parameters = {**known, "name": self.name or type(self).__name__.lower()}

    def serialize(self) -> str:
        """Return it as JSON."""
        return json.dumps(self.action_parameters)


class StopTraining(Action):
    """Ends the training.

    Args:
        training_job_prefix: What the name of the training begins with; default the one that the rule looks at.
    """

    name = "stoptraining"

    def __init__(self, training_job_prefix: str | None = None) -> None:
        self.use_default_training_job_prefix = training_job_prefix is None
        if training_job_prefix is not None and not _JOB.fullmatch(training_job_prefix):
            raise SMDebugValueError(
                f"no training is called {training_job_prefix!r}", "use 1 to 63 letters, digits, hyphens"
            )
        super().__init__(training_job_prefix=training_job_prefix)

    def update_training_job_prefix_if_not_specified(self, training_job_name: str) -> None:
        """Set the prefix if none was given."""
        if self.use_default_training_job_prefix:
            self.action_parameters["training_job_prefix"] = training_job_name


class Email(Action):
    """Sends an e-mail.

    Args:
        email_address: To whom.
    """

    name = "email"

    def __init__(self, email_address: Any) -> None:
        if not isinstance(email_address, str) or not _EMAIL.fullmatch(email_address):
            raise SMDebugValueError(f"{email_address!r} is no e-mail address")
        super().__init__(endpoint=email_address)


class SMS(Action):
    """Sends a text message.

    Args:
        phone_number: To whom: "+" and 7 to 15 digits.
    """

    name = "sms"

    def __init__(self, phone_number: Any) -> None:
        if not isinstance(phone_number, str) or not _PHONE.fullmatch(phone_number):
            raise SMDebugValueError(f"{phone_number!r} is no phone number", 'write "+" and 7 to 15 digits')
        super().__init__(endpoint=phone_number)


class ActionList:
    """Several actions.

    Example:
        >>> ActionList(StopTraining(), Email("ada@example.org")).serialize()
        '[{"name": "stoptraining"}, {"endpoint": "ada@example.org", "name": "email"}]'
    """

    def __init__(self, *actions: Action) -> None:
        for action in actions:
            if not isinstance(action, Action):
                raise SMDebugTypeError(f"{action!r} is no action", "give StopTraining(), Email(…) or SMS(…)")
        self.actions = actions

    def update_training_job_prefix_if_not_specified(self, training_job_name: str) -> None:
        """Set the prefix of those that stop a training and have none."""
        for action in self.actions:
            if isinstance(action, StopTraining):
                action.update_training_job_prefix_if_not_specified(training_job_name)

    def serialize(self) -> str:
        """Return them as JSON."""
        return f"[{', '.join(action.serialize() for action in self.actions)}]"


def is_valid_action_object(actions: object) -> bool:
    """Tell whether something is an action or a list of them."""
    return isinstance(actions, (Action, ActionList))


class Actions:
    """The actions of one rule.

    Args:
        actions_str: JSON of them, or they themselves; None or "" for none.
        rule_name: The rule, for messages.

    Raises:
        SMDebugValueError: It is no list of actions.
    """

    def __init__(self, actions_str: str | Action | ActionList | None = "", rule_name: str = "") -> None:
        self.rule_name = rule_name
        self.actions = tuple(_actions_of(actions_str))

    def invoke(self, fired: Fired) -> None:
        """Do them, because the rule has fired."""
        for action in self.actions:
            try:
                fired.do(action.action_parameters)
            except Exception as error:  # noqa: BLE001 - an action must not end what it watches
                _log.warning("the action %s of %s failed: %s", action.action_parameters["name"], self.rule_name, error)


def _actions_of(given: str | Action | ActionList | None) -> Iterator[Action]:
    if isinstance(given, Action):
        yield given
    elif isinstance(given, ActionList):
        yield from given.actions
    elif given:
        listed = _parsed(given)
        for one in listed if isinstance(listed, list) else [listed]:
            yield _action(one)


def _parsed(text: str) -> Any:
    if not isinstance(text, str):
        raise SMDebugValueError(f"{text!r} are no actions", "give JSON, an Action or an ActionList")
    for written in (text, text.replace('\\"', '"')):  # quotes arrive escaped when the text stood in another JSON
        try:
            return json.loads(written)
        except ValueError:
            continue
    raise SMDebugValueError(f"{text[:80]!r} is no JSON", 'write [{"name": "stoptraining"}]')


def _action(described: object) -> Action:
    if not isinstance(described, Mapping):
        raise SMDebugValueError(f"{described!r} is no action", 'write {"name": "stoptraining"}')
    name = str(described.get("name", "")).lower()
    if name == StopTraining.name:
        return StopTraining(described.get("training_job_prefix"))
    if name == Email.name:
        return Email(str(described.get("endpoint")))
    if name == SMS.name:
        return SMS(str(described.get("endpoint")))
    raise SMDebugValueError(f"there is no action {name!r}", "there are stoptraining, email and sms")
