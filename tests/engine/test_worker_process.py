"""The worker as a process of its own, and the commands beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from sqlalchemy import func, select

from engine.intake import open_case
from engine.storage import HistoryEvent, HistorySeal, ProcessDefinition, Task, WorkerHeartbeat


@pytest.fixture
def command(database_url, tmp_path):
    """Start ``cityloop <words>`` on the test's database."""
    started: list[subprocess.Popen[str]] = []

    def run(*words: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "CITYLOOP_DATABASE_URL": database_url, "CITYLOOP_DATA_DIR": str(tmp_path / "var")}
        child = subprocess.Popen(
            [sys.executable, "-c", "from web.cli import main; main()", *words],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        started.append(child)
        return child

    yield run
    for child in started:
        if child.poll() is None:
            child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def until(session, statement, wanted, seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while (found := session.scalar(statement)) != wanted:
        session.rollback()
        assert time.monotonic() < end, found
        time.sleep(0.1)
    session.rollback()


def test_a_worker_lives_fires_timers_and_leaves_in_order(session, people, draw, publish, report, command):
    publish(
        draw("sanitation", kind="service", serviceType="sanitation")
        .timer("wait", "timeDuration", "PT1S")
        .user("act", "clerk")
    )
    open_case(session, people.clerk, report)
    session.commit()
    worker = command("worker")
    until(session, select(func.count()).select_from(WorkerHeartbeat), 1)
    until(session, select(Task.element_id), "act")
    until(session, select(func.count()).select_from(HistorySeal).where(HistorySeal.position == 1), 1)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0, worker.stdout.read()
    until(session, select(func.count()).select_from(WorkerHeartbeat), 0)


def test_a_folder_is_checked_and_published_by_command(session, city, draw, remark, command, tmp_path):
    folder = tmp_path / "bundle"
    (folder / "workflows" / "sanitation").mkdir(parents=True)
    (folder / "forms").mkdir()
    (folder / "forms" / "remark.form").write_bytes(remark)
    file = folder / "workflows" / "sanitation" / "sanitation.bpmn"
    file.write_bytes(draw("sanitation", kind="service", serviceType="sanitation").user("act", "no_such_role").xml())
    refused = command("deploy", str(folder))
    assert refused.wait(60) == 1 and "unknown_role" in refused.stdout.read()
    file.write_bytes(draw("sanitation", kind="service", serviceType="sanitation").user("act", "clerk").xml())
    checked = command("deploy", "--check", str(folder))
    assert checked.wait(60) == 0, checked.stdout.read()
    assert session.scalars(select(ProcessDefinition)).all() == []
    session.rollback()
    published = command("deploy", str(folder))
    assert published.wait(60) == 0, published.stdout.read()
    assert session.scalars(select(ProcessDefinition.key)).all() == ["sanitation"]


def test_a_worker_asked_to_look_once_does_what_is_due_and_stops(session, people, draw, publish, report, command):
    publish(
        draw("sanitation", kind="service", serviceType="sanitation")
        .service("note", "update-case", {"route": "X"})
        .user("act", "clerk")
    )
    open_case(session, people.clerk, report)
    session.commit()
    once = command("worker", "--once")
    assert once.wait(60) == 0
    assert "1 jobs" in once.stdout.read()
    assert session.scalars(select(Task.element_id)).all() == ["act"]
    lines = [session.scalar(select(func.count()).select_from(table)) for table in (HistorySeal, HistoryEvent)]
    assert lines[0] == lines[1] > 0, "the house is kept too"
    assert session.scalars(select(WorkerHeartbeat)).all() == []
