"""The routes of recorded tensors."""

from __future__ import annotations

import pytest
from tests.kernel.debugger.recorded import record


@pytest.fixture
def recorded(studio, seed):
    (trial_id,) = seed("net")
    found = record(studio.session, trial_id)
    studio.session.flush()
    return trial_id, found


async def test_the_list_the_network_and_a_recorded_step(ask, recorded):
    trial_id, found = recorded
    listed = (await ask(f"trials/{trial_id}/tensors")).body
    assert [row["name"] for row in listed["tensors"]][-1] == "loss"
    assert listed["recordings"][0]["id"] == found.recording
    network = (await ask(f"trials/{trial_id}/network", params={"reduction": "l2", "step": "3"})).body
    assert (network["step"], network["nodes"][1]["shown"]) == (3, "gradient/conv1.weight")
    step = (await ask(f"trials/{trial_id}/recordings/{found.recording}", params={"mode": "TRAIN", "step": "19"})).body
    assert step["tensors"][0]["nan_count"] == 1


@pytest.mark.parametrize(
    ("figure", "arguments", "kind"),
    [
        ("map", {"reduction": "abs_mean"}, "heatmap"),
        ("tensor", {"tensor": "gradient/fc.weight"}, "scatter"),
        ("histogram", {"tensor": "gradient/fc.weight"}, "heatmap"),
        ("values", {"tensor": "gradient/fc.weight", "step": "5"}, "heatmap"),
    ],
)
async def test_figures(ask, recorded, figure, arguments, kind):
    trial_id, _ = recorded
    drawn = (await ask(f"trials/{trial_id}/figures/{figure}", params=arguments)).body
    assert drawn["data"][0]["type"] == kind


async def test_what_a_rule_says_is_no_html(ask, recorded):
    trial_id, _ = recorded
    drawn = (await ask(f"trials/{trial_id}/figures/map", params={"reduction": "l2"})).body
    (marks,) = [trace for trace in drawn["data"] if trace["type"] == "scatter"]
    assert "<b>" not in marks["hovertext"][0]
    assert "&lt;b&gt;" in marks["hovertext"][0]


@pytest.mark.parametrize(
    ("path", "arguments", "status"),
    [
        ("tensors", {"mode": "TRAIN"}, 200),
        ("network", {"mode": "NONE"}, 400),
        ("network", {"reduction": "quantiles"}, 400),
        ("network", {"reduction": "histogram", "step": "3"}, 400),
        ("network", {"reduction": "x" * 5000}, 400),
        ("network", {"reduction": "value"}, 200),
        ("figures/map", {"reduction": "nonsense"}, 400),
        ("figures/map", {"start": "x"}, 400),
        ("figures/tensor", {}, 400),
        ("figures/tensor", {"tensor": "none"}, 404),
        ("figures/values", {"tensor": "loss", "step": "5"}, 404),
        (f"recordings/{'0' * 32}", {"step": "1"}, 404),
    ],
)
async def test_what_cannot_be_answered_is_said(ask, recorded, path, arguments, status):
    trial_id, _ = recorded
    assert (await ask(f"trials/{trial_id}/{path}", params=arguments)).status == status
