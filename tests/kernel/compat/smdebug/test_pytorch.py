"""The hook for PyTorch: what it saves, under which names."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.kernel.compat.smdebug.trainings import EVERY, Net, Training
from torch import nn

from labdeck.compat.smdebug.collection import Collection
from labdeck.compat.smdebug.exceptions import SMDebugTypeError, SMDebugValueError, TensorUnavailableForStep
from labdeck.compat.smdebug.mode_keys import modes
from labdeck.compat.smdebug.pytorch import Hook, del_hook
from labdeck.compat.smdebug.reduction_config import ReductionConfig
from labdeck.compat.smdebug.save_config import SaveConfig, SaveConfigMode
from labdeck.compat.smdebug.trials import create_trial

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("local")]
FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(autouse=True)
def _no_hook():
    yield
    del_hook()


def names_of(hook):
    hook.close()
    return create_trial(hook.out_dir).tensor_names()


def test_every_value_is_what_the_training_had(tmp_path):
    hook = Hook(tmp_path / "out", save_config=EVERY, save_all=True)
    training = Training(hook)
    for _ in range(3):
        training.step()
    hook.close()
    trial = create_trial(tmp_path / "out")
    assert trial.tensor_names() == [
        "CrossEntropyLoss_input_0",
        "CrossEntropyLoss_input_1",
        "CrossEntropyLoss_output_0",
        "Net_fc1.bias",
        "Net_fc1.weight",
        "Net_fc2.bias",
        "Net_fc2.weight",
        "Net_input_0",
        "Net_output_0",
        "fc1_input_0",
        "fc1_output_0",
        "fc2_input_0",
        "fc2_output_0",
        "gradient/Net_fc1.bias",
        "gradient/Net_fc1.weight",
        "gradient/Net_fc2.bias",
        "gradient/Net_fc2.weight",
        "relu_input_0",
        "relu_output_0",
    ]
    for step, (weight, gradient, loss) in enumerate(training.seen):
        np.testing.assert_array_equal(trial.tensor("Net_fc1.weight").value(step), weight)
        np.testing.assert_array_equal(trial.tensor("gradient/Net_fc1.weight").value(step), gradient)
        assert trial.tensor("CrossEntropyLoss_output_0").value(step) == pytest.approx(loss)
    np.testing.assert_array_equal(trial.tensor("Net_input_0").value(0), training.x.numpy())
    np.testing.assert_array_equal(trial.tensor("CrossEntropyLoss_input_1").value(0), training.y.numpy())
    assert trial.loaded_all_steps


def test_by_default_losses_are_saved_every_500_steps():
    hook = Hook()
    assert hook.has_default_hook_configuration()
    training = Training(hook)
    for _ in range(3):
        training.step()
    hook.close()
    trial = create_trial(hook.out_dir)
    assert trial.tensor_names() == ["CrossEntropyLoss_output_0"]
    assert trial.steps() == [0]


def test_reductions_in_place_of_tensors():
    reductions = ReductionConfig(["mean", "median", "std"], ["max"], ["l1", "l2"])
    hook = Hook(save_config=EVERY, reduction_config=reductions, include_collections=["gradients"])
    own = Collection("mine", ["fc2.bias$"], reduction_config=ReductionConfig(["prod"], save_raw_tensor=True))
    hook.add_collection(own)
    hook.include_collections.append("mine")
    training = Training(hook)
    training.step()
    hook.close()
    trial = create_trial(hook.out_dir)
    gradient = training.seen[0][1].astype(np.float64)
    told = trial.tensor("gradient/Net_fc1.weight").reduction_values(0)
    assert {key: pytest.approx(value, rel=1e-5) for key, value in told.items()} == {
        ("mean", False): gradient.mean(),
        ("median", False): np.median(gradient),
        ("std", False): gradient.std(),
        ("max", True): np.abs(gradient).max(),
        ("l1", False): np.abs(gradient).sum(),
        ("l2", False): np.sqrt((gradient**2).sum()),
    }
    bias = trial.tensor("gradient/Net_fc2.bias")
    assert set(bias.reduction_values(0)) == {*told, ("prod", False)}
    assert bias.value(0).shape == (3,)
    assert trial.tensor_names(collection="mine") == ["Net_fc2.bias", "gradient/Net_fc2.bias"]
    assert not trial.tensor("CrossEntropyLoss_output_0").reduction_values(0)


def test_modules_can_be_chosen():
    hook = Hook(save_config=EVERY)
    training = Training(hook)
    hook.get_collection("chosen").add_module_tensors(training.net.relu, inputs=True, outputs=True)
    hook.get_collection("plain").add_module_tensors(training.net.fc2)
    hook.include_collections += ["chosen", "plain"]
    training.step()
    assert names_of(hook) == ["CrossEntropyLoss_output_0", "fc2_output_0", "relu_input_0", "relu_output_0"]
    stranger = Hook(save_config=EVERY)
    stranger.get_collection("lost").add_module_tensors(nn.ReLU())
    with pytest.warns(RuntimeWarning, match="belongs to no registered model"):
        Training(stranger).step()


def test_frozen_and_later_unfrozen_parameters():
    net = Net()
    net.fc1.weight.requires_grad_(False)
    hook = Hook(save_config=EVERY, include_collections=["gradients"])
    training = Training(hook, net)
    for unfrozen in (False, True):
        net.fc1.weight.requires_grad_(unfrozen)
        training.loss(net(training.x), training.y).backward()
    hook.close()
    assert create_trial(hook.out_dir).tensor("gradient/Net_fc1.weight").steps() == [1]


def test_wrapped_models_have_the_names_of_what_is_in_them():
    hook = Hook(save_config=EVERY, include_collections=["weights", "gradients"])
    net = Net()
    wrapped = nn.DataParallel(net)
    hook.register_module(wrapped)
    wrapped(torch.randn(2, 4)).sum().backward()
    assert names_of(hook) == [
        "Net_fc1.weight",
        "Net_fc2.weight",
        *(f"gradient/Net_fc{n}.{kind}" for n in (1, 2) for kind in ("bias", "weight")),
    ]


def test_odd_tensors_do_no_harm():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.short = nn.Parameter(torch.ones(2, dtype=torch.bfloat16))
            self.none = nn.Parameter(torch.ones(0))
            self.embedding = nn.Embedding(4, 2, sparse=True)

        def forward(self, x):
            return {"a": self.embedding(x).sum() + self.short.sum().float(), "b": (x, "text", None, *strange)}

    waves = torch.tensor([1 + 2j]).conj()
    strange = (waves, torch.ones(2).to(torch.float8_e5m2), torch.empty(2, device="meta"), torch.tensor([True]))
    hook = Hook(save_config=EVERY, save_all=True)
    net = Odd()
    hook.register_module(net)
    net(torch.tensor([0, 1]))["a"].backward()
    assert hook.failure == ""
    hook.close()
    trial = create_trial(hook.out_dir)
    assert trial.tensor("Odd_short").value(0).tolist() == [1, 1]
    assert trial.tensor("gradient/Odd_embedding.weight").value(0).tolist() == [[1, 1], [1, 1], [0, 0], [0, 0]]
    assert trial.tensor("Odd_output_1").value(0).tolist() == [0, 1]
    assert trial.tensor("Odd_output_2").value(0).tolist() == [1 - 2j]
    assert trial.tensor("Odd_output_3").value(0).tolist() == [1, 1]
    assert trial.tensor("Odd_output_5").value(0).tolist() == [True]
    assert not trial.has_tensor("Odd_output_4")
    assert not trial.has_tensor("Odd_none")


def test_tensors_whose_shape_changes():
    hook = Hook(
        save_config=EVERY,
        reduction_config=ReductionConfig(["sum"], save_raw_tensor=True),
        include_regex="fc1_input",
    )
    hook.add_collection(Collection("told", ["relu_output"], reduction_config=ReductionConfig(["sum"], save_shape=True)))
    hook.include_collections.append("told")
    net = Net()
    hook.register_module(net)
    for rows in (2, 5, 3):
        net(torch.ones(rows, 4))
    hook.close()
    trial = create_trial(hook.out_dir)
    inputs, outputs = trial.tensor("fc1_input_0"), trial.tensor("relu_output_0")
    assert list(inputs.shapes().values()) == [(2, 4), (5, 4), (3, 4)]
    assert [inputs.reduction_value(step, "sum") for step in range(3)] == [8, 20, 12]
    assert list(outputs.shapes().values()) == [(2, 8), (5, 8), (3, 8)]
    with pytest.raises(TensorUnavailableForStep):
        outputs.value(0)


def test_two_models_make_steps_of_their_own():
    hook = Hook(save_config=EVERY, include_collections=["biases"])
    first, second = nn.Linear(2, 2), nn.Bilinear(2, 2, 1)
    hook.register_module(first)
    hook.register_module(second)
    with pytest.raises(SMDebugValueError, match="already"):
        hook.register_module(first)
    x = torch.ones(1, 2)
    second(first(x), x)
    hook.close()
    trial = create_trial(hook.out_dir)
    assert (trial.tensor("Linear_bias").steps(), trial.tensor("Bilinear_bias").steps()) == ([0], [1])


def test_only_modules_can_be_registered():
    hook = Hook()
    for register in (hook.register_module, hook.register_loss, hook.register_hook):
        with pytest.raises(SMDebugTypeError):
            register(torch.nn.functional.relu)


def test_the_user_is_told_that_modules_of_a_compiled_model_cannot_be_seen_into():
    hook = Hook(save_config=EVERY, include_collections=["weights", "outputs"], include_regex="output")
    net = Net()
    compiled = torch.compile(net, backend="eager")
    with pytest.warns(UserWarning, match="compiled"):
        hook.register_module(compiled)
    compiled(torch.randn(2, 4)).sum().backward()
    assert names_of(hook) == ["Net_fc1.weight", "Net_fc2.weight"]


def test_the_same_training_is_saved_as_smdebug_itself_saved_it():
    told = json.loads((FIXTURES / "smdebug-pytorch.expected.json").read_text())
    schedule = SaveConfig({modes.TRAIN: SaveConfigMode(2), modes.EVAL: SaveConfigMode(1)})
    hook = Hook(
        save_config=schedule,
        reduction_config=ReductionConfig(["mean", "max"], ["max"], ["l1", "l2"], save_raw_tensor=True),
        include_collections=["weights", "biases", "gradients", "relu"],
    )
    hook.get_collection("relu").include("^1_output")
    training = Training(hook, nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)))
    for _ in range(3):
        hook.set_mode(modes.TRAIN)
        for batch in range(4):
            training.optimizer.zero_grad()
            training.loss(training.net(training.x), training.y).backward()
            training.optimizer.step()
            if batch % 2 == 0:
                hook.save_scalar("lr", 0.1)
        hook.set_mode(modes.EVAL)
        training.evaluate()
        hook.save_scalar("lr", 0.1)
    hook.close()
    trial = create_trial(hook.out_dir)
    assert trial.tensor_names() == told["names"]
    assert trial.steps() == told["global_steps"]
    assert [mode.name for mode in trial.modes()] == told["modes"]
    for collection, names in told["collections"].items():
        assert trial.tensor_names(collection=collection) == names
    for name, by_mode in told["values"].items():
        tensor = trial.tensor(name)
        assert {mode.name: tensor.steps(mode=mode) for mode in trial.modes() if tensor.steps(mode=mode)} == {
            mode: [int(step) for step in by_step] for mode, by_step in by_mode.items()
        }
        shape = by_mode["TRAIN"]["0"]["shape"]
        assert list(tensor.value(0).shape) == shape
    for name, by_step in told["reductions"].items():
        found = trial.tensor(name).reduction_values(0)
        assert {("abs_" if absolute else "") + one for one, absolute in found} == set(by_step["0"])


WORKER = """
import sys
import torch
import torch.distributed as dist
from torch import nn
from labdeck.compat.smdebug.pytorch import Hook, SaveConfig

