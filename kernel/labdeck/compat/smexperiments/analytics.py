"""SageMaker's ExperimentAnalytics: an experiment as a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labdeck.compat.smexperiments import place
from labdeck.compat.smexperiments.search_expression import SearchExpression
from labdeck.compat.smexperiments.trial import Trial
from labdeck.compat.smexperiments.trial_component import TrialComponent

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

_STATISTICS = {
    "Min": "min",
    "Max": "max",
    "Avg": "avg",
    "StdDev": "std_dev",
    "Last": "last",
    "Count": "count",
}


class ExperimentAnalytics:
    """The trial components of an experiment, one a row; there is no limit of 10,000.

    Args:
        experiment_name: Whose components; None for all there are.
        search_expression: Which of them, as an expression or as SageMaker's JSON.
        sort_by: A property: "metrics.test:accuracy.max", "parameters.lr", "CreationTime" …
        sort_order: "Ascending" or "Descending" (default).
        metric_names, parameter_names, input_artifact_names, output_artifact_names: Only these columns; None for all.
        sagemaker_session: Accepted and not used.

    Example:
        >>> from labdeck.compat.smexperiments import Experiment, Tracker
        >>> trial = Experiment.create("analysed").create_trial("first")
        >>> with Tracker.create(display_name="Training") as tracker:
        ...     tracker.log_parameter("lr", 0.1)
        ...     tracker.log_metric("loss", 0.5)
        >>> trial.add_trial_component(tracker)
        >>> frame = ExperimentAnalytics("analysed", sort_by="metrics.loss.min").dataframe()
        >>> frame[["DisplayName", "lr", "loss - Min"]].values.tolist()
        [['Training', 0.1, 0.5]]
    """

    name = "ExperimentAnalytics"

    def __init__(  # noqa: PLR0913, PLR0917 - SageMaker's own signature
        self,
        experiment_name: str | None = None,
        search_expression: SearchExpression | Mapping[str, Any] | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        metric_names: Sequence[str] | None = None,
        parameter_names: Sequence[str] | None = None,
        sagemaker_session: object = None,  # noqa: ARG002 - accepted and not used
        input_artifact_names: Sequence[str] | None = None,
        output_artifact_names: Sequence[str] | None = None,
    ) -> None:
        self._experiment_name = experiment_name
        self._expression = search_expression
        self._sort_by = sort_by or "CreationTime"
        self._sort_order = sort_order
        self._metric_names = metric_names
        self._parameter_names = parameter_names
        self._artifact_names = {"input": input_artifact_names, "output": output_artifact_names}

    def dataframe(self, force_refresh: bool = False) -> pd.DataFrame:  # noqa: ARG002 - it is always fresh
        """Return one row per trial component.

        Columns: TrialComponentName, DisplayName, SourceArn, each parameter, "<metric> - Min", Max, Avg, StdDev, Last
        and Count, "<artifact> - MediaType" and Value, Trials, Experiments.
        """
        import pandas as pd

        rows = [self._row(component) for component in self._components()]
        frame = pd.DataFrame(rows)
        last = [name for name in ("Trials", "Experiments") if name in frame]
        ordered: pd.DataFrame = frame[[*(name for name in frame if name not in last), *last]]
        return ordered

    def _components(self) -> Iterator[TrialComponent]:
        if self._experiment_name is None:
            known = [*TrialComponent.list()]
        else:
            of_trials = (one for trial in Trial.list(self._experiment_name) for one in trial.list_trial_components())
            known = list({one.id: one for one in of_trials}.values())
        return place.search(known, self._expression, self._sort_by, self._sort_order, None)

    def _row(self, component: TrialComponent) -> dict[str, Any]:
        row: dict[str, Any] = {
            "TrialComponentName": component.trial_component_name,
            "DisplayName": component.display_name,
            "SourceArn": (component.source or {}).get("SourceArn"),
        }
        row.update(
            {name: value for name, value in component.parameters.items() if _wanted(name, self._parameter_names)}
        )
        for metric in component.metrics:
            if _wanted(metric.metric_name, self._metric_names):
                row.update({f"{metric.metric_name} - {s}": getattr(metric, a) for s, a in _STATISTICS.items()})
        for kind, artifacts in (("input", component.input_artifacts), ("output", component.output_artifacts)):
            for name, artifact in artifacts.items():
                if _wanted(name, self._artifact_names[kind]):
                    row[f"{name} - MediaType"], row[f"{name} - Value"] = artifact.media_type, artifact.value
        trials = [*component.list_trials()]
        row["Trials"] = [trial.trial_name for trial in trials]
        row["Experiments"] = [*dict.fromkeys(trial.experiment_name for trial in trials)]
        return row


def _wanted(name: str, names: Sequence[str] | None) -> bool:
    return names is None or name in names
