"""What SQL finds is what the slow evaluator finds, on both databases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.kernel.store import search_oracle

from labdeck.errors import InvalidQuery, NotFound
from labdeck.runs.search.parser import parse, parse_sort
from labdeck.runs.search.values import STATES
from labdeck.runs.summary import RunningSummary
from labdeck.store.conditions import (
    FACTS,
    STATISTICS,
    Comparison,
    Either,
    Every,
    Exists,
    Field,
    NoneOf,
    Not,
    OneOf,
    SortKey,
)
from labdeck.store.contract import Series, SeriesKey
from labdeck.store.ids import new_id
from labdeck.store.open import open_store
from labdeck.testing.making import WRITER, advance, open_experiment, start_trial, summary
from labdeck.wire import commands as wire
from labdeck.wire.records import Objective, Param

NAMES = ["loss", "acc", "odd name", "val/loss", "a/b/c", "täg"]
PLACES = [("", "loss"), ("", "acc"), ("val", "loss"), ("", "val/loss"), ("a", "b/c"), ("a/b", "c"), ("", "odd name")]
TEXTS = ["sgd", "SGD", "Adam", "0.5", "true", "", "%", "_", "ünï", "sgd-2", "zzz'\"\\"]
NUMBERS = [0.0, 1.0, -1.0, 0.5, 0.1, 3.0, 1e300, math.inf, -math.inf]
PARAMS = st.sampled_from([*TEXTS, *NUMBERS[:-2], 1, 0, 3, 2**53 + 1, True, False, None])
FREE = st.sampled_from(TEXTS) | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=3)
TIMES = [100.0, 200.0, 200.5]

trials = st.fixed_dictionaries(
    {
        "note": FREE,
        "tags": st.dictionaries(st.sampled_from(NAMES), FREE, max_size=3),
        "params": st.dictionaries(st.sampled_from(PLACES), PARAMS, max_size=4),
        "metrics": st.dictionaries(
            st.sampled_from(PLACES),
            st.lists(st.sampled_from([*NUMBERS[1:6], math.nan, math.inf]), min_size=1, max_size=3),
        ),
        "started": st.sampled_from(TIMES),
        "length": st.none() | st.sampled_from([0.0, 0.5, 7.0]),
        "state": st.sampled_from(["completed", "failed", "interrupted"]),
        "parent": st.none() | st.integers(0, 4),
        "archived": st.booleans(),
    }
)
named = st.builds(Field, st.sampled_from(["params", "tags"]), st.sampled_from(NAMES))
metrics = st.builds(Field, st.just("metrics"), st.sampled_from(NAMES), st.sampled_from(STATISTICS))
facts = st.builds(Field, st.just("trial"), st.sampled_from(FACTS))
fields = named | metrics | facts
numbers = st.sampled_from([*NUMBERS, 100.0, 200.0, 7.0, 2.0])
order = ["<", "<=", ">", ">="]


def values_of(field):
    if field.name == "archived" and field.kind == "trial":
        return st.booleans()
    if field == Field("trial", "state"):
        return st.sampled_from(STATES)
    if field.is_number:
        return numbers
    texts = FREE | st.sampled_from(["t0", "t1", "home"])
    return texts if field.is_text else PARAMS.map(lambda value: float(value) if type(value) is int else value)


@st.composite
def comparisons(draw):
    field = draw(fields)
    kind = draw(st.sampled_from(["compare", "compare", "one", "none", "exists"]))
    if kind == "exists":
        return Exists(field)
    if kind != "compare":
        values = tuple(draw(st.lists(values_of(field), min_size=1, max_size=3)))
        return (OneOf if kind == "one" else NoneOf)(field, values)
    value = draw(values_of(field))
    operators = ["=", "!="]
    if value is not None and not isinstance(value, bool):
        operators += order
    if isinstance(value, str) and not field.is_number:
        operators += ["~", "!~"]
    return Comparison(field, draw(st.sampled_from(operators)), value)


conditions = st.recursive(
    comparisons(),
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(lambda terms: Every(tuple(terms)), st.lists(inner, min_size=2, max_size=3))
        | st.builds(lambda terms: Either(tuple(terms)), st.lists(inner, min_size=2, max_size=3))
    ),
    max_leaves=5,
)
sorts = st.lists(st.builds(SortKey, fields, st.booleans()), max_size=2)
asked = st.tuples(conditions, sorts) | st.tuples(st.none(), sorts)
objectives = st.none() | st.builds(
    Objective, metric=st.sampled_from(["loss", "acc"]), goal=st.sampled_from(["max", "min"])
)


def summarise(place, points):
    running = RunningSummary()
    steps = np.arange(len(points), dtype=np.int64)
    running.add(Series(steps, steps.astype(np.float64), np.array(points, dtype=np.float64)))
    return running.record(SeriesKey(*place))


def record(catalog, specs, objective):
    """Put trials into an experiment of their own; return it and what the evaluator should know of them."""
    home, name = new_id(), f"home-{new_id()}"
    catalog.apply([wire.OpenExperiment(id=home, name=name, created=1.0)])
    if objective:
        catalog.apply([wire.SetObjective(id=home, metric=objective.metric, goal=objective.goal)])
    known, commands = [], []
    for number, spec in enumerate(specs, 1):
        trial_id = new_id()
        parent = None if spec["parent"] is None or spec["parent"] >= len(known) else known[spec["parent"]]
        known.append(
            {
                **spec,
                "id": trial_id,
                "name": f"t{number - 1}",
                "experiment": name,
                "number": float(number),
                "parent": parent and parent["name"],
                "parent_id": parent and parent["id"],
                "ended": None if spec["length"] is None else spec["started"] + spec["length"],
                "duration": None if spec["length"] is None else spec["started"] + spec["length"] - spec["started"],
                "state": "running" if spec["length"] is None else spec["state"],
                "objective": objective,
            }
        )
        commands += told(known[-1], home)
    catalog.apply(commands)
    return home, known


def told(trial, home):
    """The commands that record a trial."""
    yield wire.StartTrial(
        id=trial["id"], experiment="", experiment_id=home, new_experiment_id=home, name=trial["name"],
        parent_id=trial["parent_id"], started=trial["started"], writer=WRITER,
    )  # fmt: skip
    params = (Param(name=name, component=part, value=value) for (part, name), value in trial["params"].items())
    yield wire.LogParams(trial_id=trial["id"], params=tuple(params))
    if trial["metrics"]:
        yield advance(trial["id"], *(summarise(place, points) for place, points in trial["metrics"].items()))
    yield wire.SetTags(ids=(trial["id"],), set=trial["tags"])
    yield wire.Annotate(id=trial["id"], note=trial["note"])
    if trial["ended"] is not None:
        yield wire.FinishTrial(id=trial["id"], state=trial["state"], ended=trial["ended"])
    if trial["archived"]:
        yield wire.Archive(ids=(trial["id"],))


@pytest.mark.slow
def test_it_finds_what_the_slow_evaluator_finds(any_location, request):
    many = 80 if "sqlite" in request.node.name else 25

    with open_store(any_location) as store:

        @settings(max_examples=many, suppress_health_check=list(HealthCheck))
        @given(
            st.lists(trials, min_size=3, max_size=6),
            objectives,
            st.lists(asked, min_size=4, max_size=12),
        )
        def check(specs, objective, queries):
            home, known = record(store.catalog, specs, objective)
            for condition, sort in queries:
                page = store.catalog.search(condition, sort, experiment_id=home, archived=True)
                assert [fact.trial.name for fact in page.trials] == search_oracle.find(known, condition, sort)
                shown = store.catalog.search(condition, sort, experiment_id=home)
                active = [trial for trial in known if not trial["archived"]]
                assert [fact.trial.name for fact in shown.trials] == search_oracle.find(active, condition, sort)
                assert (
                    store.catalog.table(condition, experiment_id=home, archived=True).names
                    == search_oracle.find(known, condition, [])[::-1]
                )

        check()


def names(page):
    return [fact.trial.name for fact in page.trials]


def test_pages_totals_and_bounds(any_location):
    with open_store(any_location) as store:
        for number in range(5):
            start_trial(store.catalog, "exp", f"t{number}")
        start_trial(store.catalog, "other", "elsewhere")
        home = store.catalog.experiment("exp").id
        page = store.catalog.search(sort=parse_sort("name"), experiment_id=home, offset=1, limit=2)
        assert (page.total, page.offset, names(page)) == (5, 1, ["t1", "t2"])
        assert names(store.catalog.search()) == ["elsewhere", "t4", "t3", "t2", "t1", "t0"]
        assert store.catalog.search(experiment_id=home, offset=9).trials == ()
        with pytest.raises(InvalidQuery):
            store.catalog.search(offset=-1)
        with pytest.raises(NotFound):
            store.catalog.search(experiment_id=new_id())


def test_deleted_and_archived_trials_stay_away(any_location):
    with open_store(any_location) as store:
        gone, away, there = (start_trial(store.catalog, "exp", name) for name in ("gone", "away", "there"))
        hidden = start_trial(store.catalog, "put away", "hidden")
        store.catalog.apply([wire.Delete(ids=(gone,), time=5.0), wire.Archive(ids=(away,))])
        store.catalog.apply([wire.Archive(ids=(store.catalog.trial(hidden).experiment_id,))])
        assert names(store.catalog.search()) == ["there"]
        assert names(store.catalog.search(archived=True)) == ["hidden", "there", "away"]
        assert names(store.catalog.search(parse("archived = true"), archived=True)) == ["hidden", "away"]
        assert store.catalog.table(trial_ids=[away, there, new_id(), away]).names == ["away", "there", "away"]


def test_names_and_values_are_never_sql(any_location):
    hostile = "x'); DROP TABLE trial; --\"`\\"
    with open_store(any_location) as store:
        trial = start_trial(store.catalog, hostile, hostile)
        long = "n" * 400
        store.catalog.apply(
            [
                wire.SetTags(ids=(trial,), set={hostile: hostile, long: "long"}),
                wire.LogParams(trial_id=trial, params=(Param(name=hostile, value=hostile), Param(name=long, value=1))),
                advance(trial, summary(hostile), summary(long)),
            ]
        )
        for field in (Field(kind, hostile) for kind in ("params", "tags")):
            assert store.catalog.search(Comparison(field, "=", hostile), [SortKey(field)]).total == 1
            assert store.catalog.search(Comparison(field, "~", "DROP table"), [SortKey(field)]).total == 1
        assert store.catalog.search(Exists(Field("metrics", hostile)), [SortKey(Field("metrics", hostile))]).total == 1
        for kind in ("metrics", "params", "tags"):
            assert store.catalog.search(Exists(Field(kind, long))).total == 1
        words = store.catalog.vocabulary()
        assert (words.metrics, words.params, words.tags) == ((hostile,), (hostile,), (hostile,))
        assert words.experiments == (hostile,)


def test_the_vocabulary_is_that_of_the_experiment_the_most_frequent_first(any_location):
    with open_store(any_location) as store:
        for number in range(3):
            trial = start_trial(store.catalog, "exp")
            store.catalog.apply(
                [advance(trial, summary("loss"), *([summary("acc", component="val")] if number else []))]
            )
        other = start_trial(store.catalog, "other")
        store.catalog.apply([wire.LogParams(trial_id=other, params=(Param(name="lr", value=1),))])
        found = store.catalog.vocabulary(store.catalog.experiment("exp").id)
        assert (found.metrics, found.params) == (("loss", "val/acc"), ())
        assert set(store.catalog.vocabulary().params) == {"lr"}
        assert found.states == STATES
        with pytest.raises(NotFound):
            store.catalog.vocabulary(new_id())


def test_facts_are_looked_up_in_indices(any_location):
    with open_store(any_location) as store:
        open_experiment(store.catalog)
        from sqlalchemy import select

        from labdeck.store.sql import search
        from labdeck.store.sql.tables import experiment, trial

        asked = 'metrics.loss > 1 and params.lr = 0.1 and tags.team ~ "a"'

        def plan(connection):
            scope = search.Scope(parse(asked), store.catalog.experiment("exp").id, archived=False)
            query = select(trial.c.id).select_from(trial.join(experiment)).where(*search.wanted(connection, scope))
            text = query.compile(connection, compile_kwargs={"literal_binds": True})
            if connection.dialect.name == "sqlite":
                return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # the tables are empty
            return [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {text}".replace("%", "%%"))]

        lines = "\n".join(store.catalog._database.read(plan))
        # PostgreSQL takes either index of a table of which it knows, once it was analysed, that it is empty.
        assert "ix_metric_values" in lines or (any_location.url.startswith("postgres") and "uq_metric_name" in lines)
        assert "uq_param_name" in lines
        assert "SCAN metric" not in lines
        assert "SCAN param" not in lines
        assert "SCAN tag" not in lines


def test_the_longest_queries_are_answered(any_location):
    with open_store(any_location) as store:
        start_trial(store.catalog, "exp", "t")
        deep = "not " * 39 + "name = t"
        assert store.catalog.search(parse(deep)).total == 0
        assert (
            store.catalog.search(parse(" or ".join([f"metrics.m{n} > {n}" for n in range(199)] + ["name = t"]))).total
            == 1
        )
        assert store.catalog.search(parse(f"params.x in ({','.join(map(str, range(900)))}) or name = t")).total == 1
