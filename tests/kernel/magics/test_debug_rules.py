"""`%debug_rules` and `%%debug_rules` in a real shell, over real trainings."""

from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter

from labdeck import defaults
from labdeck.errors import Conflict, NotFound, UsageError
from labdeck.wire.judging import Judged, RuleList, WatchReport
from labdeck_ui import debugging_cards
from labdeck_ui.as_html import html_card
from labdeck_ui.as_text import text_card

LOOP = """
import numpy as np
from labdeck.debugger import ArraysHook
with ArraysHook(name="linear", rules=RULES, actions=ACTIONS, budget=None) as hook:
    for step in range(6):
        hook.save_tensor("gradient/w", np.full(3, 10.0 ** -(2 * step)))
        hook.save_scalar("loss", 1.0 / (step + 1), "losses")
        hook.step()
"""

NET = """
import torch
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
x, y = torch.randn(32, 4), torch.randn(32, 1)
"""
TRAIN = """
for step in range(STEPS):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(net(x), y)
    if step == BAD:
        loss = loss * float("nan")
    loss.backward()
    optimizer.step()
    reached = step
"""


def training(steps: int = 8, bad: int = -1) -> str:
    """Return a loop in PyTorch; at a bad step its loss is not a number."""
    return TRAIN.replace("STEPS", str(steps)).replace("BAD", str(bad))


@pytest.fixture
def debug(ip):
    """Run `%debug_rules …` and return what it returns."""
    return lambda text: ip.run_line_magic("debug_rules", text)


@pytest.fixture
def digits(line):
    return line("create digits")


@pytest.fixture
def linear(ip, digits, cell):
    """A trial whose gradient vanishes, recorded."""
    ip.user_ns.update(RULES=["VanishingGradient"], ACTIONS=())
    cell(f"%%experiment trial linear\n{LOOP}")
    return digits.find("linear")


def shown(record, make):
    """Return a record's card as text, after making sure that it is fine as HTML, too."""
    card = make(record)
    assert html_card(card)
    return text_card(card)


def test_all_rules_are_listed_with_their_parameters(debug):
    listed = debug("list")
    assert isinstance(listed, RuleList)
    names = [rule.name for rule in listed.rules]
    assert {"VanishingGradient", "ExplodingTensor", "LossNotDecreasing", "Overfit", "TreeDepth", "LabelLeakage"} <= set(
        names
    )
    text = shown(listed, debugging_cards.rule_list_card)
    assert all(name in text for name in names), "a list to choose from shows every rule"
    (one,) = debug("list vanishinggradient").rules
    assert (one.params["threshold"], one.needs) == (1e-7, ("gradients", "losses"))
    assert "threshold" in shown(debug("list VanishingGradient"), debugging_cards.rule_list_card)


def test_rules_are_added_and_taken_back(debug):
    added = debug("add VanishingGradient threshold=1e-6 LossNotDecreasing num_steps=5 --action notify --policy each")
    assert [rule.name for rule in added.rules] == ["VanishingGradient", "LossNotDecreasing"]
    assert [rule.name for rule in debug("list").rules if rule.chosen] == ["VanishingGradient", "LossNotDecreasing"]
    assert [rule.name for rule in debug("remove lossnotdecreasing").rules] == ["VanishingGradient"]
    empty = debug("remove")
    assert empty.rules == ()
    text = shown(empty, debugging_cards.rule_list_card)
    assert "no rules were added" in text
    assert "looks for" not in text
    with pytest.raises(NotFound, match="was added"):
        debug("remove Overfit")


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("add VanishingGradiant", NotFound, "did you mean VanishingGradient"),
        ("add VanishingGradient treshold=1", UsageError, "no parameter 'treshold'"),
        ("add VanishingGradient threshold=small", UsageError, "threshold='small'"),
        ("add threshold=1", UsageError, "before any rule"),
        ("add VanishingGradient threshold=1 threshold=2", UsageError, "twice"),
        ("add VanishingGradient --action stopp", UsageError, "did you mean 'stop'"),
        ("add VanishingGradient --action stop --policy sometimes", UsageError, "policy"),
        ("add VanishingGradient --least terrible", UsageError, "--least"),
        ("add no_file.py:Mine", NotFound, "no_file.py"),
        ("watch net", UsageError, "no variable 'net'"),
        ("status", UsageError, "no training was watched here"),
        ("status nothing", NotFound, "nothing"),
        ("ask dance", UsageError, "dance"),
        ("report", UsageError, "no training was watched here"),
        ("nonsense", UsageError, "no verb"),
    ],
)
def test_mistakes_are_one_line(debug, text, error, said):
    with pytest.raises(error, match=said):
        debug(text)


