"""The logger of everything here."""

from __future__ import annotations

import logging


def get_logger(name: str = "labdeck.smdebug") -> logging.Logger:
    """Return a logger; nothing is written unless the program says where."""
    return logging.getLogger(name)
