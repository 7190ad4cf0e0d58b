"""A card as HTML: JupyterLab's own variables where there are any, plain colours elsewhere."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from labdeck_ui import words
from labdeck_ui.html import Html, element
from labdeck_ui.sparkline import svg_sparkline

if TYPE_CHECKING:
    from labdeck.wire.records import TrialState
    from labdeck_ui.card import Card, Cell, Grid, Link

_STYLE = Html(f"<style>{files('labdeck_ui').joinpath('card.css').read_text('utf-8')}</style>")


def html_card(card: Card) -> str:
    """Return a card as one HTML element with its style; every text in it is escaped."""
    parts = [_head(card)]
    if card.facts:
        facts = (element("div", element("dt", label), element("dd", *_inline(cell))) for label, cell in card.facts)
        parts.append(element("dl", *facts))
    if card.warning:
        parts.append(element("div", f"⚠ {card.warning}", class_="labdeck-warning"))
    if card.note:
        parts.append(element("div", card.note, class_="labdeck-quiet"))
    if card.error:
        parts.append(element("pre", "\n".join(words.name(line, 200) for line in card.error.splitlines())))
    parts.extend(_grid(grid) for grid in card.grids)
    return element("div", _STYLE, *parts, class_="labdeck-card").markup


def _head(card: Card) -> Html:
    parts = [_glyph(card.state)] if card.state else []
    if card.kind:
        parts.append(element("span", card.kind, class_="labdeck-kind"))
    parts.append(element("bdi", card.title, class_="labdeck-title"))
    if card.link:
        parts.append(_link(card.link))
    return element("div", *parts, class_="labdeck-head")


def _link(link: Link) -> Html:
    return element(
        "button",
        "Open in Labdeck",
        type="button",
        class_="labdeck-open",
        data_commandlinker_command=link.command,
        data_commandlinker_args=link.arguments,
    )


def _grid(grid: Grid) -> Html:
    if not grid.rows:
        return Html("")
    right = [all(row[index].numeric for row in grid.rows) for index in range(len(grid.columns))]
    head = (
        element("th", column, scope="col", class_="labdeck-number" if numeric else "")
        for column, numeric in zip(grid.columns, right, strict=True)
    )
    rows = (element("tr", *(_data(cell) for cell in row)) for row in grid.rows)
    caption = [element("caption", grid.title)] if grid.title else []
    table = element("table", *caption, element("thead", element("tr", *head)), element("tbody", *rows))
    hidden = grid.total - len(grid.rows)
    more = [element("div", f"… and {hidden:,} more", class_="labdeck-quiet")] if hidden > 0 else []
    return element("div", table, *more)


def _data(cell: Cell) -> Html:
    return element("td", *_inline(cell), title=cell.hover, class_="labdeck-number" if cell.numeric else "")


def _inline(cell: Cell) -> list[Html | str]:
    parts: list[Html | str] = []
    if cell.colour:
        parts.append(element("span", class_="labdeck-swatch", style=f"background:{cell.colour}"))
    if cell.state:
        parts += [_glyph(cell.state), " "]
    parts.append(element("bdi", cell.text))
    if cell.spark:
        parts.append(Html(svg_sparkline(cell.spark, cell.colour or "currentColor")))
    return parts


def _glyph(state: TrialState) -> Html:
    return element(
        "span", words.STATE_GLYPHS[state], class_=f"labdeck-{state}", title=state, role="img", aria_label=state
    )
