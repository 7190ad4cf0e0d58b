"""Walks along the lineage find what a slow, obvious walk finds, on both databases."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labdeck.errors import InvalidQuery, NotFound
from labdeck.store.ids import new_id
from labdeck.store.open import open_store
from labdeck.store.sql import lineage
from labdeck.testing.making import start, start_trial
from labdeck.wire import commands as wire
from labdeck.wire.records import LineageEdge, LineageNode

KINDS = ("ContributedTo", "AssociatedWith", "DerivedFrom", "Produced", "SameAs")


@pytest.fixture
def catalog(any_location):
    with open_store(any_location) as store:
        yield store.catalog


def put(name="n", **more):
    return wire.PutNode(node=LineageNode(id=new_id(), kind="artifact", name=name, created=1.0, **more))


def join(source, destination, association="ContributedTo"):
    return wire.Associate(
        edge=LineageEdge(source=source, destination=destination, association=association, created=2.0)
    )


def chain(catalog, length):
    nodes = [put(f"n{number}") for number in range(length)]
    ids = [item.node.id for item in nodes]
    catalog.apply([*nodes, *(join(a, b, "DerivedFrom") for a, b in pairwise(ids))])
    return ids


def walk(start, arcs, forward, depth):
    """The oracle: level by level over a list of pairs; returns the distance of everything that is met."""
    pairs = [(a, b) if forward else (b, a) for a, b, _ in arcs]
    pairs += [(b, a) if forward else (a, b) for a, b, how in arcs if how == "SameAs"]
    found, level = {start: 0}, 0
    frontier = {start}
    while frontier and (depth is None or level < depth):
        level += 1
        frontier = {b for a, b in pairs if a in frontier and b not in found}
        found |= dict.fromkeys(frontier, level)
    return found


graphs = st.integers(2, 14).flatmap(
    lambda size: st.tuples(
        st.just(size),
        st.lists(
            st.tuples(st.integers(0, size - 1), st.integers(0, size - 1), st.sampled_from(KINDS)), max_size=3 * size
        ),
    )
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=graphs, direction=st.sampled_from(["up", "down", "both"]), depth=st.none() | st.integers(0, 14))
@pytest.mark.parametrize(("levels", "many"), [(0, 5000), (2, 5000), (8, 5000), (8, 3)])
def test_a_walk_finds_what_the_oracle_finds(catalog, monkeypatch, levels, many, graph, direction, depth):
    monkeypatch.setattr(lineage, "LEVELS", levels)
    monkeypatch.setattr(lineage, "MANY", many)
    size, pairs = graph
    nodes = [put() for _ in range(size)]
    ids = [item.node.id for item in nodes]
    arcs = [(ids[a], ids[b], how) for a, b, how in pairs]
    catalog.apply([*nodes, *(join(*arc) for arc in arcs)])
    found = catalog.lineage([ids[0]], direction, depth)
    up = walk(ids[0], arcs, False, depth) if direction != "down" else {}
    down = walk(ids[0], arcs, True, depth) if direction != "up" else {}
    distance = {one: min(up.get(one, size), down.get(one, size)) for one in up | down}
    met = [item.id for item in found.nodes]
    assert set(met) == set(distance)
    assert [distance[one] for one in met] == sorted(distance.values()), "nearest first"
    expected = {(a, b, how) for a, b, how in arcs if a in distance and b in distance}
    told = {(item.source, item.destination, item.association) for item in found.edges}
    assert len(told) == len(found.edges)
    assert {_undirected(arc) for arc in told} == {_undirected(arc) for arc in expected}
    assert not found.truncated


def _undirected(arc):
    a, b, how = arc
    return (*sorted((a, b)), how) if how == "SameAs" else arc


def test_a_long_chain_and_a_long_cycle_are_walked_to_their_end(catalog):
    ids = chain(catalog, 3000)
    assert [item.id for item in catalog.lineage([ids[0]], "down", limit=5000).nodes] == ids
    assert [item.id for item in catalog.lineage([ids[-1]], "up", depth=100).nodes] == ids[:-102:-1]
    catalog.apply([join(ids[-1], ids[0])])
    assert len(catalog.lineage([ids[7]], "down", limit=5000).nodes) == 3000


@pytest.mark.parametrize(("length", "limit"), [(6, 4), (40, 4), (40, 20)])
def test_what_is_too_much_is_cut_off_far_away(catalog, length, limit):
    ids = chain(catalog, length)
    cut = catalog.lineage([ids[0]], "down", limit=limit)
    assert [item.id for item in cut.nodes] == ids[:limit]
    assert len(cut.edges) == limit - 1
    assert cut.truncated
    whole = catalog.lineage([ids[0]], "down", limit=length)
    assert (len(whole.nodes), whole.truncated) == (length, False)


def test_trials_are_nodes_and_lead_to_their_parts(catalog):
    whole = start_trial(catalog, name="search")
    part = msgspec.structs.replace(start(name="fold-1"), parent_id=whole)
    data, model = put("data", type="DataSet"), put("model", type="Model")
    catalog.apply([part, data, model, join(data.node.id, whole), join(part.id, model.node.id, "Produced")])
    down = catalog.lineage([data.node.id], "down")
    assert [(item.kind, item.name) for item in down.nodes] == [
        ("artifact", "data"),
        ("trial", "search"),
        ("trial", "fold-1"),
        ("artifact", "model"),
    ]
    shown = down.nodes[1].properties
    assert (shown["experiment"], shown["state"], shown["number"]) == ("exp", "running", "1")
    assert [item.id for item in catalog.lineage([model.node.id], "up").nodes][-1] == data.node.id
    catalog.apply([wire.Delete(ids=(part.id,), time=5.0)])
    assert catalog.lineage([part.id], depth=0).nodes[0].properties["deleted"] == "true"
    catalog.purge(older_than=6.0)
    assert [item.name for item in catalog.lineage([data.node.id], "down").nodes] == ["data", "search"]


def test_what_people_say_outlives_what_is_noticed(catalog):
    said = put("digits", type="DataSet", properties={"rows": "1797"})
    catalog.apply([said])
    noticed = msgspec.structs.replace(said.node, name="digits.csv", properties={})
    before = catalog.cursor()
    catalog.apply([wire.PutNode(node=noticed, replace=False)])
    assert catalog.nodes(name="digits") == (said.node,)
    assert catalog.cursor() == before, "nothing changed, nobody is told"
    catalog.apply([wire.PutNode(node=noticed)])
    assert catalog.nodes(name="digits.csv") == (noticed,)


def test_nodes_are_found_by_what_they_are(catalog):
    quoted = put('a "b" %_', type='Data"Set%', uri="file:///x" * 100, digest="ab" * 32)
    other = put("model", type="Model")
    action = wire.PutNode(node=LineageNode(id=new_id(), kind="action", type="Data", name="model", created=2.0))
    catalog.apply([quoted, other, action])
    assert catalog.nodes() == (action.node, *sorted((quoted.node, other.node), key=lambda item: item.id))
    for wanted in ({"name": quoted.node.name}, {"type": 'Data"Set%'}, {"uri": quoted.node.uri}, {"digest": "ab" * 32}):
        assert catalog.nodes(**wanted) == (quoted.node,)
    assert catalog.nodes(name="model", kind="action") == (action.node,)
    assert catalog.nodes(type="Data%") == ()
    assert len(catalog.nodes(limit=2)) == 2
    with pytest.raises(InvalidQuery, match="colour"):
        catalog.nodes(colour="red")


def test_same_as_is_taken_back_whichever_way_it_was_said(catalog):
    a, b = chain(catalog, 2)
    catalog.apply([join(a, b, "SameAs")])
    assert [item.id for item in catalog.lineage([a], "up").nodes] == [a, b]
    catalog.apply([wire.Dissociate(source=b, destination=a, association="SameAs")])
    assert [item.id for item in catalog.lineage([a], "up").nodes] == [a]
    assert [item.id for item in catalog.lineage([a], "down").nodes] == [a, b], "the other association stays"


def test_mistakes_are_told(catalog):
    with pytest.raises(NotFound, match="knows nothing"):
        catalog.lineage([new_id()])
    for wrong in ({"direction": "sideways"}, {"depth": -1}, {"limit": 0}):
        with pytest.raises(InvalidQuery):
            catalog.lineage([start_trial(catalog)], **wrong)
