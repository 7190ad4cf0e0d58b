"""What a watcher keeps of the losses it hears of: those whose gradient arrives at its model, and nothing for long."""

from __future__ import annotations

import gc
import threading
import weakref

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from labdeck.debugger.hooks.torch_heard import Differentiated, Heard, LossCall
from labdeck.debugger.hooks.torch_names import parameters_of

functional = nn.functional


def known(model):
    return {one.name: one for one in parameters_of(model)}


def computed(value, name="mse_loss"):
    return LossCall(name, value.detach(), node=value.grad_fn)


def differentiate(loss, *heard, parameters, within=False):
    """Differentiate a loss, of which each of some watchers hears; say at which of them it arrived."""
    told = Differentiated(loss.item(), loss.grad_fn)
    for one, its in zip(heard, parameters, strict=True):
        one.begin_backward(told, its, within)
    loss.backward()
    return [one.end_backward(its) for one, its in zip(heard, parameters, strict=True)]


STEP = st.fixed_dictionaries(
    {
        "models": st.sets(st.integers(0, 2), min_size=1),
        "factor": st.sampled_from([1.0, 0.25]),
        "penalty": st.booleans(),
        "cleared": st.sampled_from([None, True, False]),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=6))
def test_each_keeps_what_arrives_at_its_model_and_was_not_thrown_away(steps):
    torch.manual_seed(0)
    models = [nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1)) for _ in range(3)]
    parameters = [known(model) for model in models]
    heard = [Heard() for _ in models]
    kept = [[] for _ in models]
    for step in steps:
        if step["cleared"] is not None:
            for number, model in enumerate(models):
                model.zero_grad(set_to_none=step["cleared"])
                kept[number] = [None for _ in kept[number]]
        outputs = [models[number](torch.ones(2, 3)) for number in sorted(step["models"])]
        values = [functional.mse_loss(one, torch.zeros(2, 1)) for one in outputs]
        for one in heard:
            for value in values:
                one.hear(computed(value))
        loss = step["factor"] * sum(values) + (10.0 if step["penalty"] else 0.0)
        arrived = differentiate(loss, *heard, parameters=parameters)
        assert arrived == [number in step["models"] for number in range(3)]
        for number in step["models"]:
            mine = values[sorted(step["models"]).index(number)]
            kept[number] = [one for one in kept[number] if one is not None] + [(loss.item(), mine.item())]
    for number, one in enumerate(heard):
        # What was thrown away is noticed as the next gradient arrives: without one there is no step.
        wanted = [each for each in kept[number] if each is not None]
        if wanted and len(wanted) == len(kept[number]):
            roots, rest = one.take()
            assert rest == []
            assert [root.value for root in roots] == [value for value, _ in wanted]
            for root, (_, mine) in zip(roots, wanted, strict=True):
                assert [float(call.value) for call in root.calls] == [mine]


def test_which_of_several_losses_is_whose_is_found_behind_them():
    actor, critic = nn.Linear(3, 1), nn.Linear(3, 1)
    both = [known(actor), known(critic)]
    heard = [Heard(), Heard()]
    value = functional.mse_loss(critic(torch.ones(2, 3)), torch.zeros(2, 1))
    for one in heard:
        one.hear(computed(value))
    assert differentiate(value + actor(torch.ones(2, 3)).mean(), *heard, parameters=both) == [True, True]
    assert [len(one.take()[0][0].calls) for one in heard] == [0, 1]


def test_behind_a_large_graph_it_is_learned():
    large = nn.Sequential(*[nn.Sequential(nn.Linear(3, 3), nn.Tanh()) for _ in range(200)])
    first, last = nn.Linear(3, 3), nn.Linear(3, 1)
    both = [known(first), known(last)]
    heard = [Heard(), Heard()]
    for _ in range(3):
        value = functional.mse_loss(last(large(first(torch.ones(2, 3)))), torch.zeros(2, 1))
        for one in heard:
            one.hear(computed(value))
        assert differentiate(value, *heard, parameters=both) == [True, True]
    assert [[len(root.calls) for root in one.take()[0]] for one in heard] == [[1] * 3] * 2


def test_of_what_an_optimizer_tries_the_first_counts():
    model, heard = nn.Linear(3, 1), Heard()
    parameters = [known(model)]
    for factor in (1.0, 2.0, 3.0):
        model.zero_grad()
        loss = factor * functional.mse_loss(model(torch.ones(2, 3)), torch.zeros(2, 1))
        differentiate(loss, heard, parameters=parameters, within=True)
    assert len(heard.take()[0]) == 1


def test_only_the_thread_that_trains_is_heard():
    heard = Heard()
    assert not heard.is_elsewhere
    heard.listen()
    found = []
    thread = threading.Thread(target=lambda: found.append(heard.is_elsewhere))
    thread.start()
    thread.join()
    assert (heard.is_elsewhere, found) == (False, [True])


def test_graphs_are_not_held_for_long():
    """A graph holds all that a pass has computed: evaluations with gradients would fill the memory."""
    model, heard = nn.Linear(3, 1), Heard()
    held = []
    for _ in range(100):
        hidden = model(torch.ones(2, 3)).exp()  # its graph keeps the result
        held.append(weakref.ref(hidden))
        heard.hear(computed(functional.mse_loss(hidden, torch.zeros(2, 1))))
        del hidden
    gc.collect()
    assert sum(call.node is not None for call in heard.calls) == 8
    assert len(heard.calls) == 64
    loss = functional.mse_loss(model(torch.ones(2, 3)), torch.zeros(2, 1))
    heard.hear(computed(loss))
    differentiate(loss, heard, parameters=[known(model)])
    (root,) = heard.take()[0]
    assert [call.node for call in root.calls] == [None]
    heard.forget()
    assert (heard.calls, heard.take()) == ([], ([], []))


def test_an_evaluation_in_between_takes_nothing_of_the_step():
    model, heard = nn.Linear(3, 1), Heard()
    loss = functional.mse_loss(model(torch.ones(2, 3)), torch.zeros(2, 1))
    heard.hear(computed(loss))
    heard.begin_evaluation(is_training=True)
    heard.hear(LossCall("l1_loss", torch.tensor(2.0)))
    differentiate(loss, heard, parameters=[known(model)])
    assert [call.name for call in heard.end_evaluation()] == ["l1_loss"]
    assert [call.name for root in heard.take()[0] for call in root.calls] == ["mse_loss"]


def test_what_was_heard_before_the_model_was_found_is_taken_in():
    model, heard = nn.Linear(3, 1), Heard()
    loss = functional.mse_loss(model(torch.ones(2, 3)), torch.zeros(2, 1))
    half = loss / 2
    heard.adopt([computed(loss), Differentiated(half.item(), half.grad_fn)])
    (root,) = heard.take()[0]
    assert (root.value, [float(call.value) for call in root.calls]) == (half.item(), [loss.item()])
