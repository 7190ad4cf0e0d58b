"""`%%debug_rules` in a real kernel: the line while it trains, the card after it, ends on purpose, the background."""

from __future__ import annotations

import pytest
from jupyter_client.manager import start_new_kernel

pytestmark = pytest.mark.slow
TIMEOUT = 90

NET = """
import time, torch
torch.manual_seed(0)
net = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
x, y = torch.randn(16, 4), torch.randn(16, 1)
def step(factor=1.0):
    optimizer.zero_grad()
    (torch.nn.functional.mse_loss(net(x), y) * factor).backward()
    optimizer.step()
def train(seconds=0.0, bad=-1, most=10**9):
    begun, number = time.monotonic(), 0
    while number < 5 or (number < most and time.monotonic() - begun < seconds):
        step(float("nan") if number == bad else 1.0)
        number += 1
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run a cell in a kernel; return its reply and the messages it sent."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABDECK_STORE", str(tmp_path_factory.mktemp("store")))
        patch.setenv("OMP_NUM_THREADS", "1")
        manager, client = start_new_kernel(kernel_name="python3")

    def execute(code):
        sent = []
        reply = client.execute_interactive(code, timeout=TIMEOUT, output_hook=sent.append, stop_on_error=False)
        return reply["content"], [(message["msg_type"], message["content"]) for message in sent]

    try:
        execute(f"%load_ext labdeck\n%experiment create digits\n{NET}")
        yield execute
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def texts(sent, kind):
    """Return what messages of a kind show as text."""
    return [content["data"].get("text/plain", "") for name, content in sent if name == kind]


def test_one_line_lives_while_the_cell_trains_and_a_card_comes_after_it(run):
    reply, sent = run("%%debug_rules\ntrain(seconds=4)")
    assert reply["status"] == "ok"
    (line,) = texts(sent, "display_data")
    assert line.startswith("Linear: step ")
    updates = texts(sent, "update_display_data")
    assert updates[-1] == "", "it goes"
    (card,) = texts(sent, "execute_result")
    assert "watched trial-1 (completed)" in card
    (result,) = [content for name, content in sent if name == "execute_result"]
    assert "<table" in result["data"]["text/html"]


def test_a_watch_without_a_block_is_stopped_by_one_line(run):
    run("import labdeck\nwatch = labdeck.watch(net, optimizer, rules=['ExplodingTensor'], actions=['stop'])")
    reply, sent = run("train(bad=2)\nafter = True")
    assert (reply["status"], reply["ename"]) == ("error", "TrainingStopped")
    (error,) = [content for name, content in sent if name == "error"]
    assert len(error["traceback"]) == 1
    assert error["traceback"][0].startswith("TrainingStopped: ExplodingTensor at step 2")
    reply, _ = run("assert 'after' not in globals()\nwatch.close()\nrun_again = torch.nn.Linear(4, 1)")
    assert reply["status"] == "ok", reply


def test_a_pause_gives_the_prompt_back_with_what_is_alive(run):
    run(NET)
    reply, sent = run("%%debug_rules ExplodingTensor --action pause\ntrain(bad=3)")
    assert reply["status"] == "ok", reply
    assert "labdeck.debugger.paused()" in texts(sent, "execute_result")[0]
    reply, sent = run(
        "import labdeck.debugger\npaused = labdeck.debugger.paused()\n"
        "assert paused.model is net and paused.step == 3\n"
        "float(paused.tensor('gradient/weight').isnan().any())"
    )
    assert (reply["status"], texts(sent, "execute_result")) == ("ok", ["1.0"]), reply


def test_the_notebook_is_free_while_a_training_runs_in_the_background(run):
    run(NET)
    reply, sent = run("%%debug_rules --background --trial behind\ntrain(seconds=600)")
    assert reply["status"] == "ok", reply
    assert "in the background" in texts(sent, "execute_result")[0]
    reply, _ = run("handle = _\nassert handle.is_running")
    assert reply["status"] == "ok", reply
    reply, sent = run("%debug_rules status")
    assert "behind" in texts(sent, "execute_result")[0]
    reply, sent = run("handle.stop()\nreport = handle.wait(60)\n(handle.is_running, report.detail.trial.state)")
    assert texts(sent, "execute_result") == ["(False, 'interrupted')"], reply
