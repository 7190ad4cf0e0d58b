from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from IPython.utils.capture import capture_output

from labdeck import Experiment, Trial
from labdeck.errors import Conflict, InvalidName, NotFound, UsageError
from labdeck.magics.experiment import EXPERIMENT, Deletion
from labdeck.magics.help import HelpText
from labdeck.magics.words import quote
from labdeck.wire.messages import Comparison, ExperimentList

HOSTILE = [
    "🧪 émoji",
    "../../x",
    "<img src=x onerror=alert(1)>",
    "'; drop table trials; --",
    "{name}",
    "$HOME",
    "--all",
    "a=b",
]


@pytest.fixture
def digits(line):
    """An experiment in use, with three trials."""
    experiment = line("create digits --objective acc")
    for width, accuracy in [(2, 0.8), (10, 0.95), (32, 0.9)]:
        with experiment.trial(f"cnn-{width}", params={"width": width}) as trial:
            trial.log({"acc": accuracy, "train:loss": 1 - accuracy}, step=1)
    return experiment


def names(comparison):
    return [fact.trial.name for fact in comparison.trials]


@pytest.mark.parametrize("text", ["", "help", "help create", "create --help"])
def test_help_is_returned_not_printed(line, capsys, text):
    assert isinstance(line(text), HelpText)
    assert capsys.readouterr().out == ""


def test_create_makes_the_experiment_and_uses_it(line, studio):
    made = line('create "my digits" --objective test:acc --goal min --note "how wide?"')
    assert isinstance(made, Experiment)
    record = studio.find_experiment("my digits").record()
    assert (record.objective.metric, record.objective.goal, record.note) == ("test:acc", "min", "how wide?")
    assert line("show").id == made.id


def test_create_again_finds_the_same_and_keeps_its_objective(line, digits):
    assert line("create digits").id == digits.id
    assert digits.record().objective.metric == "acc"


def test_use_takes_a_name_or_an_id_and_holds_for_this_shell(line, studio, digits):
    other = studio.experiment("other")
    assert line("use other").id == other.id
    assert line("show").id == other.id
    assert line(f"use {digits.id}").id == digits.id


@pytest.mark.usefixtures("digits")
def test_use_of_what_is_not_there_names_the_nearest(line):
    with pytest.raises(NotFound, match=r"there is no experiment 'digit' \(did you mean 'digits'\?\)"):
        line("use digit")


def test_nothing_in_use_says_what_to_write(line):
    with pytest.raises(UsageError, match=r"no experiment is in use .*%experiment use NAME"):
        line("show")


@pytest.mark.usefixtures("digits")
def test_list_returns_all_experiments(line):
    line("create other")
    listed = line("list")
    assert isinstance(listed, ExperimentList)
    assert {record.name for record in listed.experiments} == {"digits", "other"}


@pytest.mark.usefixtures("studio")
def test_show_finds_trials_and_experiments(line, digits):
    assert isinstance(line("show cnn-10"), Trial)
    assert line("show cnn-10").params == {"width": 10}
    assert line(f"show {line('show cnn-2').id}").name == "cnn-2"
    assert line("show digits").id == digits.id
    with pytest.raises(NotFound, match=r"no trial in 'digits' and no experiment 'cnn-11' .*did you mean 'cnn-10'"):
        line("show cnn-11")
    with pytest.raises(NotFound, match=r"no trial in 'digits' and no experiment 'xyz' .*%experiment list"):
        line("show xyz")


def test_a_name_of_both_kinds_is_refused(line, digits, studio):
    studio.experiment("cnn-2")
    with pytest.raises(Conflict, match=f"'cnn-2' is a trial and an experiment .*{digits.find('cnn-2').id}"):
        line("show cnn-2")


@pytest.mark.usefixtures("digits")
def test_compare_takes_all_trials_or_those_named(line):
    assert isinstance(line("compare"), Comparison)
    assert names(line("compare")) == ["cnn-2", "cnn-10", "cnn-32"]
    assert names(line("compare cnn-32 cnn-2")) == ["cnn-32", "cnn-2"]
    assert names(line("compare --experiment digits")) == ["cnn-2", "cnn-10", "cnn-32"]


@pytest.mark.usefixtures("digits")
def test_compare_can_be_limited_to_metrics(line):
    limited = line("compare --metric train:loss")
    assert [[metric.name for metric in fact.metrics] for fact in limited.trials] == [["train:loss"]] * 3
    with pytest.raises(NotFound, match="did you mean 'train:loss'"):
        line("compare --metric train:los")


def test_note_is_written_on_the_experiment_or_a_trial(line, digits):
    assert line("note it doesn't   overfit").note == "it doesn't overfit"
    assert digits.note == "it doesn't overfit"
    assert line("note 'two  spaces' --trial cnn-2").note == "two  spaces"
    assert digits.find("cnn-2").note == "two  spaces"
    assert line('note ""').note == ""


def test_a_trial_is_found_without_an_experiment_in_use(ip, line, digits):
    ip.run_cell("%reload_ext labdeck").raise_error()
    assert line("note new --trial cnn-2").id == digits.find("cnn-2").id
    assert line("show cnn-2").note == "new"


