"""E-mail, text messages and chat, through apprise, which speaks to more than a hundred services."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from labdeck.errors import LabdeckError, MissingExtra, UsageError
from labdeck.findings.actions.base import Action, headline

if TYPE_CHECKING:
    from labdeck.findings.subject import Subject
    from labdeck.wire.debugging import FindingRecord

_KINDS = {"info": "info", "warning": "warning", "error": "failure"}


@dataclass
class Chat(Action):
    """Send a message to Slack, Discord, Teams, Telegram, ntfy or any other service that apprise knows.

    Args:
        url: The service as apprise writes it: "slack://…", "tgram://…"; it holds secrets, and is neither stored nor
            shown.
        timeout: Seconds after which it is given up.

    Raises:
        MissingExtra: apprise is not installed.
        UsageError: apprise knows no such service.
    """

    url: str = field(repr=False)

    timeout: float = field(default=30.0, kw_only=True, repr=False)
    may_hang = True
    must_arrive = True

    def __post_init__(self) -> None:
        """Refuse what cannot be sent to."""
        super().__post_init__()
        self._sender = _sender(self.url)

    def run(self, finding: FindingRecord, subject: Subject) -> str:
        """Send it; LabdeckError if the service did not take it."""
        del subject
        title = f"Labdeck: {finding.rule} ({finding.severity})"
        parts = (headline(finding), finding.remedy, finding.origin)
        body = "\n".join(part for part in parts if part)
        try:
            sent = self._sender.notify(title=title, body=body, notify_type=_KINDS[finding.severity])
        except Exception as error:  # noqa: BLE001 - whose text may hold the address
            raise LabdeckError(f"the message could not be sent: {type(error).__name__}") from None
        if not sent:
            raise LabdeckError(
                "the service did not take the message", "send one with apprise's command line to see why"
            )
        return "sent"


@dataclass
class _Addressed(Action):
    """A message to an address, by a service that is named beside it or in the environment."""

    to: str
    via: str | None = field(default=None, kw_only=True, repr=False)

    timeout: float = field(default=30.0, kw_only=True, repr=False)
    may_hang = True
    must_arrive = True
    variable: ClassVar[str] = ""
    example: ClassVar[str] = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        service = self.via or os.environ.get(self.variable, "")
        if not service:
            remedy = f"set {self.variable}, or give via=, to a service as apprise writes it, {self.example} for example"
            raise UsageError(f"no service is known that sends to {self.to}", remedy)
        self._chat = Chat(_with_target(service, self.to), timeout=self.timeout)

    def run(self, finding: FindingRecord, subject: Subject) -> str:
        """Send it."""
        return f"{self._chat.run(finding, subject)} to {self.to}"


@dataclass
class Email(_Addressed):
    """Send an e-mail.

    Args:
        to: The address.
        via: The mail account as apprise writes it, "mailtos://user:password@example.org"; default the environment's
            `LABDECK_EMAIL_URL`. It is neither stored nor shown.

    Raises:
        MissingExtra: apprise is not installed.
        UsageError: There is no account, or apprise does not understand it.
    """

    variable = "LABDECK_EMAIL_URL"
    example = "mailtos://user:password@example.org"


@dataclass
class SMS(_Addressed):
    """Send a text message.

    Args:
        to: The number: "+" and digits.
        via: The service as apprise writes it, "twilio://account:token@sender"; default the environment's
            `LABDECK_SMS_URL`. It is neither stored nor shown.

    Raises:
        MissingExtra: apprise is not installed.
        UsageError: There is no service, or apprise does not understand it.
    """

    variable = "LABDECK_SMS_URL"
    example = "twilio://account:token@sender"


def _with_target(service: str, to: str) -> str:
    """Return a service's URL with whom it is to reach."""
    return f"{service}{'&' if '?' in service else '?'}to={quote(to)}"


def _sender(url: str) -> Any:
    try:
        import apprise
    except ImportError as error:
        what = "messages are sent by the package apprise"
        raise MissingExtra(what, "pip install 'labdeck[notify]'; a Webhook needs nothing") from error
    sender = apprise.Apprise()
    if not sender.add(url):
        raise UsageError("apprise knows no service of that address", "see its list of services")
    return sender
