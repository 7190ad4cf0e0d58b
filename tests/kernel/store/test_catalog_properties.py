"""Random commands: the catalogs say what the model says. Random names and values: they come back unchanged."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labdeck.errors import Conflict, NotFound
from labdeck.store.ids import new_id
from labdeck.store.open import open_store
from labdeck.testing.making import WRITER, advance, summary
from labdeck.wire import commands as wire
from labdeck.wire.numbers import to_float
from labdeck.wire.records import Param

_spec = importlib.util.spec_from_file_location("catalog_model", Path(__file__).parent / "model.py")
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
Model = _module.Model

EXPERIMENTS = [f"{number:032x}" for number in range(3)]
TRIALS = [f"{number:032x}" for number in range(16, 20)]  # so few that numbered names leave no gaps
times = st.integers(-3, 9).map(float)
labels = st.sampled_from(["a", "b", "a-2", "trial-1"])
components = st.sampled_from(["", "fit"])
metrics = st.builds(
    lambda name, value, component: summary(name, value, component=component),
    st.sampled_from(["loss", "test:accuracy", "lr"]),
    st.integers(0, 5).map(float),
    components,
)
experiment, trial = st.sampled_from(EXPERIMENTS), st.sampled_from(TRIALS)
things = st.lists(st.sampled_from(EXPERIMENTS + TRIALS), min_size=1, max_size=3).map(tuple)
goals = st.sampled_from(["max", "min"])
states = st.sampled_from(["completed", "failed", "interrupted"])
params = st.lists(st.builds(Param, name=labels, value=st.integers(0, 9), component=components), max_size=3)
commands = st.one_of(
    st.builds(wire.OpenExperiment, id=experiment, name=labels, created=times, objective=st.none() | labels, goal=goals),
    st.builds(wire.RenameExperiment, id=experiment, name=labels),
    st.builds(wire.SetObjective, id=experiment, metric=st.none() | st.sampled_from(["loss", "lr"]), goal=goals),
    st.builds(
        wire.StartTrial,
        id=trial,
        experiment=labels,
        new_experiment_id=experiment,
        name=st.none() | labels,
        started=times,
        writer=st.just(WRITER),
    ),
    st.builds(wire.FinishTrial, id=trial, state=states, ended=times),
    st.builds(wire.MarkCrashed, id=trial, heartbeat=times, ended=times),
    st.builds(wire.Beat, trial_ids=st.tuples(trial, trial), time=times),
    st.builds(wire.MarkIncomplete, id=trial, reason=labels),
    st.builds(wire.StartComponent, trial_id=trial, name=labels, started=times),
    st.builds(wire.FinishComponent, trial_id=trial, name=labels, state=states, ended=times, error=labels),
    st.builds(wire.LogParams, trial_id=trial, params=params.map(tuple)),
    st.builds(lambda identity, items: advance(identity, *items), trial, st.lists(metrics, max_size=3)),
    st.builds(wire.RenameTrial, id=trial, name=labels),
    st.builds(wire.Annotate, id=st.sampled_from(EXPERIMENTS + TRIALS), note=labels),
    st.builds(
        wire.SetTags,
        ids=things,
        set=st.dictionaries(labels, labels, max_size=2),
        remove=st.lists(labels, max_size=1).map(tuple),
    ),
    st.builds(wire.Delete, ids=things, time=times),
    st.builds(wire.Restore, ids=things),
)


@pytest.fixture
def catalog(any_location):
    with open_store(any_location) as store:
        yield store.catalog


def forget(catalog):
    """Empty the catalog between examples: a new database for each would take most of the time."""
    everything = [item.id for item in catalog.experiments()]
    catalog.apply([wire.Delete(ids=tuple(everything), time=0.0)])
    catalog.purge(math.inf)
    assert not catalog.trial_ids()
    assert not catalog.experiments(deleted=True)


def dump(catalog):
    """Everything a reader can see, in the form of `Model.dump`."""
    experiments = {
        e.id: (e.name, e.note, e.tags, e.objective, e.deleted, e.updated, e.trials, e.running)
        for e in (*catalog.experiments(), *catalog.experiments(deleted=True))
    }
    trials = {}
    for trial_id in catalog.trial_ids():
        detail = catalog.detail(trial_id)
        t = detail.trial
        trials[t.id] = (
            *(t.experiment_id, t.name, t.state, t.ended, t.note, t.tags, t.incomplete, t.deleted, t.goal),
            None if t.objective is None else t.objective.last,
            [((p.component, p.name), p.value) for p in detail.params],
            [((m.component, m.name), m.last) for m in detail.metrics],
            [(c.name, c.state, c.ended, c.error) for c in detail.components],
        )
    shown = {e.id for e in catalog.experiments()}
    listed = {key: [t.id for t in catalog.trials(key).trials] for key in shown}
    return experiments, trials, (shown, listed, [item.trial_id for item in catalog.running()])


def outcome(apply, batch):
    try:
        apply(batch)
    except (NotFound, Conflict) as error:
        return type(error)
    return None


def begin(applier):
    """Open all experiments and start all trials, so that most commands meet something."""
    applier([wire.OpenExperiment(id=key, name=key[-1], created=1.0) for key in EXPERIMENTS])
    for index, key in enumerate(TRIALS):
        home = EXPERIMENTS[index % 2]
        applier(
            [
                wire.StartTrial(
                    id=key, experiment=home[-1], new_experiment_id=home, name=None, started=1.0, writer=WRITER
                )
            ]
        )


def draws_an_id(model, command):
    """Whether a trial would open an experiment under the id of a deleted one: then the real one invents an id."""
    found = model.experiments.get(getattr(command, "new_experiment_id", ""), {})
    return found.get("deleted") is not None


@pytest.mark.slow
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(commands, min_size=1, max_size=4), min_size=1, max_size=20))
def test_any_sequence_of_commands_does_what_the_model_does(catalog, batches):
    forget(catalog)
    model = Model()
    begin(model.apply)
    begin(catalog.apply)
    for batch in batches:
        possible = [command for command in batch if not draws_an_id(model, command)]
        if any(isinstance(command, wire.Delete) for command in possible):
            possible = [command for command in possible if not isinstance(command, wire.StartTrial)]
        assert outcome(catalog.apply, possible) == outcome(model.apply, possible)
        assert dump(catalog) == model.dump()


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch=st.lists(commands, min_size=1, max_size=5))
def test_applying_twice_is_applying_once(catalog, batch):
    """True of each command by itself, once what it refers to is there."""
    forget(catalog)
    begin(catalog.apply)
    for command in batch:
        if outcome(catalog.apply, [command]) is None:
            once = dump(catalog)
            catalog.apply([command])
            assert dump(catalog) == once


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60)
names = texts.filter(str.strip)
values = st.one_of(
    st.booleans(), st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), texts
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts=st.dictionaries(st.tuples(st.just("") | names, names), st.tuples(values, st.floats()), max_size=6))
def test_names_and_values_come_back_unchanged(catalog, facts):
    trial_id = new_id()
    catalog.apply(
        [
            wire.StartTrial(
                id=trial_id, experiment="e", new_experiment_id=new_id(), name=None, started=1.0, writer=WRITER
            ),
            wire.LogParams(
                trial_id=trial_id,
                params=tuple(Param(name=n, component=c, value=value) for (c, n), (value, _) in facts.items()),
            ),
            advance(trial_id, *(summary(n, number, component=c) for (c, n), (_, number) in facts.items())),
        ]
    )
    detail = catalog.detail(trial_id)
    assert [(p.component, p.name, repr(p.value)) for p in detail.params] == [
        (c, n, repr(value)) for (c, n), (value, _) in facts.items()
    ]
    assert [(m.component, m.name, repr(to_float(m.last))) for m in detail.metrics] == [
        (c, n, repr(number)) for (c, n), (_, number) in facts.items()
    ]
