"""Commands on their way to the catalog."""

import os
import signal
import subprocess
import sys
import threading
import time
import warnings

import pytest

from labdeck.errors import StoreBusy, StoreUnreachable
from labdeck.store.ids import new_id
from labdeck.store.open import open_store
from labdeck.store.outbox import Outbox, adopt
from labdeck.store.session import Session
from labdeck.wire.commands import Annotate, OpenExperiment

DEADLINE = 30.0


def experiment(name="digits"):
    return OpenExperiment(id=new_id(), name=name, created=1.0)


@pytest.fixture
def outbox(tmp_path, store):
    box = Outbox(tmp_path / "outbox", lambda: store.catalog)
    yield box
    box.close()


def wait_for(condition):
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        threading.Event().wait(0.01)


def test_what_is_posted_arrives_in_order(outbox, store):
    first = experiment()
    outbox.post(first)
    for number in range(50):
        outbox.post(Annotate(id=first.id, note=str(number)))
    outbox.flush()
    assert store.catalog.experiment("digits").note == "49"


def test_it_arrives_without_a_flush(outbox, store):
    outbox.post(experiment())
    wait_for(store.catalog.experiments)


def test_flush_of_nothing_opens_nothing(tmp_path):
    def never():
        raise AssertionError("the catalog was opened")

    box = Outbox(tmp_path / "outbox", never)
    box.flush()
    box.close()
    assert not (tmp_path / "outbox").exists()


def test_a_command_that_cannot_be_applied_does_not_hold_up_the_others(outbox, store):
    outbox.post(experiment("one"), Annotate(id=new_id(), note="of nothing"), experiment("two"))
    outbox.flush()
    assert {record.name for record in store.catalog.experiments()} == {"one", "two"}


def test_sources_are_asked_again_and_again(outbox, store):
    first, asked = experiment(), []

    def source():
        asked.append(1)
        return [Annotate(id=first.id, note=str(len(asked)))]

    outbox.post(first)
    outbox.flush()
    outbox.add_source(source)
    wait_for(lambda: store.catalog.experiment("digits").note == "3")
    outbox.remove_source(source)


class Flaky:
    """A catalog behind the same door that fails a few times before it works."""

    def __init__(self, catalog, failures):
        self.catalog, self.failures = catalog, failures

    def apply(self, commands, receipt=None):
        if self.failures:
            raise self.failures.pop()
        return self.catalog.apply(commands, receipt)


def test_a_store_that_comes_back_gets_everything_once(tmp_path, store):
    flaky = Flaky(store.catalog, [StoreBusy("busy", "wait"), StoreUnreachable("gone", "wait")])
    box = Outbox(tmp_path / "outbox", lambda: flaky)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        box.post(experiment())
        wait_for(store.catalog.experiments)
        box.close()
    assert [str(warning.message) for warning in caught] == [
        "Labdeck: gone (wait); training goes on, facts wait in memory"
    ]


def test_flush_tells_what_is_wrong_and_loses_nothing(tmp_path, store):
    flaky = Flaky(store.catalog, [StoreUnreachable("gone", "wait")] * 100)
    box = Outbox(tmp_path / "outbox", lambda: flaky)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        box.post(experiment())
        with pytest.raises(StoreUnreachable, match="gone"):
            box.flush()
    flaky.failures.clear()
    box.flush()
    box.close()
    assert store.catalog.experiments()[0].name == "digits"


def test_closing_removes_the_file_and_using_it_again_works(outbox, store, tmp_path):
    outbox.post(experiment("one"))
    outbox.close()
    assert list((tmp_path / "outbox").iterdir()) == []
    outbox.post(experiment("two"))
    outbox.flush()
    assert len(store.catalog.experiments()) == 2


def test_a_full_disk_warns_and_delivers_all_the_same(tmp_path, store):
    (tmp_path / "outbox").write_text("a file where the folder should be")
    box = Outbox(tmp_path / "outbox", lambda: store.catalog)
    with pytest.warns(UserWarning, match="the outbox cannot be written"):
        box.post(experiment())
    box.close()
    assert store.catalog.experiments()[0].name == "digits"


DYING = """
import os, signal, sys
from labdeck.store.ids import new_id
from labdeck.store.open import locate
from labdeck.store.session import Session
from labdeck.wire.commands import OpenExperiment
session = Session(locate(sys.argv[1]))
for number in range(int(sys.argv[2])):
    session.post(OpenExperiment(id=new_id(), name=f"e{number}", created=1.0))
    print(number, flush=True)
if sys.argv[3] == "flush":
    session.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("ending", ["flush", "at once"])
def test_sigkill_loses_nothing_that_was_posted(location, ending):
    command = [sys.executable, "-c", DYING, str(location.folder), "40", ending]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    session = Session(location)
    session.adopt_outboxes()
    session.adopt_outboxes()
    assert len(session.catalog.experiments()) == len(done.stdout.split()) == 40
    assert list((location.folder / "outbox").iterdir()) == []
    session.close()


def test_the_living_and_the_unreadable_are_left_alone(location, tmp_path):
    (tmp_path / "outbox").mkdir()
    (tmp_path / "outbox" / "x.log").write_bytes(b"no journal")
    with open_store(location) as store:
        living = Outbox(tmp_path / "outbox", lambda: pytest.fail("not yet"))
        living._ensure_thread = lambda: None
        living.post(experiment())
        assert adopt(tmp_path / "outbox", store.catalog) == 0
        assert len(list((tmp_path / "outbox").iterdir())) == 2


def test_a_forked_child_has_an_outbox_of_its_own(location):
    session = Session(location)
    session.post(experiment("parent"))
    child = os.fork()
    if child == 0:
        try:
            session.post(experiment("child"))
            session.close()
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    session.post(experiment("parent again"))
    assert {record.name for record in session.catalog.experiments()} == {"parent", "child", "parent again"}
    session.close()


def test_a_script_that_ends_at_once_has_delivered(location):
    code = "import sys, labdeck; labdeck.open(sys.argv[1]).experiment('short')"
    done = subprocess.run(
        [sys.executable, "-c", code, str(location.folder)], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    with open_store(location) as store:
        assert store.catalog.experiments()[0].name == "short"
