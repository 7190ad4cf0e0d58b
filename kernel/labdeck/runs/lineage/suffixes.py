"""Which files are data or models, by the ends of their names, and which places hold neither."""

from __future__ import annotations

import os
import re
import sys
from functools import lru_cache
from pathlib import Path

MODELS = frozenset("pt pth ckpt safetensors joblib pkl pickle onnx ubj bst model keras cbm gguf skops".split())  # noqa: SIM905
PICTURES = frozenset("png jpg jpeg bmp gif tif tiff webp svg".split())  # noqa: SIM905
_TABLES = "csv tsv parquet feather arrow json jsonl ndjson xlsx xls npy npz h5 hdf5 mat data libsvm svm"
_PACKED = "gz bz2 xz zst zip tar tgz"
_SOUND = "wav mp3 flac ogg"
DATA = PICTURES | frozenset(f"{_TABLES} {_PACKED} {_SOUND}".split())
NOTICED = MODELS | DATA
"""Endings of names, in lower case, of files that are noticed when a trial opens them."""

_NOT_DATA = frozenset({"node_modules", "__pycache__", "wandb", "mlruns", "lightning_logs", "joblib_memmapping_folder"})
_LIBRARIES = frozenset({"site-packages", "dist-packages"})
_BUNDLED = frozenset({"datasets", "sample_data", "toy_data"})
"""Folders of installed libraries that hold data, as scikit-learn's does."""
_HIDDEN_DATA = re.compile(r"/\.(cache/(torch|huggingface|kagglehub)|keras)/")
_SYSTEM = ("/proc/", "/sys/", "/dev/")


def ending(path: str) -> str:
    """Return the last ending of a name in lower case, without its dot.

    Example:
        >>> ending("/data/Digits.CSV"), ending("/data/README")
        ('csv', '')
    """
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name[1:] else ""


def type_of(path: str, *, writing: bool) -> str:
    """Return what a file is by its name: a Model, a Figure that was drawn, or a DataSet."""
    kind = ending(path)
    if kind in MODELS:
        return "Model"
    return "Figure" if writing and kind in PICTURES else "DataSet"


@lru_cache(maxsize=4096)
def is_foreign(folder: str) -> bool:
    """Say whether what lies in a folder belongs to the system, to Python, to a library or to some cache."""
    place = folder + "/"
    if place.startswith(_SYSTEM):
        return True
    parts = frozenset(place.split("/"))
    if parts & _LIBRARIES:
        return not parts & _BUNDLED
    if _HIDDEN_DATA.search(place):
        return False
    if parts & _NOT_DATA or any(part.startswith((".", "torchinductor_", "joblib_memmapping_folder")) for part in parts):
        return True
    return place.startswith(_python_folders())


@lru_cache(maxsize=1)
def _python_folders() -> tuple[str, ...]:
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, str(Path(os.__file__).parent)}
    return tuple(f"{prefix}/{sub}" for prefix in prefixes for sub in ("lib", "share", "etc", "bin", "include"))
