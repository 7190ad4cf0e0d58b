"""From what was raised to what is answered: the one table of statuses."""

from __future__ import annotations

from http.client import responses

import msgspec
from tornado.web import HTTPError

from labdeck import errors
from labdeck.wire.messages import ErrorMessage

STATUS: tuple[tuple[type[errors.LabdeckError], int], ...] = (
    (errors.UsageError, 400),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.TooLarge, 413),
    (errors.StoreBusy, 503),
    (errors.StoreUnreachable, 503),
    (errors.StoreFull, 503),
    (errors.StorePlace, 503),
    (errors.StoreTooNew, 503),
)
"""The first row whose class fits decides; what is in no row is 500."""


class WireMismatch(errors.Conflict):
    """The front end was built for another version of the wire."""

    code = "wire-version"


def explain(error: BaseException) -> tuple[int, ErrorMessage]:
    """Return the status and body that answer an exception; what nobody foresaw is told without its text.

    Example:
        >>> explain(errors.NotFound("no such trial", "list them"))
        (404, ErrorMessage(code='not-found', message='no such trial', remedy='list them', position=None))
    """
    if isinstance(error, errors.LabdeckError):
        status = next((status for kind, status in STATUS if isinstance(error, kind)), 500)
        position = error.position if isinstance(error, errors.MalformedQuery) else None
        return status, ErrorMessage(code=error.code, message=error.message, remedy=error.remedy, position=position)
    if isinstance(error, msgspec.MsgspecError):
        return 400, ErrorMessage(
            code="malformed", message=f"the body does not fit: {error}", remedy="see docs/server.md"
        )
    if isinstance(error, HTTPError):
        reason = error.reason or responses.get(error.status_code, "unknown error")
        code = reason.lower().replace(" ", "-")
        return error.status_code, ErrorMessage(code=code, message=error.log_message or reason)
    return 500, ErrorMessage(
        code="internal", message="Labdeck failed inside the Jupyter server", remedy="see the server's log"
    )
