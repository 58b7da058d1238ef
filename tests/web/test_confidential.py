"""Enforcement decides on a case the contractor answered for: who may read the decision, by every door."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from sqlalchemy import select

from engine import instances, responsibility
from engine.deployments import deploy
from engine.permissions import Actor
from engine.storage import Case, Evidence, HistoryEvent, Organisation, Task, TaskStatus
from engine.worklist import case_page

PENALTY = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="t">
<bpmn:process id="penalty" name="执法办案" isExecutable="true"><bpmn:extensionElements><zeebe:properties><zeebe:property name="kind" value="shared"/></zeebe:properties></bpmn:extensionElements>
 <bpmn:startEvent id="begin"><bpmn:outgoing>a</bpmn:outgoing></bpmn:startEvent>
 <bpmn:userTask id="decide" name="作出决定"><bpmn:extensionElements><zeebe:assignmentDefinition candidateGroups="enforcement_officer"/><zeebe:formDefinition formId="ruling"/><zeebe:properties><zeebe:property name="responsible" value="ft.lianhua.street_enforcement"/></zeebe:properties></bpmn:extensionElements><bpmn:incoming>a</bpmn:incoming><bpmn:outgoing>b</bpmn:outgoing></bpmn:userTask>
 <bpmn:userTask id="attend" name="会同到场"><bpmn:extensionElements><zeebe:assignmentDefinition candidateGroups="street_office, crew"/><zeebe:formDefinition formId="check"/></bpmn:extensionElements><bpmn:incoming>b</bpmn:incoming><bpmn:outgoing>c</bpmn:outgoing></bpmn:userTask>
 <bpmn:endEvent id="over"><bpmn:incoming>c</bpmn:incoming></bpmn:endEvent>
 <bpmn:sequenceFlow id="a" sourceRef="begin" targetRef="decide"/><bpmn:sequenceFlow id="b" sourceRef="decide" targetRef="attend"/><bpmn:sequenceFlow id="c" sourceRef="attend" targetRef="over"/>
</bpmn:process></bpmn:definitions>""".encode()  # noqa: E501
RULING = {
    "type": "default",
    "id": "ruling",
    "components": [
        {"type": "textarea", "key": "party", "label": "当事人", "id": "p"},
        {"type": "file", "key": "paper", "label": "决定书", "id": "f"},
    ],
}


@pytest.fixture
def decided(desk: Any) -> dict[str, Any]:
    """A crew's case on which an officer has decided, with the paper in it."""
    case_id = desk.open_case()
    with desk.database.transaction() as session:
        bundle = {"workflows/penalty/penalty.bpmn": PENALTY, "forms/ruling.form": json.dumps(RULING).encode()}
        machine = Actor.system("test")
        deploy(session, machine, bundle, name="penalty", source="test")
        case = session.get_one(Case, case_id)
        crew = session.scalars(select(Organisation).where(Organisation.code == "ft.crew_sanitation")).one()
        responsibility.assign(session, machine, case, crew, "accepted")
        instances.start(session, machine, "penalty", case=case)
    with desk.database.reading() as session:
        wanted = select(Task).where(Task.case_id == case_id, Task.element_id == "decide")
        task_id = session.scalars(wanted).one().id
    paper = (io.BytesIO(b"%PDF-1.4\n%%EOF\n"), "决定书-王五.pdf")
    answer = desk.browser("officer").post(
        f"/tasks/{task_id}",
        {"party": "王五，住景田北街", "paper": paper, "_submission": "a"},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 302, answer.text
    with desk.database.reading() as session:
        file = session.scalars(select(Evidence.public_id).where(Evidence.task_id == task_id)).one()
    return {"case": case_id, "task": task_id, "file": file}


@pytest.mark.parametrize(
    ("who", "reads"),
    [
        ("crew", False),
        ("manager", False),
        ("clerk", False),
        ("street", True),
        ("officer", True),
        ("enforcement_head", True),
        ("auditor", True),
    ],
)
def test_the_decision_is_read_by_enforcement_by_who_works_with_it_and_by_audit(
    desk: Any, decided: dict[str, Any], who: str, reads: bool
) -> None:
    browser = desk.browser(who)
    page = browser.get(f"/cases/{decided['case']}")
    assert page.status_code == 200, "the case itself is theirs to see"
    assert "作出决定" in page.text, "that a step was done is no secret"
    task = browser.get(f"/tasks/{decided['task']}")
    for text in (page.text, task.text):
        assert ("决定书-王五" in text) is reads
        assert ("王五，住景田北街" in text) is reads
    with browser.get(f"/files/{decided['file']}") as bytes_of_it:
        assert bytes_of_it.status_code == (200 if reads else 404)
    with desk.database.reading() as session:
        told = case_page(session, desk.actor(who), decided["case"])
        run = session.scalars(select(Task.instance_id).where(Task.id == decided["task"])).one()
        lines = [line for line in told.timeline if line.instance_id == run]
        assert lines and any(line.details for line in lines) is reads, (
            "the rules that decided are told with the answers"
        )


def test_before_anything_is_done_the_contractor_keeps_what_is_its_own(desk: Any, picture: Any) -> None:
    case_id = desk.open_case()
    clerk = desk.browser("clerk")
    clerk.post(f"/tasks/{desk.task(case_id).id}", {"decision": "accept", "_submission": "a"})
    clean = desk.task(case_id)
    answer = desk.browser("crew").post(
        f"/tasks/{clean.id}",
        {"feedback": "已清走", "photo_after": picture("之后.jpg"), "_submission": "b"},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 302
    for who in ("crew", "clerk", "supervisor"):
        page = desk.browser(who).get(f"/cases/{case_id}").text
        assert "之后.jpg" in page and "已清走" in page
    with desk.database.reading() as session:
        done = select(HistoryEvent).where(HistoryEvent.kind == "task.completed", HistoryEvent.case_id == case_id)
        assert len(session.scalars(done).all()) == 2
        assert session.scalars(select(Task.status).where(Task.id == clean.id)).one() is TaskStatus.COMPLETED


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("clerk", True),
        ("chief", True),
        ("street", False),
        ("supervisor", False),
        ("auditor", False),
        ("crew", False),
        ("clerk_lh", False),
    ],
)
def test_who_calls_the_reporter_back_sees_the_number_and_the_record_tells_it(desk: Any, who: str, sees: bool) -> None:
    case_id = desk.open_case()
    browser = desk.browser(who)
    page = browser.get(f"/cases/{case_id}")
    assert "13812345678" not in page.text, "on pages everybody may leave open it stays masked"
    assert ("查看来件人" in page.text) is sees
    answer = browser.post(f"/cases/{case_id}/reporter")
    assert answer.status_code == (200 if sees else 403)
    assert ("13812345678" in answer.text) is sees
    with desk.database.reading() as session:
        looks = session.scalars(select(HistoryEvent).where(HistoryEvent.kind == "reporter.seen")).all()
    assert [look.actor for look in looks] == ([who] if sees else [])
    assert ("查看了来件人信息" in browser.get(f"/cases/{case_id}").text) is sees
