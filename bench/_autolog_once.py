"""One measurement of training under observation, in a process of its own: `_autolog_once.py WHO WHAT` prints JSON.

WHO is "off", "labdeck" or "mlflow"; WHAT is "tree", "logistic" or "step". Seconds are of each fit, or of each step.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

FITS = 6
STEPS, ROUND = 1_500, 150
PAUSE = 2.0
"""Seconds for everybody to finish what is started in the background with the first fit or step."""


def switch_on(who: str, what: str) -> None:
    """Let somebody observe what is trained."""
    if who == "labdeck":
        import labdeck

        labdeck.autolog("torch" if what == "step" else "sklearn", experiment="bench")
    elif who == "mlflow":
        import mlflow

        mlflow.set_experiment("bench")
        mlflow.sklearn.autolog(log_models=False, log_datasets=False, silent=True)


def fits(what: str) -> list[float]:
    """Fit on the digits again and again; the first fit, which starts everything, is left out."""
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression
    from sklearn.tree import DecisionTreeClassifier

    x, y = load_digits(return_X_y=True)
    x = x / 16

    def fit() -> None:
        model = DecisionTreeClassifier(max_depth=8) if what == "tree" else LogisticRegression(max_iter=100)
        model.fit(x, y)

    fit()
    time.sleep(PAUSE)
    return [_seconds(fit) for _ in range(FITS)]


def steps() -> list[float]:
    """Take steps with a small network on the digits; the first ones, which start everything, are left out."""
    import torch
    from sklearn.datasets import load_digits

    torch.set_num_threads(1)
    x, y = load_digits(return_X_y=True)
    data, wanted = torch.tensor(x[:128] / 16, dtype=torch.float32), torch.tensor(y[:128])
    model = torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
    optimizer = torch.optim.Adam(model.parameters())

    def some() -> None:
        for _ in range(ROUND):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(data), wanted).backward()
            optimizer.step()

    some()
    time.sleep(PAUSE)
    return [_seconds(some) / ROUND for _ in range(STEPS // ROUND)]


def _seconds(action: Callable[[], None]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main() -> None:
    """Train and say how long each fit or step took."""
    who, what = sys.argv[1:]
    switch_on(who, what)
    print(json.dumps(steps() if what == "step" else fits(what)))


if __name__ == "__main__":
    main()