@pytest.mark.usefixtures("digits")
def test_tags_are_set_and_removed(line):
    assert line("tag owner=ada 'in review'=\"next week\" version=1.10").tags == {
        "owner": "ada",
        "in review": "next week",
        "version": "1.10",
    }
    assert line("tag stage=done --remove owner --remove version").tags == {"in review": "next week", "stage": "done"}
    assert line("tag best=yes --trial cnn-10").tags == {"best": "yes"}
    with pytest.raises(UsageError, match="no tag is given"):
        line("tag")
    with pytest.raises(UsageError, match=r"TAGS cannot be 'owner' .*KEY=VALUE"):
        line("tag owner")


@pytest.mark.usefixtures("digits")
def test_delete_and_undo_of_trials(line):
    deletion = line("delete cnn-2 cnn-32")
    assert deletion == Deletion(names=("cnn-2", "cnn-32"))
    assert names(line("compare")) == ["cnn-10"]
    line("delete cnn-10")
    assert line("delete --undo") == Deletion(names=("cnn-10",), restored=True)
    assert line("delete --undo") == Deletion(names=("cnn-2", "cnn-32"), restored=True)
    assert names(line("compare")) == ["cnn-2", "cnn-10", "cnn-32"]
    with pytest.raises(UsageError, match="nothing was deleted here"):
        line("delete --undo")


def test_undo_tells_trials_of_one_name_apart(line, digits, studio):
    with studio.experiment("other").trial("cnn-2") as theirs:
        pass
    line("delete cnn-2 cnn-10")
    line("use other")
    line("delete cnn-2")
    line("use digits")
    assert line("delete cnn-2 --undo").restored
    assert digits.find("cnn-2").state == "completed"
    assert studio.find_experiment("other").trials() == []
    assert line(f"delete {theirs.id} --undo") == Deletion(names=("cnn-2",), restored=True)
    assert line("delete --undo") == Deletion(names=("cnn-10",), restored=True)
    assert [trial.name for trial in digits.trials()] == ["cnn-2", "cnn-10", "cnn-32"]


def test_a_tag_may_be_called_self(line, digits):
    line("tag self=1")
    assert digits.tags == {"self": "1"}


def test_delete_and_undo_of_the_experiment_in_use(line, digits, studio):
    line("delete digits")
    assert studio.experiment_list().experiments == ()
    with pytest.raises(UsageError, match="no experiment is in use"):
        line("show")
    line("delete digits --undo")
    assert line("use digits").id == digits.id
    assert names(line("compare")) == ["cnn-2", "cnn-10", "cnn-32"]


@pytest.mark.usefixtures("digits")
def test_delete_deletes_all_or_nothing(line):
    with pytest.raises(NotFound):
        line("delete cnn-2 nothing")
    assert len(line("compare").trials) == 3
    with pytest.raises(UsageError, match="nothing is named"):
        line("delete")
    line("delete cnn-10")
    with pytest.raises(NotFound, match="no deleted trial or experiment 'cnn-2'"):
        line("delete cnn-2 --undo")


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_data(line, name):
    made = line(f"create -- {quote(name)}")
    assert made.record().name == name
    with made.trial(name):
        pass
    assert line(f"show -- {made.find(name).id}").name == name
    assert line(f"use -- {quote(name)}").id == made.id
    shown = line(f"delete -- {quote(made.id)}")._repr_html_()
    assert "<img" not in shown


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(str.strip))
def test_any_name_that_can_be_stored_is_found_again(line, name):
    assert line(f"create -- {quote(name)}").record().name == name
    assert line(f"use -- {quote(name)}").name == name


def test_a_name_that_cannot_be_stored_is_refused(line):
    with pytest.raises(InvalidName):
        line("create ' '")


@pytest.mark.usefixtures("line")
def test_variables_reach_the_verb_whole(ip, cell):
    ip.user_ns.update(name='it\'s my "best" one', width=32)
    assert cell("%experiment create {name}").name == ip.user_ns["name"]
    assert cell("%experiment note $name has {width * 2} channels").note == f"{ip.user_ns['name']} has 64 channels"
    assert cell("%experiment note '{name}' cost $5 {missing} {").note == "{name} cost $5 {missing} {"


def test_variables_of_a_function_are_seen(cell):
    assert (
        cell("def f(inner):\n    return get_ipython().run_line_magic('experiment', 'create {inner}')\nf('a b')").name
        == "a b"
    )


def test_errors_are_one_line_in_a_cell(ip, capsys):
    for text in ("%experiment crate", "%experiment use nothing", "%experiment create 'open"):
        ip.run_cell(text)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 3
    assert printed[0] == "UsageError: %experiment has no verb 'crate' (did you mean 'create'?)"
    assert [text.split(":")[0] for text in printed] == ["UsageError", "NotFound", "UsageError"]


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize(
    "text", ["", "create x", "list", "show", "show cnn-2", "compare", "note x", "tag a=b", "delete cnn-2"]
)
def test_every_result_has_a_rich_and_a_plain_form_and_nothing_is_printed(ip, text):
    with capture_output() as captured:
        ip.run_cell(f"%experiment {text}")
    assert captured.stderr == ""
    formats, _ = ip.display_formatter.format(ip.user_ns["_"])
    assert formats["text/html"].strip()
    assert formats["text/plain"].strip()
    assert captured.stdout.count("Out[") <= 1


def test_verbs_are_short():
    import inspect

    for verb in EXPERIMENT.verbs.values():
        lines = inspect.getsource(verb.run).splitlines()
        body = lines[next(at for at, text in enumerate(lines) if text.startswith("def ")) :]
        assert len(body) <= 30, verb.name
