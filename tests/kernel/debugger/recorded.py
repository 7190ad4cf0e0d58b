"""A trial whose tensors were recorded: three layers over twenty steps, a gradient that vanishes and becomes NaN."""

from __future__ import annotations

import numpy as np

from labdeck.store.ids import new_id
from labdeck.store.tensors.blocks import to_block
from labdeck.store.tensors.frames import Moment
from labdeck.store.tensors.layout import TensorInfo, make_layout
from labdeck.wire.commands import LogCapture, PutFinding
from labdeck.wire.debugging import FindingRecord
from labdeck.wire.records import Capture

STEPS = 20
LAYERS = ("conv1", "conv2", "fc")
REDUCTIONS = ("mean", "abs_mean", "l2", "nan_count", "histogram", "quantiles")


def gradient(layer: int, step: int):
    """What the gradient of a layer is: it shrinks from layer to layer, and the first is NaN in the last step."""
    array = np.random.default_rng(100 * layer + step).normal(size=(4, 3)).astype(np.float32)
    array *= 10.0 ** (layer - 6)
    if layer == 0 and step == STEPS - 1:
        array[1, 1] = np.nan
    return array


def infos():
    return [
        TensorInfo(f"gradient/{name}.weight", ("gradients",), name, kind, (4, 3), "float32", f"{name}.weight")
        for name, kind in zip(LAYERS, ("Conv2d", "Conv2d", "Linear"), strict=True)
    ] + [TensorInfo("loss", ("losses",))]


def record(session, trial_id):
    """Write it; return the finding."""
    from labdeck.findings.reductions import reduce

    tensors = infos()
    layout = make_layout([(info, REDUCTIONS) for info in tensors[:-1]] + [(tensors[-1], ("value",))])
    writer = session.tensors.writer(trial_id)
    flight = []
    recording, names = new_id(), [info.name for info in tensors[:-1]]
    for step in range(STEPS):
        arrays = {name: gradient(layer, step) for layer, name in enumerate(names)}
        numbers = [np.atleast_1d(reduce(arrays[name], key)) for name in names for key in REDUCTIONS]
        moment = Moment("TRAIN", step, step, 1000.0 + step)
        writer.row(layout, moment, np.concatenate([*numbers, [1.0 / (step + 1)]]))
        blocks = {name: to_block(array) for name, array in arrays.items()}
        if step % 5 == 0:
            writer.arrays(moment, blocks)
        flight.append((moment, blocks))
    writer.recording(recording, flight[-3:])
    writer.close()
    found = FindingRecord(
        id=new_id(),
        trial_id=trial_id,
        rule="ExplodingTensor",
        severity="error",
        mode="TRAIN",
        step=STEPS - 1,
        last_step=STEPS - 1,
        time=1019.0,
        last_time=1019.0,
        tensor=names[0],
        value="NaN",
        message="a value is <b>NaN</b>",
        recording=recording,
    )
    network = {
        "modules": [{"path": "", "type": "Net"}, *({"path": name, "type": "Linear"} for name in LAYERS)],
        "edges": [["conv1", "conv2"], ["conv2", "fc"]],
    }
    session.post(
        PutFinding(finding=found), LogCapture(trial_id=trial_id, capture=Capture(kind="network", body=network))
    )
    return found
