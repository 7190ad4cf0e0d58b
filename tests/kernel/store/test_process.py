"""Telling the living from the dead."""

import os
import subprocess
import sys

import msgspec

from labdeck.store.process import is_alive, this_process


def test_this_process_lives():
    me = this_process()
    assert me.pid == os.getpid()
    assert is_alive(me) is True


def test_a_process_that_ended_is_dead():
    code = """
import msgspec, sys
from labdeck.store.process import this_process
sys.stdout.buffer.write(msgspec.json.encode(this_process()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    other = msgspec.json.decode(done.stdout, type=type(this_process()))
    assert is_alive(other) is False


def test_a_process_that_nobody_has_waited_for_is_dead():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    me = this_process()
    from labdeck.store.process import _born

    zombie = msgspec.structs.replace(me, pid=child.pid, born=_born(child.pid))
    assert is_alive(zombie) is True
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert is_alive(zombie) is False
    child.wait()
    child.stdin.close()


def test_a_reused_process_id_is_another_process():
    me = this_process()
    assert is_alive(msgspec.structs.replace(me, born=me.born - 3600)) is False


def test_before_the_last_boot_everything_is_dead():
    assert is_alive(msgspec.structs.replace(this_process(), boot="another")) is False


def test_other_containers_of_this_machine_cannot_be_judged():
    boot = this_process().boot.partition("/")[0]
    assert is_alive(msgspec.structs.replace(this_process(), boot=f"{boot}/1")) is None


def test_setting_the_clock_kills_nobody(monkeypatch):
    me = this_process()
    monkeypatch.setattr("labdeck.store.process.time.time", lambda: 0.0)
    assert is_alive(me) is True
    assert me.born < 1e9, "counted from the boot, not from 1970"


def test_other_machines_cannot_be_judged():
    assert is_alive(msgspec.structs.replace(this_process(), host="elsewhere")) is None
