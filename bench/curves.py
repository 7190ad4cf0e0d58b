"""How fast the curves of 100 trials × 10,000 points reach a browser and are drawn there, beside all their points."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from _measure import Figures, alternate, machine, table, verdict

from labdeck import CurveReading, SeriesKey, Studio
from labdeck.store.ids import new_id
from labdeck.store.process import this_process
from labdeck.wire.commands import StartTrial
from labdeck_ui.figures import curves

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tests.e2e.lab_server import LabServer  # noqa: E402 - found through the line above

TRIALS, POINTS = 100, 10_000
ROUNDS = 5
KEY = SeriesKey("", "loss")
PLOTLY = ROOT / "lib" / "vendor" / "plotly.js"
FLAGS = ["--disable-dev-shm-usage", "--disable-gpu-sandbox", "--use-gl=angle", "--use-angle=swiftshader"]
DRAW = """async text => {
  const start = performance.now();
  const figure = JSON.parse(text);
  await window.plotly.newPlot(document.getElementById('plot'), figure.data, figure.layout, {responsive: false});
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  const took = performance.now() - start;
  const lines = document.querySelectorAll('.scatterlayer .js-line').length;
  window.plotly.purge(document.getElementById('plot'));
  return [took, lines];
}"""
LOAD = """async source => {
  const url = URL.createObjectURL(new Blob([source], {type: 'text/javascript'}));
  window.plotly = (await import(url)).default;
}"""


def fill(studio: Studio) -> list[str]:
    """Write the trials, finish them and pack every second one, as a store has them after a while."""
    ids = [new_id() for _ in range(TRIALS)]
    studio.session.catalog.apply(
        [
            StartTrial(
                id=trial_id,
                experiment="curves",
                new_experiment_id=ids[0],
                name=None,
                started=time.time(),
                writer=this_process(),
            )
            for trial_id in ids
        ]
    )
    columns = studio.session.columns
    for number, trial_id in enumerate(ids):
        writer = columns.writer(trial_id)
        for step in range(POINTS):
            writer.log({"loss": (number + 1) / (step + 10) + (step * 7919 % 1013) / 1e4}, step)
        writer.close()
        if number % 2:
            columns.compact(trial_id)
    return ids


def fetch(server: LabServer, ids: list[str]) -> tuple[float, bytes, int]:
    """Ask for the figure; return milliseconds, its text, and the bytes that came over the line."""
    query = urllib.parse.urlencode([("series", json.dumps(["", "loss"])), *(("trial", trial_id) for trial_id in ids)])
    headers = {**server.authorized(), "Accept-Encoding": "gzip"}
    address = f"{server.url}/labdeck/api/figures/curves?{query}"
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - our own server
    start = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        body = answer.read()
    milliseconds = (time.perf_counter() - start) * 1000
    packed = len(body)
    return milliseconds, gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body, packed


def every_point(studio: Studio, ids: list[str]) -> str:
    """Return the same figure without thinning."""
    readings = []
    for number, trial_id in enumerate(ids, 1):
        series = studio.session.columns.series(trial_id, KEY)
        x = series.steps.astype(float)
        readings.append(CurveReading(trial_id, f"trial-{number}", number, "", "loss", x, series.values, len(series)))
    text: str = curves(readings).to_json(engine="json")
    return text


def draw(texts: dict[str, str]) -> dict[str, list[float]]:
    """Draw each figure in a real Chromium, in turns; return milliseconds from its text to the frame that shows it."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None or not PLOTLY.is_file():
        raise SystemExit("drawing needs Chromium (apt-get install chromium) and the built front end (make setup)")
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_content('<div id="plot" style="width:1200px;height:700px"></div>')
        page.evaluate(LOAD, PLOTLY.read_text(encoding="utf-8"))

        def measure(what: str) -> Any:
            took, lines = page.evaluate(DRAW, texts[what])
            if lines != TRIALS:
                raise SystemExit(f"{what}: {lines} lines were drawn instead of {TRIALS}")
            return took

        for what in texts:
            measure(what)
        found = alternate(dict.fromkeys(texts, ROUNDS), measure)
        browser.close()
    return found


def main() -> None:
    """Measure in turns, print the table and the verdicts."""
    print(f"bench/curves.py: one metric of {TRIALS} trials × {POINTS:,} points, as the comparison asks for it")
    machine()
    with tempfile.TemporaryDirectory() as folder:
        server = LabServer(Path(folder) / "lab")
        server.install_config()
        with Studio(server.store) as studio:
            ids = fill(studio)
            whole = every_point(studio, ids)
        server.start()
        try:
            first = fetch(server, ids)[0]
            answers = [fetch(server, ids) for _ in range(ROUNDS + 4)]
        finally:
            server.stop()
    delivered = Figures(tuple(answer[0] for answer in answers))
    text, packed = answers[0][1].decode(), answers[0][2]
    drawn = {what: Figures(tuple(values)) for what, values in draw({"thinned": text, "all points": whole}).items()}

    def show(value: float) -> str:
        return f"{value:.0f} ms"

    table(
        ["what", "delivered: median (min … max, rounds)", "size", "over the line", "drawn"],
        [
            ["thinned", delivered.show(show), f"{len(text) / 1e6:.1f} MB", f"{packed / 1e6:.1f} MB",
             drawn["thinned"].show(show)],
            ["all points", "", f"{len(whole) / 1e6:.1f} MB", f"{len(gzip.compress(whole.encode(), 1)) / 1e6:.1f} MB",
             drawn["all points"].show(show)],
        ],
    )  # fmt: skip
    print(f"the first answer of a fresh server, which imports plotly and opens the store: {first:.0f} ms\n")
    verdict("curves, delivered", delivered.median, 1000, at_least=False, unit=" ms")
    verdict("curves, drawn", drawn["thinned"].median, 1000, at_least=False, unit=" ms")
    faster = drawn["all points"].median / drawn["thinned"].median
    verdict("all points drawn / thinned drawn", faster, 1, at_least=True)


if __name__ == "__main__":
    main()
