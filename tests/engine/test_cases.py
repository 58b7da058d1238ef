"""A case as a whole: it stands still and goes on, ends by hand, comes back, is noted, assigned, acted upon."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine import cases, clock, tasks
from engine.errors import Conflict, ExecutionFailed, InvalidInput, NotAllowed
from engine.instances import start
from engine.intake import open_case
from engine.owed import run_due
from engine.permissions import Actor
from engine.settings import Settings
from engine.storage import (
    CaseStatus,
    Deadline,
    DeadlineStatus,
    HistoryEvent,
    InstanceStatus,
    Job,
    JobStatus,
    Organisation,
    ProcessInstance,
    ResponsiblePeriod,
    Task,
    TaskStatus,
)


@pytest.fixture
def case(session, people, draw, publish, report):
    publish(
        draw("sanitation", kind="service", serviceType="sanitation")
        .user("accept", "clerk", limit="4 工作时")
        .user("close", "clerk"),
        draw("extension", kind="action", startGroups="crew, clerk", startForm="remark").user("approve", "dispatcher"),
        draw("for_greening", kind="action", startGroups="clerk", serviceType="greening").user("approve", "dispatcher"),
    )
    with clock.at("2026-11-18T09:00"):
        opened = open_case(session, people.clerk, report)
        session.commit()
    return opened


def open_tasks(session, case):
    return session.scalars(select(Task).where(Task.case_id == case.id, Task.status == TaskStatus.OPEN)).all()


def test_a_suspended_case_does_not_use_up_its_time(session, people, case):
    deadline = session.scalars(select(Deadline)).one()
    due = deadline.due_at
    with clock.at("2026-11-18T10:00"):
        cases.suspend(session, people.dispatcher, case.id, "等待天气")
        assert case.status is CaseStatus.SUSPENDED and deadline.status is DeadlineStatus.PAUSED
        with pytest.raises(Conflict):
            cases.suspend(session, people.dispatcher, case.id, "再来")
    with clock.at("2026-11-19T10:00"):
        cases.resume(session, people.dispatcher, case.id, "雨停")
    assert deadline.status is DeadlineStatus.RUNNING and (deadline.due_at - due).days == 1
    assert session.scalars(select(ProcessInstance.status)).all() == [InstanceStatus.ACTIVE]


def test_suspending_needs_a_reason_and_the_right(session, people, case):
    with pytest.raises(InvalidInput):
        cases.suspend(session, people.dispatcher, case.id, " ")
    for somebody in (people.clerk, people.crew, people.outsider):
        with pytest.raises(NotAllowed):
            cases.suspend(session, somebody, case.id, "我要")


def test_a_void_case_leaves_nothing_open_and_nobody_responsible(session, people, case):
    cases.void(session, people.chief, case.id, "误报")
    assert case.status is CaseStatus.VOID and open_tasks(session, case) == []
    assert session.scalars(select(ProcessInstance.status)).all() == [InstanceStatus.CANCELLED]
    assert session.scalars(select(Deadline.status)).all() == [DeadlineStatus.STOPPED]
    assert session.scalars(select(ResponsiblePeriod).where(ResponsiblePeriod.until.is_(None))).all() == []
    with pytest.raises(Conflict):
        cases.reopen(session, people.clerk, case.id, "不是误报")


def test_a_closed_case_is_reopened_from_the_start_or_from_a_step(session, people, case):
    for _ in range(2):
        tasks.complete(session, people.clerk, open_tasks(session, case)[0].id, {})
    assert case.status is CaseStatus.CLOSED
    cases.reopen(session, people.clerk, case.id, "反复", element_id="close")
    assert case.status is CaseStatus.OPEN and [t.element_id for t in open_tasks(session, case)] == ["close"]
    tasks.complete(session, people.clerk, open_tasks(session, case)[0].id, {})
    assert case.status is CaseStatus.CLOSED
    cases.reopen(session, people.clerk, case.id, "还没好")
    assert [t.element_id for t in open_tasks(session, case)] == ["accept"]
    assert case.responsible_organisation_id is not None


def test_notes_are_for_those_who_see_the_case(session, people, case):
    assert cases.add_note(session, people.clerk, case.id, " 已电话联系 ").text == "已电话联系"
    with pytest.raises(InvalidInput):
        cases.add_note(session, people.clerk, case.id, "")
    with pytest.raises(NotAllowed):
        cases.add_note(session, people.outsider, case.id, "看看")


def test_a_person_with_the_right_makes_another_organisation_answer(session, people, case):
    other = session.scalars(select(Organisation).where(Organisation.code == "ft.crew_greening")).one()
    with pytest.raises(NotAllowed):
        cases.assign(session, people.crew, case.id, other.id, "是绿化的")
    cases.assign(session, people.dispatcher, case.id, other.id, "是绿化的")
    assert case.responsible_organisation_id == other.id


def test_actions_are_offered_to_their_groups_and_run_once_at_a_time(session, people, case):
    assert [a.key for a in cases.actions_for(session, people.clerk, case)] == ["extension"]
    assert cases.actions_for(session, people.outsider, case) == []
    assert cases.actions_for(session, people.inspector, case) == []
    cases.start_action(session, people.clerk, case.id, "extension", {"remark": "需要更多时间"})
    assert {t.element_id for t in open_tasks(session, case)} == {"accept", "approve"}
    with pytest.raises(Conflict):
        cases.start_action(session, people.clerk, case.id, "extension", {})
    with pytest.raises(NotAllowed):
        cases.start_action(session, people.clerk, case.id, "for_greening", {})
    (approve,) = [t for t in open_tasks(session, case) if t.element_id == "approve"]
    assert approve.variables["remark"] == "需要更多时间"
    tasks.complete(session, people.dispatcher, approve.id, {})
    assert case.status is CaseStatus.OPEN, "the end of an action does not end the case"


def test_a_process_may_change_its_case_and_nothing_unknown(session, case):
    cases.update_case(
        session, Actor.system("test"), case, {"route": "IN_HOUSE_FIX", "facts": {"a": 1}, "times_returned": 1}
    )
    cases.update_case(session, Actor.system("test"), case, {"facts": {"b": 2}})
    assert (case.route, case.facts, case.times_returned) == ("IN_HOUSE_FIX", {"a": 1, "b": 2}, 1)
    for wrong in ({"colour": "red"}, {"times_returned": "many"}, {"status": "suspended"}, {"duplicate_of": "FT-0"}):
        with pytest.raises(ExecutionFailed):
            cases.update_case(session, Actor.system("test"), case, wrong)


def waiting_for(condition: str) -> str:
    return (
        f'<bpmn:conditionalEventDefinition id="c{abs(hash(condition))}"><bpmn:condition '
        f'xsi:type="bpmn:tFormalExpression">= {condition}</bpmn:condition></bpmn:conditionalEventDefinition>'
    )


def test_who_waits_for_something_of_the_case_wakes_whatever_changes_it(
    session, database, people, draw, publish, report
):
    publish(
        draw("sanitation", kind="service", serviceType="sanitation")
        .user("accept", "clerk", stage="受理")
        .user("clean", "crew", stage="处置", responsible="crew_sanitation"),
        draw("watch", kind="action")
        .catch("in_hand", waiting_for('case.stage = "处置"'))
        .user("visit", "clerk")
        .catch("theirs", waiting_for('case.responsible_party.duty = "crew_sanitation"'))
        .user("call", "clerk")
        .catch("over", waiting_for('case.status = "closed"'))
        .user("file", "clerk"),
    )
    case = open_case(session, people.clerk, report)
    start(session, people.clerk, "watch", case=case)
    session.commit()

    def do(person, element_id: str) -> set[str]:
        (task,) = [task for task in open_tasks(session, case) if task.element_id == element_id]
        tasks.complete(session, person, task.id, {})
        session.commit()
        while run_due(database, Settings(), worker="w"):
            pass
        session.expire_all()
        return {task.element_id for task in open_tasks(session, case)}

    assert do(people.clerk, "accept") == {"clean", "visit"}, "the stage"
    do(people.clerk, "visit")
    (clean,) = [task for task in open_tasks(session, case) if task.element_id == "clean"]
    tasks.claim(session, people.crew, clean.id)
    session.commit()
    while run_due(database, Settings(), worker="w"):
        pass
    session.expire_all()
    assert {task.element_id for task in open_tasks(session, case)} == {"clean", "call"}, "who answers for it"
    do(people.clerk, "call")
    assert do(people.crew, "clean") == {"file"}, "the end of its main process"


def test_who_waits_for_a_related_case_wakes_when_it_is_linked_renamed_or_ended_and_nobody_else_does(
    session, database, people, draw, publish, report
):
    publish(
        draw("sanitation", kind="service", serviceType="sanitation").user("accept", "clerk"),
        draw("together", kind="action")
        .catch("linked", waiting_for("count(case.related) = 1"))
        .user("see", "clerk")
        .catch("renamed", waiting_for('case.related[1].title = "新标题"'))
        .user("read", "clerk")
        .catch("over", waiting_for('every other in case.related satisfies other.status = "closed"'))
        .user("file", "clerk"),
        draw("alone", kind="action").catch("staged", waiting_for('case.stage = "办结"')),
    )
    one, other = (open_case(session, people.clerk, report) for _ in range(2))
    watching = start(session, people.clerk, "together", case=one)
    start(session, people.clerk, "alone", case=one)
    session.commit()

    def settled() -> tuple[set[str], int]:
        """What is open in the case, and how often its conditions were looked at since the last time."""
        session.commit()
        done = len(session.scalars(select(Job.id).where(Job.kind == "condition", Job.status == JobStatus.OWED)).all())
        session.commit()
        while run_due(database, Settings(), worker="w"):
            pass
        session.expire_all()
        return {task.element_id for task in open_tasks(session, one)} - {"accept"}, done

    def finish(case, element_id: str) -> None:
        (task,) = [task for task in open_tasks(session, case) if task.element_id == element_id]
        tasks.complete(session, people.clerk, task.id, {})

    settled()
    cases.update_case(session, Actor.system("test"), other, {"related": one.number})
    assert settled() == ({"see"}, 2), "linked from the other side: both runs of the case look"
    finish(one, "see")
    settled()
    cases.update_case(session, Actor.system("test"), other, {"stage": "处置"})
    assert settled() == (set(), 0), "nothing a related case shows has changed"
    cases.update_case(session, Actor.system("test"), other, {"title": "新标题"})
    assert settled() == ({"read"}, 1), "only who reads related cases looks"
    finish(one, "read")
    settled()
    finish(other, "accept")
    assert settled() == ({"file"}, 1)
    lines = session.scalars(select(HistoryEvent).where(HistoryEvent.kind == "condition.met")).all()
    assert [line.details["completed"] for line in lines] == [["linked"], ["renamed"], ["over"]], (
        "no line for a mere look"
    )
    assert {line.instance_id for line in lines} == {watching.id}
