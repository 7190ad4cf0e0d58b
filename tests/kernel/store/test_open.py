"""What the user may write to say where a store is, and what happens when it cannot be there."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
from pathlib import Path, PurePosixPath

import pytest

from labdeck.errors import NotFound, StoreBusy, StoreCorrupt, StoreError, StoreFull, StorePlace, StoreUnreachable
from labdeck.store.open import locate, open_store
from labdeck.store.place import network_kind
from labdeck.store.sql.catalog import SqlCatalog
from labdeck.store.sql.engine import Database
from labdeck.store.sql.sqlite import SqliteBackend
from labdeck.testing.making import start, start_trial

MOUNTS = r"""
/dev/sda1 / ext4 rw,relatime 0 0
box:/home /home nfs4 rw 0 0
/dev/sdb1 /home/ada/local ext4 rw 0 0
//nas/share /mnt/my\040nas cifs rw 0 0
me@box: /mnt/ssh fuse.sshfs rw 0 0
box:/x /over nfs rw 0 0
/dev/sdc /over ext4 rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/srv/lab", None),
        ("/home/ada/lab", "nfs4"),
        ("/home", "nfs4"),
        ("/homework", None),
        ("/home/ada/local/lab", None),
        ("/mnt/my nas/lab", "cifs"),
        ("/mnt/ssh", "fuse.sshfs"),
        ("/over/lab", None),
    ],
)
def test_network_file_systems_are_recognised(folder, kind):
    assert network_kind(MOUNTS, PurePosixPath(folder)) == kind


def test_sqlite_on_a_network_file_system_is_refused_with_the_way_out(tmp_path, monkeypatch):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"box:/x {tmp_path} nfs rw 0 0\n")
    monkeypatch.setattr("labdeck.store.place._MOUNTS", mounts)
    with pytest.raises(StorePlace, match=r"nfs.*postgresql://"):
        open_store(locate(tmp_path / "store"))


def test_a_place_is_an_argument_or_the_environment_or_user_data(tmp_path, monkeypatch):
    monkeypatch.setenv("LABDECK_STORE", str(tmp_path / "env"))
    assert locate(tmp_path / "given").folder == tmp_path / "given"
    assert locate().folder == tmp_path / "env"
    monkeypatch.setenv("LABDECK_STORE", "")
    assert locate().folder == tmp_path / "user-data" / "labdeck"


def test_folders_and_sqlite_urls_mean_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert locate(f"sqlite:///{tmp_path}/lab").folder == locate("lab").folder == tmp_path / "lab"
    assert locate("sqlite:///lab%20deck").folder == tmp_path / "lab deck"
    assert locate("~/lab").folder == Path.home() / "lab"
    assert locate("a/../b").folder == tmp_path / "b"


@pytest.mark.parametrize("name", ["a b", "50%", "what?", "#1", "dé🧪", "a'b\"c", "%(x)s"])
def test_a_folder_may_have_any_name(tmp_path, name):
    with open_store(locate(tmp_path / name)) as store:
        start_trial(store.catalog)
    assert (tmp_path / name / "catalog.sqlite").is_file()


@pytest.mark.parametrize("text", ["mysql://box/lab", "sqlite://", "sqlite:///", "https://x/y", "postgresql://box"])
def test_other_places_are_refused(text):
    with pytest.raises(StorePlace):
        locate(text)


def test_a_password_is_never_shown(tmp_path, monkeypatch):
    first = locate("postgresql://ada:s3cret@box:5432/lab?sslmode=require&password=s3cret")
    assert "s3cret" not in first.display
    assert first.display == "postgresql://ada@box:5432/lab?sslmode=require"
    assert first.url.startswith("postgresql+psycopg://ada:s3cret@box:5432/lab")
    assert locate("postgres://ada:other@box:5432/lab?sslmode=require").folder == first.folder
    assert locate("postgresql://ada@box:5432/lab2?sslmode=require").folder != first.folder
    monkeypatch.setenv("LABDECK_FILES", str(tmp_path / "files"))
    assert locate("postgresql://box/lab").folder.parent == tmp_path / "files"


def test_the_folder_is_private(location):
    with open_store(location):
        assert stat.S_IMODE(location.folder.stat().st_mode) == 0o700


