"""Rules find something in a training, and somebody sees it, looks into it, and acts."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.e2e.found import badge, finding, put, rows, running_trial, watched
from tests.e2e.lab_page import KERNEL, LabPage
from tests.e2e.lab_server import LabServer
from tests.e2e.waiting import wait_until

from labdeck import Studio, Trial
from labdeck.wire.debugging import ActionRecord

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def running(studio: Studio) -> Iterator[Trial]:
    """A trial that runs, beside two that are over."""
    yield from running_trial(studio)


def test_findings_come_live_and_are_put_away(
    lab: LabPage, studio: Studio, running: Trial, say: Callable[[str], None]
) -> None:
    expect(lab.sidebar.get_by_text("%%debug_rules")).to_be_visible()
    expect(badge(lab)).to_be_hidden()
    lab.expand("digits")
    before = time.time()
    put(studio, finding(running, 40))
    expect(rows(lab)).to_have_count(1)
    say(f"from the stored finding to the screen: {(time.time() - before) * 1000:.0f} ms")
    expect(rows(lab).first).to_contain_text("VanishingGradient")
    expect(rows(lab).first).to_contain_text("step 40")
    expect(rows(lab).first).to_contain_text("gradient/conv1.weight")
    expect(rows(lab).first).to_contain_text("3e−9 < 1e−7")
    expect(badge(lab)).to_have_text("1")
    expect(lab.row("cnn-deep").locator(".jp-Labdeck-found")).to_have_text("⚠1")

    # Among the rows nothing moves; what is new waits.
    rows(lab).first.hover()
    put(studio, finding(running, 55, "ExplodingTensor", severity="info", value="NaN", threshold=None))
    waiting = lab.sidebar.get_by_role("button", name=re.compile("1 new"))
    expect(waiting).to_be_visible()
    expect(rows(lab)).to_have_count(1)
    expect(badge(lab)).to_have_text("2")
    lab.page.mouse.move(900, 400)
    expect(rows(lab)).to_have_count(2)
    expect(rows(lab).first).to_contain_text("ExplodingTensor")
    expect(waiting).to_have_count(0)

    # Put away by keyboard, and taken back.
    lab.sidebar.get_by_role("listbox").focus()
    expect(rows(lab).first).to_have_attribute("aria-selected", "true")
    lab.page.keyboard.press("ArrowDown")
    expect(rows(lab).nth(1)).to_have_attribute("aria-selected", "true")
    lab.page.keyboard.press("Delete")
    expect(rows(lab)).to_have_count(1)
    expect(badge(lab)).to_have_text("1")
    lab.page.get_by_role("button", name="Undo").click()
    expect(rows(lab)).to_have_count(2)
    expect(badge(lab)).to_have_text("2")

    # The step is opened by keyboard, too.
    lab.sidebar.get_by_role("listbox").focus()
    lab.page.keyboard.press("Home")
    lab.page.keyboard.press("Enter")
    expect(lab.page.get_by_role("tab", name="Tensors")).to_have_attribute("aria-selected", "true")


def test_findings_of_the_current_experiment(lab: LabPage, studio: Studio, running: Trial) -> None:
    other = studio.experiment("other").trial("only").start()
    put(studio, finding(running, 40), finding(other, 7, "Overfit"))
    expect(rows(lab)).to_have_count(2)
    lab.row("only").click()
    lab.sidebar.get_by_role("button", name="Which findings to show").click()
    lab.page.get_by_role("menuitem", name="Only Findings of other").click()
    expect(rows(lab)).to_have_count(1)
    expect(rows(lab).first).to_contain_text("Overfit")
    lab.sidebar.get_by_role("button", name="Show all").click()
    expect(rows(lab)).to_have_count(2)

    # The menu of the right mouse button, and those that were put away.
    rows(lab).first.click(button="right")
    lab.page.get_by_role("menuitem", name="Dismiss Finding").click()
    expect(rows(lab)).to_have_count(1)
    lab.sidebar.get_by_role("button", name="Which findings to show").click()
    lab.page.get_by_role("menuitem", name="Show Dismissed Findings").click()
    expect(rows(lab)).to_have_count(2)
    other.finish()


def test_a_trial_tells_what_was_found_and_can_be_asked(
    lab: LabPage, studio: Studio, running: Trial, picture: Callable[[LabPage, str], None]
) -> None:
    watched(studio, running)
    done = ActionRecord(name="RecordFlight", time=time.time(), done=True, message="kept 5 steps")
    origin = "model.py:42 in forward: torch.log(x)"
    put(
        studio,
        finding(running, 40, count=12, last_step=52, actions=(done,)),
        finding(running, 55, "ExplodingTensor", severity="error", value="NaN", threshold=None, origin=origin),
    )
    notice = lab.page.get_by_role("alert").filter(has_text="ExplodingTensor (cnn-deep, step 55)")
    expect(notice).to_be_visible()
    notice.get_by_role("button", name="Findings").dispatch_event("click")  # notices move while others come and go
    page = lab.page.locator(".jp-Labdeck-page-body")
    card = page.get_by_role("listitem", name="VanishingGradient, steps 40–52")
    expect(card).to_contain_text("use ReLU in place of sigmoid")
    expect(card).to_contain_text("kept 5 steps")
    expect(page.get_by_role("listitem", name="ExplodingTensor, step 55")).to_contain_text(origin)
    expect(page.locator("summary")).to_contain_text("1 firing")
    page.locator("summary").click()
    expect(page.get_by_role("grid", name="Rules")).to_contain_text("threshold = 1e−7")
    expect(page).to_contain_text("ZeroDivisionError")
    expect(page).to_contain_text("it needs relu_outputs")
    picture(lab, "findings")

    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Switch off: VanishingGradient").click()
    catalog = studio.session.catalog
    asked = wait_until(
        lambda: [found for found in (catalog.requests(running.id),) if len(found) == 2], "both wishes are kept"
    )
    assert [(request.wish, request.argument) for request in asked[0]] == [
        ("pause", ""),
        ("rule-off", "VanishingGradient"),
    ]
    expect(page.get_by_role("button", name="Pause…")).to_be_disabled()

    # The curves are marked where rules found something.
    lab.page.get_by_role("tab", name="Curves").click()
    chart = page.get_by_role("figure", name="train:loss")
    expect(chart.locator(".annotation-text", has_text="VanishingGradient")).to_be_visible()
    expect(chart.locator(".shapelayer path")).to_have_count(2)
    picture(lab, "findings-on-curves")
    page.get_by_label("findings").first.uncheck()
    expect(chart.locator(".shapelayer path")).to_have_count(0)


def test_the_code_that_watches_is_put_into_the_cell(lab: LabPage) -> None:
    lab.new_notebook()
    lab.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.setSource('train()')"
    )
    lab.sidebar.locator(".jp-Labdeck-findings").get_by_role("button", name="Insert into notebook").click()
    source = "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource()"
    wait_until(lambda: lab.page.evaluate(source) == "%%debug_rules\ntrain()", "the cell begins with the magic")


SCRIPT = """
import torch
import labdeck
from torch import nn

