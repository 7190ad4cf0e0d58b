"""Takes files into the store as artifacts."""

from __future__ import annotations

import mimetypes
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from labdeck.errors import NotFound, UsageError
from labdeck.runs.values import to_text
from labdeck.store.columns.values import bad_step, to_step
from labdeck.store.ids import new_id
from labdeck.store.names import check_name
from labdeck.wire.records import ArtifactRecord

if TYPE_CHECKING:
    from labdeck.runs.media.content import Content
    from labdeck.store.session import Session
    from labdeck.wire.records import TrialDetail


def keep_artifact(
    session: Session, path: str | os.PathLike[str], *, name: str | None, media_type: str | None, component: str
) -> ArtifactRecord:
    """Copy a file into the store and return its record, which is not in the catalog yet.

    Raises:
        NotFound: There is no such file.
        UsageError: It is a folder or no path, or the media type no text.
        StoreFull: The disk is full.
    """
    try:
        source = Path(path).expanduser()
    except TypeError:
        raise UsageError(f"the file is given as {type(path).__name__}, not as a path", "give a str or a Path") from None
    except RuntimeError:  # "~nobody/x": there is no such home
        raise NotFound(f"there is no file {str(path)!r}", "give the path of a file that exists") from None
    if source.is_dir():
        raise UsageError(f"{source.name!r} is a folder", "log its files one by one, or pack it first")
    if not source.is_file():
        raise NotFound(f"there is no file {str(path)!r}", "give the path of a file that exists")
    called = check_name(source.name if name is None else name, "artifact")
    stated = None if media_type is None else to_text(media_type, "the media type")
    stored = session.artifacts.put_file(source)
    guessed = mimetypes.guess_type(called)[0] or mimetypes.guess_type(source.name)[0]
    return ArtifactRecord(
        id=new_id(),
        name=called,
        component=component,
        sha256=stored.sha256,
        size=stored.size,
        media_type=stated or guessed or "application/octet-stream",
        created=time.time(),
    )


def keep_content(
    session: Session, content: Content, *, name: str, component: str, step: int | None, caption: str
) -> ArtifactRecord:
    """Put a picture, sound, table, figure or text into the store; return its record, not in the catalog yet.

    Raises:
        InvalidName: The name cannot be stored.
        InvalidMetric: The step is no int64.
        UsageError: The caption is no text.
        StoreFull: The disk is full.
    """
    called, told = check_name(name, "artifact"), to_text(caption, "the caption")
    at = None if step is None else to_step(step)
    if at is not None and not -(2**63) <= at < 2**63:
        raise bad_step(at)
    stored = (
        session.artifacts.put_bytes(content.data)
        if isinstance(content.data, bytes)
        else session.artifacts.put_file(content.data)
    )
    return ArtifactRecord(
        id=new_id(),
        name=called,
        component=component,
        sha256=stored.sha256,
        size=stored.size,
        media_type=content.media_type,
        kind=content.kind,
        step=at,
        caption=told,
        created=time.time(),
    )


def find_artifact(session: Session, detail: TrialDetail, artifact_id: str) -> tuple[ArtifactRecord, Path]:
    """Return a trial's artifact and where its content is; NotFound."""
    for artifact in detail.artifacts:
        if artifact.id == artifact_id:
            path = session.artifacts.path(artifact.sha256)
            if not path.is_file():
                raise NotFound(f"the content of {artifact.name!r} is missing", "run `labdeck store check`")
            return artifact, path
    raise NotFound("the trial has no such artifact", "read the trial anew")
