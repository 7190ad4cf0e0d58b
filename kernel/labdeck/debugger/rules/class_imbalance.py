"""Classes that are rare among the labels, or that the model gets wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from labdeck.debugger.class_labels import ClassReader, count_classes, find_arrays, require_few
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window
from labdeck.wire.records import ParamValue


@dataclass
class _Count:
    """What was seen since the last verdict, and the last verdict."""

    reader: ClassReader
    labels: Counter[int] = field(default_factory=Counter)
    wrong: Counter[int] = field(default_factory=Counter)
    seen: set[int] = field(default_factory=set)
    verdict: list[Finding] = field(default_factory=list)


@dataclass
class ClassImbalance(Rule):
    """Some classes are much rarer than others, or are mostly mistaken for others.

    What goes wrong: a model that sees one class a hundred times as often as another learns to answer with the frequent
    one. Its accuracy looks well while the rare class, often the one that matters (the fraud, the tumour), is never
    found.

    What to do: weight the loss by class, sample the rare class more often, gather more of it, and judge by a measure
    that looks at each class, such as balanced accuracy or F1.

    Formula: over the labels gathered since the last verdict, at least `samples` of them,
    `max_c n(c) / min_c n(c) > threshold_imbalance`, or for some class c
    `(labels c predicted otherwise) / n(c) > threshold_misprediction`. Classes that were seen before and are now absent
    count with n = 0, an infinite ratio. Then counting begins anew, each mode for itself, and the verdict stands until
    the next one. This is the condition that SageMaker Debugger documents; that the counts begin anew is ours: what the
    model got wrong in its first steps says nothing of what it gets wrong now. Labels are whole numbers, texts, or rows
    with a single 1; samples whose scores are NaN are left out.

    Attributes:
        threshold_imbalance: Most labels of the most frequent class for one of the rarest.
        threshold_misprediction: Largest share of a class that may be mistaken, 0 to 1.
        samples: Labels that are gathered before they are judged.
        argmax: The predictions hold a score a class, the highest of which counts; scores in rows are seen without it.
        labels_regex, predictions_regex: Names of the tensors, beside those of the collections labels and predictions.

    Example:
        >>> import numpy as np
        >>> from labdeck.findings.window import window_of
        >>> labels = np.array([0] * 90 + [1] * 10)
        >>> rule = ClassImbalance(threshold_imbalance=5, samples=100)
        >>> [found.value for found in rule.judge(window_of({"labels": labels, "predictions": labels}))]
        [9.0]
    """

    remedy = "weight the loss by class or sample the rare classes more often, and judge each class by itself"

    threshold_imbalance: float = bounded(10, least=1)
    threshold_misprediction: float = bounded(0.7, least=0, most=1)
    samples: int = bounded(500, least=1)
    argmax: bool = False
    labels_regex: str = ".*labels"
    predictions_regex: str = ".*predictions"
    _counts: dict[tuple[str, str], _Count] = field(default_factory=dict, init=False, repr=False, compare=False)

    def needs(self) -> tuple[Need, ...]:
        """Labels and predictions, whole."""
        return (
            Need(collection="labels", regex=self.labels_regex, arrays=True),
            Need(collection="predictions", regex=self.predictions_regex, arrays=True),
        )

    def judge(self, window: Window) -> Iterator[Finding]:
        """Count; judge when enough was counted."""
        labels = find_arrays(window, "labels", self.labels_regex)
        predictions = find_arrays(window, "predictions", self.predictions_regex)
        for name, predicted in zip(labels, predictions, strict=False):
            key = (window.mode, name)
            count = self._counts.setdefault(key, _Count(ClassReader(argmax=self.argmax)))
            found = count.reader.read(window.array(name), window.array(predicted))
            if found is None:
                continue
            truth, said = found
            count.labels.update(count_classes(truth))
            count.wrong.update(count_classes(truth[truth != said]))
            count.seen.update(count.labels)
            require_few(len(count.seen))
            if count.labels.total() >= self.samples:
                count.verdict = list(self._verdict(name, count))
                count.labels.clear()
                count.wrong.clear()
            yield from count.verdict

    def _verdict(self, name: str, count: _Count) -> Iterator[Finding]:
        numbers = {label: count.labels[label] for label in sorted(count.seen)}
        rarest, most = min(numbers, key=lambda c: numbers[c]), max(numbers, key=lambda c: numbers[c])
        ratio = numbers[most] / numbers[rarest] if numbers[rarest] else float("inf")
        if ratio > self.threshold_imbalance:
            called, other = count.reader.name(most), count.reader.name(rarest)
            said = f"class {called} has {numbers[most]:,} labels, class {other} has {numbers[rarest]:,}"
            yield Finding(said, name, ratio, self.threshold_imbalance)
        shares = {label: count.wrong[label] / number for label, number in numbers.items() if number}
        worst = max(shares, key=lambda c: shares[c])
        if shares[worst] > self.threshold_misprediction:
            bad = [label for label, share in shares.items() if share > self.threshold_misprediction]
            more = len(bad) - 1
            others = {0: "", 1: " (and so is 1 more class)"}.get(more, f" (and so are {more} more classes)")
            called = count.reader.name(worst)
            said = f"{shares[worst]:.0%} of class {called} is predicted as another class{others}"
            yield Finding(said, name, shares[worst], self.threshold_misprediction)

    def report(self) -> dict[str, ParamValue]:
        """Return how many classes were seen."""
        return {"classes": max((len(count.seen) for count in self._counts.values()), default=0)}