def test_a_rule_of_a_file_is_added(debug, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "from labdeck.debugger import Finding, Need, Rule\n"
        "class Mine(Rule):\n"
        '    """Mine."""\n'
        "    def needs(self):\n"
        "        return (Need(collection='losses'),)\n"
        "    def judge(self, window):\n"
        "        yield Finding('seen', 'loss')\n"
    )
    assert [rule.description for rule in debug("add mine.py:Mine").rules] == ["Mine."]
    assert [rule.description for rule in debug("list mine.py:Mine").rules] == ["Mine."]


def test_status_shows_rules_and_findings(debug, linear):
    report = debug("status linear")
    assert isinstance(report, WatchReport)
    assert [found.rule for found in report.findings] == ["VanishingGradient"]
    text = shown(report, debugging_cards.watch_report_card)
    assert "VanishingGradient" in text
    assert "gradient/w" in text
    assert debug("status").detail.trial.id == linear.id, "the newest of the experiment in use"


def test_what_does_not_run_cannot_be_asked(debug, linear):
    with pytest.raises(Conflict, match="does not run"):
        debug("ask stop --trial linear")
    del linear


def test_a_recorded_trial_is_judged_again(debug, linear):
    judged = debug("replay linear")
    assert isinstance(judged, Judged)
    (live,) = debug("status linear").findings
    assert [(each.rule, each.step, each.last_step, each.value) for each in judged.findings] == [
        (live.rule, live.step, live.last_step, live.value)
    ]
    assert "VanishingGradient" in shown(judged, debugging_cards.judged_card)
    assert debug("replay linear VanishingGradient threshold=1e-30").findings == ()
    missing = debug("replay linear DeadRelu")
    assert "relu_outputs" in shown(missing, debugging_cards.judged_card)
    del linear


def test_a_flight_recording_is_stepped_through(debug, linear):
    last = debug("replay linear --recording latest")
    (found,) = debug("status linear").findings
    assert last.step == found.step, "the step at which the rule fired comes last"
    before = debug("replay linear --step -2")
    assert before.step == last.step - 1
    assert debug(f"replay linear --recording {found.recording} --step {before.step}") == before
    assert "gradient/w" in shown(last, debugging_cards.recorded_step_card)
    with pytest.raises(UsageError, match="holds no step 99"):
        debug("replay linear --step 99")
    with pytest.raises(NotFound, match="no flight recording"):
        debug("replay linear --recording nothing")
    del linear


def test_completion_knows_rules_their_parameters_and_verbs(ip):
    def completions(text: str) -> list[str]:
        with provisionalcompleter():
            return [each.text for each in ip.Completer.completions(text, len(text))]

    assert {"list", "add", "replay"} <= set(completions("%debug_rules "))
    assert completions("%debug_rules add Vanish") == ["VanishingGradient"]
    assert "threshold=" in completions("%debug_rules add VanishingGradient thr")
    assert completions("%%debug_rules Vanish") == ["VanishingGradient"]
    assert "--stop-on" in completions("%%debug_rules --stop")
    assert completions("%debug_rules ask go") == ["go-on"]


def test_a_cell_without_a_verb_explains_itself(debug):
    assert "%%debug_rules run" in debug("help").text
    assert "--stop-on" in debug("help run").text


