"""`%experiment search`: a query as it is typed, with its quotation marks, completed where the cursor is."""

from __future__ import annotations

import pytest
from IPython.core.completer import provisionalcompleter

from labdeck.errors import MalformedQuery, UsageError
from labdeck.wire.commands import Archive


@pytest.fixture
def digits(line):
    experiment = line("create digits")
    for number, name in enumerate(("cnn-2", "my best")):
        with experiment.trial(name, params={"optimizer": "sgd", "odd name": number}) as trial:
            trial.log({"train:loss": 0.5 - number / 10})
    return experiment


def names(found):
    return [trial.name for trial in found]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("search", ["my best", "cnn-2"]),
        ("search metrics.train:loss < 0.45", ["my best"]),
        ("search metrics.train:loss<.45 and params.optimizer = 'sgd'", ["my best"]),
        ('search name = "my best"', ["my best"]),
        ('search name="my best"', ["my best"]),
        ('search name ~ ""', ["my best", "cnn-2"]),
        ("search 'name = \"my best\"'", ["my best"]),
        ('search params."odd name" = 0', ["cnn-2"]),
        ('search name in ("my best", cnn-2) --sort \'params."odd name"\'', ["cnn-2", "my best"]),
        ("search started > -7d --sort metrics.train:loss --limit 1", ["my best"]),
        ("search --sort -metrics.train:loss state = completed", ["cnn-2", "my best"]),
        ("search not ended exists", []),
    ],
)
@pytest.mark.usefixtures("digits")
def test_queries_are_typed_as_they_are_meant(line, asked, expected):
    assert names(line(asked)) == expected


@pytest.mark.usefixtures("digits")
def test_a_variable_may_hold_a_value_or_the_whole_query(ip, cell):
    ip.user_ns["threshold"] = 0.45
    ip.user_ns["asked"] = "metrics.train:loss < 0.45"
    assert names(cell("%experiment search metrics.train:loss < {threshold}")) == ["my best"]
    assert names(cell("%experiment search {asked}")) == ["my best"]


def test_other_experiments_and_archived_trials(studio, line, digits):
    studio.apply([Archive(ids=(digits.find("cnn-2").id,))])
    line("create other")
    assert names(line("search")) == []
    assert names(line("search --everywhere")) == ["my best"]
    assert names(line("search --experiment digits --archived")) == ["my best", "cnn-2"]


@pytest.mark.usefixtures("digits")
def test_mistakes(line):
    with pytest.raises(MalformedQuery, match="did you mean"):
        line("search nam = 5")
    with pytest.raises(UsageError, match="--limit"):
        line("search --limit many")


@pytest.mark.usefixtures("digits")
def test_what_was_found_shows_as_a_card(ip, line):
    formats, _ = ip.display_formatter.format(line("search params.optimizer = sgd"))
    assert "2 trials found" in formats["text/plain"]
    assert "my best" in formats["text/html"]
    formats, _ = ip.display_formatter.format(line("search name = nobody"))
    assert "nothing found" in formats["text/plain"]


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%experiment search metrics.tr", "%experiment search metrics.train:loss"),
        ("%experiment search metrics.train:loss < 1 an", "%experiment search metrics.train:loss < 1 and"),
        ("%experiment search params.odd", '%experiment search params."odd name"'),
        ("%experiment search --limit 5 state = comp", "%experiment search --limit 5 state = completed"),
        ("%experiment search name = a --so", "%experiment search name = a --sort"),
        ("%experiment search name = a --sort metrics.", "%experiment search name = a --sort metrics.train:loss"),
    ],
)
def test_completion(ip, text, expected):
    with provisionalcompleter():
        found = [text[: one.start] + one.text + text[one.end :] for one in ip.Completer.completions(text, len(text))]
    assert found[0] == expected
