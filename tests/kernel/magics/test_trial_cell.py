from __future__ import annotations

import asyncio

import pytest
from IPython.utils.capture import capture_output

from labdeck import Trial
from labdeck.errors import NotFound, UsageError


@pytest.fixture(autouse=True)
def digits(line):
    return line("create digits")


def run(ip, text):
    """Run a cell and return its result and what it showed."""
    with capture_output(display=False) as captured:
        result = ip.run_cell(text)
    return result, captured.stdout


@pytest.mark.usefixtures("digits")
def test_the_cell_is_the_trial(ip, cell):
    trial = cell(
        "%%experiment trial 'cnn 32' --param lr=1e-3 --param 'n layers'=2 --param act=relu --note \"first try\"\n"
        "for step in range(3):\n"
        "    trial.log({'train:loss': 1 / (step + params['n layers'])}, step=step)\n"
    )
    assert isinstance(trial, Trial)
    assert (trial.name, trial.state, trial.note) == ("cnn 32", "completed", "first try")
    assert trial.params == {"lr": 0.001, "n layers": 2, "act": "relu"}
    assert trial.history("train:loss").values.tolist() == [1 / 2, 1 / 3, 1 / 4]
    assert ip.user_ns["trial"] is trial
    assert ip.user_ns["step"] == 2


def test_the_last_expression_and_the_trial_are_shown(ip):
    _, shown = run(ip, "%%experiment trial a\nprint('hello')\n6 * 7")
    assert shown.index("hello") < shown.index("42") < shown.index("trial a")


@pytest.mark.parametrize(
    ("mode", "body", "expected"),
    [
        ("last_expr", "101\n102\nx = 103", []),
        ("last_expr", "101\n102", ["102"]),
        ("all", "101\n102", ["101", "102"]),
        ("none", "101\n102", []),
        ("last", "101\nfor x in [102]: x", ["102"]),
        ("last_expr_or_assign", "101\nx = 103", ["103"]),
        ("last_expr_or_assign", "101\nx: int = 103", ["103"]),
        ("last_expr_or_assign", "101\nx = y = 103", []),
    ],
)
def test_what_is_shown_follows_the_shell_s_setting(ip, mode, body, expected):
    ip.ast_node_interactivity = mode
    _, shown = run(ip, f"%%experiment trial a\n{body}")
    assert [number for number in ("101", "102", "103") if f"]: {number}\n" in shown] == expected


def test_a_semicolon_keeps_the_cell_quiet(ip, digits):
    result, shown = run(ip, "%%experiment trial a\n42;")
    result.raise_error()
    assert shown == ""
    assert digits.find("a").state == "completed"


def test_a_cell_of_comments_is_a_trial(cell):
    assert cell("%%experiment trial a\n# nothing yet").state == "completed"


def test_magics_work_inside(ip, cell):
    trial = cell("%%experiment trial a\ninner = %experiment note inside --trial a\n!true\n%time x = 5")
    assert trial.note == "inside"
    assert ip.user_ns["x"] == 5


def test_a_cell_within_a_capturing_cell(ip, cell, digits):
    cell("%%capture captured\n%%experiment trial a\nprint('quiet')")
    assert ip.user_ns["captured"].stdout.startswith("quiet")
    assert digits.find("a").state == "completed"


def test_an_exception_fails_the_trial_and_shows_the_cell_alone(ip, digits):
    result, shown = run(ip, "%%experiment trial a\n\ndef inner():\n    return 1 / 0\ninner()")
    assert isinstance(result.error_in_exec, ZeroDivisionError)
    assert digits.find("a").state == "failed"
    assert "labdeck" not in shown
    assert "run_cell_magic" not in shown
    assert "----> 5 inner()" in shown
    assert "----> 4     return 1 / 0" in shown
    assert shown.count("ZeroDivisionError: division by zero") == 1


def test_the_traceback_is_kept_with_the_trial(ip, digits):
    run(ip, "%%experiment trial a\nraise ValueError('no good')")
    errors = [capture.body for capture in digits.find("a").detail().captures if capture.kind == "error"]
    assert errors[0]["traceback"].splitlines()[0] == "Traceback (most recent call last):"
    assert errors[0]["traceback"].splitlines()[-1] == "ValueError: no good"
    assert "labdeck" not in errors[0]["traceback"]


