"""Small tools that scripts import from smdebug's core."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from labdeck.compat.smdebug.exceptions import MissingCollectionFiles, SMDebugValueError
from labdeck.compat.smdebug.json_config import split
from labdeck.compat.smdebug.patterns import matches
from labdeck.compat.smdebug.trials import create_trial

_S3 = "s3://"

__all__ = [
    "FRAMEWORK",
    "check_dir_exists",
    "flatten",
    "has_training_ended",
    "is_s3",
    "match_inc",
    "merge_two_dicts",
    "split",
    "training_has_ended",
]


class FRAMEWORK(Enum):
    """The frameworks that smdebug knows; there are hooks for PyTorch and XGBoost."""

    PYTORCH = "pytorch"
    TENSORFLOW = "tensorflow"
    MXNET = "mxnet"
    XGBOOST = "xgboost"


def has_training_ended(trial_prefix: Any) -> bool:
    """Tell whether the training that writes to a folder has ended; False as long as there is nothing to read.

    Args:
        trial_prefix: What `create_trial` takes as `path`.
    """
    try:
        return bool(create_trial(trial_prefix).source.has_ended())
    except (MissingCollectionFiles, SMDebugValueError):
        return False


training_has_ended = has_training_ended


def check_dir_exists(path: Any) -> None:
    """Refuse a folder that there is already; SMDebugValueError. Folders in S3 are not looked at."""
    if not is_s3(str(path))[0] and Path(path).exists():
        raise SMDebugValueError(f"the folder {path} is there already", "choose another, or remove it")


def is_s3(path: str) -> tuple[bool, str | None, str | None]:
    """Return whether a path is in S3, and then the bucket and what follows it.

    Example:
        >>> is_s3("s3://bucket/some/job"), is_s3("job")
        ((True, 'bucket', 'some/job'), (False, None, None))
    """
    if not path.startswith(_S3):
        return False, None, None
    bucket, _, rest = path[len(_S3) :].partition("/")
    return True, bucket, rest


def match_inc(tname: str, include: Iterable[str]) -> bool:
    """Tell whether one of some regular expressions occurs in a name.

    Example:
        >>> match_inc("conv1.weight", ["bias$", "^conv"])
        True
    """
    return matches(tname, include)


def flatten(lis: Iterable[Any]) -> Iterator[Any]:
    """Yield what nested lists and tuples hold.

    Example:
        >>> list(flatten([1, [2, (3, "four")]]))
        [1, 2, 3, 'four']
    """
    for one in lis:
        if isinstance(one, Iterable) and not isinstance(one, (str, bytes)):
            yield from flatten(one)
        else:
            yield one


def merge_two_dicts(x: Mapping[Any, Any], y: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return both in one; of a key in both the second value counts."""
    return {**x, **y}
