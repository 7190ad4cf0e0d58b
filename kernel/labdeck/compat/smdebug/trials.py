"""Opens what a hook has written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labdeck.compat.smdebug.exceptions import MissingCollectionFiles, SMDebugNotImplementedError
from labdeck.compat.smdebug.folder import FolderSource, is_folder_of_smdebug
from labdeck.compat.smdebug.source import Source
from labdeck.compat.smdebug.trial import LocalTrial, Trial

__all__ = ["LocalTrial", "Trial", "create_trial"]


def create_trial(
    path: str | Path,
    name: str | None = None,
    profiler: bool = False,
    output_dir: str = "",  # noqa: ARG001 - accepted and not used
    **kwargs: Any,
) -> Trial:
    """Return the trial in a folder: one that smdebug has written, or the `out_dir` of a hook of this package.

    Args:
        path: The folder.
        name: What the trial is called; default the name of the folder.
        profiler: Not supported: profiles are read by Labdeck's own profiler.
        output_dir: Accepted and not used.
        **kwargs: See `Trial`.

    Raises:
        MissingCollectionFiles: No hook has written there.
        SMDebugNotImplementedError: It is in S3, or a profile.
    """
    written = str(path).strip()
    if written.startswith("s3://"):
        raise SMDebugNotImplementedError("trials in S3 cannot be read from here", "copy the folder, and give its path")
    if profiler:
        raise SMDebugNotImplementedError("profiles of smdebug cannot be read", "record one with labdeck.watch")
    folder = Path(written).expanduser()
    return LocalTrial(_source(folder), name or folder.resolve().name, **kwargs)


def _source(folder: Path) -> Source:
    if is_folder_of_smdebug(folder):
        return FolderSource(folder)
    raise MissingCollectionFiles(folder)
