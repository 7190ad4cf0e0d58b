"""All laws of a store in one class."""

from __future__ import annotations

import stat
from collections.abc import Callable

import numpy as np

from labdeck.store.contract import SeriesKey
from labdeck.store.maintenance import check
from labdeck.store.open import Store
from labdeck.store.tensors.blocks import to_block
from labdeck.store.tensors.frames import Moment
from labdeck.testing.catalog_contract import DeletionLaws, ExperimentLaws, TrialLaws
from labdeck.testing.facts_contract import FactLaws, LogLaws
from labdeck.testing.judging_contract import JudgingLaws
from labdeck.testing.making import artifact, start_trial
from labdeck.testing.organising_contract import OrganisingLaws
from labdeck.wire import commands as wire

OpenStore = Callable[[], Store]


class WholeLaws:
    """How the parts of a store fit each other; needs a fixture `open_store`."""

    def test_every_part_is_seen_by_whoever_opens_the_store(self, open_store: OpenStore) -> None:
        mine, other = open_store(), open_store()
        trial_id = start_trial(mine.catalog)
        writer = mine.columns.writer(trial_id)
        writer.log({"loss": 0.5}, 7)
        tensors = mine.tensors.writer(trial_id)
        tensors.arrays(Moment("TRAIN", 7, 9, 1.0), {"weight": to_block(np.arange(4.0))})
        tensors.close()
        stored = mine.artifacts.put_bytes(b"weights")
        mine.catalog.apply([wire.LogArtifact(trial_id=trial_id, artifact=artifact("model", stored.sha256))])
        assert other.columns.series(trial_id, SeriesKey("", "loss")).steps.tolist() == [7]
        kept = other.tensors.reader(trial_id).array("weight", "TRAIN", 7)
        assert kept is not None
        assert kept.tolist() == [0.0, 1.0, 2.0, 3.0]
        (record,) = other.catalog.detail(trial_id).artifacts
        assert other.artifacts.path(record.sha256).read_bytes() == b"weights"
        writer.close()
        assert check(other) == ()

    def test_deleting_removes_no_file(self, open_store: OpenStore) -> None:
        store = open_store()
        trial_id = start_trial(store.catalog)
        writer = store.columns.writer(trial_id)
        writer.log({"loss": 0.5}, 0)
        writer.close()
        store.catalog.apply([wire.Delete(ids=(trial_id,), time=5.0)])
        store.catalog.apply([wire.Restore(ids=(trial_id,))])
        assert len(open_store().columns.series(trial_id, SeriesKey("", "loss"))) == 1

    def test_the_folder_is_private_to_its_user(self, open_store: OpenStore) -> None:
        assert stat.S_IMODE(open_store().location.folder.stat().st_mode) == stat.S_IRWXU


class StoreContract(ExperimentLaws, TrialLaws, DeletionLaws, OrganisingLaws, JudgingLaws, FactLaws, LogLaws, WholeLaws):
    """The laws of `labdeck.store.contract` as tests; `ColumnsContract` holds those of the columns by themselves.

    Subclass it beside a fixture `open_store`: a function that opens one and the same store, empty at first, again at
    each call, as another process would.

    Example:
        >>> import pytest
        >>> class TestMyStore(StoreContract):
        ...     @pytest.fixture
        ...     def open_store(self, tmp_path): ...
    """
