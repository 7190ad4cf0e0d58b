"""What people can call, type, set or ask for, and whether the documentation names it."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import labdeck
from labdeck.config import Labdeck
from labdeck.magics import NOUNS
from labdeck.server.routes import ROUTES

_ENVIRONMENT = re.compile(r"[\"']((?:LABDECK)_[A-Z_]+)[\"']")
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_PARAMETER = re.compile(r"\([^)]*\)")


def written(root: Path) -> str:
    """Give the code in README and docs: whatever stands in backticks or in a fenced block."""
    pages = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    return "\n".join(code for page in pages for code in _CODE.findall(page.read_text(encoding="utf-8")))


def public_names() -> list[str]:
    """Give every public name of `labdeck`, and the public methods and properties of its classes as `trial.log`."""
    names = [name for name in labdeck.__all__ if not name.startswith("__")]
    for owner in [getattr(labdeck, name) for name in names]:
        if inspect.isclass(owner) and not issubclass(owner, Exception):
            names += [f"{owner.__name__.lower()}.{name}" for name in vars(owner) if not name.startswith("_")]
    return names


def verbs() -> list[str]:
    """Give every magic with each of its verbs: `%experiment list`, `%%experiment trial`."""
    return [f"{'%%' if verb.cell else '%'}{noun.name} {verb.name}" for noun in NOUNS for verb in noun.verbs.values()]


def routes() -> list[str]:
    """Give the path of every route, `{}` for each parameter; the catch-all answers 404 and needs no page."""
    return [f"labdeck/api/{_PARAMETER.sub('{}', pattern)}" for pattern, _ in ROUTES if pattern != ".*"]


def settings(root: Path) -> list[str]:
    """Give every option of the configuration files and every setting of the front end."""
    options = [f"Labdeck.{name}" for name in Labdeck.class_own_traits(config=True)]
    for path in sorted((root / "labextension" / "schema").glob("*.json")):
        options += json.loads(path.read_text(encoding="utf-8")).get("properties", {})
    return options


def environment(root: Path) -> list[str]:
    """Give every environment variable of ours that the engine reads."""
    sources = sorted((root / "kernel" / "labdeck").rglob("*.py"))
    return sorted({name for path in sources for name in _ENVIRONMENT.findall(path.read_text(encoding="utf-8"))})


def missing(names: list[str], text: str) -> list[str]:
    """Give the names that do not stand in the text as words of their own; `{}` stands for any one word."""
    return [
        name
        for name in names
        if not re.search(rf"(?<![\w.]){re.escape(name)}(?![\w/])".replace(r"\{\}", r"[^/\s`]+"), text)
    ]
