"""The reductions of a tensor, by name, each in its plainest form.

`min`, `max`, `mean`, `std`, `variance` (of the population), `sum`, `prod`, `l1`, `l2`; each with `abs_` before it, of
the absolute values; `median`, `quantiles` (5, 25, 50, 75, 95 %); `nan_count`, `inf_count`, `zero_count`; `histogram`.
All are computed in float64. Of a tensor without elements, sums and counts are 0, `prod` is 1, the others NaN.
NaN and infinities take part, so that they show, except in `median`, `quantiles` and `histogram`, which leave them out.
`value` is a scalar itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labdeck.errors import UsageError

Numbers = NDArray[np.float64]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
LOWEST, HIGHEST = -32, 15
"""Exponents of 2 of the smallest and largest magnitudes that the histogram tells apart."""
_SIDE = HIGHEST - LOWEST + 1


def _empty_is_nan(compute: Callable[[Numbers], Any]) -> Callable[[Numbers], Any]:
    return lambda x: compute(x) if x.size else np.nan


def _finite(x: Numbers) -> Numbers:
    return x[np.isfinite(x)]


def histogram(x: Numbers) -> Numbers:
    """Return how many finite values fall into each bin of magnitude; shape (97,).

    Bins 0–47 hold negative values, the largest magnitudes first; bin 48 zeros; bins 49–96 positive values, the smallest
    first. The bin of exponent e holds 2^e ≤ |x| < 2^(e+1) for e = -32 … 15; what is beyond falls into the last bin.
    """
    kept = _finite(x)
    _, exponents = np.frexp(np.abs(kept))
    places = np.clip(exponents - 1, LOWEST, HIGHEST) - LOWEST + 1
    bins = _SIDE + np.where(kept == 0, 0, np.sign(kept) * places).astype(np.intp)
    return np.bincount(bins, minlength=2 * _SIDE + 1).astype(np.float64)


def histogram_edges() -> Numbers:
    """Return the 98 edges between the bins of `histogram`; bin 48, of zeros, lies between -2^-32 and 2^-32."""
    powers = 2.0 ** np.arange(LOWEST, HIGHEST + 2)
    return np.concatenate([-powers[::-1], powers])


def _quantiles(x: Numbers) -> Numbers:
    kept = _finite(x)
    return np.quantile(kept, QUANTILES) if kept.size else np.full(len(QUANTILES), np.nan)


_PLAIN: dict[str, Callable[[Numbers], Any]] = {
    "min": _empty_is_nan(np.min),
    "max": _empty_is_nan(np.max),
    "mean": _empty_is_nan(np.mean),
    "std": _empty_is_nan(np.std),
    "variance": _empty_is_nan(np.var),
    "sum": np.sum,
    "prod": np.prod,
    "l1": lambda x: np.sum(np.abs(x)),
    "l2": lambda x: np.sqrt(np.sum(x * x)),
}
_OTHER: dict[str, Callable[[Numbers], Any]] = {
    "median": lambda x: np.median(_finite(x)) if _finite(x).size else np.nan,
    "quantiles": _quantiles,
    "nan_count": lambda x: np.sum(np.isnan(x)),
    "inf_count": lambda x: np.sum(np.isinf(x)),
    "zero_count": lambda x: np.sum(x == 0),
    "histogram": histogram,
    "value": lambda x: x.reshape(-1)[0] if x.size == 1 else np.nan,
}
REDUCTIONS = (*_PLAIN, *(f"abs_{name}" for name in _PLAIN), *(name for name in _OTHER if name != "value"))
"""Every reduction that can be asked for."""


def check_reductions(names: Any) -> tuple[str, ...]:
    """Return names of reductions, each once; UsageError for what is none. Text is split at commas.

    Example:
        >>> check_reductions(["mean", "l2"]), check_reductions("abs_mean, max")
        (('mean', 'l2'), ('abs_mean', 'max'))
    """
    given = names.split(",") if isinstance(names, str) else list(names)
    found = tuple(dict.fromkeys(str(name).strip() for name in given if str(name).strip()))
    for name in found:
        if name not in REDUCTIONS:
            raise UsageError(f"there is no reduction {name!r}", f"choose from {', '.join(REDUCTIONS)}")
    return found


def reduce(array: Any, name: str) -> Any:
    """Return one reduction of an array, float64; an array of float64 for `histogram` and `quantiles`.

    Complex values count with their magnitudes, booleans as 0 and 1.

    Raises:
        UsageError: There is no such reduction.

    Example:
        >>> reduce([3.0, -4.0], "l2"), reduce([3.0, -4.0], "abs_max"), reduce([], "mean")
        (5.0, 4.0, nan)
    """
    values = np.asarray(array)
    values = (np.abs(values) if np.iscomplexobj(values) else values).astype(np.float64)
    compute = _PLAIN.get(name) or _OTHER.get(name)
    if compute is None and name.startswith("abs_"):
        compute, values = _PLAIN.get(name[4:]), np.abs(values)
    if compute is None:
        raise UsageError(f"there is no reduction {name!r}", f"choose from {', '.join(REDUCTIONS)}")
    with np.errstate(all="ignore"):
        found = compute(values)
    return found if isinstance(found, np.ndarray) else float(found)
