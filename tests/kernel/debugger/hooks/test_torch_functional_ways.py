"""Activation functions in the ways in which people train, and rules over models that call them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.kernel.debugger.hooks.torch_functions import ENDS, Net, Swish, bare, data, functional, functions_of, sgd
from tests.kernel.debugger.hooks.torch_models import made, train, watched
from tests.kernel.debugger.training import batches, digits
from torch import nn
from torch._dynamo.testing import CompileCounter
from torch.utils.checkpoint import checkpoint

import labdeck


@pytest.mark.parametrize("reentrant", [True, False])
def test_what_checkpointing_computes_again_is_not_taken_again(reentrant):
    calls = []

    def piece(x):
        calls.append(1)
        return torch.tanh(x)

    net = made(Net, between=lambda x: checkpoint(piece, x, use_reentrant=reentrant))
    with watched(net, sgd(net), save=ENDS) as run:
        train(net, sgd(net), data())
    assert len(calls) == 6
    assert functions_of(run) == {"Net/tanh_input_0", "Net/tanh_output_0"}
    np.testing.assert_array_equal(run.array("Net/tanh_input_0", 2), net.seen[2].numpy())


def test_of_the_passes_of_one_step_the_first_is_taken():
    net = made(Net)
    optimizer = sgd(net)
    with watched(net, optimizer, save=ENDS) as run:
        for _ in range(3):
            optimizer.zero_grad()
            for inputs, labels in data(2):
                functional.cross_entropy(net(inputs), labels).backward()
            optimizer.step()
    assert run.steps() == [0, 1, 2]
    assert net.stacks == [1, 0, 1, 0, 1, 0]
    np.testing.assert_array_equal(run.array("Net/relu_input_0", 2), net.seen[4].numpy())


def test_types_that_are_chosen_automatically():
    net = made(Net)

    def loss(out, labels):
        return functional.cross_entropy(out.float(), labels)

    with watched(net, sgd(net), save=ENDS) as run, torch.autocast("cpu", dtype=torch.bfloat16):
        train(net, sgd(net), data(), loss)
    assert run.reader.tensors()["Net/relu_output_0"].dtype == "bfloat16"
    assert (run.array("Net/relu_output_0", 2) >= 0).all()


def test_wrapped_models():
    net = made(Net)
    wrapped = nn.DataParallel(net)
    with watched(wrapped, sgd(net), save=ENDS) as run:
        train(wrapped, sgd(net), data())
    assert functions_of(run) == {f"Net/relu_{end}_0" for end in ("input", "output")}


def test_two_models_that_train_together_have_their_own():
    first, second = made(Net), nn.Sequential(nn.Linear(3, 4), Swish(), nn.Linear(4, 3))
    optimizers = sgd(first), sgd(second)
    with watched(first, optimizers[0], save={"outputs": ["mean"]}) as run:
        import labdeck

        options = {"rules": (), "budget": None, "flight": 0, "profile": False, "trial": run.trial}
        with labdeck.watch(second, optimizers[1], save={"outputs": ["mean"]}, **options):
            for inputs, labels in data():
                functional.cross_entropy(second(first(inputs)), labels).backward()
                for one in optimizers:
                    one.step()
    found = {name for name, info in run.reader.tensors().items() if "put_" in name and info.module_type != "Linear"}
    assert {"Net/relu_output_0", "Sequential/1/sigmoid_output_0"} <= found
    assert len([name for name in found if "relu" in name or "sigmoid" in name]) == 2
    assert not bare()


def test_what_is_transformed_by_functions_of_the_library_is_let_alone():
    net = made(Net, between=lambda x: torch.vmap(torch.tanh)(x) + torch.relu(x))
    with watched(net, sgd(net), save=ENDS) as run:
        train(net, sgd(net), data())
        torch.vmap(lambda x: torch.func.functional_call(net, dict(net.named_parameters()), (x[None],)))(data()[0][0])
    assert functions_of(run) == {f"Net/relu_{end}_0" for end in ("input", "output")}
    assert not bare()


@pytest.mark.slow
@pytest.mark.parametrize("part", ["all", "in place", "a part"])
def test_models_with_compiled_parts_are_let_alone_and_it_is_said(part):
    torch.compiler.reset()
    counter = CompileCounter()
    net = made(Net)
    called = net
    if part == "all":
        called = torch.compile(net, backend=counter)
    elif part == "in place":
        net.compile(backend=counter)
    else:
        net.first.compile(backend=counter)
    with watched(called, sgd(net), save=ENDS) as run:
        train(called, sgd(net), data())
    assert functions_of(run) == set()
    assert any("compiled" in warning for warning in run.hub.watch_record().warnings)
    assert set(net.stacks) <= {0}
    torch.compiler.reset()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")  # of the library's compiler, watched or not
def test_a_compiled_function_stays_whole_within_a_pass_that_is_looked_at():
    torch.compiler.reset()
    counter = CompileCounter()

    @torch.compile(backend=counter, fullgraph=True)
    def fused(x):
        return torch.tanh(x) * torch.sigmoid(x)

    net, twin = (made(Net, between=lambda x: torch.relu(fused(x))) for _ in range(2))
    with watched(net, sgd(net), save={"outputs": {"reductions": ["mean"], "interval": 2}}) as run:
        train(net, sgd(net), data(6))
    assert counter.frame_count <= 2  # with the mode, and without
    assert np.isfinite(run.series("Net/relu_output_0", "mean")).all()
    train(twin, sgd(twin), data(6))
    assert torch.equal(net.last.weight, twin.last.weight)
    torch.compiler.reset()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_scripted_parts_and_tracing():
    net = made(Net, between=torch.jit.script(Swish()))
    net.between.eval()
    with watched(net, sgd(net), save=ENDS) as run:
        train(net, sgd(net), data())
    assert functions_of(run) == set()
    assert run.array("first_output_0", 2).shape == (6, 5)
    net = made(Net)
    with watched(net, sgd(net), save=ENDS) as run:
        train(net, sgd(net), data())
        traced = torch.jit.trace(net, data()[0][0])
    assert torch.equal(traced(data()[1][0]), net(data()[1][0]))
    assert "Net/relu_output_0" in functions_of(run)
    assert not bare()


# -- rules over models that call functions -----------------------------------------------------------------------------


class Convolutions(nn.Module):
    """The usual network, with its activation called as a function."""

    def __init__(self, act=functional.relu):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 8, 3), nn.Conv2d(8, 16, 3)
        self.fc1, self.fc2 = nn.Linear(16 * 4, 32), nn.Linear(32, 10)
        self.act = act

    def forward(self, x):
        x = self.act(self.conv1(x.view(-1, 1, 8, 8)))
        x = functional.max_pool2d(self.act(self.conv2(x)), 2)
        return self.fc2(self.act(self.fc1(x.flatten(1))))


def found_in(model, rules, steps=30, *, named=True, **options):
    """Train and return what rules have found: pairs of the rule and the tensor."""
    made_batches = batches(*digits(), size=128)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    with (
        labdeck.experiment("digits").trial() as trial,
        labdeck.watch(*((model, optimizer) if named else ()), rules=rules, **options) as watch,
    ):
        for _ in range(steps):
            inputs, labels = next(made_batches)
            optimizer.zero_grad()
            functional.cross_entropy(model(inputs), labels).backward()
            optimizer.step()
    assert all(not record.error for hub in watch.hubs for record in hub.runner.records())
    findings = labdeck.open().debugger.findings(trial_id=trial.id).findings
    return {(finding.rule, finding.tensor) for finding in findings}


def net_of(act, seed=0):
    torch.manual_seed(seed)
    return Convolutions(act)


@pytest.mark.slow
@pytest.mark.parametrize("act", [functional.relu, torch.relu, torch.relu_], ids=["functional", "library", "in place"])
def test_dead_relus_that_are_functions_are_found(act):
    model = net_of(act)
    assert found_in(model, ["DeadRelu"]) == set()
    with torch.no_grad():
        model.conv2.bias[:12] = -50.0
    assert found_in(model, ["DeadRelu"]) == {("DeadRelu", "Convolutions/relu_output_1")}


@pytest.mark.slow
def test_functions_of_a_model_that_nobody_named_are_seen():
    model = net_of(functional.relu)
    with torch.no_grad():
        model.conv2.bias[:12] = -50.0
    assert found_in(model, ["DeadRelu"], named=False) == {("DeadRelu", "Convolutions/relu_output_1")}
    assert not bare()
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.slow
@pytest.mark.parametrize(("act", "name"), [(torch.tanh, "tanh"), (torch.sigmoid, "sigmoid")], ids=["tanh", "sigmoid"])
def test_saturated_functions_are_found(act, name):
    model = net_of(act)
    assert found_in(model, ["SaturatedActivation"]) == set()
    with torch.no_grad():
        model.fc1.bias[:24] = 60.0
    assert found_in(model, ["SaturatedActivation"]) == {("SaturatedActivation", f"Convolutions/{name}_input_2")}


@pytest.mark.slow
def test_the_first_weights_of_a_model_that_calls_functions_are_judged():
    model = net_of(functional.relu)
    rule = labdeck.debugger.rules.PoorWeightInitialization(threshold=100.0, distribution_range=0.0)
    assert found_in(model, [rule]) == set()
    model = net_of(functional.relu)
    with torch.no_grad():
        model.conv2.weight *= 100
    rule = labdeck.debugger.rules.PoorWeightInitialization(threshold=100.0, distribution_range=0.0, patience=100)
    assert {tensor for _, tensor in found_in(model, [rule])} <= {f"Convolutions/relu_input_{n}" for n in (1, 2)}
    assert found_in(model, [rule])


@pytest.mark.slow
def test_activations_that_are_only_called_alike_are_not_judged():
    """A leaky one passes a gradient where it is negative, and a logarithm of a sigmoid is flat on one side only."""
    for act in (functional.leaky_relu, functional.logsigmoid):
        model = net_of(act)
        with torch.no_grad():
            model.conv2.bias[:] = -50.0
        assert found_in(model, ["DeadRelu", "SaturatedActivation"]) == set()


@pytest.mark.slow
def test_what_is_not_there_is_no_error_and_usual_rules_are_silent():
    def act(x):
        return functional.relu(x) if model.training else functional.gelu(x)

    model = net_of(act)
    assert found_in(model, ["ExplodingTensor"], save={"outputs": ["mean", "nan_count"]}, budget=None) == set()
    assert found_in(net_of(functional.gelu), None) == set()
