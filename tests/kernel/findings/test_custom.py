"""Rules of one's own: from a file, from the notebook, changed while the training runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kernel.findings.test_runner import TRIAL, Told

from labdeck.errors import NotFound, UsageError
from labdeck.findings.custom import Renewal, is_file, load_rule, load_rules
from labdeck.findings.rule import Rule
from labdeck.findings.runner import Runner
from labdeck.findings.window import window_of

RULE = '''
from __future__ import annotations
from dataclasses import dataclass, field
from labdeck.findings.rule import Finding, Need, Rule

@dataclass
class Mine(Rule):
    """It is what I look for."""
    limit: float = LIMIT
    seen: list[float] = field(default_factory=list, init=False)

    def needs(self):
        return (Need(collection="losses"),)

    def judge(self, window):
        self.seen.append(window.value("loss"))
        if sum(self.seen) > self.limit:
            yield Finding("MESSAGE", "loss", sum(self.seen), self.limit)
'''


def write(path: Path, limit: float = 5.0, message: str = "too much", *, more: str = "") -> None:
    """Write a rule into a file, later than before."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(RULE.replace("LIMIT", str(limit)).replace("MESSAGE", message) + more)
    if path.stat().st_mtime_ns <= before:
        os.utime(path, ns=(before + 1, before + 1))


def test_a_file_names_its_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "my_rules.py", limit=7)
    monkeypatch.chdir(tmp_path)
    assert load_rule("my_rules.py:Mine")().params() == {"limit": 7.0}
    assert load_rule("my_rules.py").describe() == "It is what I look for."
    assert load_rule(str(tmp_path / "my_rules.py:Mine")).__name__ == "Mine"
    assert str(tmp_path) not in sys.path


def test_only_files_are_taken_for_files() -> None:
    assert is_file("my_rules.py")
    assert is_file("a/b.py:Mine")
    assert not is_file("VanishingGradient")


def test_a_file_may_import_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "limits_of_mine.py").write_text("LIMIT = 3.0")
    write(tmp_path / "rules.py", more="\nfrom limits_of_mine import LIMIT\nMine.given = LIMIT\n")
    assert load_rule(f"{tmp_path}/rules.py:Mine").given == 3.0  # type: ignore[attr-defined]
    sys.modules.pop("limits_of_mine")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def broken(:", r"mine\.py, line 1: "),
        ("x = 1\nmissing_name", r"mine\.py, line 2: NameError: name 'missing_name'"),
        ("import nothing_of_that_name", "No module named"),
        ("import sys\nsys.exit(3)", r"mine\.py, line 2: SystemExit: 3"),
    ],
)
def test_a_file_that_cannot_be_executed_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(UsageError, match=said):
        load_rule(f"{tmp_path}/mine.py:Mine")


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"other\.py cannot be read"):
        load_rule(f"{tmp_path}/other.py:Mine")
    write(tmp_path / "mine.py")
    with pytest.raises(NotFound, match=r"'Yours' in mine\.py .*mine\.py:Mine"):
        load_rule(f"{tmp_path}/mine.py:Yours")
    write(tmp_path / "two.py", more="\n@dataclass\nclass Other(Mine):\n    pass\n")
    assert list(load_rules(tmp_path / "two.py")) == ["Mine", "Other"]
    with pytest.raises(UsageError, match=r"2 rules in two\.py .*two\.py:Mine, two\.py:Other"):
        load_rule(f"{tmp_path}/two.py")
    (tmp_path / "none.py").write_text("from labdeck.findings.rule import Rule")
    with pytest.raises(NotFound, match=r"no rule in none\.py"):
        load_rule(f"{tmp_path}/none.py")


def test_a_changed_file_takes_effect_with_a_state_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    write(path, limit=100)
    told = Told()
    runner = Runner(TRIAL, told)
    runner.add(load_rule(f"{path}:Mine")(limit=5.0))  # type: ignore[call-arg]
    runner.judge(window_of({"loss": 4.0}))
    runner.renew()
    runner.judge(window_of({"loss": 4.0}, 1))
    write(path, limit=1, message="far too much")
    runner.renew()
    runner.judge(window_of({"loss": 4.0}, 2))
    runner.judge(window_of({"loss": 4.0}, 3))
    runner.conclude()
    assert [(each.message, each.step, each.value) for each in told.findings] == [
        ("too much", 1, 8.0),
        ("far too much", 3, 8.0),
    ], "the limit that was given stays, the sum begins anew"


def test_a_change_that_is_wrong_leaves_the_old_rule_at_work(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    write(path, limit=1)
    told = Told()
    runner = Runner(TRIAL, told)
    runner.add(load_rule(f"{path}:Mine"))
    path.write_text("class Mine(")
    runner.renew()
    runner.judge(window_of({"loss": 4.0}))
    (record,) = runner.records()
    assert (record.state, record.evaluations) == ("firing", 1)
    assert "it was changed, and cannot be used: mine.py, line 1" in record.error
    path.unlink()
    runner.renew()
    write(path, limit=3)
    runner.renew()
    runner.judge(window_of({"loss": 4.0}, 1))
    (record,) = runner.records()
    assert (record.state, record.error, record.evaluations) == ("firing", "", 1)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("    def __post_init__(self): {}['x']\n", "KeyError: 'x'"),
        ("    def __post_init__(self): raise SystemExit(3)\n", "SystemExit: 3"),
        ("    def begin(self, surroundings): raise SystemExit(3)\n", "SystemExit: 3"),
        ("    def params(self): raise SystemExit(3)\nimport sys\nsys.exit(3)\n", "SystemExit: 3"),
    ],
)
def test_no_change_of_a_file_reaches_the_training(tmp_path: Path, more: str, said: str) -> None:
    path = tmp_path / "mine.py"
    write(path, limit=1)
    runner = Runner(TRIAL, Told())
    runner.add(load_rule(f"{path}:Mine"))
    write(path, limit=1, more=more)
    runner.renew()
    runner.judge(window_of({"loss": 4.0}))
    (record,) = runner.records()
    assert (record.state, record.evaluations) == ("firing", 1)
    assert said in record.error


@pytest.fixture
def notebook() -> Iterator[dict[str, object]]:
    names = vars(sys.modules["__main__"])
    before = dict(names)
    yield names
    for name in set(names) - set(before):
        del names[name]


def define(notebook: dict[str, object], limit: float) -> type[Rule]:
    """Run the cell that defines the rule."""
    exec(RULE.replace("LIMIT", str(limit)).replace("MESSAGE", "too much"), notebook)
    return notebook["Mine"]  # type: ignore[return-value]


def test_a_class_that_the_notebook_defines_anew_takes_effect(notebook: dict[str, object]) -> None:
    told = Told()
    runner = Runner(TRIAL, told)
    runner.add(define(notebook, 5))
    runner.judge(window_of({"loss": 4.0}))
    new = define(notebook, 1)
    runner.renew()
    runner.judge(window_of({"loss": 4.0}, 1))
    runner.judge(window_of({"loss": 4.0}, 2))
    assert [each.value for each in told.findings] == [8.0]
    notebook["Mine"] = "something else"
    assert Renewal(new()).look() is None


def test_rules_that_ship_are_never_read_anew() -> None:
    from tests.kernel.findings.rules import Above

    assert Renewal(Above()).look() is None
