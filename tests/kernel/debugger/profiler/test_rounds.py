"""Rounds are timed, as far as their beginnings and ends are told."""

from __future__ import annotations

from labdeck.debugger.profiler.rounds import RoundTimes
from labdeck.debugger.profiler.timer import StepTimer


class Clocked:
    """A profiler whose clock is wound by hand."""

    def __init__(self):
        self.now = 0.0
        self.timer = StepTimer(lambda: self.now)
        self.mark = self.timer.mark
        self.told = []

    def cut(self):
        self.found = self.timer.end()

    def tell(self):
        self.told.append({name: value for name, value in self.found.items() if name != "timing/initialization"})


def rounds(times, clocked, *, begins):
    """Three rounds of 5 seconds, with 2 between them, and one second of the debugger's own after each."""
    for _ in range(3):
        clocked.now += 2
        if begins:
            times.begin()
        clocked.now += 5
        times.end()
        clocked.now += 1
        if hasattr(clocked, "found"):
            times.tell()
        times.go_on()


def test_rounds_whose_beginnings_are_told():
    clocked = Clocked()
    rounds(RoundTimes(clocked, "data"), clocked, begins=True)
    first, *others = clocked.told
    assert first == {"timing/update": 5, "timing/step": 5}
    assert others == [{"timing/data": 2, "timing/update": 5, "timing/step": 7}] * 2


def test_rounds_of_which_only_the_end_is_told():
    clocked = Clocked()
    rounds(RoundTimes(clocked), clocked, begins=False)
    assert clocked.told == [{"timing/update": 7, "timing/step": 7}] * 2, "of the first nobody knows when it began"