torch.manual_seed(0)
layers = [nn.Linear(16, 16), nn.Sigmoid()] * 1
for _ in range(9):
    layers += [nn.Linear(16, 16), nn.Sigmoid()]
net = nn.Sequential(*layers, nn.Linear(16, 2))
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
criterion = nn.CrossEntropyLoss()
x, y = torch.randn(64, 16), torch.randint(0, 2, (64,))
from labdeck.debugger import rules
with labdeck.experiment("sigmoids").trial("deep"):
    with labdeck.watch(net, optimizer, loss=criterion, rules=[rules.VanishingGradient(threshold=1e-5)]):
        for step in range(100_000):
            optimizer.zero_grad()
            loss = criterion(net(x), y)
            loss.backward()
            optimizer.step()
print("the training went on")
"""


@pytest.fixture
def train(server: LabServer, tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Run a script that trains, in a process of its own, on the server's store."""
    started: list[subprocess.Popen[bytes]] = []

    def run(code: str) -> subprocess.Popen[bytes]:
        script = tmp_path / "train.py"
        script.write_text(code, encoding="utf-8")
        with (tmp_path / "train.log").open("wb") as log:
            started.append(
                subprocess.Popen([sys.executable, script], env=server.environment, stdout=log, stderr=subprocess.STDOUT)
            )
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()


