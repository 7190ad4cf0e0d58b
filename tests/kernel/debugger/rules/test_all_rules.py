"""What holds for every built-in rule: it is listed, found, documented, and its examples run."""

from __future__ import annotations

import builtins
import dataclasses
import doctest
import importlib
import inspect
import pkgutil

import pytest

import rules_page
from labdeck.debugger import rules
from labdeck.errors import NotFound, UsageError
from labdeck.findings.parameters import bounds_of
from labdeck.findings.rule import Need, Rule, make_rule

REQUIRED = {"TensorVariance": {"max_threshold": "10"}, "SimilarAcrossRuns": {"other_trials": "cnn-7"}}
"""What some rules cannot do without."""


ANYTHING = {"channel", "scan_interval_us"} | {
    f"threshold_{kind}_{end}" for kind in ("tanh", "sigmoid") for end in ("min", "max")
}
"""Numbers of rules that may be negative, or are ignored."""


def beyond(field):
    """Return numbers that a parameter must not have: negative ones, and what is just outside its bounds."""
    least, most, above = bounds_of(field)
    return [number for number in (least - 1, most + 1, above) if abs(number) < float("inf")]


@pytest.mark.parametrize("rule", rules.all(), ids=lambda rule: rule.__name__)
class TestEveryRule:
    def test_says_what_it_looks_for_and_what_to_do(self, rule):
        assert issubclass(rule, Rule)
        assert rule.describe().endswith(".")
        assert not rule.describe().startswith(rule.__name__ + "(")
        assert not rule.remedy.endswith(".")

    def test_explains_itself_and_each_parameter(self, rule):
        text = inspect.getdoc(rule)
        assert len(text.split()) > 40
        assert ">>>" in text
        own = [field.name for field in dataclasses.fields(rule) if field.init]
        explained = text.partition("Attributes:")[2]
        assert [name for name in own if name.partition("_")[0] not in rules.names() and name not in explained] == []

    def test_can_be_made_of_text(self, rule):
        given = REQUIRED.get(rule.__name__, {})
        made = make_rule(rule, dict(given))
        assert all(isinstance(need, Need) for need in made.needs())
        assert made.needs() == make_rule(rule, dict(given)).needs()
        texts = {
            name: str(value)
            for name, value in made.params().items()
            if value is None or isinstance(value, (bool, int, float, str))
        }
        assert make_rule(rule, texts).params() == made.params()

    def test_bounds_all_its_numbers(self, rule):
        numbers = [
            field
            for field in dataclasses.fields(rule)
            if field.init and field.name not in ANYTHING and {"int", "float"} & set(str(field.type).split(" | "))
        ]
        assert [field.name for field in numbers if not beyond(field)] == []
        assert [field.name for field in numbers if bounds_of(field).has(-1)] == []

    def test_takes_no_number_that_makes_no_sense(self, rule):
        for field in dataclasses.fields(rule):
            for wrong in (float("nan"), *beyond(field)):
                if field.init and isinstance(field.default, (int, float)) and not isinstance(field.default, bool):
                    with pytest.raises(UsageError, match=field.name):
                        make_rule(rule, {**REQUIRED.get(rule.__name__, {}), field.name: wrong})
                    with pytest.raises(UsageError, match=field.name):
                        make_rule(rule, {**REQUIRED.get(rule.__name__, {}), field.name: None})

    def test_knows_no_other_parameter(self, rule):
        with pytest.raises(UsageError, match="no parameter 'colour'"):
            make_rule(rule, {"colour": "red"})


def test_they_are_found_by_name_whatever_the_case():
    assert all(rules.find(name) is getattr(rules, name) for name in rules.names())
    assert rules.find(" vanishinggradient ") is rules.VanishingGradient
    with pytest.raises(NotFound, match="did you mean VanishingGradient"):
        rules.find("VanishingGradients")
    with pytest.raises(NotFound, match="debug_rules list"):
        rules.find("qqq")
    with pytest.raises(AttributeError):
        rules.Vanishing  # noqa: B018 - the access is what is tested


def test_names_are_those_of_the_classes_and_of_what_dir_lists():
    assert [rule.__name__ for rule in rules.all()] == list(rules.names())
    assert {*rules.names(), "all", "find"} <= set(dir(rules))


@pytest.mark.parametrize("framework", ["torch", "xgboost", "lightgbm", "sklearn", "arrays", "something else"])
def test_what_runs_without_being_asked_is_cheap(framework):
    chosen = [rule() for rule in rules.defaults(framework)]
    assert len(chosen) == len({type(rule) for rule in chosen}) >= 4
    arrays = [need for rule in chosen for need in rule.needs() if need.arrays]
    assert arrays == [] or framework not in ("torch", "arrays")
    assert all(need.first is not None for need in arrays)


@pytest.fixture
def _no_underscore_is_left():
    """Take back what doctest leaves in the builtins: a shell that finds `_` there keeps no last result."""
    yield
    vars(builtins).pop("_", None)


@pytest.mark.usefixtures("_no_underscore_is_left")
@pytest.mark.parametrize("name", [each.name for each in pkgutil.iter_modules(rules.__path__)])
def test_examples_run(name):
    module = importlib.import_module(f"labdeck.debugger.rules.{name}")
    assert doctest.testmod(module).failed == 0


@pytest.mark.usefixtures("_no_underscore_is_left")
def test_examples_of_the_list_run():
    done = doctest.testmod(rules)
    assert (done.failed, done.attempted > 0) == (0, True)


def test_the_page_is_what_the_docstrings_say():
    written = rules_page.PAGE.read_text(encoding="utf-8")
    assert written == rules_page.page(), "run scripts/rules_page.py"


def test_the_page_has_every_rule_and_parameter():
    written = rules_page.PAGE.read_text(encoding="utf-8")
    for rule in rules.all():
        part = written.partition(f"\n## {rule.__name__}\n")[2].partition("\n## ")[0]
        assert part, rule.__name__
        for field in dataclasses.fields(rule):
            assert not field.init or f"| `{field.name}` |" in part, (rule.__name__, field.name)
