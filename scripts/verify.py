"""Check the project: `verify.py check` is what every commit passes, `verify.py test` is everything.

Two lanes run side by side, Python and TypeScript; a failing step does not hide the next one. The last line
counts the tests of both languages; a failing tool (a linter, a compiler) counts as one failed test.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import ensure_tools

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / ".build" / "reports"
BIN = Path(sys.executable).parent
JLPM = (sys.executable, "kernel/_build_backend/labdeck_frontend.py", "jlpm")
PYTEST = (str(BIN / "pytest"), "-q", "--no-header")
SHOWN = 100  # lines of a failed step
BOTH_CORES = ("-n", "2", "--dist", "loadgroup")
FAST = "not slow and not browser and not postgres"


@dataclass(frozen=True)
class Step:
    """One tool with its command; `report` is where a test runner leaves its counts."""

    name: str
    command: tuple[str, ...]
    report: str = ""


@dataclass(frozen=True)
class Outcome:
    """How a step ended: seconds it took, what it printed, tests passed and failed."""

    step: Step
    seconds: float
    output: str
    passed: int
    failed: int


def _pytest(name: str, *arguments: str) -> Step:
    report = f"{name.replace(' ', '-')}.xml"
    return Step(name, (*PYTEST, *arguments, f"--junitxml={REPORTS / report}"), report)


def _jlpm(name: str, *arguments: str, report: str = "") -> Step:
    return Step(name, (*JLPM, *arguments), report)


def _lint() -> list[Step]:
    ruff = str(BIN / "ruff")
    return [
        Step("ruff", (ruff, "check", "--quiet", ".")),
        Step("ruff format", (ruff, "format", "--check", "--quiet", ".")),
        Step("files", (sys.executable, "scripts/check_files.py")),
        Step("mypy", (str(BIN / "mypy"), "--no-error-summary")),
    ]


def _typescript(*eslint: str) -> list[Step]:
    return [
        _jlpm("tsc", "types"),
        _jlpm("eslint", "lint", *eslint),
        _jlpm("prettier", "format:check"),
        _jlpm("vitest", "test", report="vitest.json"),
    ]


def lanes(what: str) -> list[list[list[Step]]]:
    """Give the stages of `check` or `test`: stages follow each other, the lanes of a stage run side by side."""
    if what == "check":
        # The cache may miss what a type elsewhere breaks; `test` looks at everything.
        return [[[*_lint(), _pytest("python", "-m", FAST, *BOTH_CORES)], _typescript("--cache")]]
    return [
        [_lint(), _typescript()],
        [[_pytest("python", "-m", "not browser", *BOTH_CORES)]],
        [[_pytest("browser", "-m", "browser", "-n", "2")]],
    ]


def _counts(step: Step, code: int) -> tuple[int, int]:
    """Read passed and failed from the report of a step; a tool without one counts only when it fails."""
    path = REPORTS / step.report
    if not step.report or not path.is_file():
        return 0, int(code != 0)
    if path.suffix == ".json":
        data = json.loads(path.read_text(encoding="utf-8"))
        passed, bad = data["numPassedTests"], data["numTotalTests"] - data["numPassedTests"]
        bad = max(bad, data["numFailedTestSuites"])
    else:
        suite = ET.parse(path).getroot().find("testsuite")  # noqa: S314 - our own report
        total = 0 if suite is None else int(suite.get("tests", 0))
        bad = 0 if suite is None else sum(int(suite.get(kind, 0)) for kind in ("failures", "errors", "skipped"))
        passed = max(total - bad, 0)
    return passed, max(bad, int(code != 0))


def run(step: Step, env: dict[str, str]) -> Outcome:
    """Run one step and say at once how it ended."""
    start = time.monotonic()
    (REPORTS / (step.report or "none")).unlink(missing_ok=True)
    done = subprocess.run(
        step.command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    passed, failed = _counts(step, done.returncode)
    seconds = time.monotonic() - start
    mark = "✗" if failed else "✓"
    counts = f"{passed} passed, {failed} failed" if step.report else ""
    print(f"{mark} {step.name:12} {seconds:5.0f} s  {counts}", flush=True)
    return Outcome(step, seconds, done.stdout, passed, failed)


def show(outcome: Outcome) -> None:
    """Print the end of what a failed step said; all of it stays in a file."""
    log = REPORTS / f"{outcome.step.name.replace(' ', '-')}.log"
    log.write_text(outcome.output, encoding="utf-8")
    lines = outcome.output.strip().splitlines()
    cut = f" (the last {SHOWN} of {len(lines)} lines of {log.relative_to(ROOT)})" if len(lines) > SHOWN else ""
    print(f"\n──── {outcome.step.name}{cut}", *lines[-SHOWN:], sep="\n")


def main() -> int:
    """Run the steps, show what failed, end with the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["check", "test"])
    what = parser.parse_args().what
    REPORTS.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "PATH": ensure_tools.tools_path()} if what == "test" else dict(os.environ)
    start = time.monotonic()
    outcomes: list[Outcome] = []
    for stage in lanes(what):
        with ThreadPoolExecutor(len(stage)) as pool:
            for done in pool.map(lambda lane: [run(step, env) for step in lane], stage):
                outcomes.extend(done)
    for outcome in outcomes:
        if outcome.failed:
            show(outcome)
    print(f"\n{what} took {time.monotonic() - start:.0f} s")
    failed = sum(outcome.failed for outcome in outcomes)
    print(f"{sum(outcome.passed for outcome in outcomes)} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
