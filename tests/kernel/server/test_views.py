"""Saved comparisons through the server: kept, listed, told, replaced, removed; what is malformed is refused."""

from __future__ import annotations

import pytest

from labdeck.store.ids import new_id


def view(name="lr", **more):
    return {"id": new_id(), "name": name, "experiment_id": None, "created": 1.5, "body": {"tab": "curves"}} | more


async def listed(ask):
    return (await ask("views")).body["views"]


async def test_a_view_is_saved_replaced_and_removed(ask, command, seed, studio):
    seed("a", experiment="digits")
    (experiment,) = studio.experiment_list().experiments
    assert await listed(ask) == []
    first = view("b", experiment_id=experiment.id, body={"trials": [new_id()], "columns": None, "smoothing": 0.5})
    second = view("a")
    answer = await command({"command": "save-view", "view": first}, {"command": "save-view", "view": second})
    assert answer.status == 200
    assert await listed(ask) == [second, first]
    (event,) = studio.events(answer.body["seq"] - 1)
    assert type(event).__name__ == "ViewsChanged"

    renamed = first | {"name": "0"}
    await command({"command": "save-view", "view": renamed})
    await command({"command": "delete-view", "id": second["id"]})
    assert await listed(ask) == [renamed]


async def test_views_of_a_deleted_experiment_go_and_come_with_it(ask, command, seed, studio):
    seed("a", experiment="digits")
    (experiment,) = studio.experiment_list().experiments
    await command({"command": "save-view", "view": view(experiment_id=experiment.id)})
    await command({"command": "delete", "ids": [experiment.id], "time": 2.0})
    assert await listed(ask) == []
    await command({"command": "restore", "ids": [experiment.id]})
    assert len(await listed(ask)) == 1


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"id": "1"}, 400),
        ({"name": ""}, 400),
        ({"name": "a\0b"}, 400),
        ({"body": []}, 400),
        ({"body": {"x": "y" * 70_000}}, 413),
        ({"experiment_id": new_id()}, 404),
    ],
)
async def test_what_cannot_be_kept_is_refused(ask, command, wrong, status):
    assert (await command({"command": "save-view", "view": view(**wrong)})).status == status
    assert await listed(ask) == []


async def test_a_hostile_name_stays_a_name(ask, command):
    kept = view('<img src=x onerror="alert(1)">\n{{x}}', body={"__proto__": {"x": 1}})
    await command({"command": "save-view", "view": kept})
    assert await listed(ask) == [kept]
