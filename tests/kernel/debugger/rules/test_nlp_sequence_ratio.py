"""Padding that outweighs the text is found."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.kernel.debugger.labelled import judge_all
from torch import nn

from labdeck.debugger.rules import NLPSequenceRatio
from labdeck.errors import UsageError
from labdeck.findings.rule import make_rule
from labdeck.findings.window import window_of

SENTENCES = [
    "training a model is waiting for a number to fall",
    "a loss that falls tells little",
    "watch it",
    "gradients vanish in deep networks without care",
    "stop",
]


class Tagger(nn.Module):
    """Says of each word how long it is."""

    def __init__(self, words):
        super().__init__()
        self.embedding = nn.Embedding(words, 8, padding_idx=0)
        self.out = nn.Linear(8, 12)

    def forward(self, tokens):
        return self.out(self.embedding(tokens))


def text_windows(longest, steps=4):
    """Train on sentences padded to a length, and yield what enters the embedding."""
    torch.manual_seed(0)
    vocabulary = {word: n for n, word in enumerate(sorted({w for text in SENTENCES for w in text.split()}), start=1)}
    rows = [[vocabulary[word] for word in text.split()][:longest] for text in SENTENCES]
    tokens = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    lengths = torch.tensor([0, *(len(word) for word in vocabulary)])
    model = Tagger(len(vocabulary) + 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = []
    model.embedding.register_forward_pre_hook(lambda _, given: seen.append(given[0].numpy().copy()))
    for step in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(tokens).flatten(0, 1), lengths[tokens].flatten()).backward()
        optimizer.step()
        yield window_of({"embedding_input_0": seen[-1]}, step)


@pytest.mark.slow
def test_a_training_on_padding_is_found():
    found = judge_all(NLPSequenceRatio(), text_windows(longest=40))
    assert [step for step, _ in found] == [0, 1, 2, 3]
    words = sum(len(text.split()) for text in SENTENCES)
    assert found[0][1].value == pytest.approx(100 * (1 - words / (40 * len(SENTENCES))))


@pytest.mark.slow
def test_a_training_on_text_stays_silent():
    assert judge_all(NLPSequenceRatio(), text_windows(longest=6)) == []


@given(
    arrays(np.int64, st.tuples(st.integers(0, 5), st.integers(0, 5)), elements=st.integers(0, 3)), st.integers(0, 99)
)
def test_shares_are_those_of_counting_by_hand(tokens, threshold):
    rule = NLPSequenceRatio(token_values="0, 2", token_thresholds_percent=f"{threshold},50")
    plain = [token for row in tokens.tolist() for token in row]
    expected = [
        100 * plain.count(token) / len(plain)
        for token, limit in ((0, threshold), (2, 50))
        if plain and 100 * plain.count(token) / len(plain) > limit
    ]
    assert [found.value for found in rule.judge(window_of({"encoder.embed_input_0": tokens}))] == pytest.approx(
        expected
    )


@pytest.mark.parametrize(("values", "thresholds"), [("0,1", "50"), ("pad", "50"), ("0", "half")])
def test_numbers_that_do_not_fit_are_a_mistake_of_the_user(values, thresholds):
    with pytest.raises(UsageError):
        make_rule(NLPSequenceRatio, {"token_values": values, "token_thresholds_percent": thresholds})
