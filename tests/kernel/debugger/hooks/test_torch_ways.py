"""The ways in which people train with PyTorch: scaled, compiled, wrapped, in parallel, with frameworks on top."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from tests.kernel.debugger.hooks.torch_models import Net, batches, functional, looks_of, made, traces, train, watched
from torch import nn

import labdeck
from labdeck.debugger import attach_automatically
from labdeck.errors import UsageError

pytestmark = pytest.mark.slow


def close(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-7)


def test_a_gradient_scaler_is_seen_through_and_a_step_that_it_skips_is_none():
    net, twin, data = made(), made(), batches(4)
    data[2] = (data[2][0] * torch.inf, data[2][1])
    optimizer, scaler = torch.optim.SGD(net.parameters(), lr=0.1), torch.amp.GradScaler("cpu", init_scale=1024.0)
    with watched(net, optimizer, save={"gradients": ["l2"]}) as run:
        for inputs, labels in data:
            optimizer.zero_grad()
            scaler.scale(functional.cross_entropy(net(inputs), labels)).backward()
            scaler.step(optimizer)
            scaler.update()
    norms, losses = [], []
    other = torch.optim.SGD(twin.parameters(), lr=0.1)
    for inputs, labels in [data[0], data[1], data[3]]:
        other.zero_grad()
        loss = functional.cross_entropy(twin(inputs), labels)
        loss.backward()
        norms.append(float(twin.fc.weight.grad.double().norm()))
        losses.append(loss.item())
        other.step()
    assert run.steps() == [0, 1, 2]
    close(run.series("gradient/fc.weight", "l2"), norms)
    close(run.series("loss"), losses)
    assert any("scaler skipped" in warning for warning in run.hub.watch_record().warnings)


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
@pytest.mark.parametrize("when", ["before", "after", "in place"])
def test_a_compiled_model_is_watched_and_its_graph_stays_whole(backend, when):
    torch.compiler.reset()
    net, data = made(), batches(3)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    compiled = net if when == "in place" else torch.compile(net, backend=backend, fullgraph=True)
    if when == "in place":
        net.compile(backend=backend, fullgraph=True)
    save = {"gradients": ["l2"], "outputs": ["mean"], "predictions": {"arrays": True}}
    with watched(net if when == "before" else compiled, optimizer, save=save) as run:
        train(compiled, optimizer, data)
        compiled.eval()
        with torch.no_grad():
            functional.cross_entropy(compiled(data[0][0]), data[0][1])
            functional.cross_entropy(compiled(data[1][0]), data[1][1])
    assert run.steps() == [0, 1, 2]
    assert (run.series("gradient/fc.weight", "l2") > 0).all()
    assert run.steps("EVAL") == [0, 1]
    assert len(run.series("loss", mode="EVAL")) == 2
    assert run.array("predictions", 2).shape == (6, 3)
    if when == "after":
        close(run.series("Net_output_0", "mean")[-1], run.array("predictions", 2).mean())
    assert not any("_orig_mod" in name for name in run.reader.tensors())
    torch.compiler.reset()


def test_wrapped_models_are_looked_through():
    net, data = made(), batches(2)
    wrapped = nn.DataParallel(net)
    with watched(wrapped, save={"gradients": ["l2"], "relu_outputs": ["mean"]}) as run:
        train(wrapped, torch.optim.SGD(net.parameters(), lr=0.1), data)
    assert (run.hub.name, run.steps()) == ("Net", [0, 1])
    assert np.isfinite(run.series("relu_output_0", "mean")).all()
    assert "gradient/fc.weight" in run.reader.tensors()


_RANKS = """
import os, sys
import torch
import labdeck
rank = int(sys.argv[1])
os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="0", RANK=str(rank), WORLD_SIZE="2")
store = torch.distributed.FileStore(sys.argv[2], 2)
torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=2)
torch.manual_seed(0)
net = torch.nn.Linear(3, 1)
model = torch.nn.parallel.DistributedDataParallel(net)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
with labdeck.experiment("ranks").trial() as trial:
    watch = labdeck.watch(model, optimizer, rules=(), budget=None, profile=False)
    for step in range(3):
        optimizer.zero_grad()
        model(torch.full((2, 3), float(rank + 1))).sum().backward()
        optimizer.step()
    watch.close()
print(rank, [(hub.steps["TRAIN"], hub.facts["ranks"]) for hub in watch.hubs])
if rank == 0:
    reader = trial.experiment.session.tensors.reader(trial.id)
    print(reader.series("gradient/weight", "mean").values.tolist())
