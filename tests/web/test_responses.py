"""A coordinator starts a response from the page; a clerk finds no door there."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine.deployments import deploy, load_folder
from engine.permissions import Actor
from engine.storage import Database, ProcessInstance, Task, TaskStatus


@pytest.fixture
def shipped(database: Database) -> None:
    """The shipped processes, contingencies among them."""
    with database.transaction() as session:
        deploy(session, Actor.system("test"), load_folder(), name="shipped", source="folder")


def test_a_coordinator_starts_a_response_and_sees_it_run(desk, shipped, database) -> None:  # type: ignore[no-untyped-def]
    coordinator = desk.browser("coordinator")
    page = coordinator.get("/responses")
    assert page.status_code == 200
    assert "燃气泄漏" in page.text
    assert coordinator.get("/responses/gas_leak_response").status_code == 200
    answer = coordinator.post("/responses/gas_leak_response", {"district": "福田区"})
    if answer.status_code == 422:
        pytest.fail(answer.text[answer.text.find("error-summary") :][:1500])
    assert answer.status_code == 302
    with database.reading() as session:
        instance = session.scalars(
            select(ProcessInstance).where(ProcessInstance.process_key == "gas_leak_response")
        ).one()
        assert instance.started_by_id == desk.person("coordinator").id
        open_tasks = session.scalars(
            select(Task).where(Task.status == TaskStatus.OPEN, Task.instance_id == instance.id)
        )
        assert list(open_tasks), "somebody must have something to do in the first minutes"
    assert "燃气泄漏" in coordinator.get("/responses").text


def test_a_clerk_finds_no_door(desk, shipped) -> None:  # type: ignore[no-untyped-def]
    clerk = desk.browser("clerk")
    assert clerk.get("/responses").status_code == 403
    assert clerk.post("/responses/gas_leak_response").status_code == 403
    assert "/responses" not in clerk.get("/desk").text
