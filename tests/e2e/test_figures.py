"""Every figure in a real Chromium, drawn with our own bundle of plotly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from labdeck import SeriesKey, Studio
from labdeck_ui import figures

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
LOAD = """async source => {
  const url = URL.createObjectURL(new Blob([source], {type: 'text/javascript'}));
  window.plotly = (await import(url)).default;
}"""
DRAW = """async figure => {
  const root = document.getElementById('plot');
  await window.plotly.newPlot(root, figure.data, figure.layout);
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  const count = where => root.querySelectorAll(where).length;
  const canvas = root.querySelector('canvas.gl-canvas-context');
  let inked = 0;
  if (canvas) {
    const copy = document.createElement('canvas');
    [copy.width, copy.height] = [canvas.width, canvas.height];
    const pen = copy.getContext('2d');
    pen.drawImage(canvas, 0, 0);
    const pixels = pen.getImageData(0, 0, copy.width, copy.height).data;
    for (let place = 3; place < pixels.length; place += 4) inked += pixels[place] > 0;
  }
  const seen = {points: count('.scatterlayer .point'), lines: count('.scatterlayer .js-line'),
    bars: count('.barlayer .point'), boxes: count('.boxlayer .box'), contours: count('.contourlayer .contour'),
    inked, text: root.innerText, images: count('img')};
  window.plotly.purge(root);
  return seen;
}"""


@pytest.fixture
def made(tmp_path: Path) -> dict[str, dict[str, object]]:
    """One figure of each kind, of trials of a real store, one of them with a name that means harm."""
    with Studio(tmp_path / "store") as studio:
        experiment = studio.experiment("figures")
        for n in range(12):
            params = {"lr": 10.0 ** -(n % 4), "opt": ["adam", "<img src=x>"][n % 2], "drop": n * n % 7 / 7}
            with experiment.trial("<img src=x onerror=alert(1)>", params=params) as trial:
                for step in range(20):
                    trial.log(acc=n / 12 + step / 100, step=step)
        ids = [trial.id for trial in experiment.trials()]
        names = ["params.lr", "params.opt", "params.drop", "metrics.acc"]
        table, groups = experiment.table(*names), experiment.group("params.opt", "metrics.acc")
        series = [SeriesKey("", "acc")]
        drawn = {
            "curves": figures.curves(studio.curves(ids, series), clip=True),
            "grouped": figures.grouped_curves(studio.comparing.grouped_curves(ids, series, ["params.opt"])),
            "scatter": figures.scatter(table, "params.lr", "metrics.acc", "params.opt", log_x=True),
            "box": figures.box(table, "metrics.acc", groups),
            "bar": figures.grouped_bar(groups),
            "contour": figures.contour(table, "params.lr", "params.drop", "metrics.acc", log_x=True),
            "parallel": figures.parallel(table, names, "params.opt"),
            "importance": figures.importance(experiment.importance("metrics.acc")),
        }
    return {name: json.loads(figure.to_json(engine="json")) for name, figure in drawn.items()}


def test_each_figure_is_drawn(browser: Browser, made: dict[str, dict[str, object]], say: Callable[[str], None]) -> None:
    page = browser.new_page(viewport={"width": 900, "height": 600})
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.set_content('<div id="plot" style="width:800px;height:500px"></div>')
    bundle = ROOT / "lib" / "vendor" / "plotly.js"
    page.evaluate(LOAD, bundle.read_text(encoding="utf-8"))
    seen = {name: page.evaluate(DRAW, figure) for name, figure in made.items()}
    page.close()
    say(f"plotly's bundle: {bundle.stat().st_size / 1e6:.2f} MB")
    assert trouble == []
    assert seen["curves"]["lines"] == 12
    assert seen["grouped"]["lines"] == 4, "two lines and two bands"
    assert (seen["scatter"]["points"], seen["scatter"]["lines"]) == (12, 1)
    assert seen["box"]["boxes"] == 2
    assert seen["bar"]["bars"] == 2
    assert seen["contour"]["contours"] == 1
    assert seen["contour"]["points"] == 12
    assert seen["parallel"]["inked"] > 1000, "WebGL drew nothing"
    assert seen["importance"]["bars"] >= 3
    assert "<img src=x>" in seen["box"]["text"], "a name is shown as it is"
    assert not any(one["images"] for one in seen.values())
