"""`import smdebug` means this package after `install`: a script runs as it is."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from types import ModuleType

import pytest

from labdeck.compat.smdebug import installing, modes
from labdeck.errors import Conflict

SCRIPT = '''
"""A training as people write it with smdebug."""
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

import smdebug.pytorch as smd
from smdebug import SaveConfigMode
from smdebug.core.reduction_config import ReductionConfig
from smdebug.exceptions import *
from smdebug.pytorch import SaveConfig, get_hook, modes


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.add_module("conv1", nn.Conv2d(1, 4, 3))
        self.add_module("relu0", nn.ReLU())
        self.add_module("fc", nn.Linear(4 * 6 * 6, 3))

    def forward(self, x):
        x = self.relu0(self.conv1(x))
        return F.log_softmax(self.fc(x.view(x.size(0), -1)), dim=1)


def create_smdebug_hook(output_dir, module, loss):
    hook = smd.Hook(
        out_dir=output_dir,
        save_config=SaveConfig(
            mode_save_configs={
                modes.TRAIN: SaveConfigMode(save_interval=2),
                modes.EVAL: SaveConfigMode(save_interval=1),
            }
        ),
        reduction_config=ReductionConfig(reductions=["mean"], abs_reductions=["max"], save_raw_tensor=True),
        include_collections=["weights", "gradients", "losses", "relu"],
        include_workers="one",
    )
    hook.get_collection("relu").include(".*relu0_output")
    hook.register_module(module)
    hook.register_loss(loss)
    return hook


def train(model, optimizer, criterion, data, target):
    get_hook().set_mode(modes.TRAIN)
    model.train()
    for batch in range(4):
        optimizer.zero_grad()
        loss = criterion(model(data), target)
        loss.backward()
        optimizer.step()
        get_hook().save_scalar("batch", batch, sm_metric=True)


def test(model, criterion, data, target):
    get_hook().set_mode(modes.EVAL)
    model.eval()
    with torch.no_grad():
        criterion(model(data), target)


parser = argparse.ArgumentParser()
parser.add_argument("--output-uri", type=str)
options = parser.parse_args()
torch.manual_seed(0)
model, criterion = Net(), nn.NLLLoss()
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
hook = create_smdebug_hook(options.output_uri, model, criterion)
data, target = torch.randn(8, 1, 8, 8), torch.randint(0, 3, (8,))
for epoch in range(2):
    train(model, optimizer, criterion, data, target)
    test(model, criterion, data, target)
'''
ANALYSIS = """
from smdebug.rules import Rule, invoke_rule
from smdebug.trials import create_trial
from smdebug.core.modes import ModeKeys
from smdebug.exceptions import RuleEvaluationConditionMet
import sys


class CustomGradientRule(Rule):
    def __init__(self, base_trial, threshold=10.0):
        super().__init__(base_trial)
        self.threshold = float(threshold)

    def set_required_tensors(self, step):
        for tname in self.base_trial.tensor_names(collection="gradients"):
            self.req_tensors.add(tname, steps=[step])

    def invoke_at_step(self, step):
        for tname in self.req_tensors.get_names():
            if self.base_trial.tensor(tname).reduction_value(step, "mean", abs=True) > self.threshold:
                return True
        return False


trial = create_trial(sys.argv[1])
print(trial.steps(mode=ModeKeys.TRAIN), trial.steps(mode=ModeKeys.EVAL), trial.tensor_names(collection="relu"))
invoke_rule(CustomGradientRule(trial, threshold="1e6"), raise_eval_cond=True)
try:
    invoke_rule(CustomGradientRule(trial, threshold=0), raise_eval_cond=True)
except RuleEvaluationConditionMet as met:
    print(met.rule_name, met.step)
