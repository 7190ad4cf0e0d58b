"""The magics in a real kernel, as a notebook has it."""

from __future__ import annotations

import time

import pytest
from jupyter_client.manager import start_new_kernel

from labdeck import open as open_store

pytestmark = pytest.mark.slow
TIMEOUT = 60


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """A kernel with an experiment in use, its client, and a studio of this process on the same store."""
    store = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABDECK_STORE", str(store))
        manager, client = start_new_kernel(kernel_name="python3")
    studio = open_store(store)
    try:
        run(client, "%load_ext labdeck\n%experiment create digits")
        yield manager, client, studio
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        studio.close()


def run(client, code):
    """Run a cell; return its reply and the messages it sent."""
    sent = []  # stop_on_error would have the kernel refuse what comes soon after a cell that failed
    reply = client.execute_interactive(code, timeout=TIMEOUT, output_hook=sent.append, stop_on_error=False)
    return reply["content"], [(message["msg_type"], message["content"]) for message in sent]


def wait_for(condition):
    """Poll until the condition holds."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def interrupt(manager, client, studio, name, code):
    """Run a cell, interrupt it as soon as its trial is in the store, and return its reply."""
    message = client.execute(code, stop_on_error=False)

    def started():
        return name in [trial.name for trial in studio.find_experiment("digits").trials()]

    wait_for(started)
    manager.interrupt_kernel()
    while (reply := client.get_shell_msg(timeout=TIMEOUT))["parent_header"].get("msg_id") != message:
        pass
    return reply["content"]


def state(studio, name):
    return studio.find_experiment("digits").find(name).state


def test_a_trial_shows_its_value_and_its_card(kernel):
    _, client, studio = kernel
    reply, sent = run(client, "%%experiment trial shown --param lr=0.1\ntrial.log(acc=0.5)\n6 * 7")
    assert reply["status"] == "ok"
    results = [content["data"] for kind, content in sent if kind == "execute_result"]
    assert results[0]["text/plain"] == "42"
    assert "shown" in results[1]["text/html"]
    assert state(studio, "shown") == "completed"


def test_an_error_of_labdeck_is_one_line(kernel):
    _, client, _ = kernel
    for code in ("%experiment use digit", "%experiment crate x", "%%experiment trial --parm x=1\n1"):
        reply, sent = run(client, code)
        (shown,) = [content for kind, content in sent if kind == "error"]
        assert reply["status"] == "error"
        assert len("\n".join(shown["traceback"]).splitlines()) == 1
        assert "did you mean" in shown["traceback"][0]


def test_an_exception_stops_the_notebook_and_shows_the_cell(kernel):
    _, client, studio = kernel
    reply, sent = run(client, "%%experiment trial failing\n\n1 / 0")
    (shown,) = [content for kind, content in sent if kind == "error"]
    assert (reply["status"], reply["ename"]) == ("error", "ZeroDivisionError")
    assert "labdeck" not in "\n".join(shown["traceback"])
    assert state(studio, "failing") == "failed"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("looping", "import time\nwhile True:\n    time.sleep(0.01)"),
        ("awaiting", "import asyncio\nwhile True:\n    await asyncio.sleep(0.01)"),
    ],
)
def test_an_interrupt_ends_the_trial_as_interrupted(kernel, name, body):
    manager, client, studio = kernel
    reply = interrupt(manager, client, studio, name, f"%%experiment trial {name}\n{body}")
    assert reply["status"] == "error"
    wait_for(lambda: state(studio, name) == "interrupted")
    assert run(client, "1 + 1")[0]["status"] == "ok"


def test_await_works_in_the_kernel_s_running_loop(kernel):
    _, client, studio = kernel
    reply, _ = run(client, "%%experiment trial waiting\nimport asyncio\nawait asyncio.sleep(0)\ntrial.log(acc=1.0)")
    assert reply["status"] == "ok"
    assert state(studio, "waiting") == "completed"


def test_tab_completes_names(kernel):
    _, client, _ = kernel
    code = "%experiment use dig"
    client.complete(code, len(code))
    while (reply := client.get_shell_msg(timeout=TIMEOUT))["msg_type"] != "complete_reply":
        pass
    content = reply["content"]
    assert content["matches"] == ["digits"]
    assert (content["cursor_start"], content["cursor_end"]) == (len(code) - 3, len(code))
