"""Sequences that consist of padding for the most part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labdeck.errors import UsageError
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window


@dataclass
class NLPSequenceRatio(Rule):
    """A token, such as padding or "unknown", makes up too much of the sequences.

    What goes wrong: sequences that are padded to the longest one waste the computation on padding, and a vocabulary
    that turns every second word into "unknown" leaves the model nothing to learn from.

    What to do: put sequences of similar length into one batch, pad to the longest of the batch rather than of the data,
    drop the longest ones; for unknown tokens use a larger vocabulary or one of parts of words.

    Formula: `100 · (tokens equal to the value) / (all tokens) > its threshold`, of the tokens of one step. This is what
    SageMaker Debugger documents.

    Attributes:
        tensor_regex: Names of the tensors with the tokens; default the inputs of embeddings.
        token_values: The tokens to count, separated by commas.
        token_thresholds_percent: The largest share of each, in percent, separated by commas.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> tokens = np.array([[5, 7, 0, 0], [9, 0, 0, 0]])
        >>> rule = NLPSequenceRatio(token_values="0,7", token_thresholds_percent="50,50")
        >>> [(found.value, found.message) for found in rule.judge(window_of({"embedding_input_0": tokens}))]
        [(62.5, 'token 0 makes up 62.5% of the sequences')]
    """

    remedy = "put sequences of similar length into one batch, and pad only to the longest of it"

    tensor_regex: str = r".*embedding0_input_0|(?i:emb[^.]*)_input_0$"
    token_values: str = "0"  # noqa: S105 - tokens of text
    token_thresholds_percent: str = "50"  # noqa: S105 - the same
    _pairs: tuple[tuple[float, float], ...] = field(default=(), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Read the numbers; UsageError."""
        tokens, thresholds = _numbers(self.token_values), _numbers(self.token_thresholds_percent)
        if len(tokens) != len(thresholds):
            raise UsageError(
                f"there are {len(tokens)} tokens and {len(thresholds)} thresholds", "give one threshold a token"
            )
        self._pairs = tuple(zip(tokens, thresholds, strict=True))

    def needs(self) -> tuple[Need, ...]:
        """The tokens, whole."""
        return (Need(regex=self.tensor_regex, arrays=True),)

    def judge(self, window: Window) -> Iterator[Finding]:
        """Count each token in each tensor."""
        for name in window.select(regex=self.tensor_regex):
            tokens = window.array(name)
            if tokens is None or not tokens.size:
                continue
            for token, threshold in self._pairs:
                percent = 100 * int(np.count_nonzero(tokens == token)) / tokens.size
                if percent > threshold:
                    yield Finding(f"token {token:g} makes up {percent:.3g}% of the sequences", name, percent, threshold)


def _numbers(text: Any) -> tuple[float, ...]:
    """Return the numbers of "0, 1", of a number, or of a list of them; UsageError."""
    given = text.split(",") if isinstance(text, str) else text if isinstance(text, list | tuple) else [text]
    try:
        return tuple(float(one) for one in given)
    except (TypeError, ValueError):
        raise UsageError(f"{text!r} are no numbers", 'write them as "0,1"') from None
