"""Flight recordings, as the player shows them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from labdeck.errors import LabdeckError, NotFound
from labdeck.findings.reductions import reduce
from labdeck.wire.numbers import to_number
from labdeck.wire.tensors import RecordedMoment, RecordedStep, RecordingSummary, TensorFacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from labdeck.store.tensors.files import TensorFiles
    from labdeck.store.tensors.reader import RecordingReader
    from labdeck.wire.debugging import FindingRecord, Mode

_SEVERITIES = ("info", "warning", "error")


def summaries(files: TensorFiles, trial_id: str, findings: Sequence[FindingRecord]) -> tuple[RecordingSummary, ...]:
    """Return the flight recordings of a trial, newest first; one that cannot be read is left out."""
    # Of several findings with one recording the worst counts, of these the first.
    ordered = sorted(findings, key=lambda found: (_SEVERITIES.index(found.severity), -found.time))
    because = {found.recording: found for found in ordered if found.recording}
    listed = []
    for recording_id in reversed(files.recordings(trial_id)):
        with suppress(LabdeckError, OSError):
            listed.append(_summary(files.recording(trial_id, recording_id), recording_id, because.get(recording_id)))
    return tuple(listed)


def _summary(reader: RecordingReader, recording_id: str, cause: FindingRecord | None) -> RecordingSummary:
    moments = reader.moments()
    names = dict.fromkeys(name for moment in moments for name in reader.array_names(moment.mode, moment.step))
    return RecordingSummary(
        id=recording_id,
        time=moments[-1].time if moments else 0.0,
        finding=cause.id if cause else "",
        rule=cause.rule if cause else "",
        severity=cause.severity if cause else None,
        steps=tuple(RecordedMoment(mode=moment.mode, step=moment.step) for moment in moments),
        tensors=tuple(names),
    )


def step_of(reader: RecordingReader, recording_id: str, mode: Mode, step: int) -> RecordedStep:
    """Return one step of a recording in figures; NotFound."""
    moments = reader.moments()
    at = next((place for place, moment in enumerate(moments) if (moment.mode, moment.step) == (mode, step)), None)
    if at is None:
        raise NotFound(f"the recording does not hold {mode} step {step}", "choose one of its steps")
    before = next((moment for moment in reversed(moments[:at]) if moment.mode == mode), None)
    tensors = []
    for name in reader.array_names(mode, step):
        array = reader.array(name, mode, step)
        if array is not None:
            earlier = None if before is None else reader.array(name, before.mode, before.step)
            tensors.append(_facts(name, array, earlier))
    return RecordedStep(recording=recording_id, mode=mode, step=step, time=moments[at].time, tensors=tuple(tensors))


def _facts(name: str, array: NDArray[Any], earlier: NDArray[Any] | None) -> TensorFacts:
    numbers: dict[str, Any] = {key: to_number(reduce(array, key)) for key in ("min", "max", "mean", "std", "l2")}
    counts: dict[str, Any] = {key: int(reduce(array, key)) for key in ("nan_count", "inf_count", "zero_count")}
    change = None
    if earlier is not None and earlier.shape == array.shape and array.size:
        with np.errstate(all="ignore"):
            size = reduce(earlier, "l2")
            moved = reduce(array.astype(np.complex128) - earlier.astype(np.complex128), "l2")
            change = to_number(float(np.divide(moved, size)))
    return TensorFacts(name=name, shape=array.shape, dtype=array.dtype.name, change=change, **numbers, **counts)
