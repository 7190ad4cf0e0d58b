"""Every route does what the table says, with a real store behind it."""

from __future__ import annotations

import gzip
import json

import pytest

import labdeck
from labdeck.store.ids import new_id
from labdeck.wire import WIRE_VERSION
from labdeck.wire.commands import Archive


async def test_status(ask, place):
    answer = await ask("status")
    assert answer.status == 200
    assert answer.body == {"version": labdeck.__version__, "wire": WIRE_VERSION, "store": str(place), "seq": 0}
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"


async def test_experiments(ask, seed, studio):
    seed("a", "b", experiment="digits")
    seed("c", experiment="wine")
    body = (await ask("experiments")).body
    assert {(e["name"], e["trials"], e["running"]) for e in body["experiments"]} == {("digits", 2, 2), ("wine", 1, 1)}
    assert body["seq"] == studio.cursor()


async def test_trials_in_pages(ask, seed, studio):
    seed(*(f"t{n}" for n in range(7)))
    (experiment,) = studio.experiment_list().experiments
    path = f"experiments/{experiment.id}/trials"
    whole = (await ask(path)).body
    assert (whole["total"], whole["offset"], len(whole["trials"])) == (7, 0, 7)
    page = (await ask(path, params={"offset": 2, "limit": 3})).body
    assert page["trials"] == whole["trials"][2:5]
    assert (page["total"], page["offset"]) == (7, 2)
    beyond = (await ask(path, params={"offset": 2**52, "limit": 500})).body
    assert (beyond["total"], beyond["trials"]) == (7, [])


async def test_trials_with_those_that_are_archived_or_without_parts(ask, seed, studio):
    old, _ = seed("old", "new")
    studio.apply([Archive(ids=(old,))])
    (experiment,) = studio.experiment_list().experiments
    path = f"experiments/{experiment.id}/trials"
    for params, names in (({}, ["new"]), ({"archived": 1}, ["new", "old"]), ({"archived": 0, "roots": 1}, ["new"])):
        body = (await ask(path, params=params)).body
        assert [trial["name"] for trial in body["trials"]] == names
    assert (await ask(path, params={"roots": "yes"})).status == 400


async def test_trial(ask, seed):
    (trial,) = seed("cnn-32")
    body = (await ask(f"trials/{trial}")).body
    assert (body["trial"]["id"], body["trial"]["name"], body["trial"]["state"]) == (trial, "cnn-32", "running")


async def test_comparison_keeps_the_order_and_names_what_is_missing(ask, seed):
    one, two = seed("a", "b")
    gone = new_id()
    body = (await ask("comparison", params=[("trial", two), ("trial", gone), ("trial", one), ("trial", two)])).body
    assert [facts["trial"]["name"] for facts in body["trials"]] == ["b", "a"]
    assert body["missing"] == [gone]


@pytest.mark.parametrize("path", ["experiments/{id}/trials", "trials/{id}", "trials/{id}/artifacts/{id}"])
async def test_what_does_not_exist_is_404_with_a_message(ask, path):
    answer = await ask(path.format(id=new_id()))
    assert answer.status == 404
    assert answer.body["code"] == "not-found"
    assert answer.body["message"]


async def test_commands(command, open_experiment, studio):
    answer = await command(open_experiment("one"), open_experiment("two"))
    assert answer.status == 200
    assert answer.body == {"seq": studio.cursor()}
    assert {e.name for e in studio.experiment_list().experiments} == {"one", "two"}


async def test_commands_apply_together_or_not_at_all(command, open_experiment, studio):
    answer = await command(open_experiment("one"), {"command": "rename-experiment", "id": new_id(), "name": "x"})
    assert (answer.status, answer.body["code"]) == (404, "not-found")
    assert studio.experiment_list().experiments == ()


async def test_a_taken_name_is_a_conflict(command, open_experiment):
    one = open_experiment("one")
    await command(one, open_experiment("two"))
    answer = await command({"command": "rename-experiment", "id": one["id"], "name": "two"})
    assert (answer.status, answer.body["code"]) == (409, "conflict")


async def test_delete_and_restore(ask, command, seed):
    (trial,) = seed("cnn-32")
    await command({"command": "delete", "ids": [trial], "time": 1e9})
    (experiment,) = (await ask("experiments")).body["experiments"]
    assert experiment["trials"] == 0
    await command({"command": "restore", "ids": [trial]})
    (experiment,) = (await ask("experiments")).body["experiments"]
    assert experiment["trials"] == 1


@pytest.mark.parametrize("path", ["nowhere", "trials/xyz", f"trials/{'A' * 32}", "experiments/../status", "commands/x"])
async def test_unknown_routes_are_told_as_json(ask, path):
    answer = await ask(path)
    assert (answer.status, answer.body["code"]) == (404, "not-found")


@pytest.mark.parametrize(
    ("path", "method"), [("status", "PUT"), ("commands", "GET"), ("status", "POST"), ("commands", "DELETE")]
)
async def test_other_methods_are_refused(ask, path, method):
    answer = await ask(path, method=method, **({"body": ""} if method in {"PUT", "POST"} else {}))
    assert answer.status == 405
    assert answer.body["code"] == "method-not-allowed"


async def test_large_answers_are_compressed_for_who_takes_it(ask, seed, studio):
    seed(*(f"trial number {n}" for n in range(100)))
    path = f"experiments/{studio.experiment_list().experiments[0].id}/trials"
    plain = await ask(path, headers={"Accept-Encoding": "identity"}, decompress_response=False)
    packed = await ask(path, headers={"Accept-Encoding": "br, gzip;q=0.8"}, decompress_response=False)
    refused = await ask(path, headers={"Accept-Encoding": "gzip;q=0"}, decompress_response=False)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.raw) == plain.raw == refused.raw
    assert len(packed.raw) * 4 < len(plain.raw)
    assert len(json.loads(plain.raw)["trials"]) == 100


@pytest.mark.parametrize("version", ["0", "1", "x", ""])
async def test_another_wire_is_refused(ask, version):
    answer = await ask("status", headers={"X-Labdeck-Wire": version})
    assert (answer.status, answer.body["code"]) == (409, "wire-version")
    assert "reload" in answer.body["remedy"]


async def test_this_wire_is_welcome(ask):
    assert (await ask("status", headers={"X-Labdeck-Wire": str(WIRE_VERSION)})).status == 200


async def test_the_store_is_opened_by_the_first_request_only(ask, door, place):
    assert not door.gate.is_open
    assert not place.exists()
    await ask("status")
    assert door.gate.is_open
