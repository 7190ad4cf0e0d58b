"""HTML built as a tree, so that no text reaches a page unescaped."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Html:
    """Markup that goes into a page as it is: made by `element`, or a constant of our own.

    Attributes:
        markup: The HTML.
    """

    markup: str


def element(tag: str, *children: Html | str, **attributes: str) -> Html:
    """Return an element.

    Args:
        tag: Its name.
        children: `Html` goes in as it is, text is escaped.
        attributes: Values are escaped, empty ones left out. In names "_" stands for "-", and a trailing one is dropped.

    Example:
        >>> element("b", "1 < 2", data_note='"', class_="").markup
        '<b data-note="&quot;">1 &lt; 2</b>'
    """
    pairs = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"' for name, value in attributes.items() if value
    )
    inner = "".join(child.markup if isinstance(child, Html) else escape(child) for child in children)
    return Html(f"<{tag}{pairs}>{inner}</{tag}>")
