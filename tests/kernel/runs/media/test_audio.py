"""Sounds come back as they were given."""

import io
import wave

import numpy as np
import pytest

from labdeck.errors import UsageError
from labdeck.runs.media import content as module
from labdeck.runs.media.audio import to_audio


def decoded(content):
    with wave.open(io.BytesIO(content.data)) as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
        return file.getframerate(), frames


def test_int16_is_kept_as_it_is():
    samples = np.random.default_rng(0).integers(-32768, 32767, 1000, dtype=np.int16)
    rate, frames = decoded(to_audio(samples, 8000))
    assert rate == 8000
    assert np.array_equal(frames[:, 0], samples)


def test_floats_are_scaled_and_clipped():
    _, frames = decoded(to_audio([0.0] * 0 or np.array([0.0, 0.5, -1.0, 1.5]), 44100))
    assert frames[:, 0].tolist() == [0, 16384, -32767, 32767]


@pytest.mark.parametrize("shape", [(100, 2), (2, 100)])
def test_channels_stand_in_rows_or_columns(shape):
    samples = np.arange(200, dtype=np.int16).reshape(shape)
    _, frames = decoded(to_audio(samples, 8000))
    assert np.array_equal(frames, samples if shape[1] == 2 else samples.T)


@pytest.mark.slow
def test_tensors():
    import torch

    _, frames = decoded(to_audio(torch.tensor([[0.0, 1.0], [0.5, 0.0]] * 5).T.contiguous(), 8000))
    assert frames.shape == (10, 2)


def test_files(tmp_path):
    path = tmp_path / "sound.wav"
    path.write_bytes(to_audio(np.zeros(10), 8000).data)
    assert to_audio(path, None).data == path
    (tmp_path / "notes.txt").write_text("no sound")
    with pytest.raises(UsageError, match="is no sound"):
        to_audio(tmp_path / "notes.txt", None)


@pytest.mark.parametrize(
    ("samples", "rate", "said"),
    [
        (np.zeros(10), None, "the rate is None"),
        (np.zeros(10), True, "the rate is True"),
        (np.zeros(10), 0, "the rate is 0"),
        (np.zeros(10), "44100", "the rate is '44100'"),
        (np.zeros(10, np.int32), 8000, "made of int32"),
        (np.full(10, 30000.0), 8000, "reach 30000"),
        (np.full(10, np.nan), 8000, "reach nan"),
        (np.zeros((10, 10)), 8000, "no sound has the shape"),
        (np.zeros(0), 8000, "is empty"),
        ([0.0, 1.0], 8000, "given as list"),
    ],
)
def test_mistakes_are_one_line(samples, rate, said):
    with pytest.raises(UsageError, match=said):
        to_audio(samples, rate)


def test_a_sound_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    with pytest.raises(UsageError, match="the limit is 100"):
        to_audio(np.zeros(1000), 8000)
