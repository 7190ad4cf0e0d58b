"""Options that both doors read: `c.Labdeck.store = …` in a Jupyter server's or IPython's configuration file."""

from __future__ import annotations

from traitlets import Float, Unicode
from traitlets.config import Configurable


class Labdeck(Configurable):
    """Where Labdeck keeps its facts, and what it notices by itself."""

    store = Unicode(
        "",
        help="Folder or PostgreSQL URL of the store; empty means LABDECK_STORE, else the user's data folder.",
    ).tag(config=True)

    system_metrics = Float(
        10.0,
        min=0.0,
        help="Seconds between two samples of processor, memory, disk, network and graphics cards while a trial runs in"
        " a kernel; 0 takes none. LABDECK_SYSTEM_METRICS overrides it.",
    ).tag(config=True)
