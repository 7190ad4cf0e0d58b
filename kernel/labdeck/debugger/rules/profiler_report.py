"""All rules over the machine at once, and their report."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from labdeck.debugger.rules.batch_size import BatchSize
from labdeck.debugger.rules.cpu_bottleneck import CPUBottleneck
from labdeck.debugger.rules.dataloader import Dataloader
from labdeck.debugger.rules.gpu_memory_increase import GPUMemoryIncrease
from labdeck.debugger.rules.io_bottleneck import IOBottleneck
from labdeck.debugger.rules.load_balancing import LoadBalancing
from labdeck.debugger.rules.low_gpu_utilization import LowGPUUtilization
from labdeck.debugger.rules.max_initialization_time import MaxInitializationTime
from labdeck.debugger.rules.overall_framework_metrics import OverallFrameworkMetrics
from labdeck.debugger.rules.overall_system_usage import OverallSystemUsage
from labdeck.debugger.rules.slow_dataloader import SlowDataloader
from labdeck.debugger.rules.step_outlier import StepOutlier
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window
from labdeck.wire.records import ParamValue

if TYPE_CHECKING:
    from labdeck.findings.rule import Surroundings

MEMBERS: tuple[type[Rule], ...] = (
    BatchSize,
    CPUBottleneck,
    IOBottleneck,
    GPUMemoryIncrease,
    LowGPUUtilization,
    LoadBalancing,
    Dataloader,
    SlowDataloader,
    MaxInitializationTime,
    StepOutlier,
    OverallSystemUsage,
    OverallFrameworkMetrics,
)


def _options() -> list[tuple[str, Any, Any]]:
    """Return a parameter for each parameter of each member: `CPUBottleneck_threshold` and so on."""
    return [
        (f"{rule.__name__}_{each.name}", each.type, field(default=each.default, kw_only=True, metadata=each.metadata))
        for rule in MEMBERS
        for each in dataclasses.fields(rule)  # type: ignore[arg-type]
        if each.init and each.name != "scan_interval_us"
    ]


_Options: Any = dataclasses.make_dataclass("_Options", _options(), bases=(Rule,), namespace={"__module__": __name__})


@dataclass
class ProfilerReport(_Options):  # type: ignore[misc]
    """Runs all rules over machine and steps, and makes the profiler report when the training ends.

    What it is for: one rule in place of twelve. What it finds are the findings of its members, each with the member's
    name before it: BatchSize, CPUBottleneck, IOBottleneck, GPUMemoryIncrease, LowGPUUtilization, LoadBalancing,
    Dataloader, SlowDataloader, MaxInitializationTime, StepOutlier, OverallSystemUsage, OverallFrameworkMetrics.

    What to do: set a parameter of a member by both names, `ProfilerReport(CPUBottleneck_threshold=80)`. The report is
    kept as the artifacts "profiler-report.html" and "profiler-report.ipynb" of the trial. `%debug_rules report
    profiler` makes it of any trial that was profiled. The rule is SageMaker's; nothing is sent anywhere.

    Attributes:
        scan_interval_us: How often members look, in microseconds.
        opt_out_telemetry: For scripts written for SageMaker; there is no telemetry.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rule = ProfilerReport(LoadBalancing_patience=1)
        >>> _ = list(rule.judge(window_of({"system/gpu/0": 98.0, "system/gpu/1": 8.0}, 0, "GLOBAL")))
        >>> [found.message.partition(":")[0] for found in rule.conclude()]
        ['LoadBalancing']
    """

    severity: ClassVar = "warning"

    scan_interval_us: int = field(default=60_000_000, kw_only=True)
    opt_out_telemetry: bool = field(default=False, kw_only=True)
    _members: list[Rule] = field(init=False, repr=False, default_factory=list)

    def __post_init__(self) -> None:
        """Make the members."""
        self._members = [self._member(rule) for rule in MEMBERS]

    def _member(self, rule: type[Rule]) -> Rule:
        shared = {"scan_interval_us": self.scan_interval_us}
        names = [each.name for each in dataclasses.fields(rule) if each.init]  # type: ignore[arg-type]
        given = {name: shared[name] if name in shared else getattr(self, f"{rule.__name__}_{name}") for name in names}
        return rule(**given)

    def begin(self, surroundings: Surroundings) -> None:
        """Let the members begin."""
        for member in self._members:
            member.begin(surroundings)

    def needs(self) -> tuple[Need, ...]:
        """Return what the machine does, and what takes the time of steps."""
        return (Need(collection="system", modes=("GLOBAL",)), Need(collection="timing", modes=("TRAIN", "EVAL")))

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield what the members find."""
        for member in self._members:
            yield from _named(member, member.judge(window))

    def wait(self, idle: float, steps: int) -> Iterator[Finding]:
        """Yield what the members say of silence."""
        for member in self._members:
            yield from _named(member, member.wait(idle, steps))

    def conclude(self) -> Iterator[Finding]:
        """Yield what the members say at the end."""
        for member in self._members:
            yield from _named(member, member.conclude())

    def report(self) -> dict[str, ParamValue]:
        """Return the figures of all members."""
        return {
            f"{type(member).__name__} {name}": value
            for member in self._members
            for name, value in member.report().items()
        }


def _named(member: Rule, findings: Iterator[Finding]) -> Iterator[Finding]:
    for found in findings:
        yield dataclasses.replace(
            found,
            message=f"{type(member).__name__}: {found.message}",
            remedy=found.remedy or member.remedy,
            severity=found.severity or member.severity,
        )
