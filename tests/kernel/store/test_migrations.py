"""Old stores are migrated, whoever opens them first; newer ones are refused."""

from __future__ import annotations

import multiprocessing
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from labdeck.errors import StoreTooNew
from labdeck.store.open import locate, open_store
from labdeck.store.sql import schema, tables
from labdeck.store.sql.engine import Database
from labdeck.store.sql.sqlite import SqliteBackend

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("*.sqlite.sql"))
NEXT = """
from alembic import op
import sqlalchemy as sa

revision = "0004"
down_revision = "0003"


def upgrade():
    with op.batch_alter_table("trial") as batch:
        batch.add_column(sa.Column("extra", sa.Text, nullable=False, server_default="new"))
        batch.alter_column("note", type_=sa.String())
"""


def old_store(folder: Path, fixture: Path) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as connection:
        connection.executescript(fixture.read_text(encoding="utf-8"))


def test_every_known_schema_has_a_fixture():
    scripts = ScriptDirectory.from_config(_config())
    assert scripts.get_current_head() == tables.HEAD
    assert {item.revision for item in scripts.walk_revisions()} == tables.KNOWN
    assert {item.name.removesuffix(".sqlite.sql") for item in FIXTURES} == tables.KNOWN


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda item: item.name)
def test_an_old_store_opens_with_all_its_facts(tmp_path, fixture):
    old_store(tmp_path / "store", fixture)
    with open_store(locate(tmp_path / "store")) as store:
        catalog = store.catalog
        experiment = catalog.experiment("digits")
        assert (experiment.note, experiment.trials, experiment.running) == ("does width help?", 2, 1)
        assert (experiment.archived, experiment.archived_trials) == (False, not fixture.name.startswith("0001"))
        assert [item.name for item in catalog.experiments(deleted=True)] == ["n" * 300]
        detail = catalog.detail(catalog.trial("hidden-5").id)
        assert (detail.trial.state, detail.trial.tags) == ("completed", {"stage": "paper"})
        assert [item.value for item in detail.params] == [0.1, 3, "cnn 🧪"]
        assert [(item.name, item.component, item.last) for item in detail.metrics] == [
            ("test:accuracy", "", 0.9),
            ("train:loss", "prepare", "NaN"),
        ]
        assert (detail.components[0].state, detail.artifacts[0].name) == ("completed", "model.pt")
        assert detail.captures[0].body == {"commit": "abc"}
        assert catalog.position("01900000000000000000000000000031") == 7
        assert catalog._database.read(_searched) == [
            [("layers", "3"), ("lr", "0.1"), ("net", "cnn 🧪")],
            [("test:accuracy", 1, 0.9, 0.9, 0.0), ("train:loss", 1, None, None, 0.0)],
            [("stage", "paper")],
        ]
        judged = fixture.name >= "0003"
        assert [found.tensor for found in catalog.findings().findings] == ["gradient/conv1.weight"] * judged
        assert [rule.name for rule in catalog.debugger(detail.trial.id).rules] == ["VanishingGradient"] * judged
        assert len(catalog.events(0)) == catalog.cursor()
        assert catalog.check() == ()


def test_the_revisions_lead_to_the_tables_of_today(any_location):
    with open_store(any_location) as store:
        database = store.catalog._database
        fresh = database.read(_shape)
        database.set_up(_drop_everything)
        database.set_up(schema.migrate)
        assert database.read(_shape) == fresh
        assert database.read(_differences) == []
        assert store.catalog.cursor() == 0


def test_a_newer_store_is_refused_and_left_alone(any_location):
    with open_store(any_location) as store:
        store.catalog._database.set_up(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(StoreTooNew, match=r"9999.*pip install -U labdeck"):
        open_store(any_location)


def _migrate_in_child(folder, versions, start, results):
    schema.version_locations.append(versions)
    tables.HEAD, tables.KNOWN = "0004", tables.KNOWN | {"0004"}
    start.wait()
    database = Database(SqliteBackend(Path(folder)))
    try:
        schema.ensure_schema(database)
        extra = database.read(lambda c: c.execute(text("SELECT extra FROM trial")).scalars().all())
        params = database.read(lambda c: c.execute(text("SELECT count(*) FROM param")).scalar_one())
        results.put((extra, params))
    except Exception as error:  # noqa: BLE001 - the parent judges
        results.put(repr(error))
    finally:
        database.close()


@pytest.mark.slow
def test_many_processes_migrate_once_and_lose_nothing(tmp_path):
    old_store(tmp_path / "store", FIXTURES[0])
    versions = tmp_path / "versions"
    versions.mkdir()
    (versions / "v0004_next.py").write_text(NEXT)
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(6), context.Queue()
    arguments = (str(tmp_path / "store"), str(versions), start, results)
    children = [context.Process(target=_migrate_in_child, args=arguments) for _ in range(6)]
    for child in children:
        child.start()
    found = [results.get(timeout=120) for _ in children]
    for child in children:
        child.join(30)
    assert found == [(["new", "new"], 3)] * 6
    with pytest.raises(StoreTooNew):
        open_store(locate(tmp_path / "store"))


def test_what_the_second_schema_added_is_kept(tmp_path):
    old_store(tmp_path / "store", Path(__file__).parent / "fixtures" / "0003.sqlite.sql")
    with open_store(locate(tmp_path / "store")) as store:
        (view,) = store.catalog.views()
        assert (view.name, view.body) == ("paper", {"x": "step"})
        done = store.catalog.trial("hidden-5")
        (part,) = store.catalog.detail(done.id).children
        assert (part.name, part.parent_id, part.archived) == ("fold-1", done.id, True)


def _searched(connection):
    """What searches compare: the columns that the second revision fills from the records."""
    queries = (
        "SELECT name_key, text FROM param ORDER BY name_key",
        "SELECT name_key, count, first, mean, deviation FROM metric ORDER BY name_key",
        "SELECT name_key, value FROM tag",
    )
    return [[tuple(row) for row in connection.execute(text(query))] for query in queries]


def _config():
    config = Config()
    config.set_main_option("script_location", "labdeck.store.sql:migrations")
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(schema.version_locations))
    return config


def _drop_everything(connection):
    tables.metadata.drop_all(connection)
    connection.execute(text("DROP TABLE alembic_version"))


def _differences(connection):
    return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), tables.metadata)


def _shape_of_sqlite(connection):
    for table in connection.execute(text("PRAGMA table_list")).mappings().all():
        yield repr((table["name"], table["type"], table["wr"], table["strict"]))
        for pragma in ("table_info", "foreign_key_list"):
            for row in connection.execute(text(f"PRAGMA {pragma}({table['name']})")).mappings():
                yield repr((table["name"], pragma, {key: row[key] for key in row if key not in {"cid", "id"}}))
    indices = connection.execute(text("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"))
    for row in indices:
        yield "".join(row.sql.split()).replace('"', "")


def _shape(connection):
    """Everything the database says about its tables, without the order in which they were made."""
    if connection.dialect.name == "sqlite":
        return sorted(_shape_of_sqlite(connection))
    columns = "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns"
    constraints = "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
    rows = [
        connection.execute(text(f"{columns} WHERE table_schema = 'public'")),
        connection.execute(text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'")),
        connection.execute(text(f"{constraints} WHERE connamespace = 'public'::regnamespace")),
    ]
    return sorted(repr(tuple(row)) for result in rows for row in result)
