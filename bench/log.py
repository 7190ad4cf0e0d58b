"""How fast metrics are logged: a dict of 10 per step, and one key per call, beside other trackers and a bulk insert."""

from __future__ import annotations

from _measure import Figures, alternate, call, machine, table, verdict

POINTS = {
    ("labdeck", "dict"): 100_000,
    ("sqlite", "dict"): 100_000,
    ("trackio", "dict"): 100_000,
    ("wandb", "dict"): 20_000,
    ("mlflow", "dict"): 2_000,
    ("labdeck", "one"): 100_000,
    ("trackio", "one"): 20_000,
    ("tensorboard", "one"): 50_000,
    ("tensorboardX", "one"): 50_000,
    ("wandb", "one"): 5_000,
    ("mlflow", "one"): 500,
}
ROUNDS = {"mlflow": 3, "wandb": 3}


def measure(name: str) -> dict[str, float]:
    """Measure once; return points per second up to three moments."""
    tool, shape = name.split()
    points = POINTS[tool, shape]
    seconds = call(tool, "_log_once.py", tool, shape, points)
    return {moment: points / value for moment, value in seconds.items()}


def main() -> None:
    """Measure in turns, print the table and the ratios."""
    print("bench/log.py: 10 metrics, each run in a fresh process; points per second until the log calls have returned")
    print("(called), until what was logged survives SIGKILL (safe), until the run has ended (ended)")
    machine()
    rounds = {f"{tool} {shape}": ROUNDS.get(tool, 5) for tool, shape in POINTS}
    found = alternate(rounds, measure)
    rates = {
        name: {moment: Figures(tuple(one[moment] for one in runs)) for moment in runs[0]}
        for name, runs in found.items()
    }
    table(
        ["tool", "call", "points", "called", "safe: median (min … max, rounds)", "ended"],
        [
            [
                *name.split(),
                f"{POINTS[tuple(name.split())]:,}",  # type: ignore[index]
                f"{figures['called'].median:,.0f}",
                figures["safe"].show(lambda value: f"{value:,.0f}"),
                f"{figures['ended'].median:,.0f}",
            ]
            for name, figures in rates.items()
        ],
    )
    safe = {name: figures["safe"].median for name, figures in rates.items()}
    print()
    for peer, shape, goal in (
        ("trackio", "dict", 4),
        ("sqlite", "dict", 0.5),
        ("trackio", "one", 10),
        ("tensorboard", "one", 10),
        ("mlflow", "one", 1000),
    ):
        value = safe[f"labdeck {shape}"] / safe[f"{peer} {shape}"]
        verdict(f"log, {shape}, labdeck / {peer}", value, goal, at_least=True)


if __name__ == "__main__":
    main()
