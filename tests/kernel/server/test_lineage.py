"""The lineage over REST."""

from __future__ import annotations

import pytest

from labdeck.store.ids import new_id


@pytest.fixture
def chained(studio, seed):
    """A data set that a trial read, and the model it made."""
    (trial,) = seed("cnn-32")
    lineage = studio.lineage
    data, model = lineage.artifact("digits"), lineage.artifact("weights", type="Model")
    lineage.associate(data, trial, "ContributedTo")
    lineage.associate(trial, model, "Produced")
    return data.id, trial, model.id


async def test_a_graph_with_trials_that_can_be_shown(ask, chained):
    data, trial, model = chained
    answer = await ask(f"lineage/{trial}")
    assert answer.status == 200
    assert answer.body["start"] == [trial]
    by_id = {node["id"]: node for node in answer.body["nodes"]}
    assert set(by_id) == {data, trial, model}
    assert by_id[trial]["kind"] == "trial"
    assert by_id[trial]["name"] == "cnn-32"
    assert by_id[trial]["properties"]["experiment"] == "digits"
    assert by_id[trial]["properties"]["state"] == "running"
    assert {(edge["source"], edge["association"]) for edge in answer.body["edges"]} == {
        (data, "ContributedTo"),
        (trial, "Produced"),
    }


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"direction": "up"}, {"data", "trial"}),
        ({"direction": "down"}, {"trial", "model"}),
        ({"depth": 0}, {"trial"}),
        ({"depth": 1, "limit": 2000}, {"data", "trial", "model"}),
    ],
)
async def test_directions_and_distance(ask, chained, params, expected):
    names = dict(zip(chained, ("data", "trial", "model"), strict=True))
    body = (await ask(f"lineage/{chained[1]}", params=params)).body
    assert {names[node["id"]] for node in body["nodes"]} == expected


async def test_what_is_too_much_is_cut_off(ask, chained):
    body = (await ask(f"lineage/{chained[1]}", params={"limit": 1})).body
    assert ([node["id"] for node in body["nodes"]], body["truncated"]) == ([chained[1]], True)


@pytest.mark.parametrize(
    "params", [{"direction": "sideways"}, {"depth": "-1"}, {"depth": "x"}, {"limit": "0"}, {"limit": "2001"}]
)
async def test_wrong_arguments_are_told(ask, chained, params):
    answer = await ask(f"lineage/{chained[0]}", params=params)
    assert answer.status in {400, 413}
    assert answer.body["message"]


async def test_what_is_not_known_is_404(ask):
    assert (await ask(f"lineage/{new_id()}")).body["code"] == "not-found"
