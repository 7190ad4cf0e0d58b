"""Somebody looks for what made the difference, and keeps the way they looked at it."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, expect
from sklearn.datasets import load_digits
from tests.e2e.lab_page import LabPage
from tests.e2e.waiting import wait_until

from labdeck import SeriesKey, Studio, Trial

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EPOCHS = 12
THEMES = ("Light", "Dark")
FACES = ("Scatter", "Box", "Bar", "Contour", "Parallel")
DRAWN = """plots => plots.map(plot => plot.data.map(trace => trace.type))"""
SCRIPT = """
import labdeck
with labdeck.experiment("code").trial("{name}", params={{"width": {width}}}) as trial:
    width = {width}
    for step in range(3):
        trial.log({{"loss": 1 / (step + width)}}, step=step)
{more}
"""
# Scrolls from the top of the table to its end, one screen a frame, and tells the longest time between two frames.
SCROLL = """async table => {
  const scroller = table.closest('.jp-Labdeck-scroll');
  let worst = 0, frames = 0, before = performance.now();
  while (scroller.scrollTop + scroller.clientHeight < scroller.scrollHeight - 1) {
    scroller.scrollTop += 120;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    worst = Math.max(worst, now - before);
    before = now;
    frames++;
  }
  return { worst, frames };
}"""


def softmax_regression(trial: Trial, lr: float, decay: float, seed: int) -> None:
    """Learn the digits by gradient descent, and log loss and accuracy of what was not learned from."""
    pixels, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(labels))
    x, y = pixels[order] / 16, labels[order]
    train, test = slice(0, 1000), slice(1000, None)
    weights = np.random.default_rng(seed).normal(0, 0.01, (64, 10))
    with trial.component("training") as training:
        for epoch in range(EPOCHS):
            scores = x @ weights
            chances = np.exp(scores - scores.max(axis=1, keepdims=True))
            chances /= chances.sum(axis=1, keepdims=True)
            loss = -np.log(chances[test][np.arange(len(y[test])), y[test]]).mean()
            accuracy = (scores[test].argmax(axis=1) == y[test]).mean()
            training.log({"test:loss": float(loss), "test:accuracy": float(accuracy)}, step=epoch)
            error = chances[train] - np.eye(10)[y[train]]
            weights -= lr * (x[train].T @ error / 1000 + decay * weights)


def grid(studio: Studio, rates: tuple[float, ...] = (0.03, 0.3, 3.0)) -> list[Trial]:
    """Make the experiment "digits" of learning rates, two decays and three seeds, and return its trials."""
    experiment = studio.experiment("digits", objective="test:accuracy")
    trials = []
    for number, (lr, decay, seed) in enumerate(itertools.product(rates, (0.0, 0.1), (1, 2, 3)), 1):
        params = {"lr": lr, "decay": decay, "seed": seed, "epochs": EPOCHS, "optimizer": "sgd" if seed < 3 else "gd"}
        with experiment.trial(f"run-{number:02}", params=params, tags={"team": "vision"}) as trial:
            softmax_regression(trial, lr, decay, seed)
        trials.append(trial)
    studio.session.flush()
    return trials


def test_the_table_tells_statistics_and_differences(
    lab: LabPage, studio: Studio, picture: Callable[[LabPage, str], None]
) -> None:
    trials = grid(studio)
    # Wide enough for all columns of interest: those out of sight are not drawn.
    lab.page.set_viewport_size({"width": 1920, "height": 1080})
    page = compare(lab, trials)
    table = page.get_by_role("grid", name="Trials compared")
    expect(table).to_have_attribute("aria-rowcount", "19")
    heads = table.get_by_role("columnheader")
    expect(heads.filter(has_text="started")).to_have_count(1)

    # A statistic of all metrics at once, and one of one metric.
    page.get_by_role("button", name=re.compile("^Columns")).click()
    choice = page.get_by_role("dialog", name="Columns")
    choice.get_by_label("deviation", exact=True).check()
    expect(heads.filter(has_text="deviation")).to_have_count(2)
    choice.get_by_label("training / test:loss mean").check()
    expect(heads.filter(has_text="mean")).to_have_count(1)
    picture(lab, "comparison-columns")
    choice.get_by_label("Search columns").fill("loss")
    expect(choice.get_by_role("row")).to_have_count(2)
    choice.get_by_role("button", name="Back to the First Choice").click()
    expect(heads.filter(has_text="deviation")).to_have_count(0)
    lab.page.keyboard.press("Escape")
    expect(choice).to_have_count(0)

    # The value at a step is what was logged there.
    page.get_by_label("at step").fill("4")
    at = heads.filter(has_text="step 4")
    expect(at).to_have_count(2)
    (logged,) = studio.comparing.values([trials[0].id], [SeriesKey("training", "test:loss")], 4).values
    row = table.get_by_role("row").filter(has_text="run-01")
    titles = heads.evaluate_all("heads => heads.map(head => head.title)")
    place = titles.index("training / test:loss (step 4)")
    wait_until(
        lambda: float(row.get_by_role("gridcell").nth(place).get_attribute("title").split()[0]) == logged.value,
        "the value at the step is what was logged there",
        why=lambda: str(row.all_inner_texts()),
    )

    # A baseline, with differences in numbers and in percent, and whether they are better in words.
    select(page, "baseline").select_option(label="run-01")
    expect(page.locator("tr.jp-mod-pinned")).to_contain_text("run-01")
    select(page, "Δ").select_option("both")
    verdicts = page.locator(".jp-Labdeck-verdict")
    wait_until(lambda: {"better", "worse"} <= {t.strip() for t in verdicts.all_inner_texts()}, "differences are judged")
    expect(page.locator(".jp-Labdeck-difference").first).to_contain_text("%")
    picture(lab, "comparison-differences")


def test_the_table_groups_filters_and_is_copied(
    lab: LabPage, studio: Studio, picture: Callable[[LabPage, str], None]
) -> None:
    page = compare(lab, grid(studio))

    # Groups by a parameter: mean ± deviation over the others, closed and opened by keys.
    select(page, "group by").first.select_option(label="lr")
    tree = page.get_by_role("treegrid", name="Trials compared")
    groups = tree.locator("tr.jp-mod-group")
    expect(groups).to_have_count(3)
    expect(groups.first).to_contain_text("lr = 0.03")
    expect(groups.first).to_contain_text("6 trials")
    expect(groups.first).to_contain_text("±")
    before = tree.get_attribute("aria-rowcount")
    groups.first.get_by_role("gridcell").first.focus()
    lab.page.keyboard.press("Enter")
    expect(groups.first).to_have_attribute("aria-expanded", "false")
    assert tree.get_attribute("aria-rowcount") == str(int(before or 0) - 6)
    for theme in THEMES:
        lab.theme(f"JupyterLab {theme}")
        picture(lab, f"comparison-groups-{theme.lower()}")

    # What is copied has every trial and all digits.
    page.get_by_label("Filter trials").fill("optimizer=gd")
    expect(tree).to_have_attribute("aria-rowcount", str(1 + 3 + 4))
    page.get_by_role("button", name="More").click()
    lab.page.get_by_role("menuitem", name="Copy Table as CSV").click()
    expect(lab.page.locator(".Toastify__toast")).to_contain_text("Copied")
    rows = list(csv.reader(io.StringIO(lab.page.evaluate("() => navigator.clipboard.readText()"))))
    assert [row[0] for row in rows] == ["trial", *(f"run-{number:02}" for number in range(3, 19, 3))]


def test_charts_show_what_made_the_difference(
    lab: LabPage, studio: Studio, picture: Callable[[LabPage, str], None]
) -> None:
    page = compare(lab, grid(studio))
    programs = []
    tabs = page.get_by_role("tab")
    tabs.first.focus()
    lab.page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Curves")).to_have_attribute("aria-selected", "true")
    wait_drawn(page, lambda kinds: len(kinds) == 2 and all(len(traces) == 18 for traces in kinds))
    select(page, "group by").select_option(label="lr")
    wait_drawn(page, lambda kinds: all(len(traces) == 6 for traces in kinds))
    expect(page.locator(".jp-Labdeck-legend li")).to_have_count(3)
    picture(lab, "comparison-curves-grouped")
    programs.append(copied(lab, page))

    expected = {"Scatter": {"scatter"}, "Box": {"box"}, "Bar": {"bar"}, "Contour": {"contour"}}
    for face in FACES:
        page.get_by_role("tab", name=face, exact=True).click()
        kinds = expected.get(face, {"parcoords"})
        wait_drawn(page, lambda drawn, kinds=kinds: len(drawn) == 1 and kinds <= set(drawn[0]))
        picture(lab, f"comparison-{face.lower()}")
        if face == "Scatter":
            page.get_by_label("colour").select_option(label="decay")
            page.get_by_label("log x").check()
            wait_drawn(page, lambda drawn: "scatter" in drawn[0])
        if face == "Box":
            page.get_by_label("group by").select_option(label="lr")
            wait_drawn(page, lambda drawn: len(drawn[0]) == 3)
        programs.append(copied(lab, page))

    page.get_by_role("tab", name="Importance").click()
    rows = page.get_by_role("grid", name="Importance")
    expect(rows.get_by_role("row")).to_have_count(5)
    expect(rows.locator("tbody tr").first).to_contain_text("lr")
    picture(lab, "comparison-importance-light")
    programs.append(copied(lab, page))
    printed = lab.server.run("-c", "\n".join(f"{code.rstrip()}\nprint('made')" for code in programs))
    assert printed.split() == ["made"] * 7
    lab.theme("JupyterLab Dark")
    picture(lab, "comparison-importance-dark")
    lab.page.set_viewport_size({"width": 1920, "height": 1080})
    for face in ("Scatter", "Parallel", "Contour", "Table"):
        page.get_by_role("tab", name=face, exact=True).click()
        wait_drawn(page, lambda drawn: len(drawn) > 0)
        picture(lab, f"comparison-{face.lower()}-dark-wide")


def test_code_and_environment_of_two_trials(
    lab: LabPage, studio: Studio, picture: Callable[[LabPage, str], None]
) -> None:
    for name, width, more in (("narrow", 2, ""), ("wide", 9, "    print('done')")):
        program = lab.server.notebooks / "train.py"
        program.write_text(SCRIPT.format(name=name, width=width, more=more), encoding="utf-8")
        lab.server.run(str(program))
    page = compare(lab, studio.find_experiment("code").trials(), "code")
    page.get_by_role("tab", name="Code Diff").click()
    part = page.get_by_role("region", name=re.compile("Lines of .*train.py"))
    expect(part.locator("tr[data-kind='removed']").filter(has_text="width = 2")).to_have_count(1)
    expect(part.locator("tr[data-kind='added']").filter(has_text="width = 9")).to_have_count(1)
    for theme in THEMES:
        lab.theme(f"JupyterLab {theme}")
        picture(lab, f"comparison-code-{theme.lower()}")
    page.get_by_role("button", name="Swap").click()
    expect(part.locator("tr[data-kind='added']").filter(has_text="width = 2")).to_have_count(1)

    page.get_by_role("tab", name="Environment Diff").click()
    expect(page.get_by_text("Both trials ran in the same environment.")).to_be_visible()
    page.get_by_label("show what is the same").check()
    rows = page.get_by_role("grid", name="Environment")
    expect(rows.locator("tbody tr").filter(has_text="numpy").first).to_be_visible()
    picture(lab, "comparison-environment")


def test_a_view_is_kept_opened_and_forgotten(
    lab: LabPage, studio: Studio, picture: Callable[[LabPage, str], None]
) -> None:
    trials = grid(studio, (0.3,))
    page = compare(lab, trials)
    select(page, "baseline").select_option(label="run-02")
    page.get_by_label("differing only").uncheck()
    page.get_by_role("tab", name="Scatter").click()
    page.get_by_label("log x").check()

    # The name is asked for in its place.
    page.get_by_role("button", name="Save View").click()
    field = page.get_by_label("Name of the view")
    expect(field).to_be_focused()
    field.fill("rates")
    picture(lab, "comparison-naming")
    lab.page.keyboard.press("Enter")
    expect(field).to_have_count(0)
    expect(page.locator(".jp-Labdeck-view-name")).to_have_text("rates")
    wait_until(lambda: len(studio.views().views) == 1, "the view is in the store")

    # The page comes back as it was after the browser is loaded anew.
    page.get_by_role("tab", name="Box").click()
    wait_until(lambda: "box" in lab.page.evaluate(KEPT), "the page is kept", why=lambda: lab.page.evaluate(KEPT)[:500])
    lab.page.reload()
    lab.wait_ready()
    page = comparison(lab, "digits")
    expect(page.get_by_role("tab", name="Box")).to_have_attribute("aria-selected", "true")

    # The view is what was saved, in a page of its own once the old one is closed.
    lab.execute("application:close")
    lab.execute("labdeck:open-view", {"id": studio.views().views[0].id})
    page = comparison(lab, "digits")
    expect(page.get_by_role("tab", name="Scatter")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_label("log x")).to_be_checked()
    page.get_by_role("tab", name="Table").click()
    expect(page.locator("tr.jp-mod-pinned")).to_contain_text("run-02")
    expect(page.get_by_label("differing only")).not_to_be_checked()

    # It is forgotten, and taken back.
    page.get_by_role("button", name=re.compile("^Views")).click()
    views = page.get_by_role("dialog", name="Views")
    picture(lab, "comparison-views")
    views.get_by_role("button", name="Delete rates").click()
    expect(views.get_by_text("No view was saved yet.")).to_be_visible()
    lab.page.locator(".Toastify__toast").get_by_role("button", name="Undo").click()
    wait_until(lambda: [view.name for view in studio.views().views] == ["rates"], "the view is back")


def test_two_hundred_trials_scroll(
    lab: LabPage, studio: Studio, say: Callable[[str], None], picture: Callable[[LabPage, str], None]
) -> None:
    experiment = studio.experiment("wide", objective="loss", goal="min")
    trials = []
    for number in range(200):
        params = {f"p{place:02}": number * (place + 1) % 17 for place in range(20)}
        with experiment.trial(f"trial-{number:03}", params=params) as trial:
            trial.log({f"metric{place:02}": number / (place + 1) for place in range(10)} | {"loss": 1 / (number + 1)})
        trials.append(trial)
    studio.session.flush()
    page = compare(lab, trials, "wide")
    table = page.get_by_role("grid", name="Trials compared")
    expect(table).to_have_attribute("aria-rowcount", "201")
    page.get_by_role("button", name=re.compile("^Columns")).click()
    choice = page.get_by_role("dialog", name="Columns")
    for word in ("min", "max", "first", "mean", "deviation", "count", "best"):
        choice.get_by_label(word, exact=True).check()
    lab.page.keyboard.press("Escape")
    page.get_by_label("differing only").uncheck()
    expect(table).to_have_attribute("aria-colcount", "112")
    assert table.locator("tbody td[aria-colindex]").count() < 120 * 40
    # Drawing the curves below takes its own time.
    wait_drawn(page, lambda kinds: len(kinds) == 4 and all(len(traces) == 200 for traces in kinds))
    told = table.evaluate(SCROLL)
    say(
        f"comparison: 200 trials by 112 columns scrolled through in {told['frames']} frames, "
        f"the longest {told['worst']:.0f} ms"
    )
    expect(table.get_by_role("row").last).to_contain_text("trial-")
    table.get_by_role("gridcell").first.focus()
    lab.page.keyboard.press("Control+End")
    expect(table.locator("td:focus")).to_be_in_viewport()
    lab.page.set_viewport_size({"width": 1920, "height": 1080})
    picture(lab, "comparison-many-wide")


KEPT = """async () => {
  const url = `/lab/api/workspaces/${document.body.dataset.workspace ?? 'default'}`;
  const found = await fetch(url);
  return found.ok ? await found.text() : '';
}"""


def compare(lab: LabPage, trials: list[Trial], name: str = "digits") -> Locator:
    """Open a comparison as the sidebar does."""
    lab.execute("labdeck:compare", {"trials": [trial.id for trial in trials], "experiment": name})
    return comparison(lab, name)


def copied(lab: LabPage, page: Locator) -> str:
    """Copy what is shown as Python, and return the code."""
    lab.page.evaluate("() => navigator.clipboard.writeText('')")
    page.get_by_role("button", name="Copy as Python").click()
    read = "() => navigator.clipboard.readText()"
    return str(wait_until(lambda: lab.page.evaluate(read), "the code is in the clipboard"))


def comparison(lab: LabPage, name: str) -> Locator:
    page = lab.page.locator(".jp-Labdeck-page:visible")
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible(timeout=30_000)
    return page


def select(page: Locator, label: str) -> Locator:
    return page.locator("label").filter(has_text=re.compile(f"^{label}")).get_by_role("combobox")


def wait_drawn(page: Locator, wanted: Callable[[list[list[str]]], bool]) -> None:
    """Wait until what plotly has drawn is as wanted; told are the types of the traces, plot by plot."""
    plots = page.locator(".js-plotly-plot")

    def look() -> bool:
        drawn = plots.evaluate_all(DRAWN)
        return bool(drawn) and wanted(drawn)

    wait_until(look, "the chart is drawn so", why=lambda: str(plots.evaluate_all(DRAWN))[:1000])
