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
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from labdeck.errors import Conflict, StoreCorrupt, StoreFull, StoreTooNew, TooLarge, UsageError
from labdeck.store.archive import FORMAT, LINEAGE, MANIFEST, PIECE, VIEWS, Manifest, is_within
from labdeck.store.completer import Completer
from labdeck.store.disk import disk_error
from labdeck.store.ids import is_id
from labdeck.store.importing import commands_for, lineage_commands
from labdeck.store.names import check_name
from labdeck.store.only_one import only_import
from labdeck.store.open import TEMPORARY
from labdeck.store.outputs import LIMIT
from labdeck.wire.commands import SaveView
from labdeck.wire.messages import ViewList
from labdeck.wire.records import ArtifactRecord, ExperimentRecord, LineageGraph, LineageNode, TrialDetail, ViewRecord

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from labdeck.store.columns.parquet import Packed
    from labdeck.store.open import Store
    from labdeck.wire.transfers import Imported

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


def import_archive(store: Store, path: Path, *, max_bytes: int = MAX_BYTES) -> Imported:
    """Bring the experiments of an archive into a store.

    Trials that are here already get what came since in the archive, so an import that was interrupted is simply
    repeated. One that went on here and there in different ways is left as it is, and so is one that was deleted by
    itself; an experiment that was deleted comes back. A new experiment appears with all its trials or not at all; a
    taken name gets "-2", "-3" … appended.

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
        StoreBusy: Another import into this store is going on.
    """
    try:
        with only_import(store.location), zipfile.ZipFile(path) as file:
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
        self._names = dict.fromkeys(file.namelist())
        self._completer = Completer(store, self)

    def read(self, max_bytes: int) -> Imported:
        self._check_entries(max_bytes)
        manifest = self._json(MANIFEST, Manifest)
        if manifest.format > FORMAT:
            raise StoreTooNew(f"{self._name} has format {manifest.format}", "upgrade: pip install -U labdeck")
        here = self._store.catalog.trial_ids()
        homes = self._homes(manifest)
        around = self._around(manifest, {trial_id for trial_id, _ in homes.values()})
        counts = self._completer.counts
        for experiment_id in manifest.experiments:
            if not is_id(experiment_id):
                raise _broken(self._name, "an experiment has no valid id")
            record = self._json(f"experiments/{experiment_id}.json", ExperimentRecord)
            mine = [(name, trial_id) for name, (trial_id, home) in homes.items() if home == experiment_id]
            trials = [self._detail(name) for name, trial_id in mine if trial_id not in here]
            points = [self._keep_files(detail) for detail in trials]
            if self._apply(msgspec.structs.replace(record, id=experiment_id), trials):
                counts.experiments[experiment_id] = None
            for detail, count in zip(trials, points, strict=True):
                counts.trials += 1
                counts.count(detail.trial.id, experiment_id, count, len(detail.artifacts))
            for name, trial_id in mine:
                if trial_id in here:
                    self._completer.complete(self._detail(name))
        self._add_around(*around)
        return counts.report(self._store.catalog)

    def _around(self, manifest: Manifest, trial_ids: Collection[str]) -> tuple[LineageGraph, tuple[ViewRecord, ...]]:
        """Return the lineage of the trials and the saved comparisons, after a look at whether they can be kept."""
        graph, views = LineageGraph(start=(), nodes=(), edges=()), ViewList(views=())
        if LINEAGE in self._names:
            graph = self._json(LINEAGE, LineageGraph)
        if VIEWS in self._names:
            views = self._json(VIEWS, ViewList)
        if not all(is_within(view, manifest.experiments, trial_ids) for view in views.views):
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
        for name in (name for name in self._names if name.startswith("trials/")):
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

    def _keep_files(self, detail: TrialDetail) -> int:
        """Keep a trial's content; nobody sees it before the catalog names it, and gc finds it if that never happens.

        Return how many points it has.
        """
        trial_id, points = detail.trial.id, 0
        with self.folder() as folder:
            for artifact in detail.artifacts:
                self.keep_artifact(artifact, folder / "artifact")
            packed = self.unpack_points(trial_id, folder)
            if packed is not None:
                points = sum(count for _, count in packed.spans.values())
                self._keep_points(trial_id, folder)
            if self.unpack_output(trial_id, folder / "output"):
                self.keep_output(trial_id, folder / "output")
        return points

    def _keep_points(self, trial_id: str, folder: Path) -> None:
        from labdeck.store.columns.parquet import FILE

        target = self._store.location.folder / "columns" / trial_id
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / FILE).replace(target / FILE)

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Give a folder on the store's disk for a while."""
        with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=self._store.location.folder) as folder:
            yield Path(folder)

    def keep_artifact(self, artifact: ArtifactRecord, target: Path) -> None:
        """Keep the content of an artifact, by way of a file."""
        try:
            found = self._unpack(f"artifacts/{artifact.sha256}", target)
        except KeyError:
            raise _broken(self._name, f"the content of {artifact.name[:80]!r} is missing") from None
        if (found, target.stat().st_size) != (artifact.sha256, artifact.size):
            raise _broken(self._name, f"the content of {artifact.name[:80]!r} is not what its record says")
        self._store.artifacts.put_file(target)

    def unpack_points(self, trial_id: str, folder: Path) -> Packed | None:
        """Unpack the points of a trial into a folder, and look at all of them; None if it has none."""
        from labdeck.store.columns.parquet import DAMAGE, FILE, open_packed

        entry = f"columns/{trial_id}.parquet"
        if entry not in self._names:
            return None
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
        return packed

    def unpack_output(self, trial_id: str, target: Path) -> bool:
        """Unpack what a trial printed; False if it printed nothing."""
        entry = f"outputs/{trial_id}.log"
        if entry not in self._names:
            return False
        if self._file.getinfo(entry).file_size > 2 * LIMIT:
            raise _broken(self._name, f"{entry} is longer than any output that is kept")
        self._unpack(entry, target)
        return True

    def keep_output(self, trial_id: str, target: Path) -> None:
        """Keep what a trial printed; whatever it holds is shown as text."""
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

    def _apply(self, record: ExperimentRecord, trials: list[TrialDetail]) -> bool:
        """Record an experiment in one transaction; False if it brought nothing. One that was deleted comes back."""
        for _ in range(_ATTEMPTS):
            everyone = (*self._store.catalog.experiments(), *self._store.catalog.experiments(deleted=True))
            known = next((item for item in everyone if item.id == record.id), None)
            if known is not None and known.deleted is None and not trials:
                return False
            taken = {item.name for item in everyone if item.deleted is None}
            commands = commands_for(record, trials, known, taken, time.time())
            try:
                self._store.catalog.apply(commands)
            except Conflict:  # somebody took the name in between
                continue
            return True
        raise Conflict(f"no free name was found for {record.name[:80]!r}", "try again")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _broken(name: str, what: str) -> StoreCorrupt:
    return StoreCorrupt(f"{name} is not a whole archive: {what}", "export it again")
