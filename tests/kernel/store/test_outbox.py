"""Commands on their way to the catalog."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings

import pytest

from labdeck.errors import StoreBusy, StoreUnreachable, UsageError
from labdeck.store import outbox as outbox_module
from labdeck.store.ids import new_id
from labdeck.store.journal import Journal, read_journal
from labdeck.store.open import open_store
from labdeck.store.outbox import Outbox, adopt
from labdeck.store.process import this_process
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


def test_a_store_that_comes_back_gets_everything_once(tmp_path, store, caplog):
    caplog.set_level(logging.INFO, "labdeck.store")
    refused = [StoreBusy("busy", "wait"), *(StoreUnreachable("gone", "wait") for _ in range(3))]
    flaky = Flaky(store.catalog, refused)
    box = Outbox(tmp_path / "outbox", lambda: flaky)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        box.post(experiment())
        wait_for(store.catalog.experiments)
        box.close()
    assert [str(warning.message) for warning in caught] == [
        "Labdeck: gone (wait); training goes on, facts wait in memory"
    ]
    said = [record.levelno for record in caplog.records if "gone" in record.getMessage()]
    assert said == [logging.INFO] * 3, "what is above goes to the standard error output, line by line"


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


def test_the_outbox_of_a_living_process_is_left_alone(tmp_path, store):
    living = Outbox(tmp_path / "outbox", lambda: pytest.fail("not yet"))
    living._ensure_thread = lambda: None
    living.post(experiment())
    assert adopt(tmp_path / "outbox", store.catalog) == 0
    assert len(list((tmp_path / "outbox").iterdir())) == 1


def dead_journal(path, count):
    journal = Journal(path, this_process())
    for number in range(count):
        journal.append(number + 1, experiment(f"study {number}"))
    journal.close(remove=False)


def test_a_damaged_outbox_is_delivered_as_far_as_it_can_be_read_and_kept(tmp_path, store):
    path = tmp_path / "outbox" / f"{new_id()}.log"
    dead_journal(path, 5)
    data = bytearray(path.read_bytes())
    data[data.index(b"study 2")] ^= 1
    path.write_bytes(data)
    assert adopt(tmp_path / "outbox", store.catalog) == 4
    assert {record.name for record in store.catalog.experiments()} == {"study 0", "study 1", "study 3", "study 4"}
    assert [one.suffix for one in (tmp_path / "outbox").iterdir()] == [".damaged"]
    assert adopt(tmp_path / "outbox", store.catalog) == 0


@pytest.mark.parametrize(("content", "left"), [(b"", []), (b"LDOUT", []), (b"no journal at all", [".damaged"])])
def test_what_is_no_outbox_is_put_aside_once(tmp_path, store, content, left):
    (tmp_path / "outbox").mkdir()
    path = tmp_path / "outbox" / "x.log"
    path.write_bytes(content)
    if not left:
        assert adopt(tmp_path / "outbox", store.catalog) == 0
        assert path.exists(), "its writer may be about to write"
    os.utime(path, (1.0, 1.0))
    assert adopt(tmp_path / "outbox", store.catalog) == 0
    assert [one.suffix for one in (tmp_path / "outbox").iterdir()] == left


def test_a_value_that_cannot_be_recorded_is_refused_and_costs_nothing(outbox, store):
    with pytest.raises(UsageError, match="cannot be recorded"):
        outbox.post(experiment("one"), Annotate(id=new_id(), note=5))
    outbox.post(experiment("two"))
    outbox.flush()
    assert [record.name for record in store.catalog.experiments()] == ["two"]


def test_the_journal_comes_back_when_the_disk_has_room_again(tmp_path, store, monkeypatch):
    place = tmp_path / "outbox"
    place.write_text("in the way")
    box = Outbox(place, lambda: store.catalog)
    box._ensure_thread = lambda: None
    with pytest.warns(UserWarning, match="the outbox cannot be written"):
        box.post(experiment("one"))
    place.unlink()
    monkeypatch.setattr(outbox_module, "RETRY", (0.0, 0.0))
    box._retry_journal = 0.0
    box.post(experiment("two"))
    (path,) = place.iterdir()
    assert [position for position, _ in read_journal(path).entries] == [2]


class Refusing(Flaky):
    """Refuses announcements, which come without a receipt, a few times."""

    def apply(self, commands, receipt=None):
        if receipt is None and self.failures:
            raise self.failures.pop()
        return self.catalog.apply(commands, receipt)


def test_an_announcement_that_failed_is_repeated_before_anything_newer(tmp_path, store):
    first = experiment()
    refusing = Refusing(store.catalog, [StoreBusy("busy", "wait")])
    box = Outbox(tmp_path / "outbox", lambda: refusing)
    box.post(first)
    box.flush()
    told = []

    def source():
        if told:
            return []
        told.append(1)
        return [Annotate(id=first.id, note="announced")]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        box.add_source(source)
        wait_for(lambda: store.catalog.experiment("digits").note == "announced")
        box.close()


def test_a_flush_waits_for_an_announcement_under_way(tmp_path, store):
    first, asked, go_on = experiment(), threading.Event(), threading.Event()
    box = Outbox(tmp_path / "outbox", lambda: store.catalog)
    box.post(first)
    box.flush()

    def source():
        if asked.is_set():
            return []
        asked.set()
        assert go_on.wait(DEADLINE)
        return [Annotate(id=first.id, note="announced")]

    box.add_source(source)
    assert asked.wait(DEADLINE)
    threading.Timer(0.1, go_on.set).start()
    box.flush()
    assert store.catalog.experiment("digits").note == "announced"
    box.close()


def test_a_store_that_was_removed_is_noticed_and_made_anew(location):
    session = Session(location)
    session.post(experiment("gone"))
    session.flush()
    shutil.rmtree(location.folder)
    location.folder.mkdir()
    session.post(experiment("new"))
    with pytest.warns(UserWarning, match="was removed or replaced"):
        wait_for(lambda: [record.name for record in session.store.catalog.experiments()] == ["new"])
    session.close()


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
