"""The waist: a case opens, its tasks are done, it closes; every step goes through storage."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from engine import tasks
from engine.intake import open_case
from engine.owed.housekeeping import clean_up
from engine.storage import (
    Case,
    CaseStatus,
    HistoryEvent,
    InstanceStatus,
    ProcessInstance,
    Task,
    TaskCandidate,
    TaskStatus,
)


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
    clean_up(session)
    assert session.scalars(select(TaskCandidate)).all() == []
    kinds = list(session.scalars(select(HistoryEvent.kind).order_by(HistoryEvent.id)))
    assert kinds.count("task.completed") == 3 and kinds[-1] == "case.ended"
