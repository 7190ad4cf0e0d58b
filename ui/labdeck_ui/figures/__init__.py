"""Readings in, plotly figures out: pure functions used by cells, the server and reports alike."""

from labdeck_ui.figures.clipping import clipped_range
from labdeck_ui.figures.curves import XAxis, curves
from labdeck_ui.figures.grouped import grouped_curves
from labdeck_ui.figures.smoothing import smooth

__all__ = ["XAxis", "clipped_range", "curves", "grouped_curves", "smooth"]
