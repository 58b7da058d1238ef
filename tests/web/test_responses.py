"""A coordinator starts a response from the page; a clerk finds no door there."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine.deployments import deploy, load_folder
from engine.owed import run_due
from engine.permissions import Actor
from engine.storage import Database, ProcessInstance, Task, TaskStatus


@pytest.fixture
def shipped(database: Database) -> None:
    """The shipped processes, contingencies among them."""
    with database.transaction() as session:
        deploy(session, Actor.system("test"), load_folder(), name="shipped", source="folder")


def test_a_coordinator_starts_a_response_and_sees_it_run(desk, shipped, database, settings):  # type: ignore[no-untyped-def]
    coordinator = desk.browser("coordinator")
    page = coordinator.get("/responses")
    assert page.status_code == 200
    assert "/responses/start_response" in page.text
    assert coordinator.get("/responses/start_response").status_code == 200
    wrong = coordinator.post("/responses/start_response", {"hazard": "earthquake"})
    assert wrong.status_code == 422
    request = {"hazard": "gas_leak", "district": "福田区", "street": "莲花街道", "what": "后厨有浓烈煤气味"}
    answer = coordinator.post("/responses/start_response", request)
    assert answer.status_code == 302
    while run_due(database, settings, worker="test").total():
        pass
    with database.reading() as session:
        found = session.scalars(select(ProcessInstance).where(ProcessInstance.process_key == "gas_leak_response"))
        instance = found.one()
        assert instance.case_id is not None, "a real response has a case of its own"
        waiting = select(Task).where(Task.status == TaskStatus.OPEN, Task.instance_id == instance.id)
        assert list(session.scalars(waiting)), "somebody must have something to do in the first minutes"
    assert "燃气泄漏" in coordinator.get("/responses").text


def test_without_a_case_a_contingency_is_a_drill(desk, shipped, database) -> None:  # type: ignore[no-untyped-def]
    assert desk.browser("coordinator").post("/responses/tree_fall_response").status_code == 302
    with database.reading() as session:
        found = session.scalars(select(ProcessInstance).where(ProcessInstance.process_key == "tree_fall_response"))
        assert found.one().drill


def test_a_clerk_finds_no_door(desk, shipped) -> None:  # type: ignore[no-untyped-def]
    clerk = desk.browser("clerk")
    assert clerk.get("/responses").status_code == 403
    assert clerk.post("/responses/gas_leak_response").status_code == 403
    assert "/responses" not in clerk.get("/desk").text
