"""Tensors over steps: the heat map of one reduction, how values are spread, and a tensor as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from labdeck_ui.figures import layout as layouts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from labdeck import TensorGrid, TensorHistogram, TensorValues
    from labdeck.wire.debugging import FindingRecord

DIVERGING = [[0, "#2166ac"], [0.25, "#67a9cf"], [0.5, "#f7f7f7"], [0.75, "#ef8a62"], [1, "#b2182b"]]
"""Blue below 0, red above it (ColorBrewer RdBu), told apart by the colour-blind too."""
SEQUENTIAL = "Viridis"
BROKEN = "#d627c4"
"""Of cells whose value is not finite: a colour that neither scale has."""
_BAR = {"thickness": 12, "outlinewidth": 0}
_HIGH = 20
"""Rows of a map that is scrolled: its axis and scale stand at the top."""
_KEY = f'<span style="color:{BROKEN}">■</span> not finite'
_MARKS = {"info": "circle", "warning": "triangle-up", "error": "x"}


def tensor_map(grid: TensorGrid) -> go.Figure:
    """Draw one reduction of tensors over steps as a heat map, rows in the model's order, findings marked.

    Reductions that are never negative and span more than two orders of magnitude are coloured by their logarithm, those
    of both signs around 0. Cells that are not finite have a colour of their own. `customdata` of each cell is
    `[first step, last step]`, of each mark the finding's id.

    The trace's `meta` names the rows in full (`tensors`), and says how many tensors there are (`total`) and how many of
    them stand before these rows (`offset`).

    Args:
        grid: The reading.
    """
    if not grid.names or not len(grid.first):
        return layouts.empty("nothing was recorded of this", usual=True)
    colours, scale, title = _colours(grid.values, grid.reduction)
    steps = grid.first
    rows = _rows(grid.names)
    spans = np.broadcast_to(np.stack([grid.first, grid.last], axis=-1), (*grid.values.shape, 2))
    cells = {
        "type": "heatmap",
        "x": steps,
        "y": rows,
        "z": colours,
        "customdata": spans,
        "meta": {"tensors": list(grid.names), "total": max(grid.total, len(rows)), "offset": grid.offset},
        "text": _texts(grid),
        "hovertemplate": "%{y}<br>" + f"{grid.mode} step %{{x}}: %{{text}}<extra></extra>",
        "colorbar": _BAR | {"title": {"text": title, "side": "right"}},
        **scale,
    }
    traces: list[dict[str, Any]] = [cells]
    if grid.broken.any():
        traces.append(_broken(grid, steps, rows))
    key = f"   {_KEY}" if grid.broken.any() else ""
    traces += _marks(grid.findings, dict(zip(grid.names, rows, strict=True)), grid.first, grid.last)
    layout = layouts.base_layout()
    layout["xaxis"] |= {"title": {"text": f"step{key}"}, "showgrid": False}
    if len(rows) > _HIGH:
        layout["xaxis"]["side"] = "top"
        cells["colorbar"] |= {"lenmode": "pixels", "len": 300, "y": 1, "yanchor": "top"}
    layout["yaxis"] |= {"type": "category", "autorange": "reversed", "showgrid": False, "tickfont": {"size": 11}}
    return go.Figure(data=traces, layout=layout)


def _rows(names: Sequence[str]) -> list[str]:
    """Return names as rows: without the folder that all share, cut, and told apart where they look alike then."""
    folder = names[0].partition("/")[0] + "/"
    shared = folder if all(name.startswith(folder) for name in names) else ""
    shown = [layouts.label(name.removeprefix(shared), 28) for name in names]
    return [short if shown.count(short) == 1 else f"{number + 1} {short}" for number, short in enumerate(shown)]


def _colours(values: NDArray[np.float64], reduction: str) -> tuple[NDArray[np.float64], dict[str, Any], str]:
    """Return what is coloured, the scale, and what the scale is called."""
    finite = values[np.isfinite(values)]
    if finite.size and finite.min() < 0:
        most = float(np.abs(finite).max())
        return values, {"colorscale": DIVERGING, "zmin": -most, "zmax": most}, reduction
    positive = finite[finite > 0]
    if positive.size and positive.max() / positive.min() > 100:  # noqa: PLR2004 - two orders of magnitude
        floor = float(positive.min())
        logs = np.log10(np.where(values > 0, values, np.where(values == 0, floor, np.nan)))
        return logs, {"colorscale": SEQUENTIAL}, f"log10 {reduction}"
    return values, {"colorscale": SEQUENTIAL}, reduction


def _texts(grid: TensorGrid) -> NDArray[np.str_]:
    """Return what each cell says, as one array: plotly copies lists of lists cell by cell."""
    texts = np.array([f"{value:.4g}" for value in grid.values.ravel().tolist()]).reshape(grid.values.shape)
    return np.where(grid.broken, "not finite", np.where(np.isnan(grid.values), "", texts))


def _broken(grid: TensorGrid, steps: NDArray[np.int64], rows: list[str]) -> dict[str, Any]:
    return {
        "type": "heatmap",
        "x": steps,
        "y": rows,
        "z": np.where(grid.broken, 1.0, np.nan),
        "colorscale": [[0, BROKEN], [1, BROKEN]],
        "showscale": False,
        "hovertemplate": "%{y}<br>" + f"{grid.mode} step %{{x}}: not finite<extra></extra>",
    }


def _marks(
    findings: Sequence[FindingRecord], rows: dict[str, str], first: NDArray[np.int64], last: NDArray[np.int64]
) -> list[dict[str, Any]]:
    traces = []
    for severity, symbol in _MARKS.items():
        some = [
            (found, place)
            for found in findings
            if found.severity == severity and found.tensor in rows
            if (place := int(np.searchsorted(last, found.step))) < len(last)
        ]
        if some:
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": [int(first[place]) for _, place in some],
                    "y": [rows[found.tensor] for found, _ in some],
                    "marker": {
                        "symbol": symbol, "size": 9, "color": "#ffffff", "line": {"width": 1.5, "color": "#000000"}
                    },
                    "hovertext": [layouts.label(f"{found.rule}: {found.message}", 160) for found, _ in some],
                    "hoverinfo": "text",
                    "customdata": [found.id for found, _ in some],
                }
            )  # fmt: skip
    return traces


def tensor_histogram(reading: TensorHistogram) -> go.Figure:
    """Draw how the values of a tensor are spread over the steps: darker where more of them are.

    Args:
        reading: Counts by step and bin. Bins of powers of 2 are drawn by exponent, negative values below, positive
            above, with only the part that holds values shown.
    """
    if not len(reading.steps) or not reading.counts.any():
        return layouts.empty("no values were recorded", usual=True)
    kept = _kept_bins(reading)
    shares = reading.counts[:, kept] / np.maximum(reading.counts.sum(axis=1, keepdims=True), 1)
    lower, upper = reading.edges[kept], reading.edges[kept + 1]
    axis: dict[str, Any] = {"title": {"text": "value"}}
    y: NDArray[Any] = (lower + upper) / 2
    if reading.signed_log:
        y, axis = np.arange(len(kept)), {**axis, **_powers(lower, upper)}
    cells = {
        "type": "heatmap",
        "x": reading.steps,
        "y": y,
        "z": shares.T,
        "text": [[f"{a:.3g} … {b:.3g}"] * len(reading.steps) for a, b in zip(lower, upper, strict=True)],
        "colorscale": SEQUENTIAL,
        "colorbar": {"title": {"text": "share", "side": "right"}, "thickness": 12, "outlinewidth": 0},
        "hovertemplate": f"{reading.mode} step %{{x}}<br>%{{text}}: %{{z:.1%}}<extra></extra>",
    }
    layout = layouts.base_layout()
    layout["xaxis"] |= {"title": {"text": f"step{_folded(reading)}"}, "showgrid": False}
    layout["yaxis"] |= {**axis, "showgrid": False}
    return go.Figure(data=[cells], layout=layout)


def _folded(reading: TensorHistogram) -> str:
    """Return in words what the columns are, where they are not all the steps."""
    if reading.total > len(reading.steps):
        return f"   {len(reading.steps):,} of {reading.total:,} steps"
    if reading.last is not None and (reading.last > reading.steps).any():
        return "   each column holds several"
    return ""


def _kept_bins(reading: TensorHistogram) -> NDArray[np.intp]:
    """Return the bins to be drawn: from the first to the last that holds values.

    Of bins of powers of 2 those are left out, too, that are nearer to 0 than any value, down to the bin of 0 itself:
    they would take most of the room.
    """
    filled = np.flatnonzero(reading.counts.any(axis=0))
    kept = np.arange(filled[0], filled[-1] + 1)
    if not reading.signed_log:
        return kept
    middle = (len(reading.edges) - 2) // 2
    nearest = np.abs(filled[filled != middle] - middle).min(initial=len(reading.edges))
    far: NDArray[np.intp] = kept[(kept == middle) | (np.abs(kept - middle) >= nearest)]
    return far


def _powers(lower: NDArray[np.float64], upper: NDArray[np.float64]) -> dict[str, Any]:
    """Return ticks at some bins, in the words of their bounds nearer to 0; the bin of 0 is always named."""
    every = max(1, len(lower) // 8)
    zero = int(np.flatnonzero(lower < 0)[-1]) if (lower < 0).any() and upper[lower < 0][-1] > 0 else -1
    chosen = [i for i in range(len(lower)) if i == zero or (i % every == 0 and abs(i - zero) >= every)]
    bounds = [0.0 if i == zero else lower[i] if lower[i] > 0 else upper[i] for i in chosen]
    return {"tickvals": chosen, "ticktext": [f"{value:.1g}" for value in bounds]}


def tensor_values(reading: TensorValues) -> go.Figure:
    """Draw one whole tensor as a picture: the first axis down, all others across.

    Args:
        reading: The picture; where cells were folded, the title says how many values one stands for.
    """
    if not reading.picture.size:
        return layouts.empty("the tensor has no elements", usual=True)
    finite = np.where(np.isfinite(reading.picture), reading.picture, np.nan)
    known = finite[np.isfinite(finite)]
    signed = bool(known.size and known.min() < 0)
    most = float(np.abs(known).max()) if known.size else 1.0
    scale: dict[str, Any] = {"colorscale": SEQUENTIAL}
    if signed:
        scale = {"colorscale": DIVERGING, "zmin": -most, "zmax": most}
    traces: list[dict[str, Any]] = [
        {
            "type": "heatmap",
            "z": finite,
            "colorbar": {"thickness": 12, "outlinewidth": 0, "exponentformat": "e"},
            "hovertemplate": "row %{y}, column %{x}: %{z:.4g}<extra></extra>",
            **scale,
        }
    ]
    broken = ~np.isfinite(reading.picture)
    if broken.any():
        traces.append(
            {
                "type": "heatmap",
                "z": np.where(broken, 1.0, np.nan),
                "colorscale": [[0, BROKEN], [1, BROKEN]],
                "showscale": False,
                "hovertemplate": "row %{y}, column %{x}: not finite<extra></extra>",
            }
        )
    words = [" × ".join(str(size) for size in reading.shape) or "scalar"]
    if (folded := reading.fold[0] * reading.fold[1]) > 1:
        words[0] += f", {folded:,} values a cell"
    words += [_KEY] * bool(broken.any())
    layout = layouts.base_layout()
    rows, columns = reading.picture.shape
    layout["xaxis"] |= {"title": {"text": "   ".join(words)}}
    layout["xaxis"] |= {"showgrid": False, "zeroline": False, "dtick": max(1, columns // 8)}
    layout["yaxis"] |= {"autorange": "reversed", "showgrid": False, "zeroline": False, "dtick": max(1, rows // 8)}
    return go.Figure(data=traces, layout=layout)
