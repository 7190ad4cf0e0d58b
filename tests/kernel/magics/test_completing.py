from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from IPython.core.completer import CompletionContext, provisionalcompleter

from labdeck import defaults
from labdeck.errors import StoreBusy
from labdeck.magics import names
from labdeck.store.ids import new_id
from labdeck.store.process import this_process
from labdeck.wire.commands import FinishTrial, LogParams, StartTrial
from labdeck.wire.records import Param


@pytest.fixture
def complete(ip):
    """What the last word of a cell's text can become, as a front end would put it in."""

    def ask(text):
        with provisionalcompleter():
            found = list(ip.Completer.completions(text, len(text)))
        return [text[: one.start] + one.text + text[one.end :] for one in found]

    return ask


@pytest.fixture
def digits(line):
    """Two trials, one with a name that needs quotation marks."""
    line("create other")
    experiment = line("create digits")
    for name in ("cnn-2", "my best"):
        with experiment.trial(name, params={"lr": 0.1, "n layers": 2}) as trial:
            trial.log({"train:loss": 0.5, "acc": 0.9})
    return experiment


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%experiment cr", ["%experiment create"]),
        ("%experiment c", ["%experiment create", "%experiment compare"]),
        ("%%experiment t", ["%%experiment trial"]),
        ("%experiment help del", ["%experiment help delete"]),
        ("%experiment use d", ["%experiment use digits"]),
        ("x = %experiment use ", ["x = %experiment use digits", "x = %experiment use other"]),
        ("%experiment show cn", ["%experiment show cnn-2"]),
        ("%experiment show my", ["%experiment show 'my best'"]),
        ("%experiment show 'my b", ["%experiment show 'my best'"]),
        ('%experiment show "my ', ["%experiment show 'my best'"]),
        ("%experiment compare cnn-2 m", ["%experiment compare cnn-2 'my best'"]),
        ("%experiment compare --met", ["%experiment compare --metric"]),
        ("%experiment compare --metric tr", ["%experiment compare --metric train:loss"]),
        ("%experiment compare --metric=a", ["%experiment compare --metric=acc"]),
        ("%experiment compare --metric acc --exp", ["%experiment compare --metric acc --experiment"]),
        ("%experiment create new --goal ", ["%experiment create new --goal max", "%experiment create new --goal min"]),
        ("%experiment create new --objective a", ["%experiment create new --objective acc"]),
        ("%experiment note x --trial c", ["%experiment note x --trial cnn-2"]),
        ("%%experiment trial x --param l", ["%%experiment trial x --param lr="]),
        ("%%experiment trial x --param n", ["%%experiment trial x --param 'n layers'="]),
        ("import os\n%experiment use o", ["import os\n%experiment use other"]),
        ("%experiment create --goal max --goal", []),
    ],
)
def test_completes_verbs_flags_and_names(complete, text, expected):
    assert complete(text) == expected


@pytest.mark.usefixtures("digits")
def test_flags_are_offered_where_nothing_else_is(complete):
    assert "%experiment tag --remove" in complete("%experiment tag ")


@pytest.mark.usefixtures("digits")
def test_tags_can_be_removed_by_name(complete, line):
    line("tag owner=ada --trial cnn-2")
    assert complete("%experiment tag --trial cnn-2 --remove ") == ["%experiment tag --trial cnn-2 --remove owner"]


@pytest.mark.usefixtures("digits")
def test_what_was_deleted_is_offered_for_undo(complete, line):
    line("delete cnn-2")
    assert not any("cnn-2" in text for text in complete("%experiment delete c"))
    assert complete("%experiment delete --undo ") == ["%experiment delete --undo cnn-2"]


@pytest.mark.usefixtures("digits")
def test_the_older_interface_answers_too(ip):
    with pytest.warns(PendingDeprecationWarning):
        assert ip.complete("di", "%experiment use di", len("%experiment use di"))[1] == ["digits"]


@pytest.mark.usefixtures("digits")
def test_other_lines_are_left_alone(ip, complete):
    # Jedi keeps caches on the disk that other processes write, too, and answers nothing when it meets one half written.
    ip.Completer.use_jedi = False
    ip.user_ns["experimental_value"] = 1
    assert complete("experimental_v") == ["experimental_value"]
    assert "%experiment" in complete("%experim")
    assert not any("digits" in text for text in complete("x = 'a %experiment use "))


def test_a_completed_name_is_read_back(complete, line):
    for name in ("it's", 'say "hi"', "{x} $y", "--odd", "a=b", "back\\slash"):
        experiment = line("create names")
        with experiment.trial(name):
            pass
        completed = complete("%experiment show ")[0]
        assert line(completed.removeprefix("%experiment ")).name == name
        line("delete names")


STARTS = ["%experiment ", "%%experiment trial ", "%experiment tag --remove ", "%debug_rules ", "%%debug_rules Van"]


@pytest.mark.usefixtures("digits")
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(), st.sampled_from(STARTS))
def test_never_raises(ip, rest, start):
    text = start + rest.replace("\n", " ")
    asked = CompletionContext(token="", full_text=text, cursor_position=len(text), cursor_line=0, limit=None)
    for match in ip.Completer.custom_matchers:
        assert match(asked)["matched_fragment"] in text


@pytest.mark.usefixtures("digits")
def test_a_store_that_cannot_be_read_gives_no_names(complete, monkeypatch, capsys):
    def busy(_studio):
        raise StoreBusy("another process holds the store")

    monkeypatch.setattr(type(defaults.studio()), "experiment_list", busy)
    assert "%experiment use digits" not in complete("%experiment use ")
    assert capsys.readouterr().err == ""


@pytest.mark.slow
@pytest.mark.usefixtures("digits")
def test_a_thousand_trials_cost_a_bounded_number_of_rows(complete, line, studio, monkeypatch):
    experiment = line("create many")
    started = [new_id() for _ in range(1000)]
    writer = this_process()
    commands = []
    for number, trial_id in enumerate(started):
        commands += [
            StartTrial(
                id=trial_id,
                experiment="many",
                experiment_id=experiment.id,
                new_experiment_id=new_id(),
                name=f"t-{number:04}",
                started=float(number),
                writer=writer,
            ),
            LogParams(trial_id=trial_id, params=(Param(name="lr", value=0.1),)),
            FinishTrial(id=trial_id, state="completed", ended=float(number)),
        ]
    studio.session.catalog.apply(commands)
    asked = []
    read = type(studio).trial_page

    def counting(self, experiment_id, offset=0, limit=None):
        page = read(self, experiment_id, offset, limit)
        asked.append(len(page.trials))
        return page

    monkeypatch.setattr(type(studio), "trial_page", counting)
    assert len(complete("%experiment show t-")) == names.MAX_TRIALS
    assert complete("%experiment show t-0999") == ["%experiment show t-0999"]
    assert complete("%%experiment trial x --param l") == ["%%experiment trial x --param lr="]
    assert asked == [names.MAX_TRIALS, names.MAX_TRIALS, names.FACTS_OF]
