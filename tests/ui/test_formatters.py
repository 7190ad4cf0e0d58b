"""What cells show: complete, bounded, and never anybody's HTML."""

from __future__ import annotations

import json
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell

import labdeck
from labdeck.errors import StoreUnreachable
from labdeck.wire.messages import Comparison, ExperimentList, Status
from labdeck.wire.records import Objective, Param, TrialFacts, TrialPage
from labdeck_ui import formatters
from labdeck_ui.palette import SERIES_COLOURS

TAGS = {
    "button",
    "bdi",
    "caption",
    "circle",
    "dd",
    "div",
    "dl",
    "dt",
    "polyline",
    "pre",
    "span",
    "style",
    "svg",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
}
ATTRIBUTES = {
    "aria-hidden",
    "aria-label",
    "class",
    "cx",
    "cy",
    "data-commandlinker-args",
    "data-commandlinker-command",
    "fill",
    "height",
    "points",
    "r",
    "role",
    "type",
    "scope",
    "stroke",
    "stroke-linejoin",
    "stroke-width",
    "style",
    "title",
    "viewbox",
    "width",
}


class Page(HTMLParser):
    """What a browser would make of a card."""

    def __init__(self, markup):
        super().__init__()
        self.tags, self.attributes, self.text, self.links, self.styles = set(), set(), "", [], []
        self.feed(markup)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        given = dict(attrs)
        if "data-commandlinker-command" in given:
            arguments = json.loads(given["data-commandlinker-args"])
            self.links.append((given["data-commandlinker-command"], arguments))
        self.styles += [given["style"]] if "style" in given else []

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def shell():
    shell = InteractiveShell()
    formatters.register(shell)
    formatters.register(shell)
    return shell


def show(shell, value):
    data, _ = shell.display_formatter.format(value)
    return data["text/plain"], data.get("text/html", "")


def all_records(make):
    detail = make.detail()
    facts = TrialFacts(trial=make.trial(), params=detail.params, metrics=detail.metrics)
    other = TrialFacts(trial=make.trial(), params=(Param(name=make.name, value="else"),))
    return [
        make.trial(),
        make.trial(deleted=1e9),
        detail,
        facts,
        make.experiment(objective=Objective(metric=make.name, goal="min")),
        ExperimentList(seq=1, experiments=(make.experiment(),)),
        TrialPage(total=1, offset=0, trials=(make.trial(),)),
        Comparison(trials=(facts, other), missing=("0" * 32,)),
        Status(version="1", wire=1, store=make.name, seq=3),
    ]


def check_markup(markup, plain):
    page = Page(markup)
    assert page.tags <= TAGS
    assert page.attributes <= ATTRIBUTES
    assert all(style.removeprefix("background:") in SERIES_COLOURS for style in page.styles)
    assert not [char for char in plain if char != "\n" and unicodedata.category(char) in {"Cc", "Zl", "Zp"}]
    assert "\u202e" not in plain + markup


def test_hostile_names_stay_text(shell, maker, hostile):
    name = hostile
    for record in all_records(maker(name)):
        plain, markup = show(shell, record)
        check_markup(markup, plain)
        assert len(plain) < 8_000
        if name.isprintable() and len(name) < 24 and not isinstance(record, Status):
            assert name in Page(markup).text


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_any_name_stays_text(shell, maker, name):
    for record in all_records(maker(name)):
        plain, markup = show(shell, record)
        check_markup(markup, plain)


def test_both_forms_say_the_same(shell, make):
    plain, markup = show(shell, make.detail())
    page = Page(markup)
    for fact in ("accuracy", "0.99", "1 min 15 s", "failed", "20.5 kB", "ValueError: accuracy", "0.001", "NaN"):
        assert fact in plain
        assert fact in page.text or fact in markup
    assert "✕" in plain
    assert "✕" in page.text


@pytest.mark.parametrize(
    ("state", "glyph"), [("running", "●"), ("completed", "✓"), ("failed", "✕"), ("interrupted", "◐"), ("crashed", "⚠")]
)
def test_states_have_a_shape_and_a_word(shell, make, state, glyph):
    plain, markup = show(shell, make.trial(state=state))
    assert plain.startswith(f"{glyph} trial accuracy ({state})")
    assert f'aria-label="{state}"' in markup


def test_links_carry_what_the_commands_need(shell, make):
    trial = make.trial()
    assert Page(show(shell, trial)[1]).links == [("labdeck:open-trial", {"trial": trial.id})]
    comparison = Comparison(trials=(TrialFacts(trial=trial),))
    wanted = {"trials": [trial.id], "experiment": "accuracy"}
    assert Page(show(shell, comparison)[1]).links == [("labdeck:compare", wanted)]


def test_twenty_rows_then_a_count(shell, make):
    page = TrialPage(total=100, offset=0, trials=tuple(make.trial(name=f"t{n}") for n in range(100)))
    plain, markup = show(shell, page)
    assert "t19" in plain
    assert "t20" not in plain
    assert "… and 80 more" in plain
    assert "… and 80 more" in Page(markup).text


def test_a_comparison_shows_only_the_parameters_that_differ(shell, make):
    facts = tuple(
        TrialFacts(trial=make.trial(name=f"t{n}"), params=(Param(name="hidden", value=n), Param(name="seed", value=7)))
        for n in (2, 32)
    )
    plain, _ = show(shell, Comparison(trials=facts))
    assert "hidden" in plain
    assert "seed" not in plain


def test_numbers_are_aligned_in_plain_text(shell, make):
    trials = tuple(make.trial(name="t", objective=make.summary(max=value, spark=())) for value in (0.5, 123456))
    lines = show(shell, TrialPage(total=2, offset=0, trials=trials))[0].splitlines()
    assert lines[2].index("0.5") + 3 == lines[3].index("123,456") + 7


def test_an_empty_store_gives_a_first_step(shell):
    assert "labdeck.experiment" in show(shell, ExperimentList(seq=0, experiments=()))[0]


def test_public_objects_show_what_the_store_knows(shell, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    studio = labdeck.open(tmp_path / "store")
    with studio.experiment("digits").trial("cnn-32", params={"hidden": 32}) as trial:
        trial.log({"accuracy": 0.5}, step=0)
    plain, markup = show(shell, trial)
    assert plain.startswith("✓ trial cnn-32 (completed)")
    assert "hidden" in Page(markup).text
    plain, markup = show(shell, trial.experiment)
    assert plain.startswith("experiment digits")
    assert "cnn-32" in plain
    nested, _ = show(shell, [trial, trial])
    assert "\n" not in nested
    assert "params" not in nested
    studio.close()


def test_a_store_that_does_not_answer_is_one_line(shell, tmp_path, monkeypatch):
    studio = labdeck.open(tmp_path / "store")
    experiment = studio.experiment("digits")

    def unreachable(_):
        raise StoreUnreachable("the disk is gone", "plug it in")

    monkeypatch.setattr(type(experiment), "record", unreachable)
    plain, markup = show(shell, experiment)
    assert "the disk is gone (plug it in)" in plain
    assert "the disk is gone" in Page(markup).text
    studio.close()
