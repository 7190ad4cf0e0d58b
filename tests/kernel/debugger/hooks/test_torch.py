"""What is recorded of a model of PyTorch is what an unwatched twin shows when one looks by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.kernel.debugger.hooks.torch_models import (
    batches,
    functional,
    looks_of,
    made,
    traces,
    train,
    watched,
)
from torch import nn

from labdeck.errors import UsageError
from labdeck.findings.reductions import reduce

pytestmark = pytest.mark.slow


def close(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-7)


def test_weights_gradients_updates_and_optimizer_state_are_those_of_an_unwatched_twin():
    names = ("mean", "abs_mean", "std", "min", "max", "l2", "nan_count")
    save = {name: list(names) for name in ("weights", "biases", "gradients", "updates", "optimizer")}
    net, twin, data = made(), made(), batches(4)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    with watched(net, optimizer, save=save) as run:
        train(net, optimizer, data)
    seen = []

    def look(when):
        state = {name: other.state.get(p, {}) for name, p in twin.named_parameters()}
        seen.append(
            (
                {name: p.detach().clone() for name, p in twin.named_parameters()},
                {name: p.grad.clone() for name, p in twin.named_parameters()},
                {name: value["exp_avg"].clone() for name, value in state.items() if value},
            )
        )
        del when

    other = torch.optim.Adam(twin.parameters(), lr=0.01)
    train(twin, other, data, look=look)
    before, after = seen[::2], seen[1::2]
    for name in dict(twin.named_parameters()):
        for kind in names:
            close(run.series(name, kind), [reduce(weights[name], kind) for weights, _, _ in before])
            close(run.series(f"gradient/{name}", kind), [reduce(grads[name], kind) for _, grads, _ in before])
            # the optimizer keeps something from its first step on, and it is known from then on
            close(run.series(f"optimizer/{name}/exp_avg", kind), [reduce(kept[name], kind) for _, _, kept in after[1:]])
        ratios = [
            float((late[0][name] - early[0][name]).norm() / early[0][name].norm())
            for early, late in zip(before, after, strict=True)
        ]
        close(run.series(f"update/{name}"), ratios)
    assert run.steps() == [0, 1, 2, 3]
    close(run.series("lr"), [0.01] * 4)


def test_watching_changes_nothing_and_leaves_nothing_behind():
    net, twin, data = made(norm=True), made(norm=True), batches(5)
    found, looks = traces(), looks_of(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    with watched(net, optimizer, save=["all"], flight=3) as run:
        train(net, optimizer, data)
        assert traces() != found
    train(twin, torch.optim.SGD(twin.parameters(), lr=0.1, momentum=0.9), data)
    for mine, other in zip(net.state_dict().values(), twin.state_dict().values(), strict=True):
        assert torch.equal(mine, other)
    assert traces() == found
    assert looks_of(net) == looks
    assert optimizer._optimizer_step_pre_hooks == {}
    assert run.hub.watch_record().state == "off"


def test_inputs_and_outputs_are_those_at_the_call_even_where_they_are_changed_in_place_afterwards():
    net, data = made(), batches(2)
    save = {"outputs": {"arrays": True, "reductions": ["mean"]}, "inputs": {"arrays": True}}
    with watched(net, save=save) as run:
        train(net, torch.optim.SGD(net.parameters(), lr=0.0), data)
    for step, (inputs, _) in enumerate(data):
        with torch.no_grad():
            first = net.c1(inputs)
            second = net.c2(first.relu())
        wanted = {
            "c1_output_0": first,
            "relu_output_0": first.relu(),
            "c2_output_0": second,
            "c1_input_0": inputs,
            "fc_input_0": second.relu().flatten(1),
            "Net_input_0": inputs,
            "Net_output_0": net(inputs).detach(),
        }
        for name, value in wanted.items():
            np.testing.assert_allclose(run.array(name, step), value.numpy(), rtol=1e-5, atol=1e-6, err_msg=name)
        assert run.reader.tensors()["Net_output_0"].shape == (6, 3)
    close(run.series("c1_output_0", "mean")[-1], reduce(run.array("c1_output_0", 1), "mean"))
    # the second call of the same module has a name of its own, from the step on in which it is known
    np.testing.assert_allclose(run.array("relu_output_0/1", 1), second.relu().numpy(), rtol=1e-5, atol=1e-6)
    assert "relu_outputs" in run.reader.tensors()["relu_output_0/1"].collections


def test_losses_predictions_and_labels_are_found_without_being_named():
    net, data = made(), batches(3)
    both = {"predictions": {"arrays": True}, "labels": {"arrays": True}}
    losses = []

    def loss(outputs, labels):
        value = nn.CrossEntropyLoss()(outputs, labels)
        losses.append(value.item())
        return value

    with watched(net, save=both) as run:
        train(net, torch.optim.SGD(net.parameters(), lr=0.0), data, loss=loss)
        net.eval()
        with torch.no_grad():
            for inputs, labels in data[:2]:
                functional.cross_entropy(net(inputs), labels)
    close(run.series("loss"), losses)
    close(run.series("loss", mode="EVAL"), losses[:2])
    for step, (inputs, labels) in enumerate(data):
        np.testing.assert_array_equal(run.array("labels", step), labels.numpy())
        close(run.array("predictions", step), net(inputs).detach().numpy())
    np.testing.assert_array_equal(run.array("labels", 1, "EVAL"), data[1][1].numpy())
    assert run.steps("EVAL") == [0, 1]


class Focal(nn.Module):
    def forward(self, outputs, labels):
        chance = functional.cross_entropy(outputs, labels, reduction="none")
        return ((1 - torch.exp(-chance)) ** 2 * chance).mean()


def test_a_loss_module_of_ones_own_gives_labels_and_losses_of_evaluations_too():
    net, focal, data = made(), Focal(), batches(2)
    looks = looks_of(focal)
    with watched(net, loss=focal, save={"labels": ["mean"]}) as run:
        train(net, torch.optim.SGD(net.parameters(), lr=0.0), data, loss=focal)
        net.eval()
        with torch.no_grad():
            wanted = [float(focal(net(inputs), labels)) for inputs, labels in data]
    close(run.series("loss"), wanted)
    close(run.series("loss", mode="EVAL"), wanted)
    close(run.series("labels", "mean"), [float(labels.float().mean()) for _, labels in data])
    assert looks_of(focal) == looks


def test_several_losses_are_told_apart_and_the_sum_that_is_differentiated_is_the_loss():
    net, data = made(), batches(2)

    def loss(outputs, labels):
        return functional.cross_entropy(outputs, labels) + 2 * functional.mse_loss(outputs, torch.zeros_like(outputs))

    with watched(net) as run:
        train(net, torch.optim.SGD(net.parameters(), lr=0.01), data, loss=loss)
    total = run.series("loss/cross_entropy") + 2 * run.series("loss/mse_loss")
    close(run.series("loss"), total)
    assert run.reader.tensors()["loss/mse_loss"].collections == ("losses",)


def test_gradients_are_gathered_over_passes_and_only_the_optimizer_counts():
    net, data = made(), batches(6)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    sums, losses = [], []
    with watched(net, optimizer, save={"gradients": ["sum", "l2"]}) as run:
        for number, (inputs, labels) in enumerate(data):
            loss = functional.cross_entropy(net(inputs), labels)
            losses.append(loss.item())
            (loss / 2).backward()
            if number % 2:
                sums.append(float(net.fc.weight.grad.double().norm()))
                optimizer.step()
                optimizer.zero_grad(set_to_none=False)
    assert run.steps() == [0, 1, 2]
    close(run.series("gradient/fc.weight", "l2"), sums)
    close(run.series("loss"), np.mean(np.reshape(losses, (3, 2)), axis=1))


def test_a_closure_gives_the_gradients_within_the_step():
    net, (inputs, labels) = made(), batches(1)[0]
    optimizer = torch.optim.LBFGS(net.parameters(), lr=0.1, max_iter=1)
    seen = []

    def closure():
        optimizer.zero_grad()
        loss = functional.cross_entropy(net(inputs), labels)
        loss.backward()
        seen.append((loss.item(), float(net.fc.weight.grad.double().norm())))
        return loss

    with watched(net, optimizer, save={"gradients": ["l2"]}) as run:
        for _ in range(3):
            optimizer.step(closure)
    assert run.steps() == [0, 1, 2]
    close(run.series("gradient/fc.weight", "l2"), [norm for _, norm in seen])
    close(run.series("loss"), [loss for loss, _ in seen])


def test_with_a_closure_weights_and_updates_are_those_around_the_step():
    net, data = made(), batches(3)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    means, moves = [], []
    with watched(net, optimizer, save={"weights": ["mean"], "updates": []}) as run:
        for inputs, labels in data:

            def closure(inputs=inputs, labels=labels):
                optimizer.zero_grad()
                loss = functional.cross_entropy(net(inputs), labels)
                loss.backward()
                return loss

            before = net.fc.weight.detach().clone().double()
            optimizer.step(closure)
            means.append(float(before.mean()))
            moves.append(float((net.fc.weight.detach() - before).norm() / before.norm()))
    close(run.series("fc.weight", "mean"), means)
    close(run.series("update/fc.weight"), moves)


def test_frozen_parameters_have_no_gradient_until_they_are_unfrozen():
    net, data = made(), batches(4)
    net.c1.requires_grad_(False)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watched(net, optimizer, save=["weights", "gradients"]) as run:
        train(net, optimizer, data[:2])
        assert "gradient/c1.weight" not in {info for row in run.hub.preview() for info in row.reductions}
        net.c1.requires_grad_(True)
        train(net, optimizer, data[2:])
    assert len(run.series("c1.weight", "mean")) == 4
    assert len(run.series("gradient/c2.weight", "mean")) == 4
    late = run.series("gradient/c1.weight", "l2")
    assert len(late) == 2
    assert (late > 0).all()


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 4)
        self.layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
        self.unused = nn.Linear(2, 2)
        self.head = nn.Linear(4, 11, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, tokens):
        return self.head(self.layer(self.embedding(tokens))).flatten(0, 1)


def test_tied_weights_are_one_and_a_weight_without_gradient_is_not_a_number():
    net = made(Tied)
    tokens = torch.arange(10).reshape(2, 5)
    optimizer = torch.optim.AdamW(net.parameters())
    with watched(net, optimizer, save=["weights", "gradients", "updates", "optimizer", "outputs"]) as run:
        train(net, optimizer, [(tokens, tokens.flatten())] * 3)
    names = set(run.reader.tensors())
    assert {"embedding.weight", "gradient/embedding.weight", "layer.self_attn.in_proj_weight"} <= names
    assert "head.weight" not in names
    assert np.isfinite(run.series("gradient/embedding.weight", "l2")).all()
    assert np.isnan(run.series("gradient/unused.weight", "l2")).all()
    close(run.series("update/unused.weight"), [0, 0, 0])
    assert run.reader.tensors()["optimizer/embedding.weight/exp_avg_sq"].parameter == "embedding.weight"


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.LSTM(3, 5, num_layers=2, batch_first=True)
        self.head = nn.Linear(5, 3)

    def forward(self, inputs):
        outputs, (hidden, _) = self.cells(inputs)
        del outputs
        return self.head(hidden[-1])


def test_all_outputs_of_an_lstm_have_names():
    net = made(Reader)
    data = [(torch.randn(2, 4, 3), torch.tensor([0, 2]))] * 2
    with watched(net, save=["outputs", "biases"]) as run:
        train(net, torch.optim.Adam(net.parameters()), data)
    shapes = {name: info.shape for name, info in run.reader.tensors().items() if name.startswith("cells_output")}
    assert shapes == {"cells_output_0": (2, 4, 5), "cells_output_1": (2, 2, 5), "cells_output_2": (2, 2, 5)}
    assert "biases" in run.reader.tensors()["cells.bias_ih_l0"].collections


def test_a_model_whose_shape_changes_is_described_anew():
    net, data = made(), batches(8)
    with watched(net, save={"weights": ["l2"], "gradients": ["l2"]}) as run:
        train(net, torch.optim.SGD(net.parameters(), lr=0.1), data[:2])
        net.fc = nn.Sequential(nn.Linear(8 * 16, 5), nn.Linear(5, 3))
        train(net, torch.optim.SGD(net.parameters(), lr=0.1), data[2:])
    assert len(run.series("fc.weight", "l2")) == 2
    assert len(run.series("fc.0.weight", "l2")) == 6
    assert np.isfinite(run.series("gradient/fc.1.weight", "l2")).all()
    assert run.hub.watch_record().state == "off"


def test_ten_thousand_parameters_are_watched():
    net = nn.ParameterList([torch.full((3,), float(number)) for number in range(10_000)])
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    with watched(net, optimizer, save={"weights": ["max"], "gradients": ["l2"]}) as run:
        for _ in range(2):
            sum(p.sum() for p in net).backward()
            optimizer.step()
            optimizer.zero_grad()
    close(run.series("9999", "max"), [9999, 9998.5])
    close(run.series("gradient/0", "l2"), [np.sqrt(3)] * 2)


class Odd(nn.Module):
    def __init__(self):
        super().__init__()
        self.wide = nn.Parameter(torch.randn(4, 3).bfloat16())
        self.brief = nn.Parameter(torch.randn(3).half())
        self.none = nn.Parameter(torch.zeros(0, 3))
        self.turned = nn.Parameter(torch.randn(2, 3, dtype=torch.complex64))
        self.fixed = nn.Parameter(torch.arange(3), requires_grad=False)
        self.words = nn.Embedding(7, 3, sparse=True)
        self.one = nn.Parameter(torch.tensor(2.0))

    def forward(self, inputs):
        found = self.words(inputs).sum() * self.one + self.wide.float().sum() + self.brief.float().sum()
        return found + self.turned.abs().sum() + self.none.sum()


def test_types_that_numpy_lacks_sparse_gradients_and_nothing_at_all_are_recorded():
    net = made(Odd)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.125)
    save = {
        "weights": {"reductions": ["l2", "zero_count"], "arrays": True},
        "gradients": ["l2", "sum"],
        "updates": True,
    }
    inputs = torch.tensor([1, 1, 3])
    with watched(net, optimizer, save=save) as run:
        net(inputs).backward()
        grads = {
            name: reduce((p.grad.to_dense() if p.grad.is_sparse else p.grad).to(torch.complex64).numpy(), "l2")
            for name, p in net.named_parameters()
            if p.grad is not None
        }
        halves = net.wide.detach().float().numpy().copy()
        optimizer.step()
    for name, norm in grads.items():
        np.testing.assert_allclose(run.series(f"gradient/{name}", "l2"), [norm], rtol=1e-3, err_msg=name)
    close(run.series("none", "l2"), [0])
    close(run.series("fixed", "zero_count"), [1])
    close(run.series("wide", "l2"), [reduce(halves, "l2")])
    assert run.array("wide", 0).shape == (4, 3)
    assert np.isfinite(run.series("update/wide")).all()
    assert run.series("gradient/words.weight", "sum")[0] == pytest.approx(9 * 2.0)
    assert run.hub.watch_record().state == "off"


def test_modules_can_be_chosen_by_object_class_and_path():
    net, data = made(), batches(2)
    save = {"mine": {"modules": [net.fc, "c[0-9]"], "inputs": True, "outputs": True, "reductions": ["mean"]}}
    with watched(net, save=save) as run:
        train(net, torch.optim.SGD(net.parameters(), lr=0.1), data)
        assert [row.tensors for row in run.watch.preview() if row.collection == "mine" and row.mode == "TRAIN"] == [6]
    mine = {name for name, info in run.reader.tensors().items() if "mine" in info.collections}
    assert mine == {f"{path}_{end}_0" for path in ("fc", "c1", "c2") for end in ("input", "output")}
    with pytest.raises(UsageError, match="all modules"), watched(net, save={"outputs": {"modules": ["fc"]}}):
        pass
    with pytest.raises(UsageError, match="cannot be read"), watched(net, save={"mine": {"modules": ["("]}}):
        pass


def test_hooks_on_modules_are_there_only_while_their_tensors_are_due():
    net, data = made(), batches(6)
    seen = []
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watched(net, optimizer, save={"relu_outputs": {"interval": 3, "reductions": ["zero_count"]}}) as run:
        train(net, optimizer, data, look=lambda _: seen.append(len(net.relu._forward_hooks)))
    assert seen[2::2] == [0, 0, 1, 0, 0]  # in the first pass all modules are looked at
    assert len(run.series("relu_output_0", "zero_count")) == 2


def test_several_optimizers_that_step_together_make_one_step():
    net, data = made(), batches(4)
    first = torch.optim.SGD([*net.c1.parameters(), *net.c2.parameters()], lr=0.1)
    second = torch.optim.SGD(net.fc.parameters(), lr=0.2)
    with watched(net, save={"updates": True, "gradients": ["l2"]}) as run:
        for inputs, labels in data:
            functional.cross_entropy(net(inputs), labels).backward()
            first.step()
            second.step()
            first.zero_grad()
            second.zero_grad()
    assert run.steps() == [0, 1, 2, 3]
    assert (run.series("update/fc.weight")[1:] > 0).all()
    assert (run.series("update/c1.weight") > 0).all()
    close(run.series("lr/1"), [0.2] * 3)
