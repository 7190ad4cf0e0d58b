"""The catalogs of the interface: bring them up to date with the sources, or say what is wrong with them.

    make translations                              put new texts into every catalog, take out what is gone
    python scripts/translations.py check           list what is missing, stale or wrong; fails if there is anything

A catalog is `labextension/locale/<locale>.po`. To begin one, make an empty file of that name.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "kernel" / "_build_backend"))
import labdeck_catalogs  # noqa: E402 - from the folder above
import labdeck_frontend  # noqa: E402

SOURCES = ROOT / "labextension" / "src"
CATALOGS = ROOT / "labextension" / "locale"
READER = ROOT / "labextension" / "scripts" / "strings.mjs"
PLACEHOLDER = re.compile(r"%(?:%|\d+)")
HEAD = """\
# {name} texts of Labdeck's interface. `make translations` keeps the entries; people write the translations.
msgid ""
msgstr ""
"Language: {locale}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural}\\n"

"""


@dataclass(frozen=True)
class Text:
    """A text that the sources show: its id, the id of its plural, its context (empty: none), and who shows it."""

    id: str
    plural: str = ""
    context: str = ""
    places: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it another text: context, id, plural."""
        return self.context, self.id, self.plural


def read_sources(folder: Path = SOURCES) -> tuple[list[Text], list[str]]:
    """Read the texts of all TypeScript under a folder, and what no catalog can hold or goes past the translator."""
    command = ["node", str(READER), str(folder)]
    env = labdeck_frontend.build_environment()
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, encoding="utf-8", check=True)
    found = json.loads(done.stdout)
    return [Text(**{**each, "places": tuple(each["places"])}) for each in found["strings"]], found["faults"]


def read_catalog(path: Path) -> Catalog:
    """Read a catalog; its name is its locale."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem, domain=labdeck_catalogs.DOMAIN)


def _text(message: Message) -> Text:
    one, many = (message.id, "") if isinstance(message.id, str) else (message.id[0], message.id[1])
    return Text(str(one), str(many), message.context or "")


def _said(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else [str(text or "") for text in message.string]


def _faults(message: Message, forms: int) -> Iterator[str]:
    """Find what is wrong with one translation."""
    text, said = _text(message), _said(message)
    if len(said) != (forms if text.plural else 1):
        yield f"has {len(said)} forms instead of {forms if text.plural else 1}"
    if not all(each.strip() for each in said):
        yield "is not translated"
        return
    if message.fuzzy:
        yield "is marked as doubtful"
    # a language of several forms may leave the number out of one of them, as English does in “one trial”
    allowed = [Counter(PLACEHOLDER.findall(each)) for each in (text.id, text.plural) if each]
    for each in said:
        if Counter(PLACEHOLDER.findall(each)) not in allowed:
            yield f"has other placeholders: {each}"
        for place, end in (("begins", 0), ("ends", -1)):
            if each[end].isspace() != text.id[end].isspace():
                yield f"{place} with other white space: {each!r}"


def problems(catalog: Catalog, texts: Iterable[Text]) -> list[str]:
    """Compare a catalog with the texts of the sources; none means that all of it is translated and right."""
    wanted = {text.key: text for text in texts}
    kept = {_text(message).key: message for message in catalog if message.id}
    found = [f"{text.id!r} is missing ({', '.join(text.places)})" for key, text in wanted.items() if key not in kept]
    found += [f"{key[1]!r} is stale: no source shows it" for key in kept if key not in wanted]
    found += [f"{key[1]!r} is stale: nothing reads entries that were put aside" for key in catalog.obsolete]
    plain = Counter((context, id_) for context, id_, _ in wanted)
    found += [f"{id_!r} is used with and without a plural" for (_, id_), times in plain.items() if times > 1]
    for key, message in kept.items():
        found += [f"{key[1]!r} {fault}" for fault in _faults(message, catalog.num_plurals)]
    return found


def updated(catalog: Catalog, texts: Iterable[Text], locale: str) -> str:
    """Write a catalog anew for these texts: translations stay, new texts are empty, what is gone is left out."""
    old = {_text(message).key: message for message in catalog if message.id}
    new = Catalog(locale=locale, domain=catalog.domain)
    for text in texts:
        before = old.get(text.key)
        ids = (text.id, text.plural) if text.plural else text.id
        said = before.string if before else ("",) * catalog.num_plurals if text.plural else ""
        files = sorted({place.rsplit(":", 1)[0] for place in text.places})
        new.add(ids, said, [(file, 0) for file in files], context=text.context or None)
    body = io.BytesIO()
    write_po(body, new, width=110, omit_header=True, sort_output=True, include_lineno=False)
    head = HEAD.format(name=catalog.locale.english_name, locale=locale, plural=catalog.plural_forms)
    return head + body.getvalue().decode().strip() + "\n"


def main() -> int:
    """Update or check every catalog."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["update", "check"])
    what = parser.parse_args().what
    texts, faults = read_sources()
    count = len(faults)
    print(*faults, sep="\n", end="\n" if faults else "")
    for path in sorted(CATALOGS.glob("*.po")):
        if what == "update":
            path.write_text(updated(read_catalog(path), texts, path.stem), encoding="utf-8")
        found = problems(read_catalog(path), texts)
        count += len(found)
        print(*(f"{path.name}: {problem}" for problem in found), sep="\n", end="\n" if found else "")
    if what == "update":
        labdeck_catalogs.compile_catalogs()
    print(f"{len(texts)} texts, {count} to look at")
    return int(what == "check" and count > 0)


if __name__ == "__main__":
    sys.exit(main())
