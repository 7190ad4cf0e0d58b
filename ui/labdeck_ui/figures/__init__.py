"""Readings in, plotly figures out: pure functions used by cells, the server and reports alike."""

from labdeck_ui.figures.curves import XAxis, curves
from labdeck_ui.figures.smoothing import smooth

__all__ = ["XAxis", "curves", "smooth"]
