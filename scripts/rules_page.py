"""Write docs/rules.md from the docstrings of the built-in rules, so that the page and the code say the same."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path
from typing import Any

from labdeck.debugger import rules
from labdeck.findings.parameters import bounds_of
from labdeck.findings.rule import Rule

PAGE = Path(__file__).resolve().parent.parent / "docs" / "rules.md"
_WIDTH_OF_NAME = re.compile(r"^ {4}(?=\w[\w, ]*: )")
_SPECIAL = re.compile(r"(`[^`]*`)|([*<])")

_HEAD = """\
# The built-in rules

A rule looks at one step of a training after the other and says what is wrong with it. These are all that come with
Labdeck: those of SageMaker Debugger, by their names, with their parameters and defaults, and more. They are in
`labdeck.debugger.rules`; `rules.all()` lists them, `rules.find("overfit")` finds one by name, `rules.defaults("torch")`
are those that watch a training of which nothing else was asked. How to put them to work, what to have done when they
find something, and how to write your own: [the debugger](debugger.md).

```python
import numpy as np
from labdeck.debugger import rules
from labdeck.findings.window import window_of

rule = rules.VanishingGradient(threshold=1e-6)
step = window_of({"gradient/fc1.weight": np.full((8, 8), 1e-9), "loss": 2.3})
for found in rule.judge(step):
    print(found.message, "-", rule.remedy)
```

Where SageMaker's documentation and its code differ, the rules do what the documentation says; where both leave the
formula open, the one used here is given.

This page is written by `scripts/rules_page.py` from the docstrings of the rules.
"""


def section(rule: type[Rule]) -> str:
    """Return what the page says of a rule."""
    before, _, after = inspect.cleandoc(rule.__doc__ or "").partition("\nAttributes:\n")
    described = _attributes(after)
    paragraphs = [_plain(paragraph.replace("\n", " ")) for paragraph in _prose(before)]
    lines = [f"## {rule.__name__}", "", "\n\n".join(paragraphs)]
    fields = [field for field in dataclasses.fields(rule) if field.init]  # type: ignore[arg-type]
    if fields:
        lines += ["", "| parameter | default | |", "| --- | --- | --- |"]
        lines += [f"| `{field.name}` | {_default(field)} | {_said(field, described)} |" for field in fields]
    return "\n".join(lines) + "\n"


def _prose(text: str) -> list[str]:
    """Return the paragraphs of a docstring up to its formal parts."""
    paragraphs = text.strip().split("\n\n")
    ends = [n for n, paragraph in enumerate(paragraphs) if re.match(r"(Example|Raises):\n", paragraph)]
    return paragraphs[: ends[0]] if ends else paragraphs


def _attributes(text: str) -> dict[str, str]:
    """Return what a docstring says of each attribute."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in text.partition("\n\n")[0].splitlines():
        if _WIDTH_OF_NAME.match(line):
            head, _, rest = line.strip().partition(": ")
            names = [name.strip() for name in head.split(",")]
            found |= dict.fromkeys(names, rest)
        else:
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return {name: _plain(said).replace("|", "\\|") for name, said in found.items()}


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is, what stands in backticks aside."""
    return _SPECIAL.sub(lambda found: found[1] or f"\\{found[2]}", text)


def _said(field: dataclasses.Field[Any], described: dict[str, str]) -> str:
    """Return what is said of a parameter, and the values that it may have."""
    bounds = str(bounds_of(field))
    return f"{described.get(field.name, '')}{f' {bounds.capitalize()}.' if bounds else ''}".strip()


def _default(field: dataclasses.Field[object]) -> str:
    if field.default is not dataclasses.MISSING:
        text = f"`{field.default!r}`"
    else:
        text = "" if field.default_factory is dataclasses.MISSING else f"`{field.default_factory()!r}`"
    return text.replace("|", "\\|")


def page() -> str:
    """Return the whole page."""
    return "\n".join([_HEAD, *(section(rule) for rule in rules.all())])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
