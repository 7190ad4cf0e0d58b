"""Tells a web address of a finding."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labdeck.errors import LabdeckError, UsageError
from labdeck.findings.actions.base import Action, headline

if TYPE_CHECKING:
    from labdeck.findings.subject import Subject
    from labdeck.wire.debugging import FindingRecord


@dataclass
class Webhook(Action):
    """POST a finding as JSON to a web address; its answer is not looked at beyond its status.

    The body has the fields of the finding, and `text`, one sentence that chat services show. The address often is a
    secret: it is neither stored nor shown.

    Args:
        url: http:// or https://.
        headers: Further ones, an authorisation for example.
        timeout: Seconds after which it is given up.

    Example:
        >>> Webhook("https://example.org/hooks/secret", cooldown=60)
        Webhook(policy='once', cooldown=60, least='info')
    """

    url: str = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict, kw_only=True, repr=False)

    may_hang = True
    must_arrive = True

    def __post_init__(self) -> None:
        """Refuse what is no web address; UsageError."""
        super().__post_init__()
        if not str(self.url).startswith(("http://", "https://")):
            raise UsageError("the webhook's address is none", "give one that begins with https:// or http://")

    def run(self, finding: FindingRecord, subject: Subject) -> str:
        """Send it; LabdeckError without the address if that fails."""
        del subject
        body = json.dumps(payload(finding), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "labdeck", **self.headers}
        try:
            request = urllib.request.Request(self.url, body, headers, method="POST")  # noqa: S310 - checked above
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:  # noqa: S310
                return f"answered {answer.status}"
        except urllib.error.HTTPError as error:
            raise LabdeckError(f"the web address answered {error.code}") from None
        except urllib.error.URLError as error:
            reason = error.reason
            why = reason.strerror if isinstance(reason, OSError) and reason.strerror else type(reason).__name__
            raise LabdeckError(f"the web address cannot be reached: {why}") from None
        except Exception as error:  # noqa: BLE001 - whose text may hold the address
            raise LabdeckError(f"the web address cannot be reached: {type(error).__name__}") from None


def payload(finding: FindingRecord) -> dict[str, Any]:
    """Return what a webhook sends."""
    import msgspec

    fields = msgspec.to_builtins(finding)
    for name in ("actions", "dismissed"):
        fields.pop(name, None)
    return {"text": headline(finding), **fields}
