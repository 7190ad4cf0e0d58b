"""What autolog costs: per fit of scikit-learn beside MLflow's, and per optimizer step of a small network."""

from __future__ import annotations

import statistics

from _measure import Figures, alternate, call, machine, table, verdict

ROUNDS = {
    "off tree": 3,
    "labdeck tree": 3,
    "mlflow tree": 2,
    "off logistic": 3,
    "labdeck logistic": 3,
    "mlflow logistic": 2,
    "off step": 4,
    "labdeck step": 4,
}
TITLES = {
    "tree": "fit of a decision tree",
    "logistic": "fit of a logistic regression",
    "step": "step of Adam, small MLP",
}


def measure(name: str) -> float:
    """Measure once: the median of the fits or steps of one process."""
    who, what = name.split()
    return statistics.median(call("mlflow" if who == "mlflow" else "labdeck", "_autolog_once.py", who, what))


def main() -> None:
    """Measure in turns, print the table and the ratios."""
    print("bench/autolog.py: milliseconds per fit on the digits (1,797 rows, 64 columns) and per optimizer step, each")
    print("run in a fresh process; both trackers record parameters and metrics of the training data, no models")
    machine()
    found = {name: Figures(tuple(values)) for name, values in alternate(ROUNDS, measure).items()}
    rows = []
    for name, figures in found.items():
        who, what = name.split()
        extra = (figures.median - found[f"off {what}"].median) * 1000
        shown = figures.show(lambda value: f"{value * 1000:.3f} ms")
        rows.append([TITLES[what], who, shown, "" if who == "off" else f"{extra:+.3f} ms"])
    table(["what", "observed by", "median (min … max, rounds)", "more than without"], rows)
    print()
    for what in ("tree", "logistic"):
        plain = found[f"off {what}"].median
        cost = {who: found[f"{who} {what}"].median - plain for who in ("labdeck", "mlflow")}
        verdict(f"autolog, {TITLES[what]}, cost of labdeck", cost["labdeck"] * 1000, 50, at_least=False, unit=" ms")
        verdict(
            f"autolog, {TITLES[what]}, cost of mlflow / labdeck", cost["mlflow"] / cost["labdeck"], 5, at_least=True
        )
    plain, observed = found["off step"].median, found["labdeck step"].median
    verdict("autolog, step, cost of labdeck", (observed - plain) * 1e6, 20, at_least=False, unit=" µs")
    verdict("autolog, step, observed / not", observed / plain, 1.05, at_least=False)


if __name__ == "__main__":
    main()
