"""The file behind an outbox."""

import os
import resource
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labdeck.errors import StoreCorrupt, UsageError
from labdeck.store.journal import Journal, Reading, check_command, read_journal
from labdeck.store.process import this_process
from labdeck.wire.commands import Annotate, LogParams
from labdeck.wire.records import Param

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(codec="utf-8")),
)


def note(number):
    return Annotate(id="0" * 32, note=f"note {number}")


def write(path, commands):
    journal = Journal(path, this_process())
    for position, command in enumerate(commands, 1):
        journal.append(position, command)
    journal.close(remove=False)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(values=st.lists(VALUES, max_size=5))
def test_what_goes_in_comes_out(tmp_path, values):
    path = tmp_path / os.urandom(8).hex()
    commands = [LogParams(trial_id="0" * 32, params=(Param(name="x", value=value),)) for value in values]
    write(path, commands)
    assert read_journal(path) == Reading(this_process(), list(enumerate(commands, 1)), damaged=False)


def test_a_tail_torn_at_any_byte_costs_only_the_torn_command(tmp_path):
    path = tmp_path / "whole"
    commands = [note(number) for number in range(3)]
    ends = []
    journal = Journal(path, this_process())
    ends.append(path.stat().st_size)
    for position, command in enumerate(commands, 1):
        journal.append(position, command)
        ends.append(path.stat().st_size)
    journal.close(remove=False)
    data = path.read_bytes()
    torn = tmp_path / "torn"
    for size in range(ends[0], len(data) + 1):
        torn.write_bytes(data[:size])
        whole = sum(end <= size for end in ends[1:])
        assert read_journal(torn) == Reading(this_process(), list(enumerate(commands[:whole], 1)), damaged=False)


def test_a_flipped_byte_in_a_command_costs_that_command_and_is_reported(tmp_path):
    path = tmp_path / "journal"
    journal = Journal(path, this_process())
    ends = [path.stat().st_size]
    for number in range(1, 4):
        journal.append(number, note(number))
        ends.append(path.stat().st_size)
    journal.close(remove=False)
    data = path.read_bytes()
    for at in range(ends[1] + 8, ends[2]):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        assert read_journal(path) == Reading(this_process(), [(1, note(1)), (3, note(3))], damaged=True)


def test_a_command_of_another_version_costs_that_command_and_is_reported(tmp_path):
    path = tmp_path / "journal"
    journal = Journal(path, this_process())
    journal.append(1, note(1))
    journal.append(2, {"command": "from-the-future", "id": "0" * 32})
    journal.append(3, note(3))
    journal.close(remove=False)
    assert read_journal(path) == Reading(this_process(), [(1, note(1)), (3, note(3))], damaged=True)


@pytest.mark.parametrize("value", [5, b"x", ["a"], "half a pair \ud800"])
def test_what_could_not_be_read_again_is_refused_when_it_is_given(value):
    with pytest.raises(UsageError, match="annotate: a value cannot be recorded"):
        check_command(Annotate(id="0" * 32, note=value))


@pytest.mark.parametrize("content", [b"", b"hello", b"LDOUTBOX1\n", b"LDOUTBOX1\n\x05\0\0\0\0\0\0\0abcde"])
def test_a_file_that_is_no_journal_is_named_as_such(tmp_path, content):
    path = tmp_path / "odd.log"
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt, match=r"odd\.log is not an outbox"):
        read_journal(path)


def test_clearing_forgets_and_goes_on(tmp_path):
    path = tmp_path / "journal"
    journal = Journal(path, this_process())
    journal.append(1, note(1))
    assert journal.pending > 0
    journal.clear()
    assert journal.pending == 0
    journal.append(2, note(2))
    journal.close(remove=False)
    assert read_journal(path).entries == [(2, note(2))]


def test_a_full_disk_leaves_only_whole_commands(tmp_path):
    """The limit on file size stands in for the disk: the write fails half-way, as on a full one."""
    code = """
import resource, signal, sys
from pathlib import Path
from labdeck.store.journal import Journal
from labdeck.store.process import this_process
from labdeck.wire.commands import Annotate
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
journal, kept = Journal(Path(sys.argv[1]), this_process()), 0
try:
    while True:
        journal.append(kept + 1, Annotate(id="0" * 32, note="x" * 100))
        kept += 1
except OSError:
    print(kept)
"""
    path = tmp_path / "journal"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 4096
    assert len(read_journal(path).entries) == int(done.stdout) > 10
