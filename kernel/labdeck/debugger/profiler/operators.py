"""Which operators of PyTorch take the time of a few steps, as its own profiler tells."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from labdeck.errors import UsageError
from labdeck.wire.commands import LogCapture
from labdeck.wire.records import Capture

if TYPE_CHECKING:
    from labdeck.debugger.hub import Hub

CAPTURE = "operators"
"""The kind of capture that a trial keeps of them."""
MOST_STEPS = 100
_MOST_ROWS = 60


def check_steps(steps: int) -> int:
    """Return how many steps are to be profiled; UsageError if that is out of range."""
    if steps not in range(1, MOST_STEPS + 1):
        raise UsageError(f"{steps!r} steps cannot be profiled", f"give 1 to {MOST_STEPS}")
    return steps


class OperatorProfile:
    """Runs PyTorch's profiler over some steps and keeps its table with the trial.

    Args:
        hub: Of the training.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._wanted = 0
        self._done = 0
        self._profile: Any = None

    @property
    def is_on(self) -> bool:
        """It was asked for and is not over."""
        return self._wanted > 0

    def start(self, steps: int) -> None:
        """Profile the steps that begin after the one that goes on; UsageError."""
        if self._profile is None:
            self._wanted, self._done = check_steps(steps), 0

    def step(self) -> None:
        """Take note of the end of a step; called in the training's thread."""
        try:
            if self._profile is None:
                self._begin()
                return
            self._done += 1
            if self._done >= self._wanted:
                self.stop()
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            self._give_up(error)

    def stop(self) -> None:
        """Keep what there is."""
        profile, self._profile, self._wanted = self._profile, None, 0
        if profile is None:
            return
        try:
            profile.__exit__(None, None, None)
            body = {"steps": self._done, "operators": _table(profile.key_averages())}
            capture = Capture(kind=CAPTURE, body=body)
            if self._done:
                self._hub.session.post(LogCapture(trial_id=self._hub.trial.id, capture=capture))
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._wanted, self._profile = 0, None
        self._hub.say(f"operators cannot be profiled ({type(error).__name__}: {error})")

    def _begin(self) -> None:
        torch = sys.modules.get("torch")
        if torch is None:
            raise UsageError("PyTorch is not loaded", "watch a model of PyTorch")
        profiler = torch.profiler
        activities = [profiler.ProfilerActivity.CPU]
        if torch.cuda.is_available():
            activities.append(profiler.ProfilerActivity.CUDA)
        self._profile = profiler.profile(activities=activities)
        self._profile.__enter__()


def _table(events: Any) -> list[dict[str, Any]]:
    """Return the operators as plain rows, those that take most first; times in milliseconds over all steps."""
    rows: list[dict[str, Any]] = [
        {
            "name": str(event.key),
            "calls": int(event.count),
            "cpu_ms": float(event.self_cpu_time_total) / 1000,
            "cpu_total_ms": float(event.cpu_time_total) / 1000,
            "device_ms": float(getattr(event, "self_device_time_total", 0.0)) / 1000,
        }
        for event in events
    ]
    most = sorted(rows, key=lambda row: -row["cpu_ms"])[:_MOST_ROWS]
    on_device = sorted(rows, key=lambda row: -row["device_ms"])[:_MOST_ROWS]
    return most + [row for row in on_device if row["device_ms"] > 0 and row not in most]
