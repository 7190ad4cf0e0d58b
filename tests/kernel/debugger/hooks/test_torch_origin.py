"""Where NaN and infinity come from is found at the step at which they appear: the module, and the line of source."""

from __future__ import annotations

import linecache

import numpy as np
import pytest
import torch
from tests.kernel.debugger.hooks.torch_models import functional, watched
from torch import nn

from labdeck.debugger.rules import NaNOrigin

pytestmark = pytest.mark.slow


def text_of(origin):
    """The source that an origin names."""
    return origin.partition(": ")[2].partition(" (in ")[0]


def found(net, inputs, labels=None, loss=functional.mse_loss, save=None, steps=3, lr=0.0, **options):
    """Train on batches of which one does harm, and return the findings of NaNOrigin."""
    labels = [torch.zeros(len(one), 1) for one in inputs] if labels is None else labels
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    everything = {"gradients": ["l2"], "weights": ["l2"]} if save is None else save
    with watched(net, optimizer, rules=[NaNOrigin], save=everything, **options) as run:
        for one, label in zip(inputs[:steps], labels, strict=False):
            optimizer.zero_grad()
            loss(net(one), label).backward()
            optimizer.step()
    return run.trial.experiment.session.catalog.findings(trial_id=run.trial.id).findings


class Logs(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 2)
        self.drop = nn.Dropout(0.5)
        self.norm = nn.BatchNorm1d(2)

    def forward(self, inputs):
        masked = torch.full((2, 2), float("-inf")).softmax(0).nan_to_num()  # deliberate, and of no consequence
        hidden = self.norm(self.drop(self.first(inputs)))
        return (hidden @ masked + self.inner(inputs)).sum(1, keepdim=True)

    def inner(self, inputs):
        return torch.log(inputs.abs())


def good():
    return torch.rand(4, 2) + 0.5


def test_the_operation_and_its_line_are_found_in_the_step_in_which_it_fails():
    torch.manual_seed(0)
    bad = good()
    bad[1, 1] = 0.0
    (finding,) = found(Logs(), [good(), bad, good()])
    assert finding.step == 1
    assert finding.tensor == "Logs_output_0"
    assert finding.origin.startswith("test_torch_origin.py:")
    assert finding.message == f"infinity first appeared in Logs_output_0, made at {finding.origin}"
    assert " in inner: " in finding.origin
    assert text_of(finding.origin) == "return torch.log(inputs.abs())"
    line = int(finding.origin.split(":")[1].split(" ")[0])
    assert linecache.getline(__file__, line).strip() == "return torch.log(inputs.abs())"


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 2)
        self.body = nn.Sequential(nn.Tanh(), Root())

    def forward(self, inputs):
        return self.body(self.first(inputs) * 0 + inputs)


class Root(nn.Module):
    def forward(self, inputs):
        inputs = inputs * 1
        return torch.sqrt(inputs).sum(1, keepdim=True)


def test_the_module_is_named_and_its_output_is_the_tensor():
    (finding,) = found(Deep(), [good(), -good()], save={"outputs": ["l2", "nan_count"]})
    assert finding.step == 1
    assert finding.tensor == "body.1_output_0"
    assert "torch.sqrt(inputs)" in finding.origin
    assert finding.origin.endswith("(in body.1, Root)")


def test_a_gradient_that_is_not_finite_behind_a_good_loss_is_traced_to_the_operation():
    (finding,) = found(Deep(), [good(), torch.zeros(4, 2), good()])
    assert finding.step == 1
    assert finding.tensor.startswith("gradient/first.")
    assert finding.origin.startswith("the gradient of test_torch_origin.py:")
    assert "torch.sqrt(inputs)" in finding.origin


def test_an_input_that_is_bad_itself_is_told():
    bad = good()
    bad[0, 0] = np.nan
    (finding,) = found(Deep(), [good(), bad])
    assert finding.origin == "the input of the model, which is not finite itself"
    assert finding.tensor == "Deep_input_0"
    assert finding.message == "NaN first appeared in Deep_input_0, which came into the model so"
    assert finding.remedy.startswith("clean the data")


def test_a_loss_that_is_to_blame_is_found_behind_a_good_output():
    inputs, labels = [good(), good()], [torch.zeros(4, 1), torch.full((4, 1), -0.5)]
    (finding,) = found(nn.Linear(2, 1), inputs, labels, loss=lambda out, label: kl(out * 0, label))
    assert (finding.step, finding.tensor) == (1, "loss")
    assert text_of(finding.origin) == 'return functional.kl_div(outputs, labels, reduction="batchmean")'
    assert finding.message == f"NaN first appeared in loss, made at {finding.origin}"


def kl(outputs, labels):
    return functional.kl_div(outputs, labels, reduction="batchmean")


def test_labels_that_are_bad_themselves_are_told():
    inputs, labels = [good(), good()], [torch.zeros(4, 1), torch.full((4, 1), torch.nan)]
    (finding,) = found(nn.Linear(2, 1), inputs, labels, loss=nn.MSELoss())
    assert (finding.step, finding.tensor) == (1, "labels")
    assert finding.message == "NaN first appeared in labels, which came with the data"
    assert finding.remedy == "clean the labels: look for missing values"


