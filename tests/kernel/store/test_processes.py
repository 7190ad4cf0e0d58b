"""Many processes in one catalog, and what SIGKILL and a full disk leave behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import psycopg
import pytest

from labdeck.errors import StoreFull
from labdeck.store.contract import Receipt
from labdeck.store.ids import new_id
from labdeck.store.open import open_store
from labdeck.store.sql.postgres import _meaning
from labdeck.testing.making import advance, open_experiment, start, start_trial, summary
from labdeck.wire import commands as wire
from labdeck.wire.records import Param

spawn = multiprocessing.get_context("spawn")
PROCESSES = 8
ROUNDS = 40


def run_together(target, location, *arguments):
    """Run `target(location, barrier, number, *arguments)` in 8 processes at once; return what each gave."""
    barrier, results = spawn.Barrier(PROCESSES), spawn.Queue()
    children = [
        spawn.Process(target=_report, args=(results, target, location, barrier, number, *arguments))
        for number in range(PROCESSES)
    ]
    for child in children:
        child.start()
    found = sorted((results.get(timeout=300) for _ in children), key=lambda item: item[0])
    for child in children:
        child.join(60)
    assert [item[2] for item in found if item[2]] == []
    return [item[1] for item in found]


def _report(results, target, location, barrier, number, *arguments):
    try:
        results.put((number, target(location, barrier, number, *arguments), ""))
    except BaseException as error:  # noqa: BLE001 - the parent judges
        results.put((number, None, repr(error)))


def _open_at_once(location, barrier, number):
    barrier.wait()
    with open_store(location) as store:
        store.catalog.apply([wire.OpenExperiment(id=new_id(), name="same", created=float(number))])
        return store.catalog.experiment("same").id


@pytest.mark.slow
def test_the_first_open_by_many_processes_makes_one_store_with_one_experiment(any_location):
    ids = run_together(_open_at_once, any_location)
    assert len(set(ids)) == 1
    with open_store(any_location) as store:
        assert [(item.name, item.id) for item in store.catalog.experiments()] == [("same", ids[0])]
        assert store.catalog.cursor() == 1


def _write_much(location, barrier, number, shared):
    writer, seen = new_id(), 0
    with open_store(location) as store:
        trial_id = shared or start_trial(store.catalog, "many", f"t{number}")
        barrier.wait()
        for index in range(ROUNDS):
            params = (Param(name=f"{number}/{index}", value=index),)
            seq = store.catalog.apply(
                [
                    wire.LogParams(trial_id=trial_id, params=params),
                    advance(trial_id, summary(f"m{number}", index, count=index + 1)),
                ],
                Receipt(writer=writer, position=index + 1),
            )
            assert seq > seen
            seen = seq
        return trial_id


@pytest.mark.slow
@pytest.mark.parametrize("into", ["one trial", "many trials"])
def test_eight_processes_lose_nothing_and_never_see_a_lock(any_location, into):
    with open_store(any_location) as store:
        shared = start_trial(store.catalog, "one") if into == "one trial" else ""
        follower = store.catalog
        ids = run_together(_write_much, any_location, shared)
        facts = follower.facts(trial_ids=sorted(set(ids)))
        written = {(item.trial.id, param.name, param.value) for item in facts for param in item.params}
        wanted = {(ids[n], f"{n}/{i}", i) for n in range(PROCESSES) for i in range(ROUNDS)}
        assert written == wanted
        lasts = {(item.trial.id, metric.name, metric.count) for item in facts for metric in item.metrics}
        assert lasts == {(ids[n], f"m{n}", ROUNDS) for n in range(PROCESSES)}
        events = follower.events(0, limit=100_000)
        assert [item.seq for item in events] == list(range(1, follower.cursor() + 1))
        assert follower.check() == ()


def _follow(location, barrier, number):
    """One process writes; the others read on from a cursor and must never miss an event."""
    with open_store(location) as store:
        barrier.wait()
        if number == 0:
            for index in range(200):
                open_experiment(store.catalog, f"e{index}")
            return list(range(1, 201))
        seen = []
        deadline = time.monotonic() + 120
        with store.catalog.watch() as watcher:
            while len(seen) < 200 and time.monotonic() < deadline:
                new = store.catalog.events(seen[-1] if seen else 0)
                seen += [item.seq for item in new]
                if not new:
                    watcher.wait(5.0)
        return seen


@pytest.mark.slow
def test_readers_that_follow_the_log_miss_nothing(any_location):
    assert run_together(_follow, any_location) == [list(range(1, 201))] * PROCESSES


def _apply_for_ever(location, writer, ready):
    with open_store(location) as store:
        position = store.catalog.position(writer)
        ready.set()
        while True:
            position += 1
            commands = [start("crash", f"{position}-{part}") for part in range(5)]
            store.catalog.apply(commands, Receipt(writer=writer, position=position))


@pytest.mark.slow
def test_sigkill_in_the_middle_of_apply_leaves_all_or_none(any_location):
    writer = new_id()
    with open_store(any_location) as store:
        for round_number in range(6):
            ready = spawn.Event()
            child = spawn.Process(target=_apply_for_ever, args=(any_location, writer, ready))
            child.start()
            assert ready.wait(60)
            before = store.catalog.position(writer)
            deadline = time.monotonic() + 60
            while store.catalog.position(writer) < before + 3 + round_number and time.monotonic() < deadline:
                os.sched_yield()
            os.kill(child.pid, signal.SIGKILL)
            child.join(30)
            position = store.catalog.position(writer)
            assert position > before
            names = [item.name for item in store.catalog.trials(store.catalog.experiment("crash").id).trials]
            wanted = [f"{number}-{part}" for number in range(1, position + 1) for part in range(5)]
            assert names[::-1] == wanted
        assert store.catalog.check() == ()


FILL = """
import sys
from pathlib import Path
from labdeck.errors import StoreFull
from labdeck.store.open import locate, open_store
from labdeck.store.sql.postgres import _meaning
from labdeck.testing.making import open_experiment, start_trial
from labdeck.wire import commands as wire

