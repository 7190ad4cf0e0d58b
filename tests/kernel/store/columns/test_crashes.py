"""SIGKILL, many processes, forks, signals: no acknowledged point is ever lost."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading

import pytest

from labdeck.store.columns.files import FileColumns
from labdeck.store.contract import SeriesKey
from labdeck.store.ids import new_id
from labdeck.testing.columns_contract import LOSS, points, writing

LOGGING = """
import os, sys
from pathlib import Path
from labdeck.store.columns.files import FileColumns
writer = FileColumns(Path(sys.argv[1])).writer(sys.argv[2])
step = 0
while True:
    if step % 3:
        writer.log({"loss": step / 2, "acc": -step / 2}, step)
    else:
        writer.log({"loss": step / 2}, step)
        writer.log({"acc": -step / 2}, step)
    step += 1
    if step % 1000 == 0:
        writer.seal()
    os.write(1, step.to_bytes(8, "little"))
"""

PACKING = """
import sys
from pathlib import Path
from labdeck.store.columns.files import FileColumns
columns = FileColumns(Path(sys.argv[1]))
columns.compact(sys.argv[3])
print(flush=True)
while True:
    columns.compact(sys.argv[2])
    writer = columns.writer(sys.argv[2])
    writer.log({"loss": float(len(columns.series(sys.argv[2], columns.keys(sys.argv[2])[0])))}, None)
    writer.close()