def test_a_vanishing_gradient_is_seen_live_and_the_training_stopped(
    lab: LabPage,
    studio: Studio,
    train: Callable[[str], subprocess.Popen[bytes]],
    tmp_path: Path,
    picture: Callable[[LabPage, str], None],
) -> None:
    process = train(SCRIPT)
    expect(rows(lab).first).to_contain_text("VanishingGradient", timeout=KERNEL)
    found = studio.debugger.findings().findings[-1]
    assert found.tensor.startswith("gradient/")
    assert process.poll() is None, "it is found while it trains"
    lab.execute("labdeck:open-rules")
    panel = lab.page.get_by_role("region", name="deep")
    expect(panel.get_by_role("button", name="Stop training")).to_be_visible()
    expect(panel.get_by_role("grid", name="Rules")).to_contain_text("VanishingGradient")
    expect(panel).to_contain_text(re.compile(r"% of a step"))
    picture(lab, "rules")

    # Paused and let go on, a rule switched off and on: each as soon as a step ends.
    panel.get_by_role("button", name="Pause").click()
    expect(panel.locator('.jp-Labdeck-rulestate[data-state="paused"]')).to_be_visible()
    panel.get_by_role("button", name="Go on").click()
    expect(panel.get_by_role("button", name="Pause")).to_be_enabled()
    panel.get_by_role("button", name="Switch off: VanishingGradient").click()
    panel.get_by_role("button", name="Switch on: VanishingGradient").click()
    expect(panel.get_by_role("button", name="Switch off: VanishingGradient")).to_be_enabled()
    panel.get_by_role("button", name="Stop training").click()
    wait_until(
        lambda: process.poll() is not None, "it stops", 30, lambda: (tmp_path / "train.log").read_text(encoding="utf-8")
    )
    expect(panel.get_by_role("button", name="Stop training")).to_have_count(0)
    expect(panel.get_by_role("img", name="running")).to_have_count(0)
    trial = studio.find_trial("deep", "sigmoids")
    assert studio.session.catalog.trial(trial.id).state != "running"
    steps = studio.debugger.detail(trial.id).watches[0].steps
    assert 0 < steps < 100_000


NAN = """
import torch
import labdeck
from torch import nn
from labdeck.debugger import actions, rules

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 1)

    def forward(self, x):
        return torch.log(self.fc(x).mean() + 1)

torch.manual_seed(0)
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
x = torch.ones(8, 4)
with labdeck.experiment("logarithms").trial("falling"):
    with labdeck.watch(net, optimizer, rules=[rules.NaNOrigin()], actions=[actions.StopTraining()]):
        for step in range(10_000):
            optimizer.zero_grad()
            net(x).backward()
            optimizer.step()
"""


def test_a_nan_is_found_with_its_line_and_its_flight_is_played(
    lab: LabPage,
    train: Callable[[str], subprocess.Popen[bytes]],
    tmp_path: Path,
    picture: Callable[[LabPage, str], None],
) -> None:
    process = train(NAN)
    expect(rows(lab)).to_have_count(1, timeout=KERNEL)
    expect(rows(lab).first).to_contain_text("NaNOrigin")
    wait_until(
        lambda: process.poll() is not None, "it stops", 30, lambda: (tmp_path / "train.log").read_text(encoding="utf-8")
    )
    lab.page.get_by_role("alert").get_by_role("button", name="Findings").dispatch_event("click")
    card = lab.page.get_by_role("listitem", name=re.compile("^NaNOrigin"))
    expect(card).to_contain_text(re.compile(r"train\.py:\d+ in forward"))
    expect(card).to_contain_text("StopTraining")
    picture(lab, "findings-origin")
    card.get_by_role("button", name="Play the flight recording").click()
    recorder = lab.page.get_by_role("toolbar", name="Flight recorder")
    expect(recorder).to_be_visible()
    expect(recorder.get_by_role("button", name="Back")).to_be_enabled()
    recorder.get_by_role("button", name="Back").click()
    expect(recorder.get_by_role("button", name="Forward")).to_be_enabled()
    expect(lab.page.get_by_role("figure", name="Values of loss").locator(".main-svg").first).to_be_visible()
    picture(lab, "findings-flight")
