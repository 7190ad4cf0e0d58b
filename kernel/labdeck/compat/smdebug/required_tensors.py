"""What a rule says it needs before it looks at a step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from labdeck.compat.smdebug.exceptions import TensorUnavailable

if TYPE_CHECKING:
    from labdeck.compat.smdebug.tensor import Tensor
    from labdeck.compat.smdebug.trial import Trial


class RequiredTensors:
    """Tensors and their steps, for each of a rule's trials.

    Args:
        base_trial: The trial that is meant unless another is named.
        other_trials: The others.
    """

    def __init__(self, base_trial: Trial, other_trials: Iterable[Trial] | None = None) -> None:
        self.base_trial = base_trial
        self._steps: dict[Trial, dict[str, list[int]]] = {trial: {} for trial in [base_trial, *(other_trials or ())]}

    def add(
        self, name: str, steps: Iterable[int], trial: Trial | None = None, should_match_regex: bool = False
    ) -> None:
        """Say that a tensor is needed at global steps.

        Args:
            name: The tensor, or an expression that occurs in the names of some.
            steps: The steps.
            trial: Default the base trial.
            should_match_regex: `name` is an expression.

        Raises:
            TensorUnavailable: There is no such tensor.
        """
        chosen = trial or self.base_trial
        names = chosen.tensor_names(regex=name) if should_match_regex else [name]
        wanted = list(steps)
        for one in names:
            if not chosen.has_tensor(one):
                raise TensorUnavailable(one)
            self._steps[chosen].setdefault(one, []).extend(wanted)

    def get_names(self, trial: Trial | None = None) -> list[str]:
        """Return the names of what is needed."""
        return list(self._steps[trial or self.base_trial])

    def get_tensor_steps(self, name: str, trial: Trial | None = None) -> list[int]:
        """Return the steps at which a tensor is needed; none for one that is not."""
        return list(self._steps[trial or self.base_trial].get(name, ()))

    def get(self, trial: Trial | None = None) -> list[Tensor]:
        """Return the tensors that are needed."""
        chosen = trial or self.base_trial
        return [chosen.tensor(name) for name in self._steps[chosen]]

    def clear(self) -> None:
        """Forget everything."""
        for steps in self._steps.values():
            steps.clear()

    def fetch(self) -> None:
        """Wait for all steps.

        Raises:
            StepUnavailable, NoMoreData: One was not saved.
            TensorUnavailableForStep: Nothing was saved of a tensor at one of its steps.
        """
        for trial, tensors in self._steps.items():
            trial.wait_for_steps(sorted({step for steps in tensors.values() for step in steps}))
            for name, steps in tensors.items():
                for step in steps:
                    trial.tensor(name).workers(step)
