"""Records the candidates of a search over parameters as trials within its trial."""

from __future__ import annotations

import time
from typing import Any

from labdeck.runs.autolog.describe import short
from labdeck.runs.autolog.options import MOST_CHILDREN, MOST_PARAMS
from labdeck.runs.autolog.place import Place, floats
from labdeck.runs.recorder import Recorder
from labdeck.store.ids import new_id
from labdeck.store.process import this_process
from labdeck.wire.commands import SetTags, StartTrial

_SINGLE = ("mean_", "std_", "rank_")


def is_search(estimator: Any) -> bool:
    """Say whether this has tried candidates and remembers how they did."""
    results = getattr(estimator, "cv_results_", None)
    return isinstance(results, dict) and "params" in results


def record(place: Place, estimator: Any) -> None:
    """Record the best candidate with the search, and each candidate as a trial within its trial."""
    results = estimator.cv_results_
    candidates = len(results["params"])
    best = getattr(estimator, "best_params_", None) or {}
    place.params({"candidates": candidates, **{f"best__{name}": value for name, value in best.items()}})
    at = getattr(estimator, "best_index_", None)
    if at is not None:
        place.log(_of(results, int(at)), step=0)
    name = type(getattr(estimator, "estimator", estimator)).__name__
    for number in _chosen(results, candidates):
        _record_candidate(place, f"{name} {number + 1}", results, number, is_best=number == at)


def _chosen(results: dict[str, Any], candidates: int) -> list[int]:
    """Return which candidates become trials, in the order in which they were tried."""
    if candidates <= MOST_CHILDREN:
        return list(range(candidates))
    ranks = next((results[key] for key in results if key.startswith("rank_")), range(candidates))
    return sorted(sorted(range(candidates), key=lambda number: ranks[number])[:MOST_CHILDREN])


def _of(results: dict[str, Any], number: int) -> dict[str, float]:
    """Return what is known of a candidate over all folds: means, deviations and ranks."""
    return floats({f"cv:{key}": results[key][number] for key in results if key.startswith(_SINGLE)})


def _folds(results: dict[str, Any], number: int) -> list[dict[str, float]]:
    """Return the scores of a candidate by fold."""
    folds: dict[int, dict[str, float]] = {}
    for key, values in results.items():
        head, _, rest = key.partition("_")
        if head.startswith("split") and head[5:].isdigit():
            folds.setdefault(int(head[5:]), {})[f"cv:{rest}"] = float(values[number])
    return [folds[fold] for fold in sorted(folds)]


def _record_candidate(place: Place, name: str, results: dict[str, Any], number: int, *, is_best: bool) -> None:
    trial, trial_id = place.trial, new_id()
    session = trial.experiment.session
    session.post(
        StartTrial(
            id=trial_id,
            experiment=trial.experiment.name,
            experiment_id=trial.experiment.known_id or trial.experiment.proposed_id,
            new_experiment_id=trial.experiment.proposed_id,
            name=name,
            parent_id=trial.id,
            started=time.time(),
            writer=this_process(),
        ),
        SetTags(ids=(trial_id,), set={"autolog": "sklearn", **({"best": "true"} if is_best else {})}),
    )
    recorder = Recorder(session, trial_id)
    params = list(results["params"][number].items())[:MOST_PARAMS]
    recorder.log_params("", {key: short(value) for key, value in params}, {})
    for fold, scores in enumerate(_folds(results, number)):
        recorder.log("", scores, fold)
    recorder.log("", _of(results, number), 0)
    recorder.finish("completed")
