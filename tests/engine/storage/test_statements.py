"""Statements sent as text behave as SQLAlchemy's own: same values, same errors, same objects, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import Integer, bindparam, event, literal, select, text, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from engine import clock
from engine.errors import Conflict
from engine.storage import Job, JobLane, JobStatus, Organisation
from engine.storage.reading import Reading
from engine.storage.statements import Prepared, Writes, insert_row, table_of

JOBS = table_of(Job)
ORGANISATIONS = table_of(Organisation)
NAMED = Prepared(select(ORGANISATIONS.c.name).where(ORGANISATIONS.c.code == bindparam("code")))
ONE = Reading([Job], JOBS, JOBS.c.id == bindparam("job"))


def owed(delivery_id: str = "d1", **more):
    return {
        "kind": "send",
        "type": "http",
        "delivery_id": delivery_id,
        "lane": JobLane.BULK,
        "status": JobStatus.OWED,
        "element_id": "",
        "headers": {},
        "inputs": {"题": [1, {"a": None}]},
        "attempts": 0,
        "max_attempts": 3,
        "run_at": clock.now(),
        "error_code": "",
        "last_error": "",
        "created_at": clock.now(),
        **more,
    }


def test_a_row_read_as_text_is_the_object_the_orm_would_have_made(database):
    with database.transaction() as session:
        job_id = insert_row(session, Job, owed())
        (placed,) = ONE.one(session, job=job_id)
        found = {column.key: getattr(placed, column.key) for column in JOBS.c}
        assert placed in session and not session.dirty
    with database.reading() as session:
        loaded = session.get_one(Job, job_id)
        assert found == {column.key: getattr(loaded, column.key) for column in JOBS.c}
        assert placed.status is JobStatus.OWED and placed.run_at.tzinfo is not None


def test_an_object_that_is_there_is_brought_up_to_date_and_loses_nothing(database):
    with database.transaction() as session:
        job_id = insert_row(session, Job, owed())
        mine = session.get_one(Job, job_id)
        mine.attempts = 2
        session.connection().execute(update(JOBS).values(last_error="seen elsewhere"))
        (again,) = ONE.one(session, job=job_id)
        assert again is mine and mine.attempts == 2 and mine.last_error == "seen elsewhere"
        mine.error_code = "kept"
    with database.reading() as session:
        assert session.get_one(Job, job_id).error_code == "kept"


def test_nothing_is_found_where_nothing_is(session):
    assert ONE.one(session, job=987654) is None


def test_writes_go_out_together_in_their_order(database):
    with database.transaction() as session:
        job_id = insert_row(session, Job, owed("first"))
        (job,) = ONE.one(session, job=job_id)
        writes = Writes()
        writes.insert(Job, [owed("second"), owed("third")])
        writes.update(job, {"status": JobStatus.OWED}, status=JobStatus.DONE, finished_at=clock.now())
        assert job.status is JobStatus.DONE
        writes.send(session)
        writes.send(session)
    with database.reading() as session:
        assert session.execute(select(Job.delivery_id, Job.status).order_by(Job.id)).all() == [
            ("first", JobStatus.DONE),
            ("second", JobStatus.OWED),
            ("third", JobStatus.OWED),
        ]


def test_a_row_that_is_not_as_it_was_is_a_conflict_and_nothing_stays(database):
    with database.transaction() as session:
        job_id = insert_row(session, Job, owed("first"))
    with pytest.raises(Conflict) as refused, database.transaction() as session:
        (job,) = ONE.one(session, job=job_id)
        writes = Writes()
        writes.insert(Job, [owed("second")])
        writes.update(job, {"status": JobStatus.FAILED}, status=JobStatus.DONE)
        writes.send(session)
    assert refused.value.kind == "stale"
    with database.reading() as session:
        assert session.scalars(select(Job.status)).all() == [JobStatus.OWED]


def test_the_drivers_errors_are_told_as_sqlalchemys(database):
    with database.transaction() as session:
        insert_row(session, Job, owed("same"))
    with pytest.raises(IntegrityError), database.transaction() as session:
        insert_row(session, Job, owed("same"))
    with pytest.raises(IntegrityError), database.transaction() as session:
        writes = Writes()
        writes.insert(Job, [owed("other"), owed("same")])
        writes.send(session)
    with database.reading() as session:
        assert session.scalars(select(Job.delivery_id)).all() == ["same"]


def test_values_written_in_the_statement_are_sent_too_also_none(database):
    release = Prepared(
        update(JOBS).where(JOBS.c.id == bindparam("job")).values(lease_owner=None, attempts=0, status=JobStatus.FAILED)
    )
    with database.transaction() as session:
        job_id = insert_row(session, Job, owed(lease_owner="w", attempts=2))
        assert release.execute(session, {"job": job_id}) == 1
        job = session.get_one(Job, job_id)
        assert (job.lease_owner, job.attempts, job.status) == (None, 0, JobStatus.FAILED)


def test_whoever_listens_to_statements_hears_of_these_too(database, city):
    heard: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *about: heard.append(about[2]))
    with database.transaction() as session:
        assert NAMED.first(session, {"code": "ft.water"}) and NAMED.first(session, {"code": "nobody"}) is None
    assert sum("organisation" in each for each in heard) == 2


@pytest.mark.postgres
def test_what_is_prepared_outlives_a_rollback_and_a_refused_statement(postgres):
    divided = Prepared(select(literal(1) / bindparam("by", type_=Integer)))
    for _ in range(2):
        with pytest.raises(DBAPIError), postgres.transaction() as session:
            assert divided.first(session, {"by": 2}) == [0.5]
            divided.rows(session, {"by": 0})
        with postgres.transaction() as session:
            assert NAMED.first(session, {"code": "nobody"}) is None
            names = session.scalars(text("SELECT name FROM pg_prepared_statements WHERE name LIKE 'step%'")).all()
    assert sorted(names) == ["step_0", "step_1"]


@pytest.mark.postgres
def test_a_text_postgresql_cannot_keep_is_refused_and_not_cut(postgres):
    with pytest.raises(DataError, match="character 0"), postgres.transaction() as session:
        NAMED.rows(session, {"code": "a\0b"})


@pytest.mark.postgres
def test_a_connection_that_dies_under_a_statement_is_replaced(postgres):
    session = postgres.session()
    NAMED.rows(session, {"code": "x"})
    backend = session.connection().connection.driver_connection.info.backend_pid
    with postgres.transaction() as other:
        other.execute(text("SELECT pg_terminate_backend(:backend)"), {"backend": backend})
    with pytest.raises(DBAPIError) as lost:
        NAMED.rows(session, {"code": "x"})
    assert lost.value.connection_invalidated
    session.close()
    with postgres.transaction() as session:
        assert NAMED.rows(session, {"code": "x"}) == []


@pytest.mark.postgres
def test_statements_from_before_a_migration_fail_once_and_are_prepared_anew(postgres):
    def ask():
        with postgres.transaction() as session:
            return NAMED.rows(session, {"code": "x"})

    assert ask() == []
    with postgres.transaction() as session:
        session.execute(text("ALTER TABLE organisation ALTER COLUMN name TYPE text"))
    with pytest.raises(DBAPIError, match="cached plan"):
        ask()
    assert ask() == []