def test_a_file_in_place_of_the_folder_is_said_so(tmp_path):
    (tmp_path / "store").write_text("x")
    with pytest.raises(StoreUnreachable, match="is a file"):
        open_store(locate(tmp_path / "store"))
    with pytest.raises(StoreUnreachable):
        open_store(locate(tmp_path / "store" / "below"))


def test_a_file_that_is_no_database_is_said_to_be_damaged(location):
    location.folder.mkdir()
    (location.folder / "catalog.sqlite").write_bytes(b"not a database, certainly" * 100)
    with pytest.raises(StoreCorrupt, match="damaged"):
        open_store(location)


def test_a_corrupted_database_is_said_to_be_damaged_and_check_names_it(location):
    with open_store(location) as store:
        for _ in range(200):
            start_trial(store.catalog)
    file = location.folder / "catalog.sqlite"
    content = bytearray(file.read_bytes())
    pages = len(content) // 4096
    for page in range(pages // 2, pages):  # the schema and the first rows stay whole
        content[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    file.write_bytes(content)
    with open_store(location) as store:
        defects = store.catalog.check()
        assert defects
        assert all(item.severity == "error" for item in defects)
        with pytest.raises(StoreCorrupt):
            store.catalog.facts(experiment_id=store.catalog.experiments()[0].id)


def test_an_unreachable_server_is_said_so(tmp_path, monkeypatch):
    monkeypatch.setenv("LABDECK_FILES", str(tmp_path / "files"))
    with pytest.raises(StoreUnreachable, match="cannot be reached"):
        open_store(locate(f"postgresql://ada@/lab?host={tmp_path}"))


@pytest.mark.postgres
def test_an_unknown_database_is_said_so(postgres_server):
    with pytest.raises(StoreUnreachable, match="does not exist"):
        open_store(locate(postgres_server.url("nobody-made-this")))


@pytest.mark.postgres
def test_a_restarted_server_is_found_again(postgres_server, postgres_location):
    with open_store(postgres_location) as store:
        with store.catalog.watch() as watcher:
            start_trial(store.catalog)
            assert watcher.wait(30)
            postgres_server.restart()
            start_trial(store.catalog)
            assert watcher.wait(30)
        assert store.catalog.experiment("exp").trials == 2


def test_a_database_locked_for_too_long_is_busy(location):
    with open_store(location):
        backend = SqliteBackend(location.folder)
        database = Database(backend, patience=0.1)
        hog = sqlite3.connect(location.folder / "catalog.sqlite", isolation_level=None)
        hog.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="too long"):
            database.write(lambda _connection: None)
        assert database.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar_one()) == 1
        hog.execute("ROLLBACK")
        database.write(lambda _connection: None)
        hog.close()
        database.close()


READ_ONLY = """
import os, sys
import labdeck.store.sql.catalog, sqlalchemy.dialects.sqlite.pysqlite
from labdeck.errors import StoreUnreachable
from labdeck.store.open import locate, open_store
from labdeck.testing.making import start
with open_store(locate(sys.argv[1])) as store: store.catalog.cursor()
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
for folder in sys.argv[2:]:
    try:
        open_store(locate(folder)).catalog.apply([start()])
    except StoreUnreachable as error:
        print(error)
"""


def test_a_store_one_may_not_write_is_unreachable_in_one_line(tmp_path):
    with tempfile.TemporaryDirectory() as shared:  # pytest's own folders are closed to other users
        stores = [Path(shared) / name for name in ("files", "folder", "forbidden")]
        Path(shared).chmod(0o755)
        for path in stores:
            with open_store(locate(path)) as store:
                start_trial(store.catalog)
        for path in stores[:2]:
            (path / "catalog.sqlite").chmod(0o444)
        modes = {stores[0]: 0o777, stores[1]: 0o555, stores[2]: 0o000}
        for path, mode in modes.items():
            path.chmod(mode)
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY, tmp_path / "mine", *stores], capture_output=True, text=True, check=False
        )
        for path in stores:
            path.chmod(0o700)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 3
    assert all("check that" in line for line in done.stdout.splitlines())


def test_a_forked_child_uses_connections_of_its_own(any_location):
    with open_store(any_location) as store:
        start_trial(store.catalog)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                store.catalog.apply([start()])
                status = 0
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        start_trial(store.catalog)
        assert store.catalog.experiment("exp").trials == 3
        assert store.catalog.check() == ()


