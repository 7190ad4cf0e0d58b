"""The one table of routes; paths are below `<base_url>labdeck/api/`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdeck.server import compare, compare_figures, handlers, search, tensors
from labdeck.server.artifacts import ArtifactHandler
from labdeck.server.debugging import DebuggerHandler, FindingsHandler
from labdeck.server.lineage import LineageHandler
from labdeck.server.outputs import OutputHandler, PreviewHandler
from labdeck.server.reports import ReportHandler
from labdeck.server.socket import EventsHandler
from labdeck.server.views import ViewsHandler

if TYPE_CHECKING:
    from tornado.web import RequestHandler

_ID = "([0-9a-f]{32})"

ROUTES: tuple[tuple[str, type[RequestHandler]], ...] = (
    ("status", handlers.StatusHandler),
    ("experiments", handlers.ExperimentsHandler),
    (f"experiments/{_ID}/trials", handlers.TrialsHandler),
    (f"trials/{_ID}", handlers.TrialHandler),
    (f"trials/{_ID}/artifacts/{_ID}", ArtifactHandler),
    (f"trials/{_ID}/artifacts/{_ID}/preview", PreviewHandler),
    (f"trials/{_ID}/output", OutputHandler),
    (f"trials/{_ID}/debugger", DebuggerHandler),
    (f"trials/{_ID}/reports/(training|profiler|xgboost)", ReportHandler),
    ("findings", FindingsHandler),
    (f"trials/{_ID}/tensors", tensors.TensorsHandler),
    (f"trials/{_ID}/network", tensors.NetworkHandler),
    (f"trials/{_ID}/recordings/{_ID}", tensors.RecordedStepHandler),
    (f"trials/{_ID}/figures/map", tensors.TensorMapHandler),
    (f"trials/{_ID}/figures/tensor", tensors.TensorCurvesHandler),
    (f"trials/{_ID}/figures/histogram", tensors.TensorHistogramHandler),
    (f"trials/{_ID}/figures/values", tensors.TensorValuesHandler),
    ("comparison", handlers.ComparisonHandler),
    ("views", ViewsHandler),
    ("search", search.SearchHandler),
    ("search/complete", search.CompleteHandler),
    ("vocabulary", search.VocabularyHandler),
    ("figures/curves", compare.CurvesHandler),
    ("figures/scatter", compare_figures.ScatterHandler),
    ("figures/box", compare_figures.BoxHandler),
    ("figures/bar", compare_figures.BarHandler),
    ("figures/contour", compare_figures.ContourHandler),
    ("figures/parallel", compare_figures.ParallelHandler),
    ("figures/importance", compare_figures.ImportanceFigureHandler),
    ("values", compare.ValuesHandler),
    ("groups", compare.GroupsHandler),
    ("importance", compare.ImportanceHandler),
    ("difference/code", compare.CodeDifferenceHandler),
    ("difference/environment", compare.EnvironmentDifferenceHandler),
    (f"lineage/{_ID}", LineageHandler),
    ("commands", handlers.CommandsHandler),
    ("events", EventsHandler),
    (".*", handlers.UnknownHandler),
)
