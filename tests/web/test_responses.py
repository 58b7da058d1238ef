"""A coordinator starts a response from the page; a clerk finds no door there."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import event, select, update

from engine import broadcasts, instances
from engine.deployments import deploy, load_folder
from engine.owed import run_due
from engine.permissions import Actor
from engine.storage import (
    Broadcast,
    BroadcastStatus,
    Case,
    Database,
    DefinitionState,
    FormDefinition,
    ProcessDefinition,
    ProcessInstance,
    Task,
    TaskStatus,
)


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


def request_for(district: str, street: str, **more: str) -> dict[str, str]:
    return {"hazard": "gas_leak", "district": district, "street": street, "what": "后厨有浓烈煤气味", **more}


def started(database: Database) -> list[ProcessInstance]:
    with database.reading() as session:
        wanted = select(ProcessInstance).where(ProcessInstance.process_key == "start_response")
        return list(session.scalars(wanted))


@pytest.mark.parametrize(
    ("who", "district", "street", "may"),
    [
        ("coordinator_sz", "罗湖区", "桂园街道", True),
        ("coordinator", "福田区", "梅林街道", True),
        ("coordinator", "罗湖区", "桂园街道", False),
        ("street", "福田区", "莲花街道", True),
        ("street", "福田区", "梅林街道", False),
        ("street", "福田区", "", False),
        ("street", "罗湖区", "桂园街道", False),
    ],
)
def test_a_response_is_started_where_one_has_the_duty(  # type: ignore[no-untyped-def]
    desk, shipped, database, who, district, street, may
) -> None:
    answer = desk.browser(who).post("/responses/start_response", request_for(district, street))
    assert answer.status_code == (302 if may else 422)
    assert len(started(database)) == (1 if may else 0)
    if not may:
        assert "您无权在此处启动" in answer.text and "后厨有浓烈煤气味" in answer.text


@pytest.mark.parametrize(("district", "street"), [("东城区", ""), ("福田区", "桂园街道"), ("", "莲花街道")])
def test_a_response_without_a_place_of_the_city_is_not_started(desk, shipped, database, district, street) -> None:  # type: ignore[no-untyped-def]
    coordinator = desk.browser("coordinator")
    answer = coordinator.post("/responses/start_response", request_for(district, street))
    assert answer.status_code == 422 and not started(database)
    form = coordinator.get("/responses/start_response").text
    assert '<option value="福田区">' in form and "福田区 · 莲花街道" in form
    assert form.count("启动应急响应</h") == 1, "the page says once what it is"


def test_pressing_start_three_times_starts_one_response(desk, shipped, database) -> None:  # type: ignore[no-untyped-def]
    coordinator = desk.browser("coordinator")
    token = re.search(r'name="_submission" value="([^"]+)"', coordinator.get("/responses/start_response").text)
    assert token is not None
    asked = request_for("福田区", "莲花街道", _submission=token[1])
    assert [coordinator.post("/responses/start_response", asked).status_code for _ in range(3)] == [302, 302, 302]
    assert len(started(database)) == 1


def test_running_responses_are_told_apart_and_seen_where_one_may_look(desk, shipped, database, settings) -> None:  # type: ignore[no-untyped-def]
    everywhere = desk.browser("coordinator_sz")
    for district, street in (("福田区", "莲花街道"), ("罗湖区", "桂园街道")):
        assert everywhere.post("/responses/start_response", request_for(district, street)).status_code == 302
    while run_due(database, settings, worker="test").total():
        pass
    seen = {who: desk.browser(who).get("/responses").text for who in ("coordinator_sz", "coordinator", "street")}
    with database.reading() as session:
        numbers = dict(session.execute(select(Case.street, Case.number)).all())
    for who, streets in {
        "coordinator_sz": {"莲花街道", "桂园街道"},
        "coordinator": {"莲花街道"},
        "street": {"莲花街道"},
    }.items():
        assert {street for street, number in numbers.items() if number in seen[who]} == streets


def test_a_running_response_says_its_level_or_that_nobody_has_decided_it(desk, shipped, database) -> None:  # type: ignore[no-untyped-def]
    coordinator = desk.browser("coordinator")
    with database.transaction() as session:
        instances.start(session, desk.actor("coordinator"), "tree_fall_response", drill=True)
    assert "尚未定级" in coordinator.get("/responses").text
    with database.transaction() as session:
        instances.start(session, desk.actor("coordinator"), "typhoon_response", variables={"level": 2}, drill=True)
    assert "Ⅱ级" in coordinator.get("/responses").text


def test_more_running_responses_are_no_more_questions(desk, shipped, database) -> None:  # type: ignore[no-untyped-def]
    coordinator = desk.browser("coordinator")

    def asked() -> int:
        sent: list[str] = []

        def note(*about: Any) -> None:
            sent.append(about[2])

        event.listen(database.reader, "before_cursor_execute", note)
        try:
            assert coordinator.get("/responses").status_code == 200
        finally:
            event.remove(database.reader, "before_cursor_execute", note)
        return len(sent)

    def begin() -> None:
        with database.transaction() as session:
            instances.start(session, desk.actor("coordinator"), "tree_fall_response", drill=True)

    begin()
    asked()
    one = asked()
    begin()
    begin()
    assert asked() == one


def test_a_start_whose_form_is_out_of_use_is_refused_not_begun_without_answers(desk, shipped, database) -> None:  # type: ignore[no-untyped-def]
    with database.transaction() as session:
        key = session.scalars(
            select(ProcessDefinition.start_form).where(ProcessDefinition.key == "start_response")
        ).one()
        wanted = update(FormDefinition).where(FormDefinition.key == key)
        session.execute(wanted.values(state=DefinitionState.RETIRED))
    coordinator = desk.browser("coordinator")
    answer = coordinator.get("/responses/start_response")
    assert answer.status_code == 500 and key in answer.text


def test_a_signal_sent_by_mistake_is_stopped_with_a_reason_where_responses_are_seen(desk, database) -> None:  # type: ignore[no-untyped-def]
    with database.transaction() as session:
        sent = broadcasts.send(session, desk.actor("coordinator"), "typhoon_red", areas=["莲花街道"]).id
    address = f"/responses/broadcasts/{sent}/stop"
    street, commander = desk.browser("street"), desk.browser("commander")
    page = street.get("/responses")
    assert "typhoon_red" in page.text and address not in page.text
    assert street.post(address, {"reason": "发错了"}).status_code == 403
    assert address in commander.get("/responses").text
    assert commander.post(address, {"reason": " "}).status_code == 422
    assert commander.post(address, {"reason": "发错了街道"}).status_code == 302
    with database.reading() as session:
        assert session.get_one(Broadcast, sent).status is BroadcastStatus.STOPPED
    assert address not in commander.get("/responses").text
    assert commander.post(address, {"reason": "再停一次"}).status_code == 409


def test_an_action_that_came_too_late_keeps_what_was_typed(desk, shipped) -> None:  # type: ignore[no-untyped-def]
    case_id = desk.open_case()
    address = f"/cases/{case_id}/actions/voiding"
    clerk = desk.browser("clerk")
    assert clerk.get(address).status_code == 200
    fields = clerk.post(f"{address}/form", {"void_note": "写到一半"})
    assert fields.status_code == 200 and "写到一半" in fields.text and "<html" not in fields.text
    first = {"void_reason": "corrected", "void_note": "现场已无此问题"}
    assert clerk.post(address, first).status_code == 302
    late = clerk.post(address, {"void_reason": "corrected", "void_note": "第二个窗口里写的说明"})
    assert late.status_code == 409
    assert "已在进行中" in late.text and "第二个窗口里写的说明" in late.text and "/notes" in late.text
    assert clerk.get(f"/cases/{case_id}/actions/nothing").status_code == 404
    start = desk.browser("coordinator").post("/responses/start_response/form", {"what": "写到一半"})
    assert start.status_code == 200 and "写到一半" in start.text
