"""The time around passes through a model belongs to the step that it should."""

from __future__ import annotations

from labdeck.debugger.profiler.passes import PassTimes
from labdeck.debugger.profiler.timer import StepTimer


class Clocked:
    """A profiler whose clock is wound by hand."""

    def __init__(self):
        self.now = 0.0
        self.timer = StepTimer(lambda: self.now)
        self.mark = self.timer.mark
        self.counted = 0

    def cut(self, *, counts=True):
        self.counted += counts
        found = self.timer.end()
        self.found = {name.removeprefix("timing/"): value for name, value in found.items() if value}
        self.found.pop("initialization", None)


class Training:
    """A model whose every pass takes a second, of whose time the debugger takes 0.25 before and after it."""

    def __init__(self):
        self.clocked = Clocked()
        self.times = PassTimes(self.clocked)
        self.times.open()

    def wait(self, seconds):
        self.clocked.now += seconds

    def call(self, *, trained, within=False):
        """Return what the step took that ended with the pass, if one did."""
        self.times.pause()
        self.wait(0.25)
        self.times.begin_pass(is_trained=trained, within=within)
        self.wait(1)
        self.times.end_pass()
        self.wait(0.25)
        self.times.after_pass()
        return self.clocked.found if not trained else None

    def step(self, back=3, optimizer=2):
        """Return what a step took."""
        self.wait(back)
        self.times.pause()
        self.wait(0.25)
        self.times.optimizer()
        self.wait(optimizer)
        self.times.end_step()
        self.wait(0.25)
        self.times.open()
        return self.clocked.found


def test_steps_of_training_and_of_evaluations():
    training = Training()
    training.wait(5)
    training.call(trained=True)
    assert training.step() == {"data": 5, "forward": 1, "backward": 3, "optimizer": 2, "step": 11}
    for seconds in (7, 4):
        training.wait(seconds)
        assert training.call(trained=False) == {"data": seconds, "forward": 1, "step": seconds + 1}
    training.wait(6)
    training.call(trained=True)
    assert training.step()["data"] == 6
    assert training.clocked.counted == 2, "operators are those of training steps"


def test_a_step_of_several_passes():
    training = Training()
    training.call(trained=True)
    training.wait(3)
    training.call(trained=True)
    assert training.step() == {"forward": 2, "backward": 6, "optimizer": 2, "step": 10}


def test_a_teacher_within_a_step():
    training = Training()
    training.wait(5)
    training.call(trained=True)
    assert training.call(trained=False, within=True) == {"forward": 1, "step": 1}
    assert training.step() == {"data": 5, "forward": 1, "backward": 3, "optimizer": 2, "step": 11}


def test_a_teacher_between_two_passes_of_a_step():
    training = Training()
    training.call(trained=True)
    training.call(trained=False, within=True)
    training.wait(3)
    training.call(trained=True)
    assert training.step() == {"forward": 2, "backward": 6, "optimizer": 2, "step": 10}


def test_an_evaluation_after_a_step_that_was_given_up():
    training = Training()
    training.wait(5)
    training.call(trained=True)
    training.wait(1)
    assert training.call(trained=False, within=True) == {"forward": 1, "step": 1}
    for seconds in (7, 4):
        training.wait(seconds)
        assert training.call(trained=False, within=True) == {"data": seconds, "forward": 1, "step": seconds + 1}
    training.wait(2)
    training.call(trained=True)
    assert training.step() == {"data": 5, "forward": 2, "backward": 6, "optimizer": 2, "step": 15}


def test_an_evaluation_of_which_only_the_end_shows():
    training = Training()
    training.wait(4)
    training.times.evaluated()
    assert training.clocked.found == {"data": 4, "step": 4}
    training.wait(2)
    training.call(trained=True)
    assert training.step()["data"] == 2
