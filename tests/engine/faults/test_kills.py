"""Workers killed with -9 at the worst moments, and partners that hang: nothing is lost, the database decides once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from engine import clock, jobs
from engine.deployments import deploy
from engine.intake import open_case
from engine.owed import run_due
from engine.permissions import Actor
from engine.settings import Settings
from engine.storage import Case, Database, HistoryEvent, Incident, Job, JobStatus, Task, TaskStatus, Timer

MACHINE = Actor.system("test")
SETTINGS = Settings()
LATER = "2026-11-18T09:05"

# A worker that stops dead at a point of the code, and tells by a file that it is there.
CHILD = """
import sys, time, importlib
from pathlib import Path
from engine import clock, connectors
from engine.settings import Settings
from engine.storage import Database
import engine.jobs.running as running

point, url, folder = sys.argv[1:4]
folder = Path(folder)

def stop_here(*_, **__):
    (folder / "there").touch()
    time.sleep(120)

class Outside:
    def prepare(self, context):
        return dict(context.inputs)
    def call(self, settings, delivery_id, prepared):
        with (folder / "calls").open("a") as stream:
            stream.write(delivery_id + "\\n")
        if point == "during the call":
            stop_here()
        return {"status": 200, "body": {"by": "child"}}

original = connectors.find
connectors.find = lambda type_: Outside() if type_ == "http" else original(type_)
if point == "after the claim":
    running.run_one = stop_here
if point == "after the answer":
    running._do = stop_here
if point == "before the commit":
    finish = running.finish
    def late(*args, **kwargs):
        finish(*args, **kwargs)
        stop_here()
    running.finish = late
if point == "while firing":
    importlib.import_module("engine.storage.statements").Writes.send = stop_here
if point == "after the lease of a timer":
    import engine.owed.timers as timers
    timers._fire = stop_here

with clock.at("2026-11-18T09:00"):
    from engine.owed import run_due
    run_due(Database(url), Settings(), worker="child")
"""


@pytest.fixture
def killed_at(postgres: Database, postgres_url: str, tmp_path: Path):
    """Let a worker run to a point and kill it there."""

    def run(point: str) -> None:
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, point, postgres_url, str(tmp_path)], stderr=subprocess.PIPE
        )
        try:
            for _ in range(600):
                if (tmp_path / "there").exists():
                    break
                assert child.poll() is None, child.stderr.read().decode()
                time.sleep(0.05)
            else:
                pytest.fail(f"the worker never came to {point}")
        finally:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
            child.stderr.close()

    return run


@pytest.fixture
def town(city, postgres: Database, remark: bytes, report):
    def open_with(drawing) -> int:
        files = {"forms/remark.form": remark, "workflows/sanitation/sanitation.bpmn": drawing.xml()}
        with clock.at("2026-11-18T08:00"), postgres.transaction() as session:
            deploy(session, MACHINE, files, name="t", source="test")
            return open_case(session, MACHINE, {**report, "reported_at": ""}).id

    return open_with


@pytest.fixture
def outside(monkeypatch, tmp_path: Path):
    """The partner as the second worker sees it; both write down every call."""
    from engine import connectors

    class Outside:
        def prepare(self, context):
            return dict(context.inputs)

        def call(self, settings, delivery_id, prepared):
            with (tmp_path / "calls").open("a") as stream:
                stream.write(delivery_id + "\n")
            return {"status": 200, "body": {"by": "second"}}

    original = connectors.find
    monkeypatch.setattr(connectors, "find", lambda type_: Outside() if type_ == "http" else original(type_))
    return lambda: (tmp_path / "calls").read_text().split() if (tmp_path / "calls").exists() else []


def service(draw):
    return draw("sanitation", kind="service", serviceType="sanitation")


def calling(draw):
    return (
        service(draw).service("ask", "http", {"url": "https://partner.example/"}, result="answer").user("read", "clerk")
    )


def settle(database: Database, at: str = LATER) -> None:
    with clock.at(at):
        while run_due(database, SETTINGS, worker="second"):
            pass


def check_it_went_on_once(database: Database, expected: str = "read") -> Task:
    with database.reading() as session:
        (task,) = session.scalars(select(Task).where(Task.status == TaskStatus.OPEN)).all()
        assert task.element_id == expected
        assert session.scalars(select(Job.status).where(Job.kind == "connector")).all() in ([JobStatus.DONE], [])
        assert session.scalars(select(Incident)).all() == []
        return task


@pytest.mark.parametrize(
    ("point", "calls", "by"),
    [
        ("after the claim", 1, "second"),
        ("during the call", 2, "second"),
        ("after the answer", 1, "child"),
        ("before the commit", 1, "child"),
    ],
)
def test_a_worker_killed_over_a_call_leaves_it_to_the_next(town, postgres, draw, killed_at, outside, point, calls, by):
    town(calling(draw))
    killed_at(point)
    with clock.at("2026-11-18T09:00:30"):
        assert jobs.run_owed(postgres, SETTINGS, worker="second") == 0, "the lease still holds"
    settle(postgres)
    task = check_it_went_on_once(postgres)
    assert task.variables["answer"]["body"] == {"by": by}
    assert len(outside()) == calls and len(set(outside())) == 1, "always the same delivery id"


def test_a_worker_killed_before_its_commit_has_done_nothing_in_the_database(town, postgres, draw, killed_at):
    case_id = town(
        service(draw)
        .service("note", "update-case", {"times_reworked": "=case.times_reworked + 1"})
        .user("read", "clerk")
    )
    killed_at("before the commit")
    with postgres.reading() as session:
        assert session.get_one(Case, case_id).times_reworked == 0
    settle(postgres)
    check_it_went_on_once(postgres)
    with postgres.reading() as session:
        assert session.get_one(Case, case_id).times_reworked == 1
        assert session.scalar(select(func.count()).where(HistoryEvent.kind == "job.done")) == 1


@pytest.mark.parametrize("point", ["while firing", "after the lease of a timer"])
def test_a_worker_killed_over_a_timer_leaves_it_to_the_next(town, postgres, draw, killed_at, point):
    town(service(draw).timer("wait", "timeDuration", "PT30M").user("act", "clerk"))
    killed_at(point)
    with postgres.reading() as session:
        assert session.scalar(select(func.count()).select_from(Timer)) == 1
    settle(postgres)
    check_it_went_on_once(postgres, "act")
    with postgres.reading() as session:
        assert Counter(session.scalars(select(HistoryEvent.kind)))["timer.fired"] == 1


def test_a_call_that_hangs_beyond_its_lease_is_not_believed_when_it_comes_back(
    town, postgres, draw, outside, monkeypatch
):
    from engine import connectors

    town(calling(draw))
    fast = connectors.find("http")

    class Hanging:
        prepare = staticmethod(fast.prepare)

        @staticmethod
        def call(settings, delivery_id, prepared):
            settle(postgres)  # another worker, five minutes later
            return {"status": 200, "body": {"by": "late"}}

    found = [Hanging, Hanging]

    def find(type_):
        return found.pop() if type_ == "http" and found else fast

    monkeypatch.setattr(connectors, "find", find)
    with clock.at("2026-11-18T09:00"):
        jobs.run_owed(postgres, SETTINGS, worker="first", limit=1)
    task = check_it_went_on_once(postgres)
    assert task.variables["answer"]["body"] == {"by": "second"} and not found


def test_a_database_that_ends_every_connection_costs_no_attempt(town, postgres, draw, outside):
    town(calling(draw))
    with postgres.engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        )
    settle(postgres)
    check_it_went_on_once(postgres)