"""


@pytest.fixture
def installed():
    installing.install()
    yield
    installing.uninstall()


def run(*words, store):
    done = subprocess.run(
        [sys.executable, "-m", "labdeck.compat.smdebug", *map(str, words)],
        env={**os.environ, "LABDECK_STORE": str(store)},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_scripts_run_as_they_are(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "analyse.py").write_text(ANALYSIS)
    run(tmp_path / "train.py", "--output-uri", tmp_path / "out", store=tmp_path / "store")
    said = run(tmp_path / "analyse.py", tmp_path / "out", store=tmp_path / "store").splitlines()
    assert said == ["[0, 1, 2, 3, 4, 5, 6, 7] [0, 1] ['relu0_output_0']", "CustomGradientRule 0"]


@pytest.mark.slow
def test_a_script_that_there_is_not_is_told_in_a_line():
    command = [sys.executable, "-m", "labdeck.compat.smdebug", "nowhere.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 1
    assert done.stderr.startswith("usage:")


@pytest.mark.usefixtures("installed")
@pytest.mark.usefixtures("local")
def test_what_scripts_import_of_the_core_is_there(tmp_path):
    from smdebug.core.access_layer import check_dir_exists
    from smdebug.core.access_layer.utils import has_training_ended, training_has_ended
    from smdebug.core.config_constants import DEFAULT_COLLECTIONS_FILE_NAME, DEFAULT_SAGEMAKER_OUTDIR
    from smdebug.core.json_config import CONFIG_FILE_PATH_ENV_STR
    from smdebug.core.json_config import DEFAULT_SAGEMAKER_OUTDIR as SAME_OUTDIR
    from smdebug.core.singleton_utils import get_hook, set_hook
    from smdebug.core.utils import FRAMEWORK, flatten, is_s3, match_inc, merge_two_dicts, split
    from smdebug.pytorch import Hook, del_hook

    out = tmp_path / "job"
    assert not has_training_ended(out)
    hook = Hook(out_dir=str(out))
    set_hook(hook)
    assert get_hook() is hook
    hook.save_scalar("a", 1.0)
    assert not training_has_ended(out)
    del_hook()
    assert has_training_ended(out)
    with pytest.raises(ValueError, match="there already"):
        check_dir_exists(out)
    check_dir_exists(tmp_path / "other")
    check_dir_exists("s3://bucket/job")
    assert is_s3("s3://bucket") == (True, "bucket", "")
    assert match_inc("a.weight", ["x", "weight$"]) is True
    assert list(flatten([[1, [2]], (3,)])) == [1, 2, 3]
    assert merge_two_dicts({"a": 1}, {"a": 2}) == {"a": 2}
    assert split("a, b") == ["a", "b"]
    assert {each.name for each in FRAMEWORK} == {"PYTORCH", "TENSORFLOW", "MXNET", "XGBOOST"}
    assert (DEFAULT_COLLECTIONS_FILE_NAME, CONFIG_FILE_PATH_ENV_STR, SAME_OUTDIR) == (
        "worker_0_collections.json", "SMDEBUG_CONFIG_FILE_PATH", DEFAULT_SAGEMAKER_OUTDIR
    )  # fmt: skip


@pytest.mark.usefixtures("installed")
def test_a_script_can_ask_whether_sagemaker_runs_it(monkeypatch):
    from smdebug.core.sagemaker_utils import get_sagemaker_out_dir, is_sagemaker_job

    monkeypatch.delenv("TRAINING_JOB_NAME", raising=False)
    assert not is_sagemaker_job()
    monkeypatch.setenv("TRAINING_JOB_NAME", "job")
    assert is_sagemaker_job()
    assert get_sagemaker_out_dir() == "/opt/ml/output/tensors"


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", sorted(installing._MODULES))
def test_every_module_can_be_imported(name):
    module = importlib.import_module(name)
    assert module.__name__ == name
    assert sys.modules[name] is module


@pytest.mark.usefixtures("installed")
def test_names_are_the_same_wherever_they_come_from():
    import smdebug
    import smdebug.core.modes as core_modes
    from smdebug.rules import Rule
    from smdebug.rules.rule import Rule as SameRule

    assert smdebug.modes is modes is core_modes.ModeKeys
    assert Rule is SameRule
    assert smdebug.__version__ == "1.0.34"
    installing.install()


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("smdebug.tensorflow", r"Keras is watched by labdeck\.watch"),
        ("smdebug.mxnet", "no longer developed"),
        ("smdebug.profiler", r"labdeck\.watch"),
        ("smdebug.rules.generic", r"labdeck\.debugger\.rules"),
        ("smdebug.core.tfevent", r"docs/smdebug\.md"),
    ],
)
def test_what_there_is_not_says_what_to_do(name, remedy):
    with pytest.raises(ModuleNotFoundError, match=f"{name} is not in Labdeck: .*{remedy}") as failed:
        importlib.import_module(name)
    assert failed.value.name == name


def test_it_can_be_taken_back(tmp_path, monkeypatch):
    (tmp_path / "smdebug").mkdir()
    (tmp_path / "smdebug/__init__.py").write_text("original = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    installing.install()
    assert not hasattr(importlib.import_module("smdebug"), "original")
    installing.uninstall()
    installing.uninstall()
    assert importlib.import_module("smdebug").original
    del sys.modules["smdebug"]


def test_the_original_is_not_mixed_with_this(monkeypatch):
    theirs = ModuleType("smdebug")
    monkeypatch.setitem(sys.modules, "smdebug", theirs)
    with pytest.raises(Conflict, match="imported already"):
        installing.install()
    installing.install(replace=True)
    assert importlib.import_module("smdebug") is not theirs
    installing.uninstall()
    assert sys.modules["smdebug"] is theirs


def test_this_package_shows_its_names():
    import labdeck.compat.smdebug as package

    assert all(getattr(package, name) is not None for name in package.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        package.nothing  # noqa: B018 - looking is the test
