"""What is put around a library's functions is taken back, whatever others do meanwhile."""

from __future__ import annotations

import pickle
import sys
import types

import cloudpickle
import pytest

from labdeck.debugger.hooks.calls import Calls


@pytest.fixture
def library():
    """A library whose function two modules name."""
    first, second = types.ModuleType("first"), types.ModuleType("second")
    first.double = second.double = lambda number: 2 * number
    return first, second


def plus_one(original, args, kwargs):
    return original(*args, **kwargs) + 1


def test_every_name_of_a_function_is_surrounded_and_given_back(library, monkeypatch):
    first, second = library
    original = first.double
    monkeypatch.setattr(sys.modules["__main__"], "mine", original, raising=False)
    calls = Calls()
    calls.around_function(library, "double", plus_one)
    assert [first.double(3), second.double(3), sys.modules["__main__"].mine(3)] == [7, 7, 7]
    calls.restore()
    calls.restore()
    assert first.double is second.double is sys.modules["__main__"].mine is original


def test_what_others_put_on_top_stays_and_ours_below_does_nothing(library):
    first, _ = library
    calls = Calls()
    calls.around_function([first], "double", plus_one)
    ours = first.double
    first.double = lambda number: 100 * ours(number)
    calls.restore()
    assert first.double(3) == 600


def test_two_lie_on_each_other_and_leave_in_any_order(library):
    first, _ = library
    original = first.double
    inner, outer = Calls(), Calls()
    inner.around_function([first], "double", plus_one)
    outer.around_function([first], "double", plus_one)
    assert first.double(3) == 8
    inner.restore()
    assert first.double(3) == 7
    outer.restore()
    assert first.double(3) == 6
    assert original(3) == 6


def test_only_methods_that_a_class_defines_are_surrounded():
    class Base:
        def go(self):
            return 1

    class Derived(Base):
        pass

    calls = Calls()
    calls.around_method(Derived, "go", plus_one)
    assert "go" not in vars(Derived)
    calls.around_method(Base, "go", plus_one)
    assert Derived().go() == 2
    calls.restore()
    assert Derived().go() == 1


def test_classes_that_are_derived_are_told_until_it_is_restored():
    class Base:
        pass

    calls, told = Calls(), []
    calls.around_subclassing(Base, told.append)
    first = type("First", (Base,), {})
    calls.restore()
    type("Second", (Base,), {})
    assert told == [first]
    assert "__init_subclass__" not in vars(Base)


def test_a_surrounded_function_can_be_pickled_by_value(library):
    first, _ = library
    calls = Calls()
    calls.around_function([first], "double", plus_one)
    copy = pickle.loads(cloudpickle.dumps(first.double))
    assert copy(3) == 7
    calls.restore()
    assert copy(3) == 6


def test_a_name_that_is_not_there_is_left_alone(library):
    calls = Calls()
    calls.around_function(library, "triple", plus_one)
    calls.restore()
    assert not hasattr(library[0], "triple")
