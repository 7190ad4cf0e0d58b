"""Artifacts: one file per content, whoever puts it and however often."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import stat
import time

import pytest

from labdeck.errors import NotFound, StoreFull, StoreUnreachable
from labdeck.store.artifacts import ArtifactFiles, Stored


@pytest.fixture
def artifacts(tmp_path):
    return ArtifactFiles(tmp_path / "artifacts")


def files_in(artifacts):
    return sorted(path for path in artifacts._folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1, 5_000_000])
def test_content_is_kept_under_its_digest(artifacts, tmp_path, size):
    data = os.urandom(size)
    source = tmp_path / "source.bin"
    source.write_bytes(data)
    stored = artifacts.put_file(source)
    assert stored == Stored(hashlib.sha256(data).hexdigest(), size) == artifacts.put_bytes(data)
    assert artifacts.path(stored.sha256).read_bytes() == data
    with artifacts.open(stored.sha256) as file:
        assert file.read() == data
    assert artifacts.digests() == {stored.sha256}
    assert len(files_in(artifacts)) == 1
    assert artifacts.check() == ()


def test_files_are_private(artifacts):
    stored = artifacts.put_bytes(b"secret")
    path = artifacts.path(stored.sha256)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == stat.S_IMODE(artifacts._folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("bad", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 65, "0" * 63 + "\n", "/" + "0" * 63])
def test_what_is_no_digest_is_no_path(artifacts, bad):
    for ask in (artifacts.path, artifacts.open):
        with pytest.raises(NotFound):
            ask(bad)


def test_what_is_not_there_says_so(artifacts, tmp_path):
    with pytest.raises(NotFound):
        artifacts.open("0" * 64)
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(NotFound):
            artifacts.put_file(path)
    assert artifacts.digests() == frozenset()
    assert artifacts.check() == ()


def test_only_old_content_that_nobody_refers_to_is_removed(artifacts):
    kept, old, young = (artifacts.put_bytes(data).sha256 for data in (b"kept", b"old", b"young"))
    for digest in (kept, old):
        os.utime(artifacts.path(digest), (1000.0, 1000.0))
    assert artifacts.remove_unreferenced({kept}, older_than=2000.0) == 1
    assert artifacts.digests() == {kept, young}
    assert artifacts.remove_unreferenced(set(), older_than=time.time() + 10) == 2
    assert artifacts.digests() == frozenset()


def test_putting_content_again_makes_it_young_again(artifacts):
    stored = artifacts.put_bytes(b"x")
    os.utime(artifacts.path(stored.sha256), (1000.0, 1000.0))
    artifacts.put_bytes(b"x")
    assert artifacts.remove_unreferenced(set(), older_than=2000.0) == 0
    assert artifacts.digests() == {stored.sha256}


def test_damage_is_found_and_putting_the_content_again_repairs_it(artifacts):
    stored, other = artifacts.put_bytes(b"content"), artifacts.put_bytes(b"other")
    artifacts.path(stored.sha256).write_bytes(b"contend")
    (defect,) = artifacts.check()
    assert defect.severity == "error"
    assert defect.path == f"artifacts/{stored.sha256[:2]}/{stored.sha256[2:]}"
    artifacts.put_bytes(b"content")
    assert artifacts.check() == ()
    assert artifacts.digests() == {stored.sha256, other.sha256}


def test_what_a_dead_writer_left_is_named_and_removed_but_not_what_a_live_one_writes(artifacts):
    artifacts.put_bytes(b"x")
    stale, fresh = artifacts._folder / "stale.tmp", artifacts._folder / "fresh.tmp"
    for path in (stale, fresh):
        path.write_bytes(b"half")
    os.utime(stale, (1000.0, 1000.0))
    assert [defect.path for defect in artifacts.check()] == ["artifacts/stale.tmp"]
    artifacts.remove_unreferenced(artifacts.digests(), older_than=time.time())
    assert (stale.exists(), fresh.exists()) == (False, True)


@pytest.mark.parametrize(("number", "expected"), [(28, StoreFull), (13, StoreUnreachable)])
def test_a_disk_that_refuses_leaves_nothing_behind(artifacts, monkeypatch, number, expected):
    artifacts.put_bytes(b"before")
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError(number, os.strerror(number))))
        with pytest.raises(expected):
            artifacts.put_bytes(b"after")
    assert len(files_in(artifacts)) == 1


def _put(folder, barrier, seed):
    artifacts = ArtifactFiles(folder)
    barrier.wait()
    for number in range(30):
        artifacts.put_bytes(bytes([number]) * 100_000)
        artifacts.put_bytes(f"{seed}.{number}".encode())


@pytest.mark.slow
def test_many_processes_put_the_same_content(artifacts):
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(4)
    children = [spawn.Process(target=_put, args=(artifacts._folder, barrier, seed)) for seed in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * 4
    assert len(artifacts.digests()) == len(files_in(artifacts)) == 30 + 4 * 30
    assert artifacts.check() == ()
