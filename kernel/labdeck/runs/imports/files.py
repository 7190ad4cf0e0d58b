"""The files of a run on their way into the store."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labdeck.errors import NotFound
from labdeck.runs.imports.source import SourceFile, identity, shown
from labdeck.wire.records import ArtifactRecord

if TYPE_CHECKING:
    from labdeck.store.session import Session

_TYPES = {"image": "image/png", "audio": "audio/wav", "text": "text/plain"}
"""What a file without a telling suffix is taken for."""


def keep_files(
    session: Session,
    trial_id: str,
    files: Sequence[SourceFile],
    known: Sequence[ArtifactRecord],
    doubt: Callable[[str], None],
) -> list[ArtifactRecord]:
    """Keep the content of the files that a trial does not have yet; return their records.

    A file that has neither changed its size nor its time since it was imported is not read again.

    Args:
        session: The store.
        trial_id: The trial.
        files: What it is to have.
        known: What it has.
        doubt: Is told of each file that cannot be read.

    Raises:
        StoreFull, StoreUnreachable: The store cannot be written.
    """
    have = {(record.name, record.step): record for record in known if not record.component}
    kept = []
    for file in files:
        before = have.get((file.name, file.step))
        if before is not None and _is_unchanged(file, before):
            continue
        try:
            record = _keep(session, trial_id, file)
        except NotFound as error:
            doubt(f"the file {shown(file.name)}: {error.message}")
            continue
        if before is None or before.sha256 != record.sha256:
            kept.append(record)
    return kept


def _is_unchanged(file: SourceFile, before: ArtifactRecord) -> bool:
    try:
        size = len(file.content) if isinstance(file.content, bytes) else file.content.stat().st_size
    except OSError:
        return True  # what is here stays
    return (size, file.created) == (before.size, before.created)


def _keep(session: Session, trial_id: str, file: SourceFile) -> ArtifactRecord:
    stored = (
        session.artifacts.put_bytes(file.content)
        if isinstance(file.content, bytes)
        else session.artifacts.put_file(file.content)
    )
    return ArtifactRecord(
        id=identity(trial_id, f"{file.step}/{file.name}"),
        name=file.name,
        sha256=stored.sha256,
        size=stored.size,
        media_type=mimetypes.guess_type(Path(file.name).name)[0] or _TYPES.get(file.kind, "application/octet-stream"),
        kind=file.kind,
        step=file.step,
        created=file.created,
    )
