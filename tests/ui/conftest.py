"""Records as a store would give them, for tests of what cells show."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from labdeck import CurveReading
from labdeck.wire.records import (
    ArtifactRecord,
    Capture,
    ComponentRecord,
    ExperimentRecord,
    MetricSummary,
    Param,
    TrialDetail,
    TrialRecord,
)

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "'; drop table trials; --",
    "../../etc/passwd",
    "a\x1b[31mred\x1b[0m\r\nb",
    "right\u202eto left",
    "{{constructor.constructor('alert(1)')()}}",
    "%{y}<br><a href='javascript:alert(1)'>x</a>",
    "🧪 名前 ‍",
    "x" * 10_000,
    "&lt;already&gt;",
]


@dataclass
class Maker:
    """Makes records; `name` stands wherever a user may write."""

    name: str = "accuracy"
    ids: int = field(default=0)

    def id(self) -> str:
        self.ids += 1
        return f"{self.ids:032x}"

    def summary(self, **changes) -> MetricSummary:
        values = {
            "name": self.name,
            "component": self.name,
            "count": 3,
            "first": 0.1,
            "last": 0.98123,
            "min": 0.1,
            "max": 0.99,
            "mean": 0.6,
            "std": 0.3,
            "min_step": 0,
            "max_step": 1,
            "last_step": 2,
            "last_time": 1e9,
            "spark": (0.1, 0.99, 0.98123),
        }
        return MetricSummary(**{**values, **changes})

    def trial(self, **changes) -> TrialRecord:
        values = {
            "id": self.id(),
            "experiment_id": "e" * 32,
            "experiment": self.name,
            "name": self.name,
            "number": 1,
            "state": "completed",
            "started": 1e9,
            "ended": 1e9 + 75,
            "note": self.name,
            "tags": {self.name: self.name},
            "incomplete": self.name,
            "objective": self.summary(),
        }
        return TrialRecord(**{**values, **changes})

    def experiment(self, **changes) -> ExperimentRecord:
        values = {
            "id": "e" * 32,
            "name": self.name,
            "created": 1e9,
            "updated": 1e9,
            "note": self.name,
            "tags": {self.name: self.name},
            "trials": 5,
            "running": 1,
        }
        return ExperimentRecord(**{**values, **changes})

    def detail(self, **changes) -> TrialDetail:
        name = self.name
        values = {
            "trial": self.trial(state="failed"),
            "params": (Param(name=name, value=name), Param(name="lr", value=1e-3, component=name)),
            "metrics": (self.summary(), self.summary(name="loss", last="NaN", min="NaN", spark=("NaN", 1.0))),
            "components": (ComponentRecord(name=name, state="failed", started=1e9, ended=1e9 + 3, error=name),),
            "artifacts": (
                ArtifactRecord(
                    id=self.id(), name=name, sha256="0" * 64, size=20_480, media_type=name.encode().hex(), created=1e9
                ),
            ),
            "captures": (Capture(kind="error", body={"traceback": f"Traceback\n{name}\nValueError: {name}"}),),
        }
        return TrialDetail(**{**values, **changes})


@pytest.fixture
def make():
    return Maker()


@pytest.fixture(scope="session")
def maker():
    """The class itself, to make records with a name of one's own."""
    return Maker


@pytest.fixture(params=HOSTILE, ids=range(len(HOSTILE)))
def hostile(request):
    """A name that means harm."""
    return request.param


@pytest.fixture
def reading():
    def build(y, x=None, trial=1, name="cnn-32", component="", metric="loss"):
        values = np.asarray(y, dtype=np.float64)
        places = np.arange(len(values), dtype=np.float64) if x is None else np.asarray(x, dtype=np.float64)
        return CurveReading(f"{trial:032x}", name, trial, component, metric, places, values, len(values))

    return build
