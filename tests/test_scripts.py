"""The commands behind `make`: they count honestly, they find a port, they leave nothing behind, they skip nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

import check_files
import lab
import verify

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def reports(tmp_path, monkeypatch):
    monkeypatch.setattr(verify, "REPORTS", tmp_path)
    return tmp_path


JUNIT = '<testsuites><testsuite tests="7" failures="1" errors="1" skipped="1"></testsuite></testsuites>'
VITEST = {"numTotalTests": 5, "numPassedTests": 3, "numFailedTestSuites": 1}


@pytest.mark.parametrize(
    ("report", "text", "code", "counts"),
    [
        ("a.xml", JUNIT, 1, (4, 3)),
        ("a.xml", JUNIT.replace("1", "0"), 0, (7, 0)),
        ("a.xml", JUNIT.replace("1", "0"), 2, (7, 1)),
        ("a.json", json.dumps(VITEST), 1, (3, 2)),
        ("a.json", json.dumps({**VITEST, "numTotalTests": 3}), 1, (3, 1)),
        ("a.json", json.dumps({**VITEST, "numTotalTests": 3, "numFailedTestSuites": 0}), 0, (3, 0)),
    ],
    ids=["junit", "junit-green", "junit-interrupted", "vitest", "vitest-broken-file", "vitest-green"],
)
def test_counts_are_read_from_the_reports(reports, report, text, code, counts):
    (reports / report).write_text(text, encoding="utf-8")
    assert verify._counts(verify.Step("tests", (), report), code) == counts


@pytest.mark.usefixtures("reports")
@pytest.mark.parametrize(("code", "counts"), [(0, (0, 0)), (1, (0, 1))])
def test_a_tool_counts_when_it_fails(code, counts):
    assert verify._counts(verify.Step("tool", ()), code) == counts
    assert verify._counts(verify.Step("crashed before its report", (), "gone.xml"), 1) == (0, 1)


def test_an_old_report_is_not_read_again(reports):
    (reports / "a.xml").write_text(JUNIT.replace("1", "0"), encoding="utf-8")
    crashed = verify.run(
        verify.Step("crashed", (sys.executable, "-c", "raise SystemExit(3)"), "a.xml"), dict(os.environ)
    )
    assert (crashed.passed, crashed.failed) == (0, 1)


@pytest.mark.slow
def test_a_skip_is_a_failure(tmp_path):
    (tmp_path / "conftest.py").write_text(
        (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"), encoding="utf-8"
    )
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "def test_passes(): pass\n"
        "def test_skips(): pytest.skip('no browser')\n"
        "@pytest.mark.skip(reason='later')\ndef test_marked(): pass\n"
        "@pytest.mark.xfail(reason='known')\ndef test_expected(): assert False\n",
        encoding="utf-8",
    )
    (tmp_path / "test_module.py").write_text("import pytest\npytest.importorskip('no_such_module')\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(
        [*command, "--continue-on-collection-errors"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert re.search(r"2 failed, 1 passed, 2 errors", done.stdout)
    assert "no browser" in done.stdout


def test_a_busy_port_is_passed_over():
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        taken = busy.getsockname()[1]
        assert taken < lab.free_port(taken) <= taken + lab.PORTS_TRIED


def test_files_that_do_not_belong_are_found(tmp_path):
    large, conflict, notebook = (tmp_path / name for name in ("large.bin", "conflict.py", "run.ipynb"))
    large.write_bytes(b"x" * (check_files.MAX_BYTES + 1))
    conflict.write_text("a\n" + "<" * 7 + " ours\n", encoding="utf-8")
    cell = {"cell_type": "code", "outputs": [], "execution_count": 1}
    notebook.write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    assert [len(check_files.faults(path)) for path in (large, conflict, notebook)] == [1, 1, 1]
    notebook.write_text(json.dumps({"cells": [{**cell, "execution_count": None}]}), encoding="utf-8")
    assert check_files.faults(notebook) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.xdist_group("demo")
def test_the_demo_prints_the_trials():
    done = subprocess.run(
        [sys.executable, "scripts/demo.py", "--serve", "0"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for width in (2, 5, 10, 20, 32):
        (row,) = re.findall(rf"^cnn-{width} .*", done.stdout, re.MULTILINE)
        assert "completed" in row
        assert float(row.split()[-1]) > 0.8, "the last column is the accuracy on digits the network has not seen"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.xdist_group("demo")
def test_the_demo_serves_and_ends_with_its_server():
    command = [sys.executable, "scripts/demo.py", "--serve", "1", "--port", "18888"]
    demo = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        url = next(line.strip() for line in demo.stdout if line.startswith("http"))
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/lab\?token=[0-9a-f]{32}", url)
        with urllib.request.urlopen(url, timeout=30) as page:
            assert b"JupyterLab" in page.read()
    finally:
        demo.send_signal(signal.SIGTERM)
        demo.wait(30)
        demo.stdout.close()
    port = int(re.search(r":(\d+)/", url)[1])
    deadline = time.monotonic() + 10
    while answers(port):
        assert time.monotonic() < deadline, "the server outlived the demo"
        time.sleep(0.05)


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
