"""Figures: plotly's as its JSON, to be drawn again; matplotlib's as a picture. And texts."""

from __future__ import annotations

from typing import Any, Literal

from labdeck.errors import UsageError
from labdeck.runs.media.content import Content
from labdeck.runs.media.image import draw
from labdeck.runs.values import to_text

PLOTLY = "application/vnd.plotly.v1+json"
MAX_FIGURE = 32 << 20
MAX_TEXT = 16 << 20


def to_figure(figure: Any, form: object) -> Content:
    """Return a figure to be kept.

    Args:
        figure: Of plotly, or anything of matplotlib that can be saved.
        form: "png" or "svg": how one of matplotlib is kept.

    Raises:
        UsageError: It is none of these, cannot be drawn, or is too large.
    """
    if hasattr(figure, "to_plotly_json") and hasattr(figure, "to_json"):
        data = figure.to_json().encode()
        if len(data) > MAX_FIGURE:
            raise UsageError(
                f"the figure takes {len(data):,} bytes, the limit is {MAX_FIGURE:,}", "draw fewer points in it"
            )
        return Content("figure", PLOTLY, data)
    wanted = check_form(form)
    owner = figure if hasattr(figure, "savefig") else getattr(figure, "figure", None)  # axes know their figure
    if not hasattr(owner, "savefig"):
        raise UsageError(f"the figure is given as {type(figure).__name__}", "give one of plotly or matplotlib")
    return Content("figure", "image/png" if wanted == "png" else "image/svg+xml", draw(owner, wanted))


def check_form(form: object) -> Literal["png", "svg"]:
    """Return how a figure of matplotlib is kept; UsageError."""
    if form == "png":
        return "png"
    if form == "svg":
        return "svg"
    raise UsageError(f"no figure is kept as {form!r}", 'write "png" or "svg"')


def to_text_content(text: object) -> Content:
    """Return a text to be kept; UsageError if it is none, or too long."""
    data = to_text(text, "the text").encode()
    if len(data) > MAX_TEXT:
        raise UsageError(f"the text is {len(data):,} bytes long, the limit is {MAX_TEXT:,}", "keep it as a file")
    return Content("text", "text/plain", data)