def test_of_a_loss_by_hand_the_lines_are_told_between_which_it_became_bad():
    (finding,) = found(nn.Linear(2, 1), [good()], loss=lambda out, label: torch.log(out * 0 + label).mean())
    assert finding.origin.startswith("between the outputs of the model, which are finite, and test_torch_origin.py:")
    assert text_of(finding.origin) == "loss(net(one), label).backward()"
    assert finding.message == f"infinity first appeared in loss, made {finding.origin}"
    assert "guard logarithms" in finding.remedy


def test_a_penalty_beside_a_good_loss_is_blamed_and_not_that_loss():
    net = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    with watched(net, optimizer, rules=[NaNOrigin], save={}) as run:
        for step in range(3):
            optimizer.zero_grad()
            loss = functional.mse_loss(net(good()), torch.zeros(4, 1))
            weight = torch.tensor(float(step != 1))
            penalty = torch.log(weight) * weight
            total = loss + penalty
            total.backward()
            optimizer.step()
    (finding,) = run.trial.experiment.session.catalog.findings(trial_id=run.trial.id).findings
    assert (finding.step, finding.tensor) == (1, "loss")
    assert text_of(finding.origin) == "penalty = torch.log(weight) * weight"


@pytest.mark.parametrize("save", [{}, {"outputs": ["l2", "nan_count"]}])
def test_in_a_layer_of_the_library_the_line_that_called_the_model_is_named(save):
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    with torch.no_grad():
        net[0].weight.fill_(1.0)
        net[2].weight.fill_(3e38)
    (finding,) = found(net, [good() * 0 + 9], save=save)
    assert finding.tensor == "2_output_0"
    assert text_of(finding.origin) == "loss(net(one), label).backward()"
    assert finding.origin.endswith("(in 2, Linear)")
    assert "lower the learning rate" in finding.remedy


def test_a_parameter_that_is_bad_itself_is_told():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    with torch.no_grad():
        net[1].weight[0, 0] = torch.inf
    (finding,) = found(net, [good()])
    assert finding.tensor == "1.weight"
    assert finding.origin == "the parameter 1.weight, which is not finite itself"
    said = ": an update made the parameter so, or it was loaded so, before the pass began"
    assert finding.message.endswith(said)


def test_an_evaluation_behind_it_meets_the_same_and_is_not_told_again():
    net = Deep()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watched(net, optimizer, rules=[NaNOrigin], save={"weights": ["l2"], "losses": True}) as run:
        for inputs in (good(), -good()):
            optimizer.zero_grad()
            functional.mse_loss(net(inputs), torch.zeros(4, 1)).backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            functional.mse_loss(net(good()), torch.zeros(4, 1))
        net.train()
    findings = run.trial.experiment.session.catalog.findings(trial_id=run.trial.id).findings
    assert [(finding.mode, finding.step) for finding in findings] == [("TRAIN", 1)]


def test_tracing_changes_neither_buffers_nor_random_numbers_nor_modes():
    nets, states = [], []
    for is_watched in (True, False):
        torch.manual_seed(3)
        net = Logs()
        net.drop.eval()
        bad = [good(), good() * 0, good()]
        torch.manual_seed(4)
        if is_watched:
            assert len(found(net, bad, lr=0.1)) == 1
        else:
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
            for one in bad:
                optimizer.zero_grad()
                functional.mse_loss(net(one), torch.zeros(4, 1)).backward()
                optimizer.step()
        nets.append(net)
        states.append(torch.get_rng_state())
    for mine, other in zip(nets[0].state_dict().values(), nets[1].state_dict().values(), strict=True):
        torch.testing.assert_close(mine, other, equal_nan=True, rtol=0, atol=0)
    assert torch.equal(*states)
    assert not nets[0].drop.training
    assert nets[0].training


def test_an_evaluation_is_traced_too():
    net = Deep()
    with watched(net, rules=[NaNOrigin], save={}) as run:
        net.eval()
        with torch.no_grad():
            functional.mse_loss(net(good()), torch.zeros(4, 1))
            functional.mse_loss(net(-good()), torch.zeros(4, 1))
        net.train()
    (finding,) = run.trial.experiment.session.catalog.findings(trial_id=run.trial.id).findings
    assert (finding.mode, finding.step) == ("EVAL", 1)
    assert "torch.sqrt(inputs)" in finding.origin


def test_attention_with_masks_blames_nobody_for_its_infinities():
    torch.manual_seed(0)

    class Attends(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)

        def forward(self, inputs):
            mask = nn.Transformer.generate_square_subsequent_mask(3)
            hidden = self.layer(inputs, src_mask=mask)
            return torch.log(hidden - 10).mean((1, 2))[:, None]

    (finding,) = found(Attends(), [torch.randn(2, 3, 4)])
    assert text_of(finding.origin) == "return torch.log(hidden - 10).mean((1, 2))[:, None]"
