"""What is kept of a picture, a sound, a table: a file, and what kind of thing it is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labdeck.errors import NotFound, UsageError

if TYPE_CHECKING:
    from labdeck.wire.records import ArtifactKind

MAX_BYTES = 256 << 20
"""Most bytes of one picture, sound, table, figure or text."""


@dataclass(frozen=True)
class Content:
    """Something to be kept.

    Attributes:
        kind: What it is shown as.
        media_type: As in HTTP.
        data: Its bytes, or the file that holds them.
    """

    kind: ArtifactKind
    media_type: str
    data: bytes | Path

    def __post_init__(self) -> None:
        size = len(self.data) if isinstance(self.data, bytes) else self.data.stat().st_size
        check_size(size, f"the {self.kind}")


def check_size(size: int, what: str) -> None:
    """Raise UsageError if something is larger than may be kept."""
    if size > MAX_BYTES:
        raise UsageError(
            f"{what} is {size:,} bytes long, the limit is {MAX_BYTES:,}", "keep less of it, or use log_artifact"
        )


def is_path(given: object) -> bool:
    """Say whether something names a file."""
    return isinstance(given, str | os.PathLike)


def existing_file(given: Any, what: str) -> Path:
    """Return the path of a file that is there; NotFound, UsageError."""
    path = Path(given).expanduser()
    if path.is_dir():
        raise UsageError(f"{path.name!r} is a folder", f"give the file of {what}")
    if not path.is_file():
        raise NotFound(f"there is no file {str(path)!r}", "give the path of a file that exists")
    return path


def to_array(given: Any, what: str) -> Any:
    """Return a numpy array of what is one, or a tensor of torch, TensorFlow or JAX; UsageError for anything else."""
    import numpy as np

    if hasattr(given, "detach"):  # torch: gradients, devices and half precision are in the way of numpy
        given = given.detach()
        given = (given.float() if "bfloat16" in str(given.dtype) else given).cpu()
    if not isinstance(given, np.ndarray) and not hasattr(given, "__array__"):
        raise UsageError(f"{what} is given as {type(given).__name__}", "give a numpy array or a tensor")
    try:
        array = np.asarray(given)
    except Exception as error:  # noqa: BLE001 - whatever a foreign __array__ raises
        raise UsageError(f"{what} cannot be read as an array: {error}", "give a numpy array") from None
    if array.size == 0:
        raise UsageError(f"{what} is empty: its shape is {array.shape}", "give one with something in it")
    return array