def test_opening_imports_no_more_than_it_needs(location):
    with open_store(location) as store:
        assert isinstance(store.catalog, SqlCatalog)
    code = (
        "import sys\n"
        "from labdeck.store.open import locate, open_store\n"
        "where = locate(sys.argv[1])\n"
        "assert 'sqlalchemy' not in sys.modules\n"
        "open_store(where).catalog.cursor()\n"
        "heavy = {'alembic', 'filelock', 'numpy', 'pandas', 'pyarrow', 'psycopg', 'platformdirs'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    subprocess.run([sys.executable, "-c", code, location.folder], check=True)


def test_every_fault_is_a_store_error(location):
    with open_store(location) as store:
        database = store.catalog._database
        with pytest.raises(StoreError, match="syntax error"):
            database.read(lambda connection: connection.exec_driver_sql("NONSENSE"))


def modes(folder):
    return {path.relative_to(folder).parts[-1]: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}


@pytest.fixture
def _open_to_all():
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_open_to_all")
@pytest.mark.parametrize("there", [False, True])
def test_whatever_is_made_is_closed_to_others(location, there):
    if there:
        location.folder.mkdir(mode=0o755)
    with open_store(location) as store:
        writer = store.columns.writer(start_trial(store.catalog))
        writer.log({"loss": 0.5}, 0)
        writer.close()
        store.artifacts.put_bytes(b"x")
        found = modes(location.folder)
    assert {"catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm", "columns", "artifacts"} <= set(found)
    assert {name: mode for name, mode in found.items() if mode & 0o077} == {}
    assert stat.S_IMODE(location.folder.stat().st_mode) == 0o700


@pytest.mark.usefixtures("_open_to_all")
def test_a_folder_with_other_things_in_it_keeps_its_rights(location):
    location.folder.mkdir(mode=0o755)
    (location.folder / "thesis.txt").write_text("x")
    open_store(location).close()
    with open_store(location):
        assert {name for name, mode in modes(location.folder).items() if mode & 0o077} == {"thesis.txt"}
        assert stat.S_IMODE(location.folder.stat().st_mode) == 0o755


def test_only_looking_makes_nothing(location):
    with pytest.raises(NotFound, match="there is no store at"):
        open_store(location, create=False)
    assert not location.folder.exists()
    with open_store(location) as store:
        start_trial(store.catalog)
    with open_store(location, create=False) as store:
        assert store.catalog.experiment("exp").trials == 1


@pytest.mark.postgres
def test_only_looking_makes_no_tables(postgres_location):
    with pytest.raises(NotFound, match="holds no store"):
        open_store(postgres_location, create=False)
    assert not postgres_location.folder.exists()
    with open_store(postgres_location) as store:
        start_trial(store.catalog)
    with open_store(postgres_location, create=False) as store:
        assert store.catalog.experiment("exp").trials == 1


def test_a_store_that_can_only_be_read_is_not_said_to_be_full(location, monkeypatch):
    with open_store(location) as store:
        start_trial(store.catalog)
    backend = SqliteBackend(location.folder)
    monkeypatch.setattr("labdeck.store.sql.sqlite._LOW_DISK", float("inf"))
    assert isinstance(backend._meaning(sqlite3.OperationalError("disk I/O error")), StoreFull)
    monkeypatch.setattr("os.access", lambda *_: False)
    assert "copy it" in str(backend._meaning(sqlite3.OperationalError("disk I/O error")))


def test_each_database_has_files_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("LABDECK_FILES", str(tmp_path))
    monkeypatch.delenv("PGHOST", raising=False)
    monkeypatch.delenv("PGPORT", raising=False)
    same = ["postgresql://box/lab", "postgres://Ada:x@BOX:5432/lab?sslmode=require", "postgresql:///lab?host=box"]
    other = ["postgresql://box/lab2", "postgresql://box2/lab", "postgresql://box:5433/lab", "postgresql:///lab"]
    assert {locate(url).folder.parent for url in same + other} == {tmp_path}
    assert len({locate(url).folder for url in same}) == 1
    assert len({locate(url).folder for url in same + other}) == 1 + len(other)
    monkeypatch.setenv("PGHOST", "box")
    assert locate("postgresql:///lab").folder == locate(same[0]).folder
