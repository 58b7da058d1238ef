"""Buttons on a case whose processes let it stand still, void it, take it up again, or look at its clock."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine import cases, clock, tasks
from engine.bpmn.lint_tasks import PROCESS_WORDS
from engine.errors import Conflict
from engine.intake import open_case
from engine.owed import run_due
from engine.settings import Settings
from engine.storage import CaseStatus, Deadline, DeadlineStatus, Incident, ProcessInstance, Task, TaskStatus


@pytest.fixture
def city_case(session, database, people, draw, publish, report):
    """A case with a running clock of four hours and one open task; answers it, and how to press and close."""
    service = draw("sanitation", kind="service", serviceType="sanitation")
    service.service("start_clock", "clock", {"action": "start", "limit": "4 工作时"}).user("work", "clerk")

    def button(key, *services, **properties):
        drawing = draw(key, kind="action", startGroups="clerk", **properties)
        for number, (type_, inputs) in enumerate(services):
            drawing.service(f"s{number}", type_, inputs, result=f"r{number}")
        return drawing.user(f"{key}_done", "clerk")

    publish(
        service,
        button("hold", ("case-standing", {"action": "suspend", "reason": "等预算"})),
        button("go_on", ("case-standing", {"action": "resume", "reason": "预算到了"})),
        button("void_it", ("case-standing", {"action": "void", "reason": "不符合立案条件"})),
        button("look", ("clock", {"action": "look"})),
        button(
            "appeal",
            ("clock", {"action": "look"}),
            ("clock", {"action": "exempt", "reason": "申诉成立"}),
            caseStatus="closed",
        ),
        button(
            "again",
            ("case-standing", {"action": "reopen", "reason": "又脏了", "element": "work"}),
            ("case-standing", {"action": "reopen", "reason": "又脏了"}),
            caseStatus="closed",
        ),
    )

    def settle(at):
        with clock.at(at):
            session.commit()
            while run_due(database, Settings.from_environment(), worker="w").total():
                pass
        session.expire_all()

    with clock.at("2026-11-18T09:00"):
        case = open_case(session, people.clerk, report)
    settle("2026-11-18T09:00")

    def press(key, at="2026-11-18T09:00"):
        with clock.at(at):
            cases.start_action(session, people.clerk, case.id, key, {})
        settle(at)

    def close(at):
        with clock.at(at):
            work = session.scalars(select(Task).where(Task.element_id == "work", Task.status == TaskStatus.OPEN)).one()
            tasks.complete(session, people.clerk, work.id, {})
        settle(at)

    return case, press, close


def case_clock(session, case) -> Deadline:
    return session.scalars(select(Deadline).where(Deadline.case_id == case.id, Deadline.name == "case")).one()


def variables(session, element_id) -> dict:
    assert session.scalars(select(Incident.message)).all() == []
    return session.scalars(select(Task.variables).where(Task.element_id == element_id)).one()


def offered(session, people, case) -> set[str]:
    return {definition.key for definition in cases.actions_for(session, people.clerk, case)}


def test_a_process_suspends_its_case_and_goes_on_itself(session, people, city_case):
    case, press, _ = city_case
    press("hold")
    assert case.status is CaseStatus.SUSPENDED and case_clock(session, case).status is DeadlineStatus.PAUSED
    status = dict(session.execute(select(ProcessInstance.process_key, ProcessInstance.status)).all())
    assert status == {"sanitation": "suspended", "hold": "active"}
    assert variables(session, "hold_done")["r0"] == {"status": "suspended"}
    watch, work = (session.scalars(select(Task).where(Task.element_id == name)).one() for name in ("hold_done", "work"))
    with pytest.raises(Conflict):
        tasks.complete(session, people.clerk, work.id, {})
    with clock.at("2026-11-18T12:00"):
        tasks.complete(session, people.clerk, watch.id, {})
    press("go_on", "2026-11-19T09:00")
    assert case.status is CaseStatus.OPEN
    due = clock.city_time(case_clock(session, case).due_at)
    assert due.isoformat(timespec="minutes") == "2026-11-19T15:00+08:00", "the pause costs nothing of the four hours"


def test_a_process_voids_its_case_and_tells_people_afterwards(session, city_case):
    case, press, _ = city_case
    press("void_it")
    assert case.status is CaseStatus.VOID
    status = dict(session.execute(select(ProcessInstance.process_key, ProcessInstance.status)).all())
    assert status == {"sanitation": "cancelled", "void_it": "active"}


def test_an_appeal_is_a_button_of_closed_cases_and_keeps_the_breach(session, people, city_case):
    case, press, close = city_case
    with pytest.raises(Conflict):
        press("appeal")
    session.rollback()
    assert offered(session, people, case) == {"hold", "go_on", "void_it", "look"}
    close("2026-11-18T17:30")
    assert offered(session, people, case) == {"appeal", "again"}
    press("appeal", "2026-11-19T09:00")
    row = case_clock(session, case)
    assert row.breached_at is not None and row.exempted_at is not None and row.exempt_reason == "申诉成立"
    seen = variables(session, "appeal_done")
    assert seen["r0"]["breached"] is True and seen["r0"]["exempted"] is False and seen["r1"]["exempted"] is True


def test_a_clock_tells_how_it_stands(session, city_case):
    _, press, _ = city_case
    press("look", "2026-11-18T15:30")
    seen = variables(session, "look_done")["r0"]
    assert (seen["state"], seen["limit"], seen["breached"], seen["extended"]) == ("running", "4 工作时", True, 0)


def test_a_closed_case_goes_on_where_the_drawing_says_and_not_twice(session, city_case):
    case, press, close = city_case
    close("2026-11-18T10:00")
    press("again", "2026-11-19T09:00")
    assert case.status is CaseStatus.OPEN
    open_tasks = session.scalars(select(Task.element_id).where(Task.status == TaskStatus.OPEN)).all()
    assert open_tasks == ["work"]
    (incident,) = session.scalars(select(Incident)).all()
    assert incident.element_id == "s1" and "has not ended" in incident.message


def test_the_drawing_check_knows_the_states_of_a_case():
    assert {status.value for status in CaseStatus} == PROCESS_WORDS["caseStatus"]