def test_an_interrupt_is_no_failure(ip, digits):
    result, _ = run(ip, "%%experiment trial a\nraise KeyboardInterrupt")
    assert isinstance(result.error_in_exec, KeyboardInterrupt)
    assert digits.find("a").state == "interrupted"


@pytest.mark.parametrize("body", ["x = = 2", "x = (1,", "await = 2", "async def f(:", "await f(1,"])
def test_a_syntax_error_starts_no_trial(ip, digits, body):
    result, shown = run(ip, f"%%experiment trial a\n{body}")
    assert isinstance(result.error_before_exec, SyntaxError)
    assert body in shown
    assert "labdeck" not in shown
    assert "run_cell_magic" not in shown
    assert digits.trials() == []


@pytest.mark.parametrize("text", ["%%experiment trial --experiment nothing\n1", "%%experiment trial a --parm x=1\n1"])
def test_a_wrong_line_starts_no_trial(ip, digits, text):
    result, shown = run(ip, text)
    assert isinstance(result.error_in_exec, UsageError | NotFound)
    assert len(shown.splitlines()) == 1
    assert digits.trials() == []


def test_a_labdeck_error_inside_is_one_line(ip, digits):
    _, shown = run(ip, "%%experiment trial a\ntrial.log(x='text')")
    assert len(shown.splitlines()) == 1
    assert shown.startswith("InvalidMetric: ")
    assert digits.find("a").state == "failed"


def test_names_are_given_and_made_unique(cell):
    assert cell("%%experiment trial\n0").name == "trial-1"
    assert cell("%%experiment trial a\n0").name == "a"
    assert cell("%%experiment trial a\n0").name == "a-2"


def test_another_experiment_can_be_named(cell, studio, digits):
    studio.experiment("other")
    assert cell("%%experiment trial a --experiment other\n0").experiment.name == "other"
    assert digits.trials() == []


@pytest.mark.usefixtures("ip")
def test_top_level_await_works(cell):
    trial = cell(
        "%%experiment trial a\nimport asyncio\nawait asyncio.sleep(0)\ntrial.log(acc=1.0)\nawait asyncio.sleep(0, 5)"
    )
    assert trial.state == "completed"
    assert trial.metrics["acc"].last == 1.0


def test_an_exception_after_await_fails_the_trial(ip, digits):
    result, shown = run(ip, "%%experiment trial a\nimport asyncio\nawait asyncio.sleep(0)\n1 / 0")
    assert isinstance(result.error_in_exec, ZeroDivisionError)
    assert digits.find("a").state == "failed"
    assert "labdeck" not in shown
    assert "----> 4 1 / 0" in shown


def test_a_cancelled_cell_is_interrupted(ip, digits):
    async def cancel_while_it_sleeps():
        text = "%%experiment trial a\nimport asyncio\nstarted.set()\nawait asyncio.sleep(60)"
        ip.user_ns["started"] = started = asyncio.Event()
        running = asyncio.ensure_future(ip.run_cell_async(text, transformed_cell=ip.transform_cell(text)))
        await started.wait()
        running.cancel()
        return await running

    result = asyncio.run(cancel_while_it_sleeps())
    assert isinstance(result.error_in_exec, asyncio.CancelledError)
    assert digits.find("a").state == "interrupted"


def test_only_cells_that_await_become_asynchronous(ip):
    quiet = ip.transform_cell("%%experiment trial a\nx = 1")
    awaiting = ip.transform_cell("%%experiment trial a\nawait f()")
    other = ip.transform_cell("%%time\nawait f()")
    assert [text.startswith("await ") for text in (quiet, awaiting, other)] == [False, True, False]


def test_the_source_of_the_cell_is_captured(ip, digits):
    ip.run_cell("%%experiment trial a\nmarker = 'seen in the code'", store_history=True).raise_error()
    code = [capture.body for capture in digits.find("a").detail().captures if capture.kind == "code"]
    assert "seen in the code" in str(code)
