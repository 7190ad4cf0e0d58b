"""Opens what a hook has written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labdeck.compat.smdebug.exceptions import (
    MissingCollectionFiles,
    SMDebugNotImplementedError,
    SMDebugValueError,
)
from labdeck.compat.smdebug.folder import FolderSource, is_folder_of_smdebug
from labdeck.compat.smdebug.recorded import RecordedSource
from labdeck.compat.smdebug.sheet import URI, Pointer, read_pointers
from labdeck.compat.smdebug.source import Source
from labdeck.compat.smdebug.trial import Trial
from labdeck.defaults import studio
from labdeck.errors import NotFound
from labdeck.runs.stored_trial import StoredTrial

_S3 = "s3://"

__all__ = ["LocalTrial", "S3Trial", "Trial", "create_trial"]


class LocalTrial(Trial):
    """A trial in a folder, or of a training that Labdeck recorded.

    Args:
        name: What it is called.
        dirname: What `create_trial` takes as `path`.
        **kwargs: See `Trial`.

    Raises:
        MissingCollectionFiles, SMDebugValueError: See `create_trial`.
    """

    def __init__(self, name: str, dirname: Any, **kwargs: Any) -> None:
        super().__init__(_source(dirname), name, **kwargs)


class S3Trial(Trial):
    """A trial in S3, which cannot be read from here: SMDebugNotImplementedError."""

    def __init__(self, name: str, bucket_name: str, prefix_name: str, **_: Any) -> None:
        raise SMDebugNotImplementedError(
            f"the trial {name} in s3://{bucket_name}/{prefix_name} cannot be read from here",
            "copy the folder, and give its path",
        )


def create_trial(
    path: Any,
    name: str | None = None,
    profiler: bool = False,
    output_dir: str = "",  # noqa: ARG001 - accepted and not used
    **kwargs: Any,
) -> Trial:
    """Return the trial in a folder: one that smdebug has written, or the `out_dir` of a hook of this package.

    Args:
        path: The folder. A trial of Labdeck itself may be given too: what `labdeck.watch` records is read alike.
        name: What the trial is called; default the name of the folder.
        profiler: Not supported: profiles are read by Labdeck's own profiler.
        output_dir: Accepted and not used.
        **kwargs: See `Trial`.

    Raises:
        MissingCollectionFiles: No hook has written there.
        SMDebugValueError: A hook has, but into another store than the one that is open.
        SMDebugNotImplementedError: It is in S3, or a profile.
    """
    if profiler:
        raise SMDebugNotImplementedError("profiles of smdebug cannot be read", "record one with labdeck.watch")
    if isinstance(path, StoredTrial):
        return LocalTrial(name or path.name, path, **kwargs)
    written = str(path).strip()
    if written.startswith(_S3):
        bucket, _, prefix = written.removeprefix(_S3).partition("/")
        return S3Trial(name or prefix, bucket, prefix)
    return LocalTrial(name or Path(written).expanduser().resolve().name, written, **kwargs)


def _source(path: Any) -> Source:
    if isinstance(path, StoredTrial):
        return _of_store([Pointer(path.id)], URI + path.id)
    written = str(path)
    if written.startswith(URI):
        return _of_store([Pointer(written.removeprefix(URI))], written)
    folder = Path(written).expanduser()
    pointers = read_pointers(folder)
    if pointers:
        return _of_store(pointers, str(folder))
    if is_folder_of_smdebug(folder):
        return FolderSource(folder)
    raise MissingCollectionFiles(folder)


def _of_store(pointers: list[Pointer], path: str) -> Source:
    try:
        return RecordedSource(studio().session, pointers, path)
    except NotFound:
        first = pointers[0]
        called = f" {first.experiment}/{first.trial}" if first.trial else ""
        raise SMDebugValueError(
            f"the store has no trial{called} of id {first.trial_id[:40]}",
            "open the store it was recorded into: set LABDECK_STORE",
        ) from None
