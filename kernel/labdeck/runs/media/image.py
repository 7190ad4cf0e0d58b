"""Pictures, as PNG unless they are files already."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any

from labdeck.errors import UsageError
from labdeck.runs.media.content import Content, existing_file, is_path, to_array

if TYPE_CHECKING:
    from pathlib import Path

MAX_PIXELS = 64 << 20
"""Most pixels of a picture."""
_KINDS = {1: 0, 3: 2, 4: 6}
"""PNG's colour types by the number of channels: grey, RGB, RGBA."""
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
)


def to_image(image: Any) -> Content:
    """Return a picture to be kept.

    Args:
        image: A file (PNG, JPEG, GIF, WebP, BMP, SVG), a picture of PIL, a figure of matplotlib, or an array: HxW,
            HxWx1, HxWx3 or HxWx4 of uint8, of whole numbers from 0 to 255, of bool, or of floats from 0 to 1. A tensor
            of torch may have its channels first.

    Raises:
        NotFound: There is no such file.
        UsageError: It is none of these, or too large.
    """
    if is_path(image):
        return _from_file(existing_file(image, "the image"))
    if hasattr(image, "save") and hasattr(image, "mode") and hasattr(image, "size"):
        return Content("image", "image/png", _from_pil(image))
    if hasattr(image, "savefig"):
        return Content("image", "image/png", draw(image, "png"))
    array = to_array(image, "the image")
    return Content("image", "image/png", encode_png(_to_pixels(array, is_tensor=hasattr(image, "detach"))))


def draw(figure: Any, form: str) -> bytes:
    """Return a figure of matplotlib as PNG or SVG; UsageError if it cannot be drawn."""
    buffer = io.BytesIO()
    try:
        figure.savefig(buffer, format=form)
    except Exception as error:  # noqa: BLE001 - whatever drawing raises
        raise UsageError(f"the figure cannot be drawn: {error}", "look at it first") from None
    return buffer.getvalue()


def encode_png(pixels: Any) -> bytes:
    """Return an array of uint8, HxWxC with 1, 3 or 4 channels, as PNG (ISO/IEC 15948)."""
    import numpy as np

    height, width, channels = pixels.shape
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, _KINDS[channels], 0, 0, 0)
    body = zlib.compress(rows.tobytes(), 6)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _from_file(path: Path) -> Content:
    with path.open("rb") as file:
        head = file.read(1024)
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return Content("image", media_type, path)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Content("image", "image/webp", path)
    if path.suffix.lower() == ".svg" and b"<" in head:
        return Content("image", "image/svg+xml", path)
    raise UsageError(f"{path.name!r} is no picture", "give a PNG, JPEG, GIF, WebP, BMP or SVG file")


def _from_pil(image: Any) -> bytes:
    width, height = image.size
    _check_pixels(width, height)
    buffer = io.BytesIO()
    try:
        fits = image.mode in {"1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16"}
        (image if fits else image.convert("RGB")).save(buffer, format="PNG")
    except Exception as error:  # noqa: BLE001 - whatever the library raises
        raise UsageError(f"the image cannot be written: {error}", "convert it to RGB first") from None
    return buffer.getvalue()


def _to_pixels(array: Any, *, is_tensor: bool) -> Any:
    """Return uint8 HxWxC of an array in any of the accepted forms."""
    import numpy as np

    shape = array.shape
    if array.ndim == 3 and is_tensor and shape[0] in _KINDS:  # noqa: PLR2004
        array = np.moveaxis(array, 0, 2)
    if array.ndim == 2:  # noqa: PLR2004
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in _KINDS:  # noqa: PLR2004
        remedy = "give HxW, HxWx1, HxWx3 or HxWx4; move channels that stand first to the end"
        raise UsageError(f"no image has the shape {'×'.join(map(str, shape))}", remedy)
    _check_pixels(array.shape[1], array.shape[0])
    return _to_bytes(array)


def _to_bytes(array: Any) -> Any:
    import numpy as np

    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind not in "iuf":
        raise UsageError(f"no image is made of {array.dtype}", "give uint8, or floats from 0 to 1")
    low, high = float(array.min()), float(array.max())
    most = 1.0 if array.dtype.kind == "f" else 255.0
    slack = 1e-3 if array.dtype.kind == "f" else 0.0
    if not (low >= -slack and high <= most + slack):  # NaN is caught here, too
        remedy = "scale it, to 0–1 for floats or 0–255 for whole numbers" if low == low else "replace NaN"  # noqa: PLR0124
        raise UsageError(f"the image's values run from {low:.6g} to {high:.6g}, not from 0 to {most:.0f}", remedy)
    scaled = array.astype(np.float32) * (255.0 / most)
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise UsageError(
            f"the image has {width:,} × {height:,} pixels, the limit is {MAX_PIXELS:,} in all", "make it smaller"
        )
