"""Readings in, plotly figures out: pure functions used by cells, the server and reports alike."""

from labdeck_ui.figures.bar import bar, grouped_bar
from labdeck_ui.figures.box import box
from labdeck_ui.figures.clipping import clipped_range
from labdeck_ui.figures.contour import contour
from labdeck_ui.figures.curves import XAxis, curves
from labdeck_ui.figures.grouped import grouped_curves
from labdeck_ui.figures.importance import importance
from labdeck_ui.figures.parallel import parallel
from labdeck_ui.figures.scatter import scatter
from labdeck_ui.figures.smoothing import smooth
from labdeck_ui.figures.tensor_curves import tensor_curves
from labdeck_ui.figures.tensor_map import tensor_histogram, tensor_map, tensor_values

__all__ = [
    "XAxis",
    "bar",
    "box",
    "clipped_range",
    "contour",
    "curves",
    "grouped_bar",
    "grouped_curves",
    "importance",
    "parallel",
    "scatter",
    "smooth",
    "tensor_curves",
    "tensor_histogram",
    "tensor_map",
    "tensor_values",
]
