"""The waist: a case opens, its tasks are done, it closes; every step goes through storage."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from engine import cases, tasks
from engine.errors import ExecutionFailed
from engine.instances import start
from engine.intake import open_case
from engine.owed import run_due
from engine.owed.housekeeping import remove_candidates
from engine.permissions import Actor
from engine.settings import Settings
from engine.storage import (
    Case,
    CaseStatus,
    Deadline,
    DeadlineStatus,
    HistoryEvent,
    Incident,
    InstanceStatus,
    ProcessInstance,
    Task,
    TaskCandidate,
    TaskStatus,
)
from engine.worklist import walked_elements


def open_tasks(session: Any, case: Case) -> list[Task]:
    return list(
        session.scalars(select(Task).where(Task.case_id == case.id, Task.status == TaskStatus.OPEN).order_by(Task.id))
    )


def test_a_case_opens_its_tasks_are_completed_and_it_closes(session, people, draw, publish, report):
    publish(
        draw("sanitation", kind="service", serviceType="sanitation")
        .user("accept", "clerk", stage="受理", limit="2 工作时", warn="50, 80", escalateTo="duty_chief")
        .user("clean", "crew", stage="处置", responsible="crew_sanitation", limit="4 工作时")
        .user("check", "clerk", stage="核查", independentOf="clean")
    )
    clerk, crew = people.clerk, people.crew
    case = open_case(session, clerk, report)
    session.commit()
    assert case.number.startswith("FT-") and case.stage == "受理" and case.status is CaseStatus.OPEN

    (task,) = open_tasks(session, case)
    assert task.element_id == "accept" and task.due_at is not None
    tasks.claim(session, clerk, task.id)
    session.commit()
    tasks.complete(session, clerk, task.id, {"remark": "属实"})
    session.commit()

    (task,) = open_tasks(session, case)
    assert case.stage == "处置" and task.variables["remark"] == "属实"
    before = case.responsible_organisation_id
    tasks.complete(session, crew, task.id, {"remark": "已清理"})
    session.commit()
    assert case.responsible_organisation_id == task.organisation_id != before

    (task,) = open_tasks(session, case)
    assert task.independent_of_person_ids == [crew.person_id]
    tasks.complete(session, clerk, task.id, {"remark": "合格"})
    session.commit()

    session.expire_all()
    assert case.status is CaseStatus.CLOSED and case.closed_at is not None
    instance = session.scalars(select(ProcessInstance)).one()
    assert instance.status is InstanceStatus.COMPLETED and instance.end_events == ["end"]
    remove_candidates(session)
    assert session.scalars(select(TaskCandidate)).all() == []
    kinds = list(session.scalars(select(HistoryEvent.kind).order_by(HistoryEvent.id)))
    assert kinds.count("task.completed") == 3 and kinds[-1] == "case.ended"


def settle(database) -> None:
    while run_due(database, Settings(), worker="w"):
        pass


def elements(session) -> list[str]:
    session.expire_all()
    found = list(session.scalars(select(Task.element_id).where(Task.status == TaskStatus.OPEN).order_by(Task.id)))
    session.commit()
    return found


def test_a_condition_on_the_case_is_met_when_another_changes_the_case(session, database, people, draw, publish, report):
    condition = (
        '<bpmn:conditionalEventDefinition id="cd"><bpmn:condition xsi:type="bpmn:tFormalExpression">'
        "=case.times_returned &gt;= 2</bpmn:condition></bpmn:conditionalEventDefinition>"
    )
    publish(
        draw("sanitation", kind="service", serviceType="sanitation")
        .catch("twice", condition)
        .user("arbitrate", "arbiter")
    )
    case = open_case(session, people.clerk, report)
    session.commit()
    for number, expected in ((1, []), (2, ["arbitrate"])):
        cases.update_case(session, Actor.system("test"), case, {"times_returned": number})
        session.commit()
        settle(database)
        assert elements(session) == expected


def test_what_one_process_throws_wakes_another_after_its_commit(session, database, people, draw, publish, report):
    thrown = (
        '<bpmn:endEvent id="tell"><bpmn:extensionElements><zeebe:ioMapping><zeebe:input source="=&quot;红色&quot;" '
        'target="level"/></zeebe:ioMapping></bpmn:extensionElements><bpmn:incoming>fy</bpmn:incoming>'
        '<bpmn:signalEventDefinition id="sd" signalRef="sg"/></bpmn:endEvent>'
    )
    siren = draw("siren").user("press", "coordinator").raw("", '<bpmn:signal id="sg" name="alarm"/>')
    xml = siren.xml().replace(
        b'<bpmn:endEvent id="end"><bpmn:incoming>f1</bpmn:incoming></bpmn:endEvent>', thrown.encode()
    )
    xml = xml.replace(
        b'<bpmn:sequenceFlow id="f1" sourceRef="press" targetRef="end"/>',
        b'<bpmn:sequenceFlow id="fy" sourceRef="press" targetRef="tell"/>',
    )
    xml = xml.replace(b"<bpmn:outgoing>f1</bpmn:outgoing>", b"<bpmn:outgoing>fy</bpmn:outgoing>")
    waiting = draw("sanitation", kind="service", serviceType="sanitation").signal("wait", "alarm").user("act", "clerk")
    publish(xml, waiting)
    open_case(session, people.clerk, report)
    start(session, Actor.system("test"), "siren")
    press = session.scalars(select(Task)).one()
    tasks.complete(session, Actor.system("test"), press.id, {})
    session.commit()
    assert elements(session) == []
    settle(database)
    assert elements(session) == ["act"]
    assert session.scalars(select(Task.variables).where(Task.element_id == "act")).one()["level"] == "红色"


def test_an_error_nobody_catches_is_an_incident_and_not_a_silent_end(session, people, draw, publish, report):
    drawing = draw("sanitation", kind="service", serviceType="sanitation").user("accept", "clerk")
    xml = drawing.raw("", '<bpmn:error id="er" name="impossible" errorCode="E1"/>').xml()
    xml = xml.replace(
        b'<bpmn:endEvent id="end"><bpmn:incoming>f1</bpmn:incoming></bpmn:endEvent>',
        b'<bpmn:endEvent id="end"><bpmn:incoming>f1</bpmn:incoming><bpmn:errorEventDefinition id="ed" errorRef="er"/>'
        b"</bpmn:endEvent>",
    )
    publish(xml)
    case = open_case(session, people.clerk, report)
    tasks.complete(session, people.clerk, open_tasks(session, case)[0].id, {})
    incident = session.scalars(select(Incident)).one()
    assert (incident.kind, incident.code, incident.case_id) == ("uncaught_error", "E1", case.id)
    assert case.status is CaseStatus.OPEN


def test_a_limit_on_any_activity_runs_as_long_as_it_is_open(session, people, draw, publish, report):
    inner = draw("inner").user("work", "clerk")
    call = (
        '<bpmn:callActivity id="call" name="整个处置"><bpmn:extensionElements><zeebe:calledElement processId="inner"/>'
        '<zeebe:properties><zeebe:property name="limit" value="2 工作日"/><zeebe:property name="stage" value="处置"/>'
        "</zeebe:properties></bpmn:extensionElements>{flows}</bpmn:callActivity>"
    )
    outer = draw("sanitation", kind="service", serviceType="sanitation").user("accept", "clerk")
    outer.nodes.append(("call", call))
    outer.user("close", "clerk")
    publish(outer, inner)
    case = open_case(session, people.clerk, report)
    tasks.complete(session, people.clerk, open_tasks(session, case)[0].id, {})
    deadline = session.scalars(select(Deadline)).one()
    assert (deadline.name, deadline.status, case.stage) == ("整个处置", DeadlineStatus.RUNNING, "处置")
    (task,) = open_tasks(session, case)
    assert (task.process_key, task.element_id) == ("inner", "work")
    tasks.complete(session, people.clerk, task.id, {})
    assert deadline.status is DeadlineStatus.STOPPED
    assert walked_elements(session, by_process=True)["inner"]["work"] == 1


def test_a_step_that_fails_leaves_everything_as_it_was(session, people, draw, publish, report):
    publish(
        draw("sanitation", kind="service", serviceType="sanitation")
        .user("accept", "clerk")
        .user("next", "", assignee="=remark")
    )
    case = open_case(session, people.clerk, report)
    session.commit()
    (task,) = open_tasks(session, case)
    with pytest.raises(ExecutionFailed):
        tasks.complete(session, people.clerk, task.id, {"remark": "nobody_here"})
    session.rollback()
    assert [t.element_id for t in open_tasks(session, case)] == ["accept"]
    tasks.complete(session, people.clerk, task.id, {"remark": "colleague"})
    assert [t.assignee_id for t in open_tasks(session, case)] == [people.colleague.person_id]
