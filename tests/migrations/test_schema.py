"""An empty database becomes what the models say, on both databases, once, whoever comes second."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError

from engine.errors import Conflict
from engine.storage import Base, Database, schema


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    url = request.getfixturevalue("postgres_url")
    database = Database(url)
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database.close()
    return url


def test_an_empty_database_upgraded_equals_the_models(empty_url):
    assert schema.upgrade(empty_url) == schema.head()
    database = Database(empty_url)
    assert schema.check(database.engine) == []
    assert schema.current(database.engine) == schema.head()
    assert set(inspect(database.engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}
    database.close()


def test_a_second_upgrade_changes_nothing_and_keeps_the_rows(empty_url):
    schema.upgrade(empty_url)
    database = Database(empty_url)
    with database.engine.begin() as connection:
        connection.execute(text("INSERT INTO organisation_kind VALUES ('x', 'X', 'X', 1)"))
    schema.upgrade(empty_url)
    with database.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM organisation_kind")) == 1
    database.close()


def test_a_database_of_a_newer_version_is_left_alone(empty_url):
    schema.upgrade(empty_url)
    database = Database(empty_url)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Conflict) as caught:
        schema.upgrade(empty_url)
    assert caught.value.facts["revision"] == "9999"
    database.close()


def test_tables_somebody_else_made_are_left_alone(empty_url):
    database = Database(empty_url)
    with database.engine.begin() as connection:
        connection.execute(text('CREATE TABLE "case" (id integer)'))
    with pytest.raises(Conflict):
        schema.upgrade(empty_url)
    assert schema.current(database.engine) is None
    database.close()


def test_a_difference_is_named(empty_url):
    schema.upgrade(empty_url)
    database = Database(empty_url)
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE note DROP COLUMN written_at"))
    assert any("written_at" in difference for difference in schema.check(database.engine))
    database.close()


@pytest.mark.parametrize("table", ["history_event", "history_seal", "deadline_entry"])
def test_the_records_refuse_change_after_an_upgrade(empty_url, table):
    schema.upgrade(empty_url)
    database = Database(empty_url)
    with database.engine.begin() as connection:
        if database.backend == "sqlite":
            connection.execute(text("PRAGMA defer_foreign_keys=ON"))
            connection.execute(
                text(
                    "INSERT INTO history_event (at, kind, actor, element_id, subject, role, source, reason, row_hash)"
                    " VALUES ('2026-01-01', 'x', 'x', '', '', '', '', '', '')"
                )
            )
            connection.execute(text("INSERT INTO history_seal VALUES (1, 1, '', '2026-01-01')"))
    statement = f"DELETE FROM {table}"
    with pytest.raises(DatabaseError, match="append-only"), database.engine.begin() as connection:
        if table == "deadline_entry" and database.backend == "sqlite":
            connection.execute(
                text(
                    "INSERT INTO deadline (name, status, limit_text, started_at, due_at, provisional, calendar_version,"
                    " warn_percents, warned_percent, exempt_reason, escalate_to, stop_reason, element_id, pauses_with)"
                    " VALUES ('x', 'running', '1 工作时', '2026-01-01', '2026-01-02', 0, 1, '[]', 0,"
                    " '', '', '', '', '')"
                )
            )
            connection.execute(
                text(
                    "INSERT INTO deadline_entry"
                    " (deadline_id, sequence, kind, at, effective_at, limit_text, reason, facts)"
                    " VALUES (1, 1, 'start', '2026-01-01', '2026-01-01', '', '', '{}')"
                )
            )
        connection.execute(text(statement))
    database.close()


def test_a_database_that_was_never_upgraded_has_no_revision(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    assert schema.current(database.engine) is None
    assert schema.check(database.engine)
    database.close()


def test_three_servers_starting_at_once_upgrade_once(empty_url):
    with ThreadPoolExecutor(3) as pool:
        assert set(pool.map(schema.upgrade, [empty_url] * 3)) == {schema.head()}
