"""The Jupyter server of the tests, for the routes."""

from pytest_jupyter.jupyter_server import *  # noqa: F403 - its fixtures
