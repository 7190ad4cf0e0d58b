"""Options that both doors read: `c.Labdeck.store = …` in a Jupyter server's or IPython's configuration file."""

from __future__ import annotations

from traitlets import Unicode
from traitlets.config import Configurable


class Labdeck(Configurable):
    """Where Labdeck keeps its facts."""

    store = Unicode(
        "",
        help="Folder or PostgreSQL URL of the store; empty means LABDECK_STORE, else the user's data folder.",
    ).tag(config=True)