@pytest.mark.slow
def test_an_unmodified_cell_is_watched_and_shows_its_findings(cell, digits, debug):
    cell(NET)
    report = cell(f"%%debug_rules\n{training(bad=4)}")
    assert isinstance(report, WatchReport)
    assert (report.detail.trial.experiment, report.detail.trial.state) == ("digits", "completed")
    assert report.detail.watches[0].steps == 8
    assert "ExplodingTensor" in {found.rule for found in report.findings}
    assert [trial.name for trial in digits.trials()] == ["trial-1"]
    assert debug_hubs() == ()
    assert debug("status").detail.trial.id == report.detail.trial.id


@pytest.mark.slow
def test_a_cell_stops_at_the_first_bad_finding_without_an_error(cell, digits, ip):
    cell(NET)
    report = cell(f"%%debug_rules ExplodingTensor --stop-on warning --trial stopped\n{training(bad=4)}\nafter = 1")
    assert report.note.startswith("stopped: ExplodingTensor at step 4")
    assert (report.detail.trial.name, report.detail.trial.state) == ("stopped", "interrupted")
    assert (ip.user_ns["reached"], "after" in ip.user_ns) == (3, False)
    (found, *_) = [each for each in report.findings if each.actions]
    assert [(action.name, action.done) for action in found.actions] == [("StopTraining", True)]
    del digits


@pytest.mark.slow
def test_a_paused_training_hands_over_what_is_alive(cell, digits, ip):
    cell(NET)
    report = cell(f"%%debug_rules ExplodingTensor --action pause\n{training(bad=2)}")
    assert "labdeck.debugger.paused()" in report.note
    handed = cell("import labdeck.debugger\nlabdeck.debugger.paused()")
    assert handed.model is ip.user_ns["net"]
    assert handed.optimizer is ip.user_ns["optimizer"]
    assert handed.finding.rule == "ExplodingTensor"
    assert handed.finding.id in {each.id for each in report.findings}
    del digits


@pytest.mark.slow
def test_errors_of_the_cell_are_the_cells_own(ip, digits):
    result = ip.run_cell(f"%%debug_rules\n{NET}{training(3)}\n1 / 0")
    assert isinstance(result.error_in_exec, ZeroDivisionError)
    assert digits.trials()[0].state == "failed"
    assert debug_hubs() == ()


@pytest.mark.slow
def test_a_cell_within_a_trial_watches_into_it(cell, digits, ip):
    cell(NET)
    ip.user_ns["experiment"] = digits
    cell("trial = experiment.trial('outer').start()")
    report = cell(f"%%debug_rules\n{training(3)}")
    assert report.detail.trial.name == "outer"
    assert report.detail.trial.state == "running"
    cell("trial.finish()")


@pytest.mark.slow
def test_a_cell_that_trains_nothing_says_so(cell, digits):
    report = cell("%%debug_rules\n1 + 1")
    assert "nothing was trained here" in report.note
    assert cell("%%debug_rules\n1 + 1;") is None
    assert "nothing was trained here" in cell("%%debug_rules run --trial mine\n1 + 1").note
    assert "nothing was trained here" in cell("%%debug_rules run --trial mine\n1 + 1").note, "the name is free again"
    assert list(digits.trials()) == [], "no trial that holds nothing is left"


@pytest.mark.slow
def test_a_trial_in_which_a_cell_kept_something_stays(cell, digits):
    report = cell("%%debug_rules run --trial mine\nfrom labdeck.runs import active\nactive.innermost().log(loss=1.0)")
    assert "nothing was trained here" in report.note
    assert "deleted" not in report.note
    assert [trial.name for trial in digits.trials()] == ["mine"]


def test_help_is_asked_for_as_of_any_magic(debug, line, ip):
    assert repr(debug("--help")) == repr(debug("help"))
    assert repr(line("--help")) == repr(line("help"))
    assert repr(debug("replay --help")) == repr(debug("help replay"))
    assert "--stop-on" in repr(ip.run_cell_magic("debug_rules", "--help", "1 + 1"))


def test_the_trial_watched_last_is_judged_again_where_none_is_named(debug, linear):
    judged = debug("replay VanishingGradient threshold=1e-3")
    assert isinstance(judged, Judged)
    assert (judged.trial.name, [rule.name for rule in judged.rules]) == ("linear", ["VanishingGradient"])
    assert debug("replay").trial.name == linear.name
    assert [rule.name for rule in debug("replay linear vanishinggradient").rules] == ["VanishingGradient"]
    with pytest.raises(NotFound, match="VanishingGradients"):
        debug("replay VanishingGradients")


