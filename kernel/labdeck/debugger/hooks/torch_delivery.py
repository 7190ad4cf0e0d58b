"""Hands the steps of one PyTorch model to the hub, at once or when everything has come from its device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any

from labdeck.debugger.hooks.torch_control import rates
from labdeck.debugger.hooks.torch_losses import DIFFERENTIATED
from labdeck.wire.commands import LogCapture
from labdeck.wire.records import Capture

if TYPE_CHECKING:
    from labdeck.debugger.curves import LiveCurves
    from labdeck.debugger.hooks.torch_inventory import Inventory
    from labdeck.debugger.hooks.torch_program import Measured, Program
    from labdeck.debugger.hub import Hub
    from labdeck.wire.debugging import Mode


class Delivery:
    """Hands over what was measured.

    Args:
        hub: Gets everything.
        inventory: Knows the optimizers.

    Attributes:
        curves: Logs the loss of each step; None where nobody has to.
    """

    def __init__(self, hub: Hub, inventory: Inventory) -> None:
        self._hub = hub
        self._inventory = inventory
        self._late: Callable[[], None] | None = None
        self._has_told = False
        self.curves: LiveCurves | None = None

    def hand_over(self, mode: Mode, measured: Measured, program: Program, origins: Mapping[str, str]) -> None:
        """End a step; what is still on its way from a device is waited for at the beginning of the next one."""

        def deliver() -> None:
            begun = perf_counter()
            program.complete(measured)
            for name, value in measured.losses.items():
                if name not in program.scalars and "loss" in program.scalars:
                    self._hub.scalar(name, value, "metrics" if name == DIFFERENTIATED else "losses")
            self._tell(mode, measured)
            cost = measured.cost + perf_counter() - begun
            self._hub.take(mode, program.plan, measured.row, measured.arrays, origins=origins, cost=cost)

        if measured.is_on_its_way:
            self._late = deliver
        else:
            deliver()

    def _tell(self, mode: Mode, measured: Measured) -> None:
        if measured.left_out and not self._has_told:
            self._has_told = True
            self._hub.say(f"{measured.left_out[0]} is sparse and too large to be kept as a whole array")
        if self.curves is not None:
            lr = rates(self._inventory.optimizers) if mode == "TRAIN" else {}
            self.curves.log(mode, self._hub.steps[mode], measured.losses, lr)

    def put_rates(self, measured: Measured, program: Program) -> None:
        """Put learning rates where they belong."""
        for name, value in rates(self._inventory.optimizers).items():
            place = program.scalars.get(name)
            if place is not None:
                measured.row[place] = value

    def keep_network(self, body: dict[str, Any]) -> None:
        """Keep how the parts of the model are connected."""
        self._hub.session.post(LogCapture(trial_id=self._hub.trial.id, capture=Capture(kind="network", body=body)))

    def deliver(self) -> None:
        """Hand over the step before, if it was waited for."""
        late, self._late = self._late, None
        if late is not None:
            late()

    def close(self) -> None:
        """Hand over what is left."""
        self.deliver()
        if self.curves is not None:
            self.curves.flush()
