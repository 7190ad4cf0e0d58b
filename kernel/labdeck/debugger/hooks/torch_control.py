"""What can be done to a training with PyTorch: keep its state, lower its learning rates, hand over what is alive."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from labdeck.debugger.checkpoints import keep_checkpoint
from labdeck.debugger.hooks.torch_library import torch
from labdeck.debugger.hooks.torch_names import GRADIENT, OPTIMIZER
from labdeck.debugger.steering import Controls

if TYPE_CHECKING:
    from labdeck.debugger.hooks.torch_feed import TorchFeed


def rates(optimizers: Iterable[Any]) -> dict[str, float]:
    """Return the learning rates, group by group: "lr", "lr/1" and so on; those kept on a device are left out."""
    found: dict[str, float] = {}
    groups = [group for optimizer in optimizers for group in optimizer.param_groups]
    for number, group in enumerate(groups):
        rate = group.get("lr")
        if rate is not None and not (torch().is_tensor(rate) and not rate.is_cpu):
            found["lr" if not number else f"lr/{number}"] = float(rate)
    return found


def controls_of(feed: TorchFeed) -> Controls:
    """Return what can be done to the training of a feed."""
    return Controls(
        checkpoint=lambda: _checkpoint(feed),
        lower_learning_rate=lambda factor: lower(feed.inventory.optimizers, factor),
        live=lambda: {"model": feed.root, **_named(feed.inventory.optimizers)},
        arrays=lambda names: whole(feed, names),
    )


def _named(optimizers: Iterable[Any]) -> dict[str, Any]:
    return {f"optimizer{number or ''}": optimizer for number, optimizer in enumerate(optimizers)}


def lower(optimizers: Iterable[Any], factor: float) -> str:
    """Multiply all learning rates by a factor; say in words what they are now."""
    now = []
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            rate = group.get("lr")
            if rate is None:
                continue
            if torch().is_tensor(rate):
                rate.mul_(factor)
            else:
                group["lr"] = rate * factor
            if "initial_lr" in group:  # from which schedulers go on
                group["initial_lr"] *= factor
            now.append(f"{float(group['lr']):.4g}")
    return f"learning rate is now {', '.join(now)}" if now else "no optimizer has a learning rate"


def _checkpoint(feed: TorchFeed) -> str:
    optimizer = next(iter(feed.inventory.optimizers), None)
    return keep_checkpoint(feed.hub.trial, feed.root, optimizer, step=max(feed.hub.steps["TRAIN"] - 1, 0))


def whole(feed: TorchFeed, names: Iterable[str]) -> dict[str, Any]:
    """Return tensors of the present by their names, in memory of the CPU, as far as there are any."""
    found: dict[str, Any] = {}
    for name in names:
        plain = name.removeprefix(GRADIENT)
        if plain in feed.inventory.parameters:
            value = feed.inventory.parameters[plain].value
            value = value.grad if name.startswith(GRADIENT) else value
        elif name.startswith(OPTIMIZER):
            owner, _, key = name.removeprefix(OPTIMIZER).rpartition("/")
            parameter = feed.inventory.parameters.get(owner)
            value = None if parameter is None else feed.inventory.state_of(parameter.value).get(key)
        else:
            value = None
        if value is not None:
            found[name] = value.detach().cpu()
    return found
