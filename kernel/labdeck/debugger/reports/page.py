"""A report as one HTML page."""

from __future__ import annotations

import html
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from labdeck.debugger.reports.drawing import plot
from labdeck.debugger.reports.parts import Figure, Part, Table, Text

if TYPE_CHECKING:
    from labdeck.debugger.reports.frame import Report, Section

_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
"""The page may fetch nothing, whatever stands in it."""
_STYLE = """
:root{color-scheme:light dark;--ink:#222;--quiet:#6b6b6b;--line:#d8d8d8;--ground:#fff;--soft:#f5f5f5}
@media (prefers-color-scheme:dark){:root{--ink:#ddd;--quiet:#999;--line:#444;--ground:#1c1c1c;--soft:#262626}}
body{background:var(--ground);color:var(--ink);font:14px/1.5 system-ui,sans-serif;margin:0 auto;max-width:1040px;
padding:24px 16px 64px}
h1{font-size:22px;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:17px;margin:32px 0 8px}
nav{border-bottom:1px solid var(--line);color:var(--quiet);padding-bottom:8px}nav a{color:inherit;margin-right:12px}
p{margin:6px 0;overflow-wrap:anywhere;white-space:pre-line}
.advice,.good,.bad{border-left:3px solid #1e96c3;padding-left:10px}.good{border-color:#3c784b}.bad{border-color:#b44b00}
.table{overflow-x:auto}table{border-collapse:collapse;margin:8px 0;font-variant-numeric:tabular-nums}
th,td{border-bottom:1px solid var(--line);padding:3px 12px 3px 0;text-align:left;vertical-align:top}
th{color:var(--quiet);font-weight:600}td.n,th.n{text-align:right}
caption,figcaption{color:var(--quiet);caption-side:bottom;text-align:left}figure{margin:12px 0}
"""
_DRAW = """
for(const place of document.querySelectorAll('figure>div[data-plot]')){
const plot=JSON.parse(document.getElementById(place.dataset.plot).textContent);
Plotly.newPlot(place,plot.data,plot.layout,{displaylogo:false,responsive:true});}
"""


def to_html(report: Report) -> str:
    """Return a report as one page: everything it shows is inside, names are text, nothing is fetched."""
    from plotly.offline import get_plotlyjs

    body = "".join(_section(section, number) for number, section in enumerate(report.sections))
    links = "".join(f'<a href="#s{n}">{html.escape(each.title)}</a>' for n, each in enumerate(report.sections))
    drawn = any(isinstance(part, Figure) for section in report.sections for part in section.parts)
    scripts = f"<script>{get_plotlyjs()}</script>\n<script>{_DRAW}</script>" if drawn else ""
    title = html.escape(report.title)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style></head>\n'
        f"<body><h1>{title}</h1><nav>{links}</nav>\n{body}{scripts}</body></html>\n"
    )


def part_html(part: Text | Table) -> str:
    """Return a text or a table as HTML; what it says is text, never markup."""
    if isinstance(part, Text):
        paragraphs = (text.strip() for text in part.text.split("\n\n"))
        kind = "" if part.tone == "plain" else f' class="{part.tone}"'
        return "".join(f"<p{kind}>{html.escape(text)}</p>" for text in paragraphs if text)
    return _table(part)


def shown(value: Any) -> str:
    """Return a value of a table as people read it.

    Example:
        >>> shown(0.123456), shown(1234567), shown(None), shown(True), shown(float("nan"))
        ('0.1235', '1,234,567', '', 'yes', '')
    """
    if value is None:
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return f"{int(value):,}"
    if isinstance(value, (float, np.floating)):
        return "" if math.isnan(value) else f"{float(value):.4g}"
    return str(value)


def _section(section: Section, number: int) -> str:
    parts = "".join(_part(part, f"p{number}-{place}") for place, part in enumerate(section.parts))
    return f'<section id="s{number}"><h2>{html.escape(section.title)}</h2>\n{parts}</section>\n'


def _part(part: Part, place: str) -> str:
    if not isinstance(part, Figure):
        return part_html(part) + "\n"
    drawn = json.loads(plot(part).to_json())
    kept = json.dumps({"data": drawn["data"], "layout": drawn["layout"]}, separators=(",", ":"))
    # A script element ends at the first "</script", whatever language it is in.
    safe = kept.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    caption = f"<figcaption>{html.escape(part.caption)}</figcaption>" if part.caption else ""
    data = f'<script type="application/json" id="{place}">{safe}</script>'
    return f'<figure><div data-plot="{place}"></div>{caption}</figure>{data}\n'


def _table(table: Table) -> str:
    numeric = [
        bool(table.rows) and all(_is_number(row[place]) for row in table.rows) for place in range(len(table.columns))
    ]
    classes = [' class="n"' if each else "" for each in numeric]
    head = "".join(f"<th{kind}>{html.escape(name)}</th>" for name, kind in zip(table.columns, classes, strict=True))
    rows = "".join(
        "<tr>"
        + "".join(f"<td{kind}>{html.escape(shown(value))}</td>" for value, kind in zip(row, classes, strict=True))
        + "</tr>"
        for row in table.rows
    )
    caption = f"<caption>{html.escape(table.caption)}</caption>" if table.caption else ""
    return f'<div class="table"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float, np.number)) and not isinstance(value, bool))