rank, folder = int(sys.argv[1]), sys.argv[2]
dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
for workers in ("all", "one"):
    net = nn.Linear(2, 1)
    hook = Hook(f"{folder}/{workers}", save_config=SaveConfig(save_interval=1), include_workers=workers,
                include_collections=["gradients"])
    hook.register_module(net)
    for step in range(2):
        net(torch.full((1, 2), float(rank + 1))).sum().backward()
    hook.close()
dist.destroy_process_group()
"""


def test_each_process_of_a_distributed_training_saves_its_own(tmp_path, local):
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    running = [
        subprocess.Popen([sys.executable, script, str(rank), tmp_path], stderr=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    for one in running:
        _, said = one.communicate(timeout=100)
        assert one.returncode == 0, said
    for include, workers in (("all", ["worker_0", "worker_1"]), ("one", ["worker_0"])):
        trial = create_trial(tmp_path / include)
        assert trial.workers() == workers
        gradient = trial.tensor("gradient/Linear_weight")
        assert gradient.steps() == [0, 1]
        for rank, worker in enumerate(workers):
            np.testing.assert_array_equal(gradient.value(0, worker=worker), [[rank + 1.0, rank + 1.0]])
    names = [trial.name for experiment in local.experiments() for trial in experiment.trials()]
    assert sorted(names) == ["all", "all worker_1", "one"]


def test_the_sidebar_knows_what_the_tensors_are(local):
    hook = Hook(save_config=EVERY, save_all=True)
    training = Training(hook, nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)))
    training.loss(training.net(training.x), training.y).backward()
    hook.close()
    trial_id = hook.out_dir.rpartition("/")[2]
    told = {row.name: row for row in local.tensors.list_of(trial_id).tensors}
    weight, gradient = told["Sequential_2.weight"], told["gradient/Sequential_2.weight"]
    for row in (weight, gradient):
        assert (row.module, row.module_type, row.parameter, row.shape) == ("2", "Linear", "2.weight", (3, 8))
    assert (weight.collections, gradient.collections) == (("weights",), ("gradients",))
    assert told["1_output_0"].collections == ("outputs", "relu_outputs")
    assert told["Sequential_output_0"].module == ""
    assert told["CrossEntropyLoss_output_0"].collections == ("losses",)
    (watch,) = local.session.catalog.debugger(trial_id).watches
    assert (watch.name, watch.framework, watch.state, watch.steps) == ("Sequential", "torch", "off", 1)
    assert watch.parameters == 4 * 8 + 8 + 8 * 3 + 3
