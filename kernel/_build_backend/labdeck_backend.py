"""The build back end: `jupyter_packaging` with the editable hook it lacks.

`jupyter_packaging.build_api` builds wheels and source archives and runs our front-end builder first, but it
knows no PEP 660, so `pip install -e .` would fail. Why this and not Hatch: docs/decisions/0003-build.md.
"""

from __future__ import annotations

from typing import Any

from jupyter_packaging import build_api
from jupyter_packaging.build_api import build_sdist, build_wheel, prepare_metadata_for_build_wheel
from setuptools import build_meta
from setuptools.build_meta import prepare_metadata_for_build_editable

import labdeck_frontend

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

Settings = dict[str, Any] | None


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """Say what a wheel needs: setuptools' own wishes, and Node where the machine has no fitting one."""
    return [*build_meta.get_requires_for_build_wheel(config_settings), *labdeck_frontend.node_requirement()]


def get_requires_for_build_sdist(config_settings: Settings = None) -> list[str]:
    """Say what a source archive needs; it carries the built front end, so the same as a wheel."""
    return [*build_meta.get_requires_for_build_sdist(config_settings), *labdeck_frontend.node_requirement()]


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    """Say what an editable install needs: the same as a wheel."""
    return [*build_meta.get_requires_for_build_editable(config_settings), *labdeck_frontend.node_requirement()]


def build_editable(
    wheel_directory: str,
    config_settings: Settings = None,
    metadata_directory: str | None = None,
) -> str:
    """Build the front end as for a wheel, then let setuptools write the editable wheel.

    An editable wheel places no data files; `make setup` links the front end and copies the server config
    (`scripts/setup_env.py`), and CONTRIBUTING.md says how to do it by hand.
    """
    builder = build_api._get_build_func()  # noqa: SLF001 - the only way to the configured builder
    if builder:
        builder()
    return str(build_meta.build_editable(wheel_directory, config_settings, metadata_directory))
