"""How the values of a tensor are spread over the steps: as recorded, or counted in the whole arrays that were kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labdeck.debugger.readings import TensorHistogram
from labdeck.debugger.tables import read_counts
from labdeck.errors import NotFound
from labdeck.findings.reductions import histogram_edges

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labdeck.store.tensors.reader import TensorReader
    from labdeck.wire.debugging import Mode

_BINS = 60
_LEAST_STEPS, _MOST_STEPS = 10, 100
"""Steps of which whole arrays are read: the most of small arrays, the least of arrays however large."""
_MOST_BYTES = 512 << 20
_MOST_VALUES = 65_536
"""Values of an array that are counted; of a larger one as many that are spread over all of it."""
_AT_ONCE = 1 << 20


def read_spread(reader: TensorReader, name: str, mode: Mode) -> TensorHistogram:
    """Return how the values of a tensor are spread over the steps; NotFound if nothing tells."""
    first, last, counts = read_counts(reader, name, mode)
    if len(first):
        return TensorHistogram(name, mode, first, histogram_edges(), counts, signed_log=True, last=last)
    found = _count(reader, name, mode)
    if found is None:
        raise NotFound(
            f"neither histograms nor whole arrays of {name!r} were kept",
            'record them with save={"collection": {"reductions": ["histogram"]}}',
        )
    return found


def _count(reader: TensorReader, name: str, mode: Mode) -> TensorHistogram | None:
    """Count the values of some of the arrays that were kept, which are read one by one."""
    steps = sorted({moment.step for moment in reader.array_moments(name, mode)})
    latest = reader.array(name, mode, steps[-1]) if steps else None
    if latest is None:
        return None
    most = min(_MOST_STEPS, max(_LEAST_STEPS, _MOST_BYTES // max(1, latest.nbytes)))
    chosen = [steps[at] for at in np.unique(np.linspace(0, len(steps) - 1, min(len(steps), most)).astype(np.intp))]
    kept = [_sample(array) for step in chosen if (array := reader.array(name, mode, step)) is not None]
    low = min((sample.min() for sample, _ in kept if sample.size), default=0.0)
    high = max((sample.max() for sample, _ in kept if sample.size), default=1.0)
    edges = np.linspace(low, high if high > low else low + 1.0, _BINS + 1)
    counts = np.array([np.histogram(sample, edges)[0] * weight for sample, weight in kept], np.float64)
    return TensorHistogram(name, mode, np.array(chosen, np.int64), edges, counts, signed_log=False, total=len(steps))


def _sample(array: NDArray[Any]) -> tuple[NDArray[np.float64], float]:
    """Return finite values of an array, the extreme ones among them, and how many each stands for."""
    flat = array.reshape(-1)
    if len(flat) <= _MOST_VALUES:
        return _finite(flat), 1.0
    stride = -(-len(flat) // _MOST_VALUES)
    some = [_finite(flat[::stride])]
    for start in range(0, len(flat), _AT_ONCE):
        part = _finite(flat[start : start + _AT_ONCE])
        some += [part[[part.argmin(), part.argmax()]]] if part.size else []
    return np.concatenate(some), float(stride)


def _finite(values: NDArray[Any]) -> NDArray[np.float64]:
    sizes = np.abs(values) if np.iscomplexobj(values) else values
    found: NDArray[np.float64] = sizes[np.isfinite(sizes)].astype(np.float64)
    return found
