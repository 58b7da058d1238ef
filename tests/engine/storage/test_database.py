"""The same code on SQLite and PostgreSQL: times, JSON, locks, writers that wait for each other."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from shutil import copy

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError, StatementError

from engine import clock
from engine.errors import NotFound
from engine.storage import Area, Database, Job, JobStatus, Setting, lock, lock_next


def setting(**value):
    return Setting(key="x", value=value, updated_at=clock.now())


def test_times_come_back_aware_and_in_utc(database):
    with database.transaction() as session:
        session.add(Setting(key="x", value={}, updated_at=clock.parse("2026-10-12T16:30+08:00")))
    with database.reading() as session:
        assert session.get_one(Setting, "x").updated_at == datetime(2026, 10, 12, 8, 30, tzinfo=UTC)


def test_a_time_without_a_zone_is_refused(session):
    session.add(Setting(key="x", value={}, updated_at=datetime(2026, 1, 1)))  # noqa: DTZ001
    with pytest.raises(StatementError, match="without a zone"):
        session.flush()


def test_json_keeps_order_and_chinese(database):
    with database.transaction() as session:
        session.add(setting(乙=1, 甲=[1, {"b": None, "a": Decimal("1.50")}]))
    with database.reading() as session:
        value = session.get_one(Setting, "x").value
    assert list(value) == ["乙", "甲"] and value["甲"][1] == {"b": None, "a": "1.50"}


def test_a_transaction_that_fails_leaves_nothing(database):
    with pytest.raises(ZeroDivisionError), database.transaction() as session:
        session.add(setting())
        session.flush()
        raise ZeroDivisionError
    with database.reading() as session:
        assert session.get(Setting, "x") is None


def test_a_reading_session_cannot_write(database):
    with database.reading() as session, pytest.raises(DatabaseError):
        session.execute(text("DELETE FROM setting"))


def test_what_stands_in_the_log_is_copied_into_the_file_while_others_read_and_write(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'a.sqlite3'}")
    database.create_all()
    with database.transaction() as session:
        session.add(setting(count=1))
    with database.reading() as reader:
        assert reader.get_one(Setting, "x").value == {"count": 1}
        with database.transaction() as session:
            session.add(Setting(key="y", value={}, updated_at=clock.now()))
            session.flush()
            database.checkpoint()
    copy(tmp_path / "a.sqlite3", tmp_path / "b.sqlite3")
    database.close()
    copied = Database(f"sqlite:///{tmp_path / 'b.sqlite3'}")
    with copied.reading() as session:
        assert session.scalars(select(Setting.key)).all() == ["x"]
    copied.close()


def test_many_writers_that_read_first_all_succeed(database):
    with database.transaction() as session:
        session.add(setting(count=0))

    def add(_):
        with database.transaction() as session:
            row = lock(session, Setting, "x")
            row.value = {"count": row.value["count"] + 1}

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(40)))
    with database.reading() as session:
        assert session.get_one(Setting, "x").value == {"count": 40}


def test_a_row_that_is_not_there_cannot_be_locked(session):
    with pytest.raises(NotFound) as caught:
        lock(session, Setting, "missing")
    assert caught.value.facts["table"] == "setting"


@pytest.mark.postgres
def test_two_workers_take_different_rows(postgres):
    with postgres.transaction() as session:
        for number in range(4):
            session.add(Job(delivery_id=str(number), type="x", run_at=clock.now(), created_at=clock.now()))
    owed = select(Job).where(Job.status == JobStatus.OWED).order_by(Job.id)
    with postgres.transaction() as first, postgres.transaction() as second:
        mine = {job.id for job in lock_next(first, owed, 2)}
        theirs = {job.id for job in lock_next(second, owed, 4)}
        assert len(mine) == 2 and len(theirs) == 2 and not mine & theirs
        with pytest.raises(NotFound):
            lock(second, Job, min(mine), wait=False)


@pytest.mark.postgres
def test_work_goes_on_after_the_server_ended_its_connections(postgres, postgres_url):
    with postgres.reading() as session:
        before = session.scalar(text("SELECT pg_backend_pid()"))
    others = Database(postgres_url)
    with others.reading() as session:
        session.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": before})
    others.close()
    with postgres.reading() as session:
        assert session.scalar(text("SELECT pg_backend_pid()")) != before


def test_areas_refuse_two_of_one_code(session):
    session.add(Area(code="ft", name="x", level="district", path="x/"))
    with pytest.raises(DatabaseError):
        session.flush()


def test_what_a_statement_was_about_is_not_in_the_words_of_its_failure(session):
    with pytest.raises(DatabaseError) as failed:
        session.execute(text("SELECT nothing FROM person WHERE display_name = :name"), {"name": "张三"})
    assert "display_name" in str(failed.value) and "张三" not in str(failed.value)


def test_only_the_two_databases_are_opened():
    with pytest.raises(ValueError, match="only SQLite and PostgreSQL"):
        Database("mysql://localhost/x")
    with pytest.raises(ValueError, match="synchronous"):
        Database("sqlite://", synchronous="MAYBE")
