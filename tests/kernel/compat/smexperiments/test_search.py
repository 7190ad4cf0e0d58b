"""Search expressions, and an experiment as a frame."""

import math

import pytest

from labdeck.compat.smexperiments import (
    BooleanOperator,
    Experiment,
    ExperimentAnalytics,
    Filter,
    NestedFilter,
    Operator,
    SearchExpression,
    Tracker,
    Trial,
    TrialComponent,
)
from labdeck.errors import UsageError


@pytest.fixture(autouse=True)
def three():
    """Three trained components in two experiments."""
    for name, width, accuracy in (("a", 2, 0.7), ("b", 5, 0.9), ("c", 10, 0.8)):
        home = "mnist" if name != "c" else "other"
        if home not in {one.experiment_name for one in Experiment.list()}:
            Experiment.create(home)
        trial = Experiment.load(home).create_trial(f"trial-{name}")
        component = TrialComponent.create(
            name, display_name="Training", tags=[{"Key": "team", "Value": f"team {name}"}]
        )
        tracker = Tracker(component)
        tracker.log_parameters({"width": width, "optimizer": "sgd" if width < 10 else "adam"})
        for value in (0.1, accuracy, accuracy - 0.05):
            tracker.log_metric("test:accuracy", value)
        tracker.close()
        trial.add_trial_component(component)


def found(*filters, nested=(), sub=(), operator=BooleanOperator.AND, **more):
    expression = SearchExpression([*filters], [*nested], [*sub], operator)
    return [one.trial_component_name for one in TrialComponent.search(expression, **more)]


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (Filter("Parameters.width", Operator.EQUALS, 5), {"b"}),
        (Filter("parameters.width", "GreaterThanOrEqualTo", "5"), {"b", "c"}),
        (Filter("Parameters.width", Operator.LESS_THAN, 5), {"a"}),
        (Filter("Parameters.optimizer", Operator.NOT_EQUALS, "sgd"), {"c"}),
        (Filter("Parameters.nothing", Operator.NOT_EQUALS, 1), {"a", "b", "c"}),
        (Filter("Parameters.nothing", Operator.EXISTS), set()),
        (Filter("Parameters.nothing", Operator.NOT_EXISTS), {"a", "b", "c"}),
        (Filter("Parameters.optimizer", Operator.GREATER_THAN, "b"), {"a", "b"}),
        (Filter("Tags.team", Operator.CONTAINS, "TEAM B"), {"b"}),
        (Filter("Metrics.test:accuracy.max", Operator.GREATER_THAN, 0.75), {"b", "c"}),
        (Filter("Metrics.test:accuracy.count", value=3), {"a", "b", "c"}),
        (Filter("CreationTime", Operator.GREATER_THAN, "2020-01-01T00:00:00Z"), {"a", "b", "c"}),
        (Filter("DisplayName", value="Training"), {"a", "b", "c"}),
    ],
)
def test_filters(condition, names):
    assert set(found(condition)) == names


def test_expressions_are_combined_and_nested():
    width, adam = Filter("Parameters.width", value=2), Filter("Parameters.optimizer", value="adam")
    assert found(width, adam) == []
    assert set(found(width, adam, operator="Or")) == {"a", "c"}
    assert set(found(nested=[NestedFilter("Parents", [Filter("Parents.ExperimentName", value="mnist")])])) == {"a", "b"}
    sub = SearchExpression([width, adam], boolean_operator=BooleanOperator.OR)
    assert found(Filter("DisplayName", value="Training"), sub=[sub], sort_by="Parameters.width") == ["c", "a"]
    with pytest.raises(UsageError, match="empty"):
        SearchExpression()


def test_results_are_sorted_by_any_property_what_lacks_it_last():
    TrialComponent.create("plain")
    order = found(Filter("TrialComponentName", Operator.EXISTS), sort_by="Metrics.test:accuracy.max")
    assert order == ["b", "c", "a", "plain"]
    order = found(
        Filter("TrialComponentName", Operator.EXISTS),
        sort_by="metrics.test:accuracy.max",
        sort_order="Ascending",
        max_results=2,
    )
    assert order == ["a", "c"]


def test_experiments_and_trials_are_searched_too():
    name = Filter("ExperimentName", value="mnist")
    assert [one.experiment_name for one in Experiment.search(SearchExpression([name]))] == ["mnist"]
    assert {one.trial_name for one in Trial.search(SearchExpression([name]))} == {"trial-a", "trial-b"}
    assert [one.trial_name for one in Trial.search(sort_by="TrialName", sort_order="Ascending", max_results=1)] == [
        "trial-a"
    ]


def test_analytics_give_the_documented_columns():
    frame = ExperimentAnalytics(
        "mnist", sort_by="metrics.test:accuracy.max", sort_order="Descending", metric_names=["test:accuracy"]
    ).dataframe()
    assert frame["TrialComponentName"].tolist() == ["b", "a"]
    assert frame.columns.tolist() == [
        "TrialComponentName",
        "DisplayName",
        "SourceArn",
        "width",
        "optimizer",
        *(f"test:accuracy - {statistic}" for statistic in ("Min", "Max", "Avg", "StdDev", "Last", "Count")),
        "Trials",
        "Experiments",
    ]
    best = frame.iloc[0]
    values = [0.1, 0.9, 0.85]
    mean = sum(values) / 3
    assert best["test:accuracy - Avg"] == pytest.approx(mean)
    assert best["test:accuracy - StdDev"] == pytest.approx(math.sqrt(sum((v - mean) ** 2 for v in values) / 3))
    assert (best["test:accuracy - Last"], best["test:accuracy - Count"]) == (pytest.approx(0.85), 3)
    assert (best["Trials"], best["Experiments"]) == (["trial-b"], ["mnist"])


def test_analytics_take_sagemakers_json_and_chosen_columns():
    expression = {"Filters": [{"Name": "Parameters.optimizer", "Operator": "Equals", "Value": "adam"}]}
    frame = ExperimentAnalytics(search_expression=expression, parameter_names=["width"], metric_names=[]).dataframe()
    assert frame["width"].tolist() == [10]
    assert not {"optimizer", "test:accuracy - Max"} & set(frame.columns)
    assert len(ExperimentAnalytics().dataframe()) == 3
