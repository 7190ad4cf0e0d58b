"""Archives read back. They may come from anybody: everything is checked before it is kept."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import time
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from labdeck.errors import Conflict, StoreCorrupt, StoreFull, StoreTooNew, TooLarge, UsageError
from labdeck.store.archive import FORMAT, LINEAGE, MANIFEST, PIECE, VIEWS, Manifest
from labdeck.store.disk import disk_error
from labdeck.store.ids import is_id
from labdeck.store.importing import commands_for, lineage_commands
from labdeck.store.names import check_name
from labdeck.store.open import TEMPORARY
from labdeck.store.outputs import LIMIT
from labdeck.wire.commands import SaveView
from labdeck.wire.messages import ViewList
from labdeck.wire.records import ArtifactRecord, ExperimentRecord, LineageGraph, LineageNode, TrialDetail, ViewRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labdeck.store.open import Store

MAX_BYTES = 64 * 2**30
"""Most that an archive may unpack to, unless the caller says otherwise."""
_MAX_ENTRIES = 1_000_000
_MAX_JSON = 64 * 2**20
_MAX_POINTS = 50_000_000
_NAME = re.compile(
    r"(labdeck|lineage|views)\.json|(experiments|trials)/[0-9a-f]{32}\.json|columns/[0-9a-f]{32}\.parquet|outputs/[0-9a-f]{32}\.log|artifacts/[0-9a-f]{64}"
)
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
_ATTEMPTS = 5

T = TypeVar("T")


@dataclass(frozen=True)
class Imported:
    """What an import brought.

    Attributes:
        experiments: Names of the experiments that are new or got new trials, as they are called here.
        trials: New trials.
        skipped: Trials that were here already.
    """

    experiments: tuple[str, ...]
    trials: int
    skipped: int


def import_archive(store: Store, path: Path, *, max_bytes: int = MAX_BYTES) -> Imported:
    """Bring the experiments of an archive into a store.

    Trials that are here already are left as they are, so an import that was interrupted is simply repeated. An
    experiment appears with all its trials or not at all; a taken name gets "-2", "-3" … appended.

    Args:
        store: An open store.
        path: Of the archive.
        max_bytes: Most that it may unpack to.

    Raises:
        UsageError: There is no such file.
        StoreCorrupt: It is no archive, or not a whole one, or something in it is not what it says.
        StoreTooNew: It was written by a newer Labdeck.
        TooLarge: It would unpack to more than `max_bytes`.
        StoreFull: The disk has no room for it.
    """
    try:
        with zipfile.ZipFile(path) as file:
            return _Reader(store, file, path.name).read(max_bytes)
    except _BROKEN as error:
        raise _broken(path.name, str(error) or "it is cut off") from None
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}", "check the path") from None
    except OSError as error:
        raise disk_error(error, f"the archive {path} cannot be imported") from None


class _Reader:
    def __init__(self, store: Store, file: zipfile.ZipFile, name: str) -> None:
        self._store = store
        self._file = file
        self._name = name

    def read(self, max_bytes: int) -> Imported:
        self._check_entries(max_bytes)
        manifest = self._json(MANIFEST, Manifest)
        if manifest.format > FORMAT:
            raise StoreTooNew(f"{self._name} has format {manifest.format}", "upgrade: pip install -U labdeck")
        here = self._store.catalog.trial_ids()
        homes = self._homes(manifest)
        around = self._around(manifest)
        names = []
        for experiment_id in manifest.experiments:
            if not is_id(experiment_id):
                raise _broken(self._name, "an experiment has no valid id")
            record = self._json(f"experiments/{experiment_id}.json", ExperimentRecord)
            new = [name for name, (trial_id, home) in homes.items() if home == experiment_id and trial_id not in here]
            trials = [self._detail(name) for name in new]
            for detail in trials:
                self._keep_files(detail)
            names.append(self._apply(msgspec.structs.replace(record, id=experiment_id), trials))
        self._add_around(*around)
        skipped = sum(trial_id in here for trial_id, _ in homes.values())
        return Imported(tuple(name for name in names if name), len(homes) - skipped, skipped)

    def _around(self, manifest: Manifest) -> tuple[LineageGraph, tuple[ViewRecord, ...]]:
        """Return the lineage of the trials and the saved comparisons, after a look at whether they can be kept."""
        graph, views = LineageGraph(start=(), nodes=(), edges=()), ViewList(views=())
        if LINEAGE in self._file.namelist():
            graph = self._json(LINEAGE, LineageGraph)
        if VIEWS in self._file.namelist():
            views = self._json(VIEWS, ViewList)
        if any(view.experiment_id not in manifest.experiments for view in views.views):
            raise _broken(self._name, "a saved comparison belongs to no experiment in it")
        named: tuple[LineageNode | ViewRecord, ...] = (*graph.nodes, *views.views)
        ids = [one.id for one in named]
        ids += [end for edge in graph.edges for end in (edge.source, edge.destination)]
        if not all(map(is_id, ids)):
            raise _broken(self._name, "a node of the lineage or a saved comparison has no valid id")
        try:
            for one in named:
                check_name(one.name, "node")
        except UsageError as error:
            raise _broken(self._name, error.message) from None
        return graph, views.views

    def _add_around(self, graph: LineageGraph, views: tuple[ViewRecord, ...]) -> None:
        """Add lineage and saved comparisons; what is here already stays as it is."""
        catalog = self._store.catalog
        known = {view.id for view in catalog.views()}
        new = [SaveView(view=view) for view in views if view.id not in known]
        if commands := [*lineage_commands(graph, catalog.trial_ids()), *new]:
            catalog.apply(commands)

    def _homes(self, manifest: Manifest) -> dict[str, tuple[str, str]]:
        """Return trial and experiment by entry, having decoded every record once; they are not all kept in memory."""
        homes = {}
        for name in self._names("trials/"):
            trial = self._detail(name).trial
            if trial.experiment_id not in manifest.experiments:
                raise _broken(self._name, f"{name} belongs to no experiment in it")
            homes[name] = (trial.id, trial.experiment_id)
        return homes

    def _check_entries(self, max_bytes: int) -> None:
        entries = self._file.infolist()
        names = [entry.filename for entry in entries]
        strange = next((name for name in names if not _NAME.fullmatch(name)), None)
        if strange is not None:
            raise _broken(self._name, f"it holds {strange[:80]!r}, which no archive of Labdeck does")
        if len(set(names)) != len(names) or MANIFEST not in names:
            raise _broken(self._name, "a file is there twice, or its list of contents is missing")
        total = sum(entry.file_size for entry in entries)
        if total > max_bytes or len(entries) > _MAX_ENTRIES:
            raise TooLarge(f"{self._name} would unpack to {total:,} bytes", "allow it with --max-gb if you trust it")
        if any(entry.file_size > _MAX_JSON for entry in entries if entry.filename.endswith(".json")):
            raise TooLarge(f"{self._name} holds a record beyond {_MAX_JSON:,} bytes", "it is no archive to trust")
        if total > shutil.disk_usage(self._store.location.folder).free:
            raise StoreFull(f"{self._name} unpacks to {total:,} bytes, the disk has fewer", "free some space")

    def _names(self, prefix: str) -> Iterator[str]:
        return (name for name in self._file.namelist() if name.startswith(prefix))

    def _json(self, name: str, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(self._file.read(name), type=kind)
        except KeyError:
            raise _broken(self._name, f"{name} is missing") from None
        except msgspec.MsgspecError as error:
            raise _broken(self._name, f"{name}: {error}") from None

    def _detail(self, name: str) -> TrialDetail:
        detail = self._json(name, TrialDetail)
        if name != f"trials/{detail.trial.id}.json":
            raise _broken(self._name, f"{name} is the record of another trial")
        return detail

    def _keep_files(self, detail: TrialDetail) -> None:
        """Keep a trial's content; nobody sees it before the catalog names it, and gc finds it if that never happens."""
        with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=self._store.location.folder) as folder:
            for artifact in detail.artifacts:
                self._keep_artifact(artifact, Path(folder) / "artifact")
            entry = f"columns/{detail.trial.id}.parquet"
            if entry in self._file.namelist():
                self._keep_points(entry, detail.trial.id, Path(folder))
            printed = f"outputs/{detail.trial.id}.log"
            if printed in self._file.namelist():
                self._keep_output(printed, detail.trial.id, Path(folder) / "output")

    def _keep_artifact(self, artifact: ArtifactRecord, target: Path) -> None:
        try:
            found = self._unpack(f"artifacts/{artifact.sha256}", target)
        except KeyError:
            raise _broken(self._name, f"the content of {artifact.name[:80]!r} is missing") from None
        if (found, target.stat().st_size) != (artifact.sha256, artifact.size):
            raise _broken(self._name, f"the content of {artifact.name[:80]!r} is not what its record says")
        self._store.artifacts.put_file(target)

    def _keep_points(self, entry: str, trial_id: str, folder: Path) -> None:
        from labdeck.store.columns.parquet import DAMAGE, FILE, open_packed

        self._unpack(entry, folder / FILE)
        try:
            packed = open_packed(folder)
            if packed is None or packed.file.metadata.num_rows > _MAX_POINTS:
                raise TooLarge(f"{entry} holds more than {_MAX_POINTS:,} points", "it is no archive to trust")
            if any(not isinstance(part, str) for key in packed.spans for part in (key.component, key.name)):
                raise _broken(self._name, f"{entry}: a series has no name")
            if any(count < 0 for _, count in packed.spans.values()):
                raise _broken(self._name, f"{entry}: a series has a negative length")
            packed.verify()
        except (*DAMAGE, KeyError, TypeError) as error:
            raise _broken(self._name, f"{entry}: {error}") from None
        target = self._store.location.folder / "columns" / trial_id
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / FILE).replace(target / FILE)

    def _keep_output(self, entry: str, trial_id: str, target: Path) -> None:
        """Keep what a trial printed; whatever it holds is shown as text."""
        if self._file.getinfo(entry).file_size > 2 * LIMIT:
            raise _broken(self._name, f"{entry} is longer than any output that is kept")
        self._unpack(entry, target)
        place = self._store.outputs.path(trial_id)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.replace(place)

    def _unpack(self, entry: str, target: Path) -> str:
        """Write an entry to a file, piece by piece; return its SHA-256."""
        digest = hashlib.sha256()
        with self._file.open(entry) as source, open(target, "wb", opener=_private) as copy:
            while piece := source.read(PIECE):
                digest.update(piece)
                copy.write(piece)
        return digest.hexdigest()

    def _apply(self, record: ExperimentRecord, trials: list[TrialDetail]) -> str:
        """Record an experiment in one transaction; return its name here, "" if it brought nothing."""
        for _ in range(_ATTEMPTS):
            everyone = (*self._store.catalog.experiments(), *self._store.catalog.experiments(deleted=True))
            known = next((item for item in everyone if item.id == record.id), None)
            if known is not None and not trials:
                return ""
            taken = {item.name for item in everyone if item.deleted is None}
            commands = commands_for(record, trials, known, taken, time.time())
            try:
                self._store.catalog.apply(commands)
            except Conflict:  # somebody took the name in between
                continue
            return self._store.catalog.experiment(record.id).name
        raise Conflict(f"no free name was found for {record.name[:80]!r}", "try again")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _broken(name: str, what: str) -> StoreCorrupt:
    return StoreCorrupt(f"{name} is not a whole archive: {what}", "export it again")