@pytest.mark.slow
def test_switched_off_nothing_is_watched_and_the_cell_trains(cell, digits, ip, monkeypatch):
    monkeypatch.setenv("LABDECK_DEBUGGER", "0")
    cell(NET)
    report = cell(f"%%debug_rules ExplodingTensor --stop-on info\n{training(bad=1)}")
    assert "switched off" in report.note
    assert (report.detail.watches, report.findings, ip.user_ns["reached"]) == ((), (), 7)
    del digits


@pytest.mark.slow
def test_a_model_is_watched_by_its_variable(cell, digits, debug, ip):
    cell(NET)
    debug("add ExplodingTensor --action stop")
    with digits.trial("by name"):
        watch = debug("watch net optimizer")
        result = ip.run_cell(training(bad=2))
        assert type(result.error_in_exec).__name__ == "TrainingStopped"
        assert [hub.runner.names for hub in debug_hubs()] == [("ExplodingTensor",)]
        debug("add VanishingGradient")
        assert [hub.runner.names for hub in debug_hubs()] == [("ExplodingTensor", "VanishingGradient")]
        debug("remove ExplodingTensor")
        assert [hub.runner.names for hub in debug_hubs()] == [("VanishingGradient",)]
        watch.close()


def debug_hubs():
    """Return what is watched."""
    return defaults.studio().debugger.hubs()


@pytest.mark.slow
def test_a_training_in_the_background_waits_for_a_person_and_goes_on(cell, digits, debug, ip):
    cell(NET)
    forever = "while not enough:\n" + training(5).replace("\n", "\n    ")
    ip.user_ns["enough"] = False
    handle = cell(f"%%debug_rules --background --trial behind\n{forever}")
    assert handle.is_running
    trial = digits.find("behind")
    debug("ask pause")
    wait_until(lambda: any(watch.state == "paused" for watch in debug("status behind").detail.watches))
    assert handle.is_running
    handle.go_on()
    wait_until(lambda: all(watch.state == "on" for watch in debug("status behind").detail.watches))
    handle.stop()
    report = handle.wait(60)
    assert not handle.is_running
    assert "a person stopped it" in repr(handle)
    assert (report.detail.trial.id, report.detail.trial.state) == (trial.id, "interrupted")


@pytest.mark.slow
def test_what_fails_in_the_background_is_shown_and_told(cell, digits, capsys):
    handle = cell("%%debug_rules --background\n1 / 0")
    handle.wait(60)
    assert isinstance(handle.error, ZeroDivisionError)
    assert "ZeroDivisionError" in capsys.readouterr().out
    assert digits.trials()[0].state == "failed"
    with pytest.raises(UsageError, match="awaits"):
        cell("%%debug_rules --background\nimport asyncio\nawait asyncio.sleep(0)")


@pytest.mark.slow
def test_a_cell_that_awaits_is_watched(cell, digits):
    cell(NET)
    report = cell(f"%%debug_rules\nimport asyncio\nawait asyncio.sleep(0)\n{training(3)}")
    assert report.detail.watches[0].steps == 3
    del digits


def wait_until(condition):
    """Wait for something that a running training does."""
    import time

    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_what_is_watched_without_a_magic_goes_to_the_experiment_in_use_too(line, cell):
    line("create mine")
    cell(NET + "import labdeck\nwatch = labdeck.watch(rules=(), profile=False)")
    try:
        cell(training(3))
        cell(training(4))
        first, second = [hub.trial for hub in cell("watch.hubs")]
    finally:
        cell("watch.close()")
    assert (first.experiment.name, second.experiment.name) == ("mine", "mine")
    assert first.id != second.id
    line("create other")
    cell("labdeck.autolog('torch')")
    try:
        cell(training(2))
    finally:
        cell("labdeck.autolog(disable=True)")
    other = defaults.studio().find_experiment("other")
    assert len(other.trials()) == 1
