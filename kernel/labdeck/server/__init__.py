"""Door 2: the Jupyter server extension. Decode, ask Studio, encode."""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

DOOR = "labdeck_door"
"""Where the server's settings keep its `Door`."""


def load(server_app: ServerApp) -> None:
    """Add Labdeck's routes to a Jupyter server; the store is opened by the first request.

    Args:
        server_app: The server; `c.Labdeck.store` of its configuration says where the store is.
    """
    from jupyter_server.utils import url_path_join

    from labdeck.config import Labdeck
    from labdeck.server.door import Door
    from labdeck.server.routes import ROUTES

    door = Door(Labdeck(config=server_app.config).store or None, server_app.log)
    atexit.register(door.close)
    web_app = server_app.web_app
    web_app.settings[DOOR] = door
    root = url_path_join(web_app.settings["base_url"], "labdeck/api/")
    rules = [(root + path, handler, {"door": door}) for path, handler in ROUTES]
    web_app.add_handlers(".*$", rules)  # type: ignore[no-untyped-call]
