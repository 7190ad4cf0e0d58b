"""Sound, as WAV of 16 bits unless it is a file already."""

from __future__ import annotations

import io
import mimetypes
import wave
from typing import Any

from labdeck.errors import UsageError
from labdeck.runs.media.content import Content, check_size, existing_file, is_path, to_array

MOST_CHANNELS = 8
_RATES = (100, 768_000)
_LOUDEST = 32_767
_MISTAKEN = 2.0
"""Floats beyond this are taken for a mistake, not for something too loud."""


def to_audio(samples: Any, rate: object) -> Content:
    """Return a sound to be kept.

    Args:
        samples: A file, or an array (n,) or (n, channels) of int16, or of floats from -1 to 1; somewhat louder ones are
            clipped. With at most 8 rows and more columns, rows are channels.
        rate: Samples per second; only for an array.

    Raises:
        NotFound: There is no such file.
        UsageError: It is none of these, the rate is none, or it is too long.
    """
    if is_path(samples):
        path = existing_file(samples, "the sound")
        media_type = mimetypes.guess_type(path.name)[0] or ""
        if not media_type.startswith("audio/"):
            raise UsageError(f"{path.name!r} is no sound", "give a WAV, MP3, OGG or FLAC file")
        return Content("audio", media_type, path)
    per_second = _check_rate(rate)
    array = _to_int16(_to_frames(to_array(samples, "the sound")))
    check_size(array.nbytes, "the sound")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(array.shape[1])
        file.setsampwidth(2)
        file.setframerate(per_second)
        file.writeframes(array.astype("<i2").tobytes())
    return Content("audio", "audio/wav", buffer.getvalue())


def _check_rate(rate: object) -> int:
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not _RATES[0] <= rate <= _RATES[1]:
        raise UsageError(f"the rate is {rate!r}", "give samples per second, 44100 for example")
    return round(rate)


def _to_frames(array: Any) -> Any:
    if array.ndim == 1:
        return array[:, None]
    if array.ndim == 2 and array.shape[1] > MOST_CHANNELS >= array.shape[0]:  # noqa: PLR2004
        return array.T
    if array.ndim != 2 or array.shape[1] > MOST_CHANNELS:  # noqa: PLR2004
        raise UsageError(f"no sound has the shape {'×'.join(map(str, array.shape))}", "give (n,) or (n, channels)")
    return array


def _to_int16(array: Any) -> Any:
    import numpy as np

    if array.dtype == np.int16:
        return array
    if array.dtype.kind != "f":
        raise UsageError(f"no sound is made of {array.dtype}", "give int16, or floats from -1 to 1")
    loudest = float(np.abs(array).max())
    if not loudest <= _MISTAKEN:
        raise UsageError(f"the sound's values reach {loudest:.6g}", "scale it to -1–1, or give int16")
    return np.rint(np.clip(array, -1, 1) * _LOUDEST).astype(np.int16)
