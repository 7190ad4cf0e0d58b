"""Where NaN and infinity come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from labdeck.debugger.origin import explained
from labdeck.debugger.rules.not_finite import COUNTED, USUAL, Bad, NotFinite
from labdeck.debugger.rules.picking import Picker
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window
from labdeck.wire.debugging import Mode

_PICKER = Picker(USUAL)
_ORDER = {"labels": 0, "inputs": 1, "outputs": 1, "predictions": 2, "losses": 3, "gradients": 4}
_REST, _BACKWARDS = 5, "gradients"


@dataclass
class _State:
    """Of a mode: whether the next bad number is the first one, and whether the line that made it was told."""

    armed: bool = True
    named: bool = False


@dataclass
class NaNOrigin(Rule):
    """NaN or infinity has appeared, and this is the first place where it did.

    One bad number spreads through a whole network within a step, so that it looks as if everything broke at once. What
    matters is the first one: the step, the module and the line of source that made it out of numbers that were still
    good.

    What helps depends on the line: a logarithm or a division wants a small constant (`torch.log(x + 1e-8)`), a root a
    clamp, exponentials the stable forms (`logsumexp`, `BCEWithLogitsLoss`); if it is the input, clean the data; if it
    is a gradient behind a good loss, clip it, or look for `sqrt` or `norm` at zero, whose slope is infinite.

    How it is found: when something that was recorded is not finite for the first time, the tensor for which the
    watching of the model knows a line of source is named. (Of a torch model, the first module in the order of execution
    whose output is not finite although its input is has its forward pass run again, and the very operation is looked
    for.) Without that knowledge, it is the first of: labels, inputs and outputs in the order of the model, predictions,
    losses, gradients from the loss backwards, weights. It is found once, and again only after everything was finite for
    a step; or when the line of source becomes known later. What an evaluation right behind it meets is the same
    illness, and not told again. The same tensors are looked at as by ExplodingTensor.

    Attributes:
        only_nan: Take no offence at infinities.

    Example:
        >>> import numpy as np
        >>> from labdeck.findings.window import window_of
        >>> window = window_of({"fc1_output_0": [1.0], "log_output_0": [-np.inf], "loss": np.inf}, step=12)
        >>> [(found.tensor, found.message) for found in NaNOrigin().judge(window)]
        [('log_output_0', 'infinity first appeared in log_output_0')]
    """

    severity: ClassVar = "error"
    remedy: ClassVar[str] = "guard that operation against what makes it infinite, or clean its input"

    only_nan: bool = False
    _not_finite: NotFinite = field(init=False, repr=False)
    _states: dict[Mode, _State] = field(init=False, repr=False, default_factory=dict)
    _latest: Mode | None = field(init=False, repr=False, default=None)
    _told: dict[str, str] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Prepare what is looked at."""
        self._not_finite = NotFinite(_PICKER)

    def needs(self) -> tuple[Need, ...]:
        """Return the counts of NaN and infinity."""
        return (*Picker(COUNTED).needs("nan_count", "inf_count", optional=True), *_PICKER.there(optional=True))

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield the first tensor that is not finite, once."""
        if window.mode == "GLOBAL":
            return
        found = [bad for bad in self._not_finite.look(window) if bad.has_nan or not self.only_nan]
        state = self._states.setdefault(window.mode, _State())
        before, self._latest = self._latest, window.mode if found else None
        if not found:
            state.armed, state.named = True, False
        elif state.armed and before not in {None, window.mode} and not self._is_news(window):
            state.armed, state.named = False, True  # the same illness, seen by the other mode
        elif state.armed or (window.origins and not state.named):
            state.armed, state.named = False, bool(window.origins)
            self._told = dict(window.origins)
            yield self._tell(window, found)

    def _is_news(self, window: Window) -> bool:
        return any(origin not in self._told.values() for origin in window.origins.values())

    @staticmethod
    def _tell(window: Window, found: list[Bad]) -> Finding:
        def rank(at: int) -> tuple[bool, int, int]:
            collections = window.info(found[at].name).collections
            kind = min((_ORDER.get(each, _REST) for each in collections), default=_REST)
            return found[at].name not in window.origins, kind, -at if _BACKWARDS in collections else at

        first = found[min(range(len(found)), key=rank)]
        name = first.name if first.name in window.origins else next(iter(window.origins), first.name)
        origin = window.origins.get(name, "")
        module = window.info(name).module_type if window.has(name) else ""
        where = f" of {module}" if module and module.lower() not in name.lower() else ""
        made, remedy = explained(origin)
        what = "NaN" if first.has_nan else "infinity"
        message = f"{what} first appeared in {name}{where}{made}"
        return Finding(message, name, first.value, origin=origin, remedy=remedy)
