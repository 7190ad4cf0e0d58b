"""A model that rests on very few features."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window


@dataclass
class FeatureImportanceOverweight(Rule):
    """A few features carry nearly all of the model.

    What goes wrong: a model that rests on two or three features has learnt little else; if one of them is missing,
    drifts, or should not have been there, it is worth nothing. Often one of them tells the label itself
    (see `LabelLeakage`).

    What to do: look at these features first, leave a suspicious one out and compare, lower `colsample_bytree` or
    `colsample_bynode` so that the others get their turn.

    Formula: of the importances of one kind, each divided by their sum,
    `sum of the nfeatures largest > threshold`. SageMaker Debugger's rule; a model with no more than `nfeatures`
    features, of which they are always all, is not judged here.

    Attributes:
        threshold: Largest share of the most important features, 0 to 1.
        nfeatures: How many features that are.
        tensor_regex: Names of the importances; default how often a feature is split on.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> shares = {"a": 0.9, "b": 0.05, "c": 0.03, "d": 0.02}
        >>> step = window_of({f"feature_importance/weight/{name}": share for name, share in shares.items()})
        >>> [found.message for found in FeatureImportanceOverweight(nfeatures=1).judge(step)]
        ['a carries 90% of the importance (weight) of 4 features']
    """

    remedy = "look whether these features may be known when the model is used, and give the others a turn"

    threshold: float = bounded(0.8, least=0)
    nfeatures: int = bounded(3, least=1)
    tensor_regex: str = ".*feature_importance/weight"

    def needs(self) -> tuple[Need, ...]:
        """The importances."""
        return (Need(regex=self.tensor_regex),)

    def judge(self, window: Window) -> Iterator[Finding]:
        """Add up the largest importances, each kind for itself."""
        kinds: defaultdict[str, list[str]] = defaultdict(list)
        for name in window.select(regex=self.tensor_regex):
            kinds[_kind(name)].append(name)
        for kind, names in kinds.items():
            values = np.nan_to_num(np.abs(window.values(tuple(names), "value")))
            total = float(values.sum())
            if len(names) <= self.nfeatures or not total > 0:
                continue
            top = np.argsort(-values, kind="stable")[: self.nfeatures]
            share = float(values[top].sum()) / total
            if share > self.threshold:
                chosen = ", ".join(names[place].removeprefix(f"{kind}/") for place in top if values[place] > 0)
                verb = "carry" if "," in chosen else "carries"
                label = kind.rpartition("/")[2]
                said = f"{chosen} {verb} {share:.0%} of the importance ({label}) of {len(names):,} features"
                yield Finding(said, names[int(top[0])], share, self.threshold)


def _kind(name: str) -> str:
    """Return what stands before the feature's name, which may have a slash itself."""
    before, found, rest = name.rpartition("feature_importance/")
    return f"{before}{found}{rest.partition('/')[0]}" if found else name.rpartition("/")[0]
