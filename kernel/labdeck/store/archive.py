"""Experiments as one file: a zip of JSON records, Parquet points and artifacts. This half writes it.

    labdeck.json                    format version, and which experiments
    experiments/<id>.json           ExperimentRecord
    trials/<id>.json                TrialDetail
    columns/<trial id>.parquet      its points, as `labdeck.store.columns.parquet` describes
    outputs/<trial id>.log          what it printed, as `labdeck.store.outputs` describes
    artifacts/<sha256>              content
    lineage.json                    LineageGraph of what the trials came from and led to; other trials aside
    views.json                      ViewList of the comparisons saved with the experiments

Deleted trials and tensors stay behind.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from labdeck.errors import NotFound
from labdeck.store.disk import disk_error
from labdeck.wire.messages import ViewList
from labdeck.wire.records import LineageGraph, Record

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from labdeck.store.open import Store
    from labdeck.wire.records import ArtifactRecord, ExperimentRecord, TrialDetail, ViewRecord

FORMAT = 1
MANIFEST = "labdeck.json"
LINEAGE = "lineage.json"
VIEWS = "views.json"
_MOST_NODES = 1_000_000
PIECE = 1 << 20
_IN_MEMORY = 1 << 24
"""Bytes of one trial's points beyond which they go through a file."""


class Manifest(Record, frozen=True, kw_only=True):
    """The first file of an archive."""

    format: int
    experiments: tuple[str, ...]


@dataclass(frozen=True)
class Exported:
    """What went into an archive.

    Attributes:
        experiments, trials: How many.
        size: Bytes of the archive.
        left_out: What could not go along, one line each.
    """

    experiments: int
    trials: int
    size: int
    left_out: tuple[str, ...]


def export_archive(store: Store, experiment_ids: Sequence[str], path: Path) -> Exported:
    """Write experiments into a new archive; it appears whole or not at all.

    Args:
        store: An open store.
        experiment_ids: Which.
        path: Of the archive; a file that is there is replaced.

    Raises:
        NotFound: No such experiment.
        StoreFull, StoreUnreachable: The archive cannot be written.
    """
    experiments = [store.catalog.experiment(experiment_id) for experiment_id in experiment_ids]
    part = path.with_name(path.name + ".part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as file:
            writer = _Writer(store, file)
            writer.write(experiments)
        size = part.stat().st_size
        part.replace(path)
    except OSError as error:
        raise disk_error(error, f"the archive {path} cannot be written") from None
    finally:
        part.unlink(missing_ok=True)
    return Exported(len(experiments), writer.trials, size, tuple(writer.left_out))


def is_within(view: ViewRecord, experiment_ids: Collection[str], trial_ids: Collection[str]) -> bool:
    """Say whether a saved comparison is of these experiments: it belongs to one, or everything it names is in them."""
    if view.experiment_id is not None:
        return view.experiment_id in experiment_ids
    compared = _compared(view)
    return bool(compared) and all(one in experiment_ids or one in trial_ids for one in compared)


def _compared(view: ViewRecord) -> list[str]:
    """Return the ids of the trials that a comparison is of, and of the experiment whose trials it follows."""
    listed = view.body.get("trials")
    return [
        one for one in [*(listed if isinstance(listed, list) else []), view.body.get("follow")] if isinstance(one, str)
    ]


class _Writer:
    def __init__(self, store: Store, file: zipfile.ZipFile) -> None:
        self._store = store
        self._file = file
        self._digests: set[str] = set()
        self._with_tensors = store.tensors.trial_ids()
        self.trials = 0
        self.left_out: list[str] = []

    def write(self, experiments: Sequence[ExperimentRecord]) -> None:
        manifest = Manifest(format=FORMAT, experiments=tuple(item.id for item in experiments))
        self._file.writestr(MANIFEST, msgspec.json.encode(manifest))
        trials: dict[str, None] = {}
        for experiment in experiments:
            self._file.writestr(f"experiments/{experiment.id}.json", msgspec.json.encode(experiment))
            for trial in reversed(self._store.catalog.trials(experiment.id, archived=None).trials):
                self._trial(self._store.catalog.detail(trial.id))
                trials[trial.id] = None
        self._lineage(tuple(trials))
        homes = set(manifest.experiments)
        views = []
        for view in self._store.catalog.views():
            if is_within(view, homes, trials):
                views.append(view)
            elif view.experiment_id is None and not homes.union(trials).isdisjoint(_compared(view)):
                self.left_out.append(f"the comparison {view.name[:80]!r}, which is of other trials, too")
        self._file.writestr(VIEWS, msgspec.json.encode(ViewList(views=tuple(views))))

    def _lineage(self, trials: Sequence[str]) -> None:
        """Add what the trials came from and led to, without the trials that stay behind."""
        graph = (
            self._store.catalog.lineage(trials, limit=_MOST_NODES)
            if trials
            else LineageGraph(start=(), nodes=(), edges=())
        )
        nodes = tuple(node for node in graph.nodes if node.kind != "trial")
        known = {*trials, *(node.id for node in nodes)}
        edges = tuple(edge for edge in graph.edges if {edge.source, edge.destination} <= known)
        kept = LineageGraph(start=(), nodes=nodes, edges=edges, truncated=graph.truncated)
        self._file.writestr(LINEAGE, msgspec.json.encode(kept))
        if graph.truncated:
            self.left_out.append(f"the lineage beyond {_MOST_NODES:,} nodes")

    def _trial(self, detail: TrialDetail) -> None:
        trial_id = detail.trial.id
        kept = tuple(item for item in detail.artifacts if self._artifact(item, detail.trial.name))
        record = msgspec.structs.replace(detail, artifacts=kept)
        self._file.writestr(f"trials/{trial_id}.json", msgspec.json.encode(record))
        self._points(trial_id)
        printed = self._store.outputs.path(trial_id)
        if printed.is_file():
            self._file.write(printed, f"outputs/{trial_id}.log")
        if trial_id in self._with_tensors:
            self.left_out.append(f"{detail.trial.name!r}: its tensors")
        self.trials += 1

    def _points(self, trial_id: str) -> None:
        from labdeck.store.columns.parquet import write_to

        series = self._store.columns.all_series(trial_id)
        if not series:
            return
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as packed:
            write_to(packed, series, frozenset())
            packed.seek(0)
            info = zipfile.ZipInfo(f"columns/{trial_id}.parquet")  # stored: the points are compressed already
            info.external_attr = 0o600 << 16
            with self._file.open(info, "w", force_zip64=True) as entry:
                shutil.copyfileobj(packed, entry, PIECE)

    def _artifact(self, artifact: ArtifactRecord, trial: str) -> bool:
        """Add the content unless it is there already; False if it is missing or damaged."""
        if artifact.sha256 in self._digests:
            return True
        if not self._is_whole(artifact.sha256):
            self.left_out.append(f"{trial!r}: the artifact {artifact.name[:80]!r}, whose content is missing or damaged")
            return False
        self._file.write(self._store.artifacts.path(artifact.sha256), f"artifacts/{artifact.sha256}")
        self._digests.add(artifact.sha256)
        return True

    def _is_whole(self, sha256: str) -> bool:
        digest = hashlib.sha256()
        try:
            with self._store.artifacts.open(sha256) as source:
                while piece := source.read(PIECE):
                    digest.update(piece)
        except NotFound:
            return False
        return digest.hexdigest() == sha256
