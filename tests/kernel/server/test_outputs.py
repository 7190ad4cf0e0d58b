"""What was printed and the tables that were kept, by REST; and what a browser is told of media."""

# ruff: noqa: T201 - what is printed is what these tests are about
from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from labdeck.server.artifacts import content_type
from labdeck.store.ids import new_id


@pytest.fixture
def trial(studio):
    with studio.experiment("digits").trial("cnn") as trial:
        for number in range(1, 11):
            print(f"Epoch {number} <b>bold</b>")
        trial.log_table("table", {"n": list(range(1000)), "text": ["a" * 500] * 1000})
        trial.log_image("picture", np.eye(2), step=3)
        trial.log_figure("figure", go.Figure())
        trial.log_text("note", "<script>alert(1)</script>")
    studio.session.flush()
    return trial


async def test_output_comes_in_pages(ask, trial):
    answer = await ask(f"trials/{trial.id}/output", params={"after": "3", "limit": "2"})
    assert answer.status == 200
    assert (answer.body["total"], answer.body["found"], answer.body["cut"]) == (10, 10, False)
    assert [(line["number"], line["text"], line["stream"], line["finished"]) for line in answer.body["lines"]] == [
        (4, "Epoch 4 <b>bold</b>", "stdout", True),
        (5, "Epoch 5 <b>bold</b>", "stdout", True),
    ]
    answer = await ask(f"trials/{trial.id}/output", params={"after": "-2"})
    assert [line["number"] for line in answer.body["lines"]] == [9, 10]


async def test_output_is_searched(ask, trial):
    answer = await ask(f"trials/{trial.id}/output", params={"search": "epoch 1"})
    assert (answer.body["found"], answer.body["total"]) == (2, 10)
    assert [line["number"] for line in answer.body["lines"]] == [1, 10]


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"after": "x"}, 400),
        ({"limit": "0"}, 400),
        ({"limit": "5001"}, 400),
        ({"search": "x" * 1001}, 400),
        ({"after": str(10**30)}, 400),
    ],
)
async def test_output_has_bounds(ask, trial, params, status):
    assert (await ask(f"trials/{trial.id}/output", params=params)).status == status


async def test_an_unknown_trial_has_no_output(ask, trial):  # noqa: ARG001 - a store must be there
    answer = await ask(f"trials/{new_id()}/output")
    assert (answer.status, answer.body["code"]) == (404, "not-found")


async def test_a_table_is_previewed(ask, trial):
    path = f"trials/{trial.id}/artifacts/{trial.artifact('table').record.id}/preview"
    answer = await ask(path, params={"offset": "998", "limit": "500"})
    assert answer.status == 200
    assert (answer.body["columns"], answer.body["types"]) == (["n", "text"], ["int64", "string"])
    assert (answer.body["total"], answer.body["offset"], answer.body["left_out"]) == (1000, 998, 0)
    assert [row[0] for row in answer.body["rows"]] == ["998", "999"]
    assert answer.body["rows"][0][1] == "a" * 299 + "…"


async def test_what_is_no_table_is_refused(ask, trial):
    path = f"trials/{trial.id}/artifacts/{trial.artifact('note').record.id}/preview"
    answer = await ask(path)
    assert answer.status == 400
    assert "is no table" in answer.body["message"]
    assert (await ask(path, params={"limit": "501"})).status == 400


@pytest.mark.parametrize(
    ("name", "type_", "file"),
    [
        ("picture", "image/png", "picture-3.png"),
        ("figure", "application/vnd.plotly.v1+json", "figure.json"),
        ("note", "text/plain; charset=utf-8", "note.txt"),
        ("table", "application/octet-stream", "table.parquet"),
    ],
)
async def test_media_are_told_as_what_they_are_and_nothing_runs(ask, trial, name, type_, file):
    found = trial.artifact(name)
    answer = await ask(f"trials/{trial.id}/artifacts/{found.record.id}")
    assert answer.raw == found.read()
    assert answer.headers["Content-Type"] == type_
    assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="{file}"')
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")


@pytest.mark.parametrize(
    "media_type",
    [
        "image/svg+xml",
        "text/html",
        "application/xhtml+xml",
        "text/html; charset=utf-8",
        "image/png\r\nX: y",
        "text/xml",
        "application/pdf",
        "",
    ],
)
def test_what_could_run_is_never_told(media_type):
    assert content_type(media_type) == "application/octet-stream"
