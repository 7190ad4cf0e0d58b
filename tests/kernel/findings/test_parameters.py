"""What is given for parameters of rules: texts become what they stand for, and nonsense is refused at once."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.findings.rules import Above

from labdeck.errors import UsageError
from labdeck.findings.parameters import bounded, bounds_of, checked, parameters


@dataclass
class Bounded(Above):
    """Has a parameter of each kind."""

    steps: int = bounded(10, least=1)
    share: float = bounded(0.5, above=0, most=1)
    every: int | None = bounded(None, least=1)
    loud: bool = False
    sloppy: float = None  # type: ignore[assignment]
    names: tuple[str, ...] | str = ()
    anything: Any = None


@pytest.mark.parametrize(
    ("name", "wrong", "why"),
    [
        ("steps", 0, "steps=0 must be at least 1"),
        ("steps", "-3", "steps=-3 must be at least 1"),
        ("steps", 2.5, "steps=2.5 is no whole number"),
        ("steps", math.inf, "is no whole number"),
        ("steps", None, "steps=None is no whole number"),
        ("steps", [3], "is no whole number"),
        ("share", 0, "share=0 must be above 0 and at most 1"),
        ("share", 1.5, "must be above 0 and at most 1"),
        ("share", "nan", "is no number"),
        ("share", math.nan, "is no number"),
        ("share", None, "share=None is no number"),
        ("share", "much", "share='much' is no number"),
        ("every", 0, "every=0 must be at least 1"),
        ("loud", "perhaps", "is no truth value"),
        ("loud", None, "is no truth value"),
    ],
)
def test_what_makes_no_sense_is_refused_when_the_rule_is_made_and_later(name: str, wrong: object, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        Bounded(**{name: wrong})  # type: ignore[arg-type]
    rule = Bounded()
    with pytest.raises(UsageError, match=why):
        setattr(rule, name, wrong)


def test_what_makes_sense_is_kept_as_what_the_parameter_is() -> None:
    rule = Bounded(steps=20.0, share="1", every="none", loud="yes", names="a,b", anything={"b": 2})  # type: ignore[arg-type]
    assert (rule.steps, rule.share, rule.every, rule.loud) == (20, 1.0, None, True)
    assert isinstance(rule.steps, int)
    assert (rule.names, rule.anything) == ("a,b", {"b": 2})
    assert Bounded(steps=np.int64(3), share=np.float32(0.25)).share == 0.25  # type: ignore[arg-type]
    assert Bounded(anything=math.inf, sloppy=-5.0).sloppy == -5.0
    assert Bounded().sloppy is None
    rule.limit = 1
    rule.count = None  # type: ignore[attr-defined] - what is no parameter is the rule's own


def test_a_default_is_the_rules_own_business() -> None:
    @dataclass
    class Odd(Above):
        """Means "all" by a number that it would not take."""

        steps: int = bounded(-1, least=1)

    assert Odd().steps == Odd(steps=-1).steps == -1


@given(st.floats(allow_nan=False), st.floats(-9, 9), st.floats(-9, 9), st.floats(-9, 9))
def test_bounds_are_those_of_slow_code(value: float, least: float, most: float, above: float) -> None:
    made = dataclasses.make_dataclass("Made", [("x", float, bounded(math.nan, least=least, most=most, above=above))])
    (field,) = parameters(made)
    fits = not (value < least or value > most or value <= above)
    assert bounds_of(field).has(value) == fits
    if fits:
        assert checked(made, field, value) == value
    else:
        with pytest.raises(UsageError, match="must be above"):
            checked(made, field, value)