"""

MANY = """
import sys
from pathlib import Path
from labdeck.store.columns.files import FileColumns
root, trial_id, number, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
print(flush=True)
sys.stdin.readline()
writer = FileColumns(root).writer(trial_id)
for step in range(count // 2):
    writer.log({"loss": number + step / 1e6, f"own{number}": float(step)}, step)
writer.close()
"""


@pytest.fixture
def columns(tmp_path):
    return FileColumns(tmp_path / "columns")


@pytest.fixture
def trial_id():
    return new_id()


def run(code, *arguments, **options):
    """Start Python on a piece of code."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, **options)


@pytest.mark.slow
def test_sigkill_at_any_instant_loses_no_acknowledged_point(columns):
    chance = random.Random(7)
    for _ in range(15):
        trial_id = new_id()
        child = run(LOGGING, columns._folder, trial_id)
        # After so many acknowledgements, and then a stretch of the child's own running that nobody measures.
        for _ in range(chance.choice([1, 2, 50, 2100, 9000])):
            child.stdout.read(8)
        child.kill()
        rest = child.stdout.read()
        child.wait()
        acknowledged = int.from_bytes(rest[len(rest) // 8 * 8 - 8 : len(rest) // 8 * 8], "little")
        for _ in range(2):
            found = columns.all_series(trial_id)
            loss, acc = points(found[LOSS]), points(found[SeriesKey("", "acc")])
            assert loss == [(step, step / 2) for step in range(len(loss))]
            assert acc == [(step, -step / 2) for step in range(len(acc))]
            assert len(loss) - 1 <= len(acc) <= len(loss)
            assert len(acc) >= acknowledged
            assert [defect for defect in columns.check(trial_id) if defect.severity == "error"] == []
            columns.compact(trial_id)
        child.stdout.close()
        child.stdin.close()


@pytest.mark.slow
def test_sigkill_while_packing_loses_nothing_and_doubles_nothing(columns, trial_id):
    warm = new_id()
    for identity in (trial_id, warm):
        with writing(columns, identity) as writer:
            for step in range(3):
                writer.log({"loss": float(step)}, None)
    chance = random.Random(11)
    for _ in range(12):
        child = run(PACKING, columns._folder, trial_id, warm)
        child.stdout.readline()  # pyarrow is imported: from here on every instant is one of packing or logging
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(chance.uniform(0, 0.05))
        child.kill()
        child.communicate()
        values = columns.series(trial_id, LOSS).values.tolist()
        assert values == [float(index) for index in range(len(values))]
    columns.compact(trial_id)
    assert columns.series(trial_id, LOSS).values.tolist() == values
    assert [path.name for path in (columns._folder / trial_id).iterdir()] == ["metrics.parquet"]


@pytest.mark.slow
@pytest.mark.parametrize("shared", [True, False], ids=["one-trial", "many-trials"])
def test_eight_processes_of_20_000_points(columns, shared):
    count = 20_000
    trials = [new_id()] * 8 if shared else [new_id() for _ in range(8)]
    children = [run(MANY, columns._folder, trial_id, number, count) for number, trial_id in enumerate(trials)]
    for child in children:
        child.stdout.readline()
    for child in children:
        child.stdin.write(b"\n")
        child.stdin.flush()
    assert [child.communicate(timeout=120) and child.returncode for child in children] == [0] * 8
    expected = {number: [(step, number + step / 1e6) for step in range(count // 2)] for number in range(8)}
    for packed in (False, True):
        for number, trial_id in enumerate(trials):
            series = columns.series(trial_id, LOSS)
            mine = (series.values >= number) & (series.values < number + 0.5)
            found = list(zip(series.steps[mine].tolist(), series.values[mine].tolist(), strict=True))
            assert found == expected[number]
            own = columns.series(trial_id, SeriesKey("", f"own{number}"))
            assert points(own) == [(step, float(step)) for step in range(count // 2)]
            assert len(series) == count // 2 * (8 if shared else 1)
            assert columns.check(trial_id) == ()
        if not packed:
            assert [columns.compact(trial_id) for trial_id in set(trials)] == [True] * len(set(trials))


def fork_and_log(writer, value):
    """Log one point in a forked child, close there, and wait for it."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            writer.log({"loss": value}, None)
            writer.close()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_writes_a_segment_of_its_own(columns, trial_id):
    with writing(columns, trial_id) as writer:
        writer.log({"loss": 0.0}, 0)
        fork_and_log(writer, 10.0)
        writer.log({"loss": 1.0}, None)
        fork_and_log(writer, 20.0)
        writer.log({"loss": 2.0}, None)
    assert len(list((columns._folder / trial_id).glob("*.seg"))) == 3
    assert points(columns.series(trial_id, LOSS)) == [(0, 0.0), (1, 1.0), (2, 2.0), (1, 10.0), (2, 20.0)]
    assert columns.check(trial_id) == ()
    assert columns.compact(trial_id) is True
    assert len(columns.series(trial_id, LOSS)) == 5


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_while_other_threads_log_does_not_hang_the_child(columns, trial_id):
    writer = columns.writer(trial_id)
    stop = threading.Event()
    counts = [0, 0]

    def log(number):
        while not stop.is_set():
            writer.log({f"t{number}": float(counts[number])}, None)
            counts[number] += 1

    threads = [threading.Thread(target=log, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for child in range(10):
        fork_and_log(writer, float(child))
    stop.set()
    for thread in threads:
        thread.join()
    writer.close()
    for number in range(2):
        values = columns.series(trial_id, SeriesKey("", f"t{number}")).values.tolist()
        assert values == [float(index) for index in range(counts[number])]
    assert sorted(columns.series(trial_id, LOSS).values.tolist()) == [float(child) for child in range(10)]


SIGNALS = """
import itertools, signal, sys
from pathlib import Path
from labdeck.store.columns.files import FileColumns
writer = FileColumns(Path(sys.argv[1])).writer(sys.argv[2])
numbers, heard, tried, interrupted, busy = itertools.count(), 0, 0, 0, False
def on_signal(_, frame):
    global heard, busy
    if busy:
        return
    busy = True
    number = next(numbers)
    writer.log({"heard": float(number), "extra": 1.0}, number)
    heard += 1
    busy = False
    if number % 2 and frame.f_code.co_filename.endswith("writer.py"):
        raise KeyboardInterrupt
signal.signal(signal.SIGALRM, on_signal)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
while heard < 400:
    try:
        while heard < 400:
            tried += 1
            writer.log({"loss": float(tried), "acc": float(tried)}, tried)
            writer.log({"one": float(tried)}, tried)
    except KeyboardInterrupt:
        interrupted += 1
signal.signal(signal.SIGALRM, signal.SIG_IGN)
writer.close()
print(next(numbers), tried, interrupted)
"""


def test_interrupts_and_signal_handlers_inside_log_leave_a_consistent_file(columns, trial_id):
    child = run(SIGNALS, columns._folder, trial_id, text=True)
    heard, tried, interrupted = map(int, child.communicate(timeout=60)[0].split())
    assert child.returncode == 0
    found = columns.all_series(trial_id)
    assert interrupted > 0, "signals came in the middle of log calls"
    assert sorted(points(found[SeriesKey("", "heard")])) == [(number, float(number)) for number in range(heard)]
    for name in ("loss", "acc", "one"):
        series = found[SeriesKey("", name)]
        steps = series.steps.tolist()
        assert steps == sorted(set(steps)), "no point twice, none out of order"
        assert series.values.tolist() == [float(step) for step in steps]
        assert tried - interrupted <= len(steps) <= tried, "only calls that were interrupted may be missing"
    assert columns.check(trial_id) == ()


def test_a_close_from_a_signal_handler_ends_logging_with_an_error_not_a_crash(columns, trial_id):
    code = """
import signal, sys
from pathlib import Path
from labdeck.errors import TrialClosed
from labdeck.store.columns.files import FileColumns
writer = FileColumns(Path(sys.argv[1])).writer(sys.argv[2])
signal.signal(signal.SIGALRM, lambda *_: writer.close())
signal.setitimer(signal.ITIMER_REAL, 0.02)
count = 0
try:
    while True:
        writer.log({"loss": float(count), "acc": 1.0}, count)
        count += 1
except TrialClosed:
    print(count)
"""
    for _ in range(3):
        trial_id = new_id()
        child = run(code, columns._folder, trial_id, text=True)
        count = int(child.communicate(timeout=60)[0])
        assert child.returncode == 0
        assert columns.series(trial_id, LOSS).values.tolist()[:count] == [float(index) for index in range(count)]
        assert columns.check(trial_id) == ()