torch.distributed.destroy_process_group()
"""


def test_of_processes_that_train_together_the_first_is_watched(tmp_path):
    command = [sys.executable, "-c", _RANKS]
    rendezvous = str(tmp_path / "ranks")
    both = [
        subprocess.Popen([*command, str(rank), rendezvous], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    said = [process.communicate(timeout=100) for process in both]
    assert said[1][0].strip() == "1 []", said[1][1]
    assert said[0][0].splitlines() == ["0 [(3, 2)]", "[3.0, 3.0, 3.0]"], said[0][1]


def test_models_that_cannot_be_watched_are_refused_and_it_is_said_why():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(nn.Linear(2, 2))
    with pytest.raises(UsageError, match="without Python"):
        labdeck.watch(scripted)
    with pytest.raises(UsageError, match="cannot be watched"):
        labdeck.watch("a text")

    class FSDPLinear(nn.Linear):
        """As `fully_shard` renames what it takes."""

    with pytest.raises(UsageError, match="FSDP"):
        labdeck.watch(nn.Sequential(FSDPLinear(2, 2)))
    with pytest.raises(UsageError, match="no share"):
        labdeck.watch(nn.Linear(2, 2), budget=3)
    with pytest.raises(UsageError, match="computes no loss"):
        labdeck.watch(nn.Linear(2, 2), loss=3)


def test_functions_of_the_library_can_still_be_scripted_while_somebody_watches():
    class Criterion(nn.Module):
        def forward(self, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
            return functional.mse_loss(outputs, labels)

    with watched(nn.Linear(2, 1)), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(Criterion())
    assert float(scripted(torch.ones(2), torch.zeros(2))) == 1.0


# -- without a line in the script --------------------------------------------------------------------------------------

_AUTOMATIC = {"rules": (), "budget": None, "flight": 0, "profile": False}


def script():
    """A training as people write it, with nothing of ours."""
    net, data = made(norm=True), batches(3)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    train(net, optimizer, data)
    net.eval()
    with torch.no_grad():
        functional.cross_entropy(net(data[0][0]), data[0][1])
    return net, optimizer


def test_a_training_is_found_by_itself_from_its_first_pass_on_and_nothing_is_left_behind():
    before = traces()
    with labdeck.experiment("tests").trial() as trial, attach_automatically(**_AUTOMATIC, save="all") as watch:
        net, optimizer = script()
    other, _ = script()
    reader = trial.experiment.session.tensors.reader(trial.id)
    assert [hub.name for hub in watch.hubs] == ["Net"]
    assert len(reader.series("loss", "value", "TRAIN").values) == 3
    assert len(reader.series("relu_output_0", "mean", "TRAIN").values) == 3
    assert len(reader.series("loss", "value", "EVAL").values) == 1
    assert np.isfinite(reader.series("gradient/fc.weight", "l2", "TRAIN").values).all()
    assert traces() == before
    assert not [one for one in warnings.filters if "torch.compile" in str(one[1])]
    assert looks_of(net) == looks_of(other)
    assert optimizer._optimizer_step_pre_hooks == {}
    for mine, same in zip(net.state_dict().values(), other.state_dict().values(), strict=True):
        assert torch.equal(mine, same)


def test_models_that_compete_are_watched_side_by_side():
    torch.manual_seed(0)
    maker, critic = nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 1))
    making = torch.optim.Adam(maker.parameters(), lr=0.01)
    judging = torch.optim.Adam(critic.parameters(), lr=0.02)
    losses = []
    with labdeck.experiment("tests").trial() as trial, attach_automatically(**_AUTOMATIC) as watch:
        for _ in range(3):
            false = maker(torch.randn(4, 2))
            loss = functional.mse_loss(critic(false.detach()), torch.zeros(4, 1))
            judging.zero_grad()
            loss.backward()
            judging.step()
            losses.append(loss.item())
            making.zero_grad()
            functional.mse_loss(critic(false), torch.ones(4, 1)).backward()
            making.step()
    assert {hub.name: hub.steps["TRAIN"] for hub in watch.hubs} == {"Linear": 3, "Sequential": 3}
    names = trial.experiment.session.tensors.reader(trial.id).tensors()
    assert {"weight", "0.weight"} <= {name.rpartition("/")[2] for name in names}


def test_a_compiled_model_is_found_without_a_word_of_warning():
    torch.compiler.reset()
    with labdeck.experiment("tests").trial(), attach_automatically(**_AUTOMATIC) as watch:
        net = made()
        compiled = torch.compile(net, backend="eager", fullgraph=True)
        train(compiled, torch.optim.SGD(net.parameters(), lr=0.1), batches(2))
    assert [(hub.name, hub.steps["TRAIN"]) for hub in watch.hubs] == [("Net", 2)]
    torch.compiler.reset()


def test_lightning_is_watched_by_itself(tmp_path):
    import lightning

    class Lit(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = Net()

        def training_step(self, batch, _):
            return functional.cross_entropy(self.net(batch[0]), batch[1])

        def validation_step(self, batch, _):
            self.log("val", functional.cross_entropy(self.net(batch[0]), batch[1]))

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    pairs = [(inputs[0], labels[0]) for inputs, labels in batches(8)]
    loader = torch.utils.data.DataLoader(pairs, batch_size=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = lightning.Trainer(
            max_epochs=2, logger=False, enable_checkpointing=False, enable_progress_bar=False,
            enable_model_summary=False, default_root_dir=tmp_path, num_sanity_val_steps=0, accelerator="cpu",
        )  # fmt: skip
        with labdeck.experiment("tests").trial() as trial, attach_automatically(**_AUTOMATIC, save="all") as watch:
            trainer.fit(Lit(), loader, loader)
    (hub,) = watch.hubs
    assert hub.name == "Lit"
    assert hub.steps["TRAIN"] == 8
    assert hub.steps["EVAL"] == 8
    reader = trial.experiment.session.tensors.reader(trial.id)
    assert np.isfinite(reader.series("gradient/net.fc.weight", "l2", "TRAIN").values).all()
    assert len(reader.series("loss", "value", "TRAIN").values) == 8
    assert len(reader.series("loss", "value", "EVAL").values) == 8
    assert np.isfinite(reader.series("net.c1_output_0", "mean", "TRAIN").values).all()
