"""Compiling the translations: each `labextension/locale/<locale>.po` becomes the file that JupyterLab's server reads.

The server looks for `labdeck/locale/<locale>/LC_MESSAGES/labdeck.json` beside the module that the entry point
`jupyterlab.locale` names, and the browser takes it as it is: texts by context and id, and a head under the empty id.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "labextension" / "locale"
COMPILED = ROOT / "kernel" / "labdeck" / "locale"
COMPILER = Path(__file__)  # a change of it makes every compiled catalog stale
DOMAIN = "labdeck"
CONTEXT_ENDS = "\u0004"


def _version() -> str:
    """Read the version: where a language pack has a catalog of ours too, the newer one is shown."""
    return str(json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["version"])


def _digest(source: Path) -> str:
    return hashlib.sha256(b"\0".join([COMPILER.read_bytes(), _version().encode(), source.read_bytes()])).hexdigest()


def _is_fresh(source: Path, target: Path) -> bool:
    """Say whether a compiled catalog belongs to its source: by content, a fresh clone has whatever times it likes."""
    try:
        return bool(json.loads(target.read_text(encoding="utf-8"))[""]["source"] == _digest(source))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _pairs(sources: Path, compiled: Path) -> Iterator[tuple[Path, Path]]:
    for source in sorted(sources.glob("*.po")):
        yield source, compiled / source.stem / "LC_MESSAGES" / f"{DOMAIN}.json"


def _left(sources: Path, compiled: Path) -> set[Path]:
    """Find compiled folders whose source is gone."""
    return set(compiled.glob("*")) - {compiled / source.stem for source in sources.glob("*.po")}


def are_fresh(sources: Path = SOURCES, compiled: Path = COMPILED) -> bool:
    """Say whether there is nothing to compile and nothing left over."""
    return not _left(sources, compiled) and all(_is_fresh(*pair) for pair in _pairs(sources, compiled))


def _texts(source: Path) -> dict[str, Any]:
    from babel.messages.pofile import read_po  # one of the build's requirements; what is fresh needs no library

    with source.open("rb") as file:
        catalog = read_po(file, locale=source.stem, domain=DOMAIN)
    head = {
        "domain": DOMAIN,
        "language": source.stem.replace("_", "-"),
        "plural_forms": f"nplurals={catalog.num_plurals}; plural={catalog.plural_expr};",
        "version": _version(),
        "source": _digest(source),
    }
    texts: dict[str, Any] = {"": head}
    for message in catalog:
        key = message.id if isinstance(message.id, str) else message.id[0]
        said = [message.string] if isinstance(message.string, str) else list(message.string or ())
        if not isinstance(message.id, str) and len(said) == 1:
            said *= 2  # JupyterLab takes one form alone for a text without a plural, and shows the English one
        if key and all(said):  # what is not translated is shown in English
            texts[f"{message.context}{CONTEXT_ENDS}{key}" if message.context else str(key)] = said
    return texts


def compile_catalogs(sources: Path = SOURCES, compiled: Path = COMPILED) -> list[Path]:
    """Compile every catalog that changed and delete those without a source.

    Args:
        sources: Folder of the `<locale>.po` files.
        compiled: Folder that gets a folder for each locale.

    Returns:
        The files that were written; none if all were fresh.
    """
    for folder in _left(sources, compiled):
        shutil.rmtree(folder)
    written = []
    for source, target in _pairs(sources, compiled):
        if _is_fresh(source, target):
            continue
        text = json.dumps(_texts(source), ensure_ascii=False, indent=1) + "\n"
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_suffix(".part")  # a server that reads meanwhile sees the old one or the new one
        unfinished.write_text(text, encoding="utf-8")
        os.replace(unfinished, target)  # noqa: PTH105 - over what is there, on every system
        written.append(target)
    return written


if __name__ == "__main__":
    compile_catalogs()
