"""Small real trainings of boosted trees that are watched."""

from __future__ import annotations

import numpy as np
import xgboost

import labdeck
from labdeck.debugger import XGBoostHook


def table(rows=600, columns=6, seed=0):
    """Return features of which two tell of a label of two classes, with noise."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, columns))
    return features, (features[:, 0] - features[:, 1] + rng.normal(size=rows) > 0).astype(int)


def train(features, labels, rounds=10, *, params=None, names=None, experiment=None, **hook):
    """Train on three quarters of the rows with a hook; return the trial and the booster."""
    experiment = experiment or labdeck.experiment("boosted")
    cut = 3 * len(features) // 4
    inside = xgboost.DMatrix(features[:cut], labels[:cut], feature_names=names)
    outside = xgboost.DMatrix(features[cut:], labels[cut:], feature_names=names)
    params = {"objective": "binary:logistic", "nthread": 2, **(params or {})}
    watching = XGBoostHook(train_data=inside, validation_data=outside, budget=None, **hook)
    with experiment.trial("trees") as trial:
        booster = xgboost.train(
            params,
            inside,
            rounds,
            evals=[(inside, "train"), (outside, "validation")],
            callbacks=[watching],
            verbose_eval=False,
        )
    return trial, booster


def findings(trial):
    """Return what rules found, oldest first."""
    return tuple(reversed(trial.experiment.session.catalog.findings(trial_id=trial.id).findings))


def tensors(trial):
    """Return a reader of what was recorded."""
    return trial.experiment.session.tensors.reader(trial.id)
