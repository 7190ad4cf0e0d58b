"""The TypeScript of the shell: rings, ids that must be unique, and features that must not know each other."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

_TOKEN = re.compile(r"new Token<[^;]*?>\(\s*['\"]([^'\"]+)['\"]", re.DOTALL)
_COMMANDS = re.compile(r"namespace CommandIDs \{(.*?)\n\}", re.DOTALL)
_CONSTANT = re.compile(r"export const \w+\s*=\s*['\"]([^'\"]+)['\"]")
_ADDED = re.compile(r"addCommand\(\s*['\"]([^'\"]+)['\"]")
_IMPORT = re.compile(r"(?:from|import\()\s*(?:/\*.*?\*/\s*)?['\"](\.[^'\"]+)['\"]", re.DOTALL)


def _sources(root: Path) -> dict[Path, str]:
    folder = root / "labextension" / "src"
    return {path: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.ts*"))}


def tokens(root: Path) -> list[str]:
    """Give the id of every token the shell makes, in order, repeated ones repeated."""
    return [found for text in _sources(root).values() for found in _TOKEN.findall(text)]


def command_ids(root: Path) -> list[str]:
    """Give every id in a namespace `CommandIDs`, repeated ones repeated."""
    spaces = [space for text in _sources(root).values() for space in _COMMANDS.findall(text)]
    return [found for space in spaces for found in _CONSTANT.findall(space)]


def bare_commands(root: Path) -> list[str]:
    """Name every command that is added under a literal instead of a constant of `CommandIDs`."""
    return [f"{path.name}: {found}" for path, text in _sources(root).items() for found in _ADDED.findall(text)]


def repeated(ids: list[str]) -> list[str]:
    """Give the ids that occur twice."""
    return [name for name, count in Counter(ids).items() if count > 1]


def features(root: Path) -> set[str]:
    """Give the folders that are features: those with a plugin, but for the client, through which all of them meet."""
    return {path.parent.name for path in (root / "labextension" / "src").glob("*/plugin.ts")} - {"client"}


def feature_violations(root: Path) -> list[str]:
    """Name every import of a feature from outside it: features meet by command id."""
    found = []
    private = features(root)
    src = root / "labextension" / "src"
    for path, text in _sources(root).items():
        own = path.relative_to(src).parts
        for target in _IMPORT.findall(text) if len(own) > 1 else []:
            other = (path.parent / target).resolve().relative_to(src.resolve()).parts
            if len(other) > 1 and other[0] in private and other[0] != own[0]:
                found.append(f"{'/'.join(own)} imports {'/'.join(other)}")
    return found


def _jlpm(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "kernel/_build_backend/labdeck_frontend.py", "jlpm", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def rings(root: Path, project: Path) -> list[list[str]]:
    """Give every import ring among the TypeScript files below `root`, with the tools of `project`.

    Raises:
        ValueError: madge said something else than a list of rings.
    """
    src = str(root / "labextension" / "src")
    config = str(project / "tsconfig.json")
    done = _jlpm(project, "madge", "--json", "--circular", "--extensions", "ts,tsx", "--ts-config", config, src)
    found: list[list[str]] = json.loads(done.stdout)
    return found


def eslint(project: Path, *files: str) -> list[str]:
    """Give the names of the rules that eslint finds broken in those files of `project`, repeated ones repeated.

    Raises:
        ValueError: eslint itself failed.
    """
    done = _jlpm(project, "eslint", "--format", "json", *files)
    return [message["ruleId"] for file in json.loads(done.stdout) for message in file["messages"]]
