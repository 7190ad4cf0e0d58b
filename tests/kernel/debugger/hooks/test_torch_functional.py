"""Activation functions that are no modules: each way of calling them is seen, and nothing else is changed by it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from tests.kernel.debugger.hooks.torch_functions import ENDS, Net, Swish, bare, data, functional, functions_of, sgd
from tests.kernel.debugger.hooks.torch_models import made, train, watched
from torch import nn
from torch.overrides import TorchFunctionMode

# -- what is seen ------------------------------------------------------------------------------------------------------

WAYS = {
    "functional": ("relu", functional.relu),
    "of the library": ("relu", torch.relu),
    "method": ("relu", lambda x: x.relu()),
    "method in place": ("relu", lambda x: x.relu_()),
    "in place": ("relu", lambda x: functional.relu(x, inplace=True)),
    "by keyword": ("relu", lambda x: functional.relu(input=x)),
    "library in place": ("relu", torch.relu_),
    "relu6": ("relu6", functional.relu6),
    "a module made on the spot": ("relu", lambda x: nn.ReLU()(x)),  # noqa: PLW0108 - each time anew
    "tanh": ("tanh", torch.tanh),
    "tanh as method": ("tanh", lambda x: x.tanh()),
    "tanh of functional": ("tanh", functional.tanh),
    "sigmoid": ("sigmoid", torch.sigmoid),
    "sigmoid in place": ("sigmoid", lambda x: x.sigmoid_()),
    "expit": ("sigmoid", torch.special.expit),
    "gelu": ("gelu", functional.gelu),
    "leaky": ("leaky_relu", lambda x: functional.leaky_relu(x, 0.1)),
    "softmax": ("softmax", lambda x: x.softmax(1)),
    "log_softmax": ("log_softmax", lambda x: functional.log_softmax(x, dim=1)),
    "glu": ("glu", lambda x: torch.cat([functional.glu(x[:, :4]), x[:, :3]], 1)),
}
OWN = {"relu": "relu", "relu6": "relu", "tanh": "tanh", "sigmoid": "sigmoid"}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_of_calling_one_is_seen_with_what_goes_in_and_what_comes_out(way):
    kind, between = WAYS[way]
    net = made(Net, between=between)
    with watched(net, sgd(net), save=ENDS) as run:
        train(net, sgd(net), data())
    infos = run.reader.tensors()
    assert functions_of(run) == {f"Net/{kind}_input_0", f"Net/{kind}_output_0"}
    for end in ("input", "output"):
        info = infos[f"Net/{kind}_{end}_0"]
        own = (f"{OWN[kind]}_{end}s",) if kind in OWN else ()
        assert (info.collections, info.module, info.module_type) == ((f"{end}s", *own), f"{kind}_0()", kind)
    given = net.seen[2][:, :4] if kind == "glu" else net.seen[2]
    out = {"glu": functional.glu, "leaky_relu": lambda x: functional.leaky_relu(x, 0.1)}.get(kind)
    out = out or (lambda x: between(x.clone()))
    np.testing.assert_array_equal(run.array(f"Net/{kind}_input_0", 2), given.numpy())
    np.testing.assert_allclose(run.array(f"Net/{kind}_output_0", 2), out(given).numpy(), rtol=1e-6)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 4)
        self.act = nn.ReLU()

    def forward(self, x):
        return functional.relu(self.act(functional.relu(self.inner(x))) + x)


class Deep(nn.Module):
    """Functions in several places, a block that is called twice, a function that is kept, a leaf that calls one."""

    def __init__(self):
        super().__init__()
        self.block, self.swish, self.last, self.kept = Block(), Swish(), nn.Linear(4, 3), functional.gelu

    def forward(self, x):
        x = functional.relu(self.block(self.block(x)))
        return functional.log_softmax(self.last(self.kept(self.swish(x))), dim=1)


def test_names_tell_the_innermost_module_and_which_call_it_is_and_no_module_is_seen_twice():
    net = made(Deep)
    with watched(net, sgd(net), save={"outputs": ["mean"]}) as run:
        train(net, sgd(net), data(), functional.nll_loss)
    found = {name: info for name, info in run.reader.tensors().items() if name in functions_of(run)}
    assert {name: (info.module, info.module_type) for name, info in found.items()} == {
        "block/relu_output_0": ("block.relu_0()", "relu"),
        "block/relu_output_1": ("block.relu_1()", "relu"),
        "block/relu_output_2": ("block.relu_2()", "relu"),
        "block/relu_output_3": ("block.relu_3()", "relu"),
        "Deep/relu_output_0": ("relu_0()", "relu"),
        "swish/sigmoid_output_0": ("swish", "Swish"),
        "Deep/gelu_output_0": ("gelu_0()", "gelu"),
        "Deep/log_softmax_output_0": ("log_softmax_0()", "log_softmax"),
    }
    for name in found:
        assert np.isfinite(run.series(name, "mean")).tolist() == [True, True], name
    assert "block.act_output_0" in run.reader.tensors()


def test_functions_are_nodes_of_the_network_between_the_modules():
    import labdeck

    net = made(Deep)
    with watched(net, sgd(net), save={"outputs": ["mean"]}) as run:
        train(net, sgd(net), data(2), functional.nll_loss)
    network = labdeck.open().tensors.network(run.trial.id, "mean")
    nodes = {node.path: node for node in network.nodes}
    edges = {(edge.source, edge.destination) for edge in network.edges}
    assert nodes["relu_0()"].tensors == ("Deep/relu_output_0",)
    assert nodes["swish"].tensors == ("swish_output_0", "swish/sigmoid_output_0")
    chain = ["block.relu_3()", "relu_0()", "swish", "gelu_0()", "last", "log_softmax_0()"]
    assert {("block.inner", "block.relu_0()"), ("block.relu_0()", "block.act"), *zip(chain, chain[1:])} <= edges  # noqa: B905, RUF007
    assert ("block.relu_0()", "swish") not in edges


def test_a_function_that_is_called_a_varying_number_of_times_has_as_many_names_as_calls():
    def loop(x):
        for _ in range(counts[0]):
            x = torch.tanh(x)
        return x

    counts = [1]
    net = made(Net, between=loop)
    with watched(net, sgd(net), save={"outputs": ["mean"]}) as run:
        for count in (1, 3, 2, 0, 50):
            counts[0] = count
            train(net, sgd(net), data(2))
    counted = [int(np.isfinite(run.series(f"Net/tanh_output_{number}", "mean")).sum()) for number in range(32)]
    # What is called for the first time has a name from the next step on.
    assert counted == [7, 5, 3, *[1] * 29]
    assert "Net/tanh_output_32" not in run.reader.tensors()


def test_what_is_called_outside_of_a_pass_is_not_taken_nor_within_another_model():
    net, other = made(Net), nn.Sequential(nn.Linear(3, 3), Swish())
    with watched(net, sgd(net), save={"outputs": ["mean"]}) as run:
        train(net, sgd(net), data(), loss=lambda out, labels: functional.cross_entropy(torch.tanh(other(out)), labels))
    assert functions_of(run) == {"Net/relu_output_0"}


def test_evaluation_has_functions_of_its_own():
    class Net2(Net):
        def forward(self, x):
            out = super().forward(x)
            return out if self.training else out.softmax(1)

    net = made(Net2)
    with watched(net, sgd(net), save={"outputs": ["mean"]}) as run:
        train(net, sgd(net), data())
        net.eval()
        with torch.inference_mode():
            for inputs, _ in data(3):
                net(inputs)
    assert np.isfinite(run.series("Net2/softmax_output_0", "mean", "EVAL")).tolist() == [True, True]
    assert run.series("Net2/relu_output_0", "mean", "EVAL").shape == (3,)


def test_reductions_agree_with_the_arrays():
    net = made(Net, between=functional.silu)
    with watched(net, sgd(net), save={"inputs": {"reductions": ["mean", "l2"], "arrays": True}}) as run:
        train(net, sgd(net), data(4))
    for step in range(1, 4):
        array = run.array("Net/silu_input_0", step).astype(np.float64)
        assert run.series("Net/silu_input_0", "mean")[step - 1] == pytest.approx(array.mean())
        assert run.series("Net/silu_input_0", "l2")[step - 1] == pytest.approx(np.sqrt((array**2).sum()))


# -- what must not change ----------------------------------------------------------------------------------------------


def test_a_watched_training_is_the_bare_one_to_the_last_bit_and_nothing_is_left():
    net, twin = made(Deep), made(Deep)
    kept = [functional.relu, torch.relu, torch.Tensor.relu, functional.gelu]
    with watched(net, sgd(net), save=ENDS):
        train(net, sgd(net), data(5), functional.nll_loss)
    train(twin, sgd(twin), data(5), functional.nll_loss)
    for one, other in zip(net.parameters(), twin.parameters(), strict=True):
        assert torch.equal(one, other)
    assert not bare()
    assert kept == [functional.relu, torch.relu, torch.Tensor.relu, functional.gelu]
    assert net.kept is functional.gelu
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.modules())


def test_passes_in_which_nothing_is_wanted_have_no_mode():
    net = made(Net)
    with watched(net, sgd(net), save={"outputs": {"reductions": ["mean"], "interval": 3}}) as run:
        train(net, sgd(net), data(7))
    assert net.stacks == [1, 0, 0, 1, 0, 0, 1]  # the first looks what there is
    assert np.isfinite(run.series("Net/relu_output_0", "mean")).tolist() == [True, True]
    net = made(Net)
    with watched(net, sgd(net), save={"weights": ["mean"]}):
        train(net, sgd(net), data(3))
    assert net.stacks == [1, 0, 0]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_pass_that_is_broken_off_leaves_nothing_on_the_stack_for_long(error):
    def breaks(x):
        if len(net.seen) == 2:
            raise error
        return torch.relu(x)

    class Own(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            return function(*args, **(kwargs or {}))

    net, own = made(Net, between=breaks), Own()
    with watched(net, sgd(net), save=ENDS) as run:
        train(net, sgd(net), data(1))
        with pytest.raises(error):
            net(data()[0][0])
        with own:
            train(net, sgd(net), data(3))
            assert bare() == [own]
    assert not bare()
    assert run.array("Net/relu_output_0", 2).shape == (6, 5)
    with watched(net, sgd(net), save=ENDS):
        net.seen.clear()
        net(data()[0][0])
        with pytest.raises(error):
            net(data()[0][0])
    assert not bare()


def test_a_watch_that_another_thread_closes_is_off_when_the_pass_ends():
    def close_there(x):
        if len(net.seen) == 2:
            thread = threading.Thread(target=run.watch.close)
            thread.start()
            thread.join()
        return torch.relu(x)

    net = made(Net, between=close_there)
    with watched(net, sgd(net), save=ENDS) as run:
        train(net, sgd(net), data(4))
    assert not bare()
    assert net.stacks == [1, 1, 0, 0]


def test_passes_of_other_threads_are_let_alone():
    net = made(Net)
    with watched(net, sgd(net), save=ENDS) as run:
        train(net, sgd(net), data(2))
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(bare).result() == []
        train(net, sgd(net), data(1))
    assert run.array("Net/relu_output_0", 2).shape == (6, 5)


def test_a_pass_of_another_thread_in_the_middle_of_one_is_not_looked_at():
    def between(x):
        if len(net.seen) == 2:
            net.seen.append(x)
            with ThreadPoolExecutor(1) as pool:
                found.append(pool.submit(lambda: (net(data()[0][0]).shape, bare())).result())
        return torch.relu(x)

    net, found = made(Net, between=between), []
    with watched(net, sgd(net), save={"outputs": ["mean"]}):
        train(net, sgd(net), data(4))
        assert not bare()
    assert found == [((6, 3), [])]
    assert net.stacks == [1, 1, 0, 1, 1]


def test_what_goes_wrong_with_ours_ends_the_watching_and_not_the_pass():
    class Odd(torch.Tensor):
        """Has no values that anybody may look at."""

        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            if getattr(function, "__name__", "") == "detach":
                raise RuntimeError("not this")
            return super().__torch_function__(function, types, args, kwargs or {})

    def odd(x):
        return torch.relu(x.as_subclass(Odd)).as_subclass(torch.Tensor)

    net, twin = made(Net, between=odd), made(Net, between=torch.relu)
    with (
        pytest.warns(UserWarning, match="not this"),
        watched(net, sgd(net), save={"relu_outputs": {"arrays": True}}) as run,
    ):
        train(net, sgd(net), data(4))
    train(twin, sgd(twin), data(4))
    assert run.hub.watch_record().state == "failed"
    assert not bare()
    assert torch.equal(net.last.weight, twin.last.weight)
