"""What rules may ask for while a training is watched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labdeck.findings.subject import StoredSurroundings

if TYPE_CHECKING:
    from labdeck.store.session import Session


class Around(StoredSurroundings):
    """The other trials of the store, and what a hook says of the training as it goes on.

    Args:
        session: The store.
        facts: What is known; it may grow.
    """

    def __init__(self, session: Session, facts: Mapping[str, Any]) -> None:
        super().__init__(session)
        self._known = facts

    def facts(self) -> dict[str, Any]:
        """Return what is known of the training now."""
        return dict(self._known)
