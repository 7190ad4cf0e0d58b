"""A fork waits until no thread is in the middle of something that a child could not go on from."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from labdeck.store import forks
from labdeck.store.forks import unforked

IN_A_TRANSACTION = """
import os, sys, threading
from labdeck.studio import Studio

studio = Studio(sys.argv[1])
studio.experiment("before").record()
database = studio.session.store.catalog._database
inside, ended = threading.Event(), []

def work(connection):
    inside.set()
    connection.exec_driver_sql("SELECT count(*) FROM event").scalar()
    for _ in range(200_000):  # long enough that the fork comes within
        pass
    ended.append(True)

thread = threading.Thread(target=database.write, args=(work,))
thread.start()
inside.wait()
child = os.fork()
if not child:
    studio.experiment("of the child").record()
    os._exit(0)
assert ended, "the transaction had ended before the fork"
thread.join()
_, status = os.waitpid(child, 0)
studio.experiment("after").record()
print(os.waitstatus_to_exitcode(status), sorted(one.name for one in studio.experiments()))
"""


def fork_and_look(look):
    """Fork; return what `look` says of the child, 0 or 1."""
    child = os.fork()
    if not child:
        os._exit(look())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.slow
def test_a_child_that_is_forked_during_a_transaction_finds_the_store_as_others_do(tmp_path):
    command = [sys.executable, "-c", IN_A_TRANSACTION, str(tmp_path / "store")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=100)
    assert done.stdout.strip() == "0 ['after', 'before', 'of the child']", done.stderr


def test_a_fork_waits_for_those_inside_and_they_for_the_fork():
    entered, leave, order = threading.Event(), threading.Event(), []

    def work():
        with unforked():
            entered.set()
            leave.wait()
            with unforked():  # a fork waits already: who is inside may go deeper
                order.append("inside")

    thread = threading.Thread(target=work)
    thread.start()
    entered.wait()
    waiting = threading.Thread(target=lambda: order.append(f"forked {fork_and_look(lambda: 0)}"))
    waiting.start()
    while not forks._turns.forks:
        threading.Event().wait(0.001)
    leave.set()
    thread.join()
    waiting.join()
    assert order == ["inside", "forked 0"]
    assert forks._turns.inside == forks._turns.forks == 0


def test_several_are_inside_at_once_and_a_child_begins_with_nobody_there():
    entered, leave = threading.Event(), threading.Event()

    def work():
        with unforked():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=work)
    with unforked():
        thread.start()
        entered.wait()
        assert forks._turns.inside == 2
        leave.set()
        thread.join()
        assert fork_and_look(lambda: forks._turns.inside) == 0  # the thread that forks is not waited for
        assert forks._turns.inside == 1
    assert forks._turns.inside == 0


def test_a_fork_does_not_wait_for_ever(monkeypatch):
    monkeypatch.setattr(forks, "PATIENCE", 0.05)
    entered, leave = threading.Event(), threading.Event()

    def work():
        with unforked():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=work)
    thread.start()
    entered.wait()
    assert fork_and_look(lambda: forks._turns.inside) == 0
    leave.set()
    thread.join()
