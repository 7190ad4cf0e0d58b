"""What watching a training costs, beside TensorBoard and W&B; how soon a bad step is a finding; opening tensors."""

from __future__ import annotations

import os
import statistics

from _measure import Figures, call, machine, table, verdict

CASES = {
    "none": "nothing, twice",
    "losses": "losses each step",
    "reductions": "mean, max, l1, l2 of weights and gradients each step",
    "arrays": "weights and gradients whole each step",
    "everything-10": "everything whole every 10 steps",
    "default": "labdeck.watch(model, optimizer)",
    "default-unlimited": "the same without a budget",
    "tensorboard": "TensorBoard, histograms each step",
    "wandb": "W&B offline, watch(log=all) each step",
}
GOALS = {"losses": 1.01, "reductions": 1.05, "arrays": 1.05, "everything-10": 1.15}
SMDEBUG = {"none": "1.04", "losses": "1.22", "reductions": "1.77", "arrays": "1.16", "everything-10": "1.73"}
"""What smdebug 1.0.34 was measured at on the small network: it cannot be installed beside a NumPy of today."""
SIZES = {
    "small": ("20 k parameters", list(CASES)),
    "large": ("1.2 M parameters", ["none", "losses", "reductions", "arrays", "default"]),
}
TIMES = 2
"""Processes a case; each alternates ten blocks of twenty steps with a bare twin."""


def ratios(case: str, size: str) -> dict[str, Figures]:
    """Measure a case in some processes; return the ratios of all their blocks, and what a step costs."""
    found: dict[str, list[float]] = {"wall": [], "cpu": [], "bare": [], "cost": [], "disk": []}
    for _ in range(TIMES):
        once = call("labdeck", "_debugger_once.py", case, size)
        for kind in ("wall", "cpu"):
            found[kind] += [watched / bare for bare, watched in once[kind]]
        found["bare"] += [bare for bare, _ in once["wall"]]
        found["cost"].append(once["cost"] or 0.0)
        found["disk"].append(once["bytes"] / 1e6)
    return {name: Figures(tuple(values)) for name, values in found.items()}


def costs(size: str) -> None:
    """Measure every case with one network; print the table and the ratios."""
    title, cases = SIZES[size]
    found = {case: ratios(case, size) for case in cases}
    bare = statistics.median(one["bare"].median for one in found.values()) * 1000
    print(f"\n{title}; a bare step takes {bare:.1f} ms")
    rows = [
        [
            CASES[case],
            figures["wall"].show(lambda value: f"{value:.3f}"),
            figures["cpu"].show(lambda value: f"{value:.3f}"),
            f"{figures['cost'].median:.3f}" if figures["cost"].median else "",
            f"{figures['disk'].median:.1f}",
            SMDEBUG.get(case, "") if size == "small" else "",
        ]
        for case, figures in found.items()
    ]
    table(["what is recorded", "wall", "CPU", "own ms/step", "MB", "smdebug"], rows)
    print()
    for case, goal in GOALS.items():
        if case not in found:
            continue
        claim = f"debugger, {title}, {CASES[case]}, watched / not"
        verdict(f"{claim}, CPU", found[case]["cpu"].median, goal, at_least=False)
        own = 1 + found[case]["cost"].median / (found[case]["bare"].median * 1000)
        verdict(f"{claim}, by its own clock", own, goal, at_least=False)


def main() -> None:
    """Measure everything, print tables and ratios."""
    os.environ["OMP_WAIT_POLICY"] = "passive"
    print("bench/debugger.py: a bare and a watched twin alternate in blocks of 20 steps, batches of 64 pictures of")
    print("28 × 28, one thread; ratios of the blocks' times, median (min … max, blocks)")
    machine()
    for size in SIZES:
        costs(size)
    print()
    late = [call("labdeck", "_debugger_once.py", "latency") for _ in range(5)]
    if not all(one["same"] for one in late):
        print("a finding was not made at the step that was bad, or at others, too")
    extra = Figures(tuple((one["step"] - one["usual"]) * 1000 for one in late))
    seen = Figures(tuple(one["seen"] * 1000 for one in late))
    print(f"a step that turns NaN takes {extra.show(lambda value: f'{value:.1f} ms')} more; its findings are safe then")
    print(f"and read from the database after {seen.show(lambda value: f'{value:.1f} ms')}")
    verdict("debugger, bad step until its finding is stored", extra.median, 50, at_least=False, unit=" ms")
    opened = [call("labdeck", "_debugger_once.py", "open") for _ in range(3)]
    first = statistics.median(one["first"] for one in opened) * 1000
    verdict("debugger, 200 steps opened and one tensor's history read", first, 10, at_least=False, unit=" ms")


if __name__ == "__main__":
    main()
