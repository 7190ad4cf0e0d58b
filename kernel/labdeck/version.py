"""The version, here alone: pyproject.toml and the front end read it from this file."""

__version__ = "0.1.0"