folder = Path(sys.argv[1])
with open_store(locate(folder / "store")) as store:
    trial_id = start_trial(store.catalog)
    kept = 0
    try:
        while True:
            store.catalog.apply([wire.Annotate(id=trial_id, note=str(kept) * 20_000)])
            kept += 1
    except StoreFull as error:
        assert "full" in error.message, error
    assert kept > 3, kept
    note = store.catalog.trial(trial_id).note
    assert note == str(kept - 1) * 20_000, "what was acknowledged is there, what failed is not"
    (folder / "ballast").unlink()
    store.catalog.apply([wire.Annotate(id=trial_id, note="free again")])
with open_store(locate(folder / "store")) as store:
    assert store.catalog.trial(trial_id).note == "free again"
    assert store.catalog.check() == ()
"""


def on_tiny_disk(folder):
    """A command that runs another one on 4 MB, half of it ballast: mounted by root, or in a name space of one's own."""
    mount = f"mount -t tmpfs -o size=4m none {folder} && head -c 2000000 /dev/zero > {folder}/ballast"
    return ["unshare", "-m" if os.getuid() == 0 else "-rm", "sh", "-c", f'{mount} && exec "$0" "$@"', sys.executable]


def test_a_full_disk_raises_and_keeps_what_was_acknowledged(tmp_path):
    command = [*on_tiny_disk(tmp_path), "-c", FILL, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr


def test_a_store_cannot_be_made_on_a_full_disk(tmp_path):
    code = (
        "import sys\nfrom pathlib import Path\nfrom labdeck.errors import StoreFull\n"
        "from labdeck.store.open import locate, open_store\n"
        "folder = Path(sys.argv[1])\n"
        "with (folder / 'more').open('wb', buffering=0) as file:\n"
        "    try:\n"
        "        while file.write(bytes(4096)) == 4096: pass\n"
        "    except OSError: pass\n"
        "try: open_store(locate(folder / 'store'))\n"
        "except StoreFull: sys.exit(0)\n"
        "sys.exit('no error')\n"
    )
    command = [*on_tiny_disk(tmp_path), "-c", code, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr


def test_a_full_disk_of_the_server_is_store_full():
    assert isinstance(_meaning(psycopg.errors.DiskFull("could not extend file"), "lab"), StoreFull)
