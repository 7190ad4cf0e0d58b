"""The series colours, in Python and in the page."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck_ui.palette import SERIES_COLOURS, trial_colour

ROOT = Path(__file__).parents[2]
# Machado, Oliveira and Fernandes 2009, severity 1.
PROTANOPIA = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
DEUTERANOPIA = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]


def linear(colour: str) -> np.ndarray:
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def oklab(rgb: np.ndarray) -> np.ndarray:
    to_cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.array(to_lab) @ np.cbrt(np.clip(np.array(to_cones) @ rgb, 0, None))


@pytest.mark.parametrize("background", ["#ffffff", "#212121"])
def test_colours_stand_out_from_light_and_dark(background):
    assert min(contrast(colour, background) for colour in SERIES_COLOURS) >= 3


@pytest.mark.parametrize("vision", [np.eye(3), PROTANOPIA, DEUTERANOPIA], ids=["normal", "protanopia", "deuteranopia"])
def test_colours_differ_for_every_eye(vision):
    seen = [oklab(np.clip(np.array(vision) @ linear(colour), 0, 1)) for colour in SERIES_COLOURS]
    # A difference of 0.02 is just noticeable.
    assert min(np.linalg.norm(one - other) for one, other in combinations(seen, 2)) > 0.07


def test_at_least_ten_different_colours():
    assert len(set(SERIES_COLOURS)) == len(SERIES_COLOURS) >= 10


@given(st.integers(1, 10_000))
def test_ten_trials_in_a_row_differ(number):
    row = [trial_colour(number + place) for place in range(len(SERIES_COLOURS))]
    assert sorted(row) == sorted(SERIES_COLOURS)


def test_the_first_trial_has_the_first_colour():
    assert trial_colour(1) == SERIES_COLOURS[0]


def test_the_page_gives_the_same_colours():
    """Run the page's own module, compiled by the project's own compiler."""
    numbers = list(range(1, 25))
    source = ROOT / "labextension/src/parts/palette.ts"
    script = f"""
        const ts = require('typescript'), fs = require('fs');
        const text = fs.readFileSync({json.dumps(str(source))}, 'utf8');
        const options = {{ compilerOptions: {{ module: 'commonjs', target: 'es2020' }} }};
        const module_ = {{ exports: {{}} }};
        new Function('exports', ts.transpileModule(text, options).outputText)(module_.exports);
        const page = module_.exports;
        console.log(JSON.stringify({{ list: page.SERIES_COLOURS, trials: {numbers}.map(page.trialColour) }}));"""
    node = shutil.which("node") or str(Path(sys.executable).with_name("node"))
    done = subprocess.run([node, "-e", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    page = json.loads(done.stdout)
    assert page["list"] == list(SERIES_COLOURS)
    assert page["trials"] == [trial_colour(number) for number in numbers]
