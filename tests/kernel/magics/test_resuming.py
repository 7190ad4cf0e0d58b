"""Going on with trials, and reading metrics off what a cell prints."""

from __future__ import annotations

import pytest
from IPython.core.completer import provisionalcompleter

from labdeck.errors import Conflict, NotFound, UsageError


@pytest.fixture(autouse=True)
def digits(line):
    return line("create digits")


def test_a_trial_goes_on_until_it_is_finished(line, cell, ip):
    cell("%%experiment trial cnn\ntrial.log(loss=1.0)")
    resumed = line("resume cnn")
    assert resumed.state == "running"
    cell("trial.log(loss=0.5)\ntrial.finish()")
    assert ip.user_ns["trial"].history("loss").steps.tolist() == [0, 1]
    assert resumed.state == "completed"


def test_a_cell_goes_on_with_a_trial(line, ip, cell):
    ip.run_cell("%%experiment trial cnn --param lr=1\ntrial.log(loss=1.0)\n1 / 0")
    trial = cell("%%experiment trial cnn --resume --param seed=3 --note again\ntrial.log(loss=0.5)")
    assert (trial.state, trial.note, trial.params) == ("completed", "again", {"lr": 1, "seed": 3})
    assert trial.history("loss").values.tolist() == [1.0, 0.5]
    assert [one.name for one in line("use digits").trials()] == ["cnn"]
    assert [capture.kind for capture in trial.detail().captures if capture.kind.startswith("error")] == ["error:1"]


def test_metrics_are_read_off_what_the_cell_prints(cell):
    trial = cell(
        "%%experiment trial cnn --metric-definition 'train:loss=Train Loss: (.*?);' --metric-definition acc=acc(.*)\n"
        "for loss in (0.5, 0.25):\n"
        "    print(f'Train Loss: {loss}; nothing else')\n"
        "print('acc 7')"
    )
    assert trial.history("train:loss").values.tolist() == [0.5, 0.25]
    assert trial.metrics["acc"].last == 7.0
    assert trial.output().text.splitlines()[-1] == "acc 7"


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("resume nothing", NotFound, "nothing"),
        ("resume", UsageError, "resume"),
        ("resume running", Conflict, "runs in this process"),
    ],
)
def test_mistakes_are_one_line(line, digits, text, error, said):
    with digits.trial("running"), pytest.raises(error, match=said):
        line(text)


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("--resume", "no trial is named"),
        ("cnn --metric-definition nothing", "write 'NAME=REGEX'"),
        ("cnn --metric-definition 'loss=(.*'", "is none"),
        ("cnn --metric-definition 'loss=x'", "no group"),
    ],
)
def test_mistakes_of_a_cell_start_nothing(ip, digits, first, said):
    result = ip.run_cell(f"%%experiment trial {first}\npass")
    assert said in str(result.error_in_exec)
    assert digits.trials() == []


def test_names_are_completed_where_they_are_wanted(ip, digits):
    with digits.trial("cnn-32"):
        pass

    def completions(text):
        with provisionalcompleter():
            return {item.text for item in ip.Completer.completions(text, len(text))}

    assert "cnn-32" in completions("%experiment resume cn")
    assert "cnn-32" in completions("%%experiment trial --resume cn")
    assert "cnn-32" not in completions("%%experiment trial cn")


def test_what_later_cells_print_belongs_to_a_trial_that_runs_on(line, cell, ip):
    cell("import labdeck\ntrial = labdeck.experiment('digits').trial('long').start()\nprint('one')")
    cell("print('two')")
    line("note something")
    cell("print('three')\ntrial.finish()\nprint('not any more')")
    cell("print('nor here')")
    assert ip.user_ns["trial"].output().text == "one\ntwo\nthree"


def test_resuming_another_trial_ends_the_one_before(line, studio):
    line("create digits")
    for name in ("a", "b"):
        with studio.find_experiment("digits").trial(name):
            pass
    first = line("resume a")
    second = line("resume b")
    assert (first.state, second.state) == ("completed", "running")
    second.finish()
    again = line("resume a")
    assert again.state == "running"
    again.finish()
