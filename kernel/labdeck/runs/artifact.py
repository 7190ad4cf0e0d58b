"""A file that was kept with a trial, got back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdeck.errors import NotFound, UsageError
from labdeck.runs.lookup import no_such

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from labdeck.store.session import Session
    from labdeck.wire.records import ArtifactRecord

PARQUET = "parquet"


class Artifact:
    """A file kept with a trial; got by `Trial.artifact`.

    Attributes:
        record: Its row of the catalog: name, component, step, size, media type, digest.

    Example:
        >>> import labdeck
        >>> with labdeck.experiment("digits").trial("cnn-32") as trial:
        ...     kept = trial.log_text("note", "all is well")
        >>> trial.artifact("note").text()
        'all is well'
    """

    def __init__(self, session: Session, record: ArtifactRecord) -> None:
        self._session = session
        self.record = record

    @property
    def path(self) -> Path:
        """Where its content is: a file of the store, to be read and not to be changed; NotFound if it is missing."""
        path = self._session.artifacts.path(self.record.sha256)
        if not path.is_file():
            raise NotFound(f"the content of {self.record.name!r} is missing", "run `labdeck store check`")
        return path

    def read(self) -> bytes:
        """Return its content."""
        return self.path.read_bytes()

    def text(self) -> str:
        """Return its content as text; what is no UTF-8 is replaced."""
        return self.read().decode("utf-8", "replace")

    def table(self) -> pd.DataFrame:
        """Return a table that was kept, or the table in a file of CSV or Parquet; UsageError if it is none."""
        import pandas as pd

        if is_csv(self.record):
            return pd.read_csv(self.path, sep="\t" if self.record.name.lower().endswith(".tsv") else ",")
        if not is_parquet(self.record):
            raise UsageError(f"{self.record.name!r} is no table", "read() returns its content")
        import pyarrow.parquet as pq

        frame: pd.DataFrame = pq.ParquetFile(self.path).read().to_pandas()
        return frame

    def figure(self) -> Any:
        """Return a figure of plotly that was kept; UsageError if it is none."""
        if "plotly" not in self.record.media_type:
            raise UsageError(f"{self.record.name!r} is no figure of plotly", "read() returns its content")
        import plotly.io

        return plotly.io.from_json(self.text(), skip_invalid=True)

    def __repr__(self) -> str:
        """Name it."""
        step = "" if self.record.step is None else f" at step {self.record.step}"
        return f"<{self.record.kind} {self.record.name!r}{step}, {self.record.size:,} bytes>"


def is_parquet(record: ArtifactRecord) -> bool:
    """Say whether a file holds a table as Parquet."""
    return PARQUET in record.media_type or record.name.lower().endswith((".parquet", ".pq"))


def is_csv(record: ArtifactRecord) -> bool:
    """Say whether a file holds a table as text."""
    return record.media_type == "text/csv" or record.name.lower().endswith((".csv", ".tsv"))


def choose(records: Sequence[ArtifactRecord], name: str, step: int | None, component: str | None) -> ArtifactRecord:
    """Return the artifact that is meant.

    Without a step the one that has none, else the newest; without a component that of the trial itself, else any.

    Raises:
        NotFound: There is none; the message names what there is.
    """
    named = [item for item in records if item.name == name and component in {None, item.component}]
    if not named:
        raise no_such("artifact", name, (item.name for item in records))
    found = [item for item in named if step in {None, item.step}]
    if not found:
        steps = ", ".join(str(item.step) for item in named[:10])
        raise NotFound(f"{name!r} was not kept at step {step}", f"it was at {steps}")
    return max(found, key=lambda item: (not item.component, step is None and item.step is None, item.created))
