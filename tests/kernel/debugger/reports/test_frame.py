"""What a report consists of, as a page and as a notebook."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import nbformat
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labdeck.debugger.reports import keep_report, make_report
from labdeck.debugger.reports.drawing import bars, label, layout, line, thin
from labdeck.debugger.reports.frame import Report, Section
from labdeck.debugger.reports.page import to_html
from labdeck.debugger.reports.parts import Figure, Table, Text
from labdeck.errors import NotFound, UsageError

NASTY = "</script><script>alert('x')</script><img src=http://x.invalid/y onerror=alert(1)>&\"'"


class Reader(HTMLParser):
    """Reads a page as a browser would: elements, texts, JSON of figures."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.texts, self.plots, self.addresses = [], [], [], []
        self._json = False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.elements.append(tag)
        self.addresses += [given[name] for name in ("src", "href") if given.get(name)]
        self._json = given.get("type") == "application/json"

    def handle_data(self, data):
        if self._json:
            self.plots.append(json.loads(data))
            self._json = False
        elif self.lasttag != "script":
            self.texts.append(data)


def nasty_report():
    figure = Figure([line(np.arange(5), np.arange(5.0), NASTY)], layout("step", label(NASTY)), NASTY)
    parts = (Text(NASTY, "advice"), Table((NASTY, "n"), [(NASTY, 1.0), ("b", np.nan)], NASTY), figure)
    return Report("training", NASTY, "0" * 32, (Section("one", NASTY, parts), Section("two", "Two", (figure,))))


def test_names_are_text_on_the_page_whatever_is_in_them():
    page = nasty_report().html()
    found = Reader(page)
    assert "img" not in found.elements
    assert found.elements.count("script") == 4, "two figures, plotly once, and what draws"
    assert all(address.startswith("#s") for address in found.addresses), "nothing is fetched"
    assert NASTY in found.texts
    assert len(found.plots) == 2
    assert found.plots[0]["data"][0]["name"] == label(NASTY)
    assert "<" not in label(NASTY)


def test_plotly_is_on_the_page_once_and_only_where_something_is_drawn():
    from plotly.offline import get_plotlyjs

    assert nasty_report().html().count(get_plotlyjs()[:200]) == 1
    plain = Report("training", "t", "0" * 32, (Section("a", "A", (Text("only text"),)),))
    assert len(plain.html()) < 10_000
    assert "default-src 'none'" in plain.html()


@settings(max_examples=50)
@given(st.text(max_size=80), st.lists(st.floats() | st.integers() | st.text(max_size=20) | st.none(), max_size=4))
def test_any_text_survives_on_the_page(text, values):
    page = to_html(
        Report("training", text, "0" * 32, (Section("k", text, (Table(("c",), [(value,) for value in values]),)),))
    )
    found = Reader(page)
    assert "".join(text.split()) in "".join("".join(found.texts).split())
    assert found.elements.count("td") == len(values)


def test_the_notebook_is_valid_and_reads_what_the_page_shows():
    notebook = nasty_report().notebook()
    nbformat.validate(notebook)
    sources = [cell.source for cell in notebook.cells]
    assert "report['one']" in sources
    assert not any("<script" in source for source in sources)
    for source in (cell.source for cell in notebook.cells if cell.cell_type == "code"):
        compile(source, "cell", "exec")


def test_the_kept_notebook_is_the_same_and_costs_no_import_of_nbformat():
    from labdeck.debugger.reports.notebook import to_ipynb

    report = nasty_report()
    assert nbformat.reads(to_ipynb(report).decode(), 4) == report.notebook()
    code = (
        "import sys\nfrom labdeck.debugger.reports.frame import Report\n"
        "from labdeck.debugger.reports.notebook import to_ipynb\n"
        "to_ipynb(Report('training', 't', '0' * 32, ()))\nassert 'nbformat' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_sections_are_found_by_their_key():
    report = nasty_report()
    assert report["two"].title == "Two"
    with pytest.raises(NotFound, match="it has one, two"):
        report["three"]


def test_a_section_shows_itself_in_a_cell(capsys):
    report = Report("training", "t", "0" * 32, (Section("a", "A", (Text("hello"), Table(("c",), [(1,)]))),))
    report["a"]._ipython_display_()
    assert "hello" in capsys.readouterr().out


@given(st.lists(st.floats(-1e6, 1e6) | st.just(np.nan), min_size=1, max_size=300), st.integers(4, 60))
def test_thinning_keeps_the_extremes(values, most):
    y = np.array(values)
    x, kept = thin(np.arange(len(y)), y, most)
    assert len(kept) <= most + 2
    assert (np.diff(x) > 0).all()
    assert np.array_equal(kept, y[x], equal_nan=True)
    if np.isfinite(y).any():
        assert np.nanmax(kept) == np.nanmax(y)
        assert np.nanmin(kept) == np.nanmin(y)


def test_bars_of_the_same_name_stay_apart():
    assert list(bars(["a", "a", "b"], [1, 2, 3], "n").data[0]["y"]) == ["a", "a (2)", "b"]


def test_it_is_kept_with_the_trial(experiment):
    with experiment.trial("cnn") as trial:
        trial.log(loss=1.0)
    session = experiment.session
    page, notebook = keep_report(session, Report("training", "t", trial.id, (Section("a", "A", (Text("x"),)),)))
    kept = {artifact.name: artifact for artifact in trial.artifacts()}
    assert set(kept) == {"training-report.html", "training-report.ipynb"}
    assert kept[page.name].media_type == "text/html"
    assert re.match("<!doctype html>", trial.artifact(page.name).text())
    nbformat.validate(nbformat.reads(trial.artifact(notebook.name).text(), 4))


def test_there_are_only_some_kinds(experiment):
    with pytest.raises(UsageError, match="training, profiler, xgboost"):
        make_report(experiment.session, "0" * 32, "novel")
    with pytest.raises(NotFound):
        make_report(experiment.session, "0" * 32, "training")
