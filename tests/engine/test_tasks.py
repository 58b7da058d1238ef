"""What people do with tasks, and who is told what when two want the same."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select

from engine import cases, tasks
from engine.errors import Conflict, InvalidInput, NotAllowed, NotFound
from engine.intake import open_case
from engine.permissions import Actor
from engine.storage import HistoryEvent, Organisation, Person, Task, TaskStatus


@pytest.fixture
def opened(session, people, draw, publish, report):
    """A case whose first task is a clerk's, the second a crew's, the third somebody's who did not do the second."""
    publish(
        draw("sanitation", kind="service", serviceType="sanitation")
        .user("accept", "clerk")
        .user("clean", "crew, project_manager", responsible="crew_sanitation")
        .user("check", "crew, clerk", independentOf="clean")
    )
    case = open_case(session, people.clerk, report)
    session.commit()
    return case


def current(session, case) -> Task:
    return session.scalars(select(Task).where(Task.case_id == case.id, Task.status == TaskStatus.OPEN)).one()


def person(session, username: str) -> int:
    return session.scalars(select(Person.id).where(Person.username == username)).one()


def test_whoever_claims_first_has_it_and_the_other_is_told_by_whom(session, people, opened):
    task = current(session, opened)
    tasks.claim(session, people.clerk, task.id)
    with pytest.raises(Conflict) as refused:
        tasks.claim(session, people.colleague, task.id)
    assert refused.value.kind == "claimed" and "陈静" in refused.value.facts["by"]
    with pytest.raises(Conflict):
        tasks.complete(session, people.colleague, task.id, {"remark": "我先"})
    assert tasks.claim(session, people.clerk, task.id).assignee_id == people.clerk.person_id


def test_a_claimed_task_can_be_given_back_and_taken_by_a_colleague(session, people, opened):
    task = current(session, opened)
    tasks.claim(session, people.clerk, task.id)
    tasks.release(session, people.clerk, task.id, "下班")
    assert task.assignee_id is None
    assert tasks.claim(session, people.colleague, task.id).assignee_id == people.colleague.person_id


def test_only_those_with_the_right_take_a_task_away_from_somebody(session, people, opened):
    task = current(session, opened)
    tasks.claim(session, people.clerk, task.id)
    with pytest.raises(NotAllowed):
        tasks.release(session, people.colleague, task.id)
    tasks.release(session, people.chief, task.id, "请假")
    assert task.assignee_id is None


def test_somebody_from_another_district_does_not_get_the_task(session, people, opened):
    task = current(session, opened)
    for stranger in (people.outsider, people.crew, people.designer):
        with pytest.raises(NotAllowed):
            tasks.claim(session, stranger, task.id)
    with pytest.raises(NotFound):
        tasks.claim(session, people.clerk, 999_999)


def test_the_same_submit_twice_is_answered_as_before_and_another_is_told_it_is_done(session, people, opened):
    task = current(session, opened)
    tasks.complete(session, people.clerk, task.id, {"remark": "属实"}, submission="token-1")
    session.commit()
    again = tasks.complete(session, people.clerk, task.id, {"remark": "属实"}, submission="token-1")
    assert again.status is TaskStatus.COMPLETED and again.result == {"remark": "属实"}
    with pytest.raises(Conflict) as refused:
        tasks.complete(session, people.colleague, task.id, {"remark": "不实"}, submission="token-2")
    assert refused.value.kind == "completed" and refused.value.facts["by"]
    done = session.scalars(select(HistoryEvent).where(HistoryEvent.kind == "task.completed")).all()
    assert len(done) == 1 and done[0].role == "clerk" and done[0].details["completed"] == ["accept"]


def test_the_organisation_that_accepts_becomes_the_responsible_party(session, people, opened):
    tasks.complete(session, people.clerk, current(session, opened).id, {})
    task = current(session, opened)
    first = opened.responsible_organisation_id
    assert session.get_one(Organisation, task.organisation_id).duty == "crew_sanitation"
    assert task.organisation_id != first
    tasks.claim(session, people.crew, task.id)
    assert opened.responsible_organisation_id == task.organisation_id


@pytest.mark.parametrize(("answer", "accepts"), [("退回", False), ("", False), ("接办", True)])
def test_only_the_answer_that_accepts_makes_the_organisation_responsible(
    session, people, draw, publish, report, answer, accepts
):
    said = {"responsible": "crew_sanitation", "acceptedWhen": '= remark = "接办"'}
    publish(draw("sanitation", kind="service", serviceType="sanitation").user("offer", "crew", **said).user("next"))
    case = open_case(session, people.clerk, report)
    first, task = case.responsible_organisation_id, current(session, case)
    assert task.organisation_id != first
    tasks.claim(session, people.crew, task.id)
    assert case.responsible_organisation_id == first
    tasks.complete(session, people.crew, task.id, {"remark": answer})
    assert case.responsible_organisation_id == (task.organisation_id if accepts else first)


def test_an_organisation_a_task_is_only_offered_to_does_not_answer_for_the_case(session, people, draw, publish, report):
    publish(
        draw("sanitation", kind="service", serviceType="sanitation").user("help", "crew", offeredTo="crew_sanitation")
    )
    case = open_case(session, people.clerk, report)
    first, task = case.responsible_organisation_id, current(session, case)
    assert session.get_one(Organisation, task.organisation_id).duty == "crew_sanitation"
    with pytest.raises(NotAllowed):
        tasks.claim(session, people.clerk, task.id)
    tasks.complete(session, people.crew, task.id, {})
    assert case.responsible_organisation_id == first


def test_whoever_did_the_work_may_not_check_it(session, people, opened):
    tasks.complete(session, people.clerk, current(session, opened).id, {})
    tasks.complete(session, people.crew, current(session, opened).id, {})
    task = current(session, opened)
    assert task.independent_of_person_ids == [people.crew.person_id]
    with pytest.raises(NotAllowed):
        tasks.claim(session, people.crew, task.id)
    tasks.complete(session, people.crew2, task.id, {})


def test_a_task_is_transferred_to_somebody_who_may_do_it_and_to_nobody_else(session, people, opened):
    tasks.complete(session, people.clerk, current(session, opened).id, {})
    task = current(session, opened)
    tasks.claim(session, people.crew, task.id)
    with pytest.raises(InvalidInput) as refused:
        tasks.transfer(session, people.crew, task.id, person(session, "clerk"), "")
    assert {problem.path for problem in refused.value.problems} == {"reason", "person"}
    tasks.transfer(session, people.crew, task.id, person(session, "crew2"), "换班")
    assert task.assignee_id == person(session, "crew2")
    with pytest.raises(NotAllowed):
        tasks.transfer(session, people.crew, task.id, person(session, "crew"), "要回来")


def test_who_may_be_given_a_task_is_asked_once_for_all(session, people, opened):
    tasks.complete(session, people.clerk, current(session, opened).id, {})
    task = current(session, opened)
    session.flush()
    asked: list[str] = []
    event.listen(session.connection(), "before_cursor_execute", lambda *about: asked.append(about[2]))
    found = tasks.people_for(session, task)
    assert len(asked) <= 3 and len(found) > 1
    names = [each.username for each in found]
    assert {"crew", "crew2"} <= set(names) and "clerk" not in names and len(names) == len(set(names))


def test_a_delegated_task_comes_back_with_what_was_entered(session, people, opened):
    tasks.complete(session, people.clerk, current(session, opened).id, {})
    task = current(session, opened)
    tasks.claim(session, people.crew, task.id)
    tasks.delegate(session, people.crew, task.id, person(session, "crew2"), "请代办")
    with pytest.raises(Conflict) as refused:
        tasks.complete(session, people.crew2, task.id, {})
    assert refused.value.kind == "delegated"
    tasks.send_back(session, people.crew2, task.id, {"remark": "已扫"}, "办完")
    assert task.assignee_id == people.crew.person_id and task.owner_id is None
    assert tasks.draft_for(task, people.crew.person_id).fields == {"remark": "已扫"}
    tasks.complete(session, people.crew, task.id, {"remark": "已扫"})
    assert task.draft is None


def test_a_draft_is_kept_as_typed_and_belongs_to_the_task(session, people, opened):
    task = current(session, opened)
    tasks.save_draft(session, people.clerk, task.id, {"remark": "写了一半", "anything": ["x"]})
    session.commit()
    draft = tasks.draft_for(task, people.clerk.person_id)
    assert draft.fields == {"remark": "写了一半", "anything": ["x"]} and draft.by_id == people.clerk.person_id


def test_nobody_works_on_a_suspended_case(session, people, opened):
    task = current(session, opened)
    cases.suspend(session, people.dispatcher, opened.id, "等待产权确认")
    with pytest.raises(Conflict) as refused:
        tasks.complete(session, people.clerk, task.id, {})
    assert refused.value.kind == "suspended"
    cases.resume(session, people.dispatcher, opened.id, "已确认")
    tasks.complete(session, people.clerk, task.id, {})


def test_wanted_pictures_must_be_there(session, people, draw, publish, report):
    publish(draw("sanitation", kind="service", serviceType="sanitation").user("clean", "clerk", evidence="near, after"))
    case = open_case(session, people.clerk, report)
    with pytest.raises(InvalidInput) as refused:
        tasks.complete(session, people.clerk, current(session, case).id, {})
    assert [problem.path for problem in refused.value.problems] == ["evidence.near", "evidence.after"]
    session.rollback()


def test_the_machine_may_complete_anything(session, people, opened):
    assert tasks.complete(session, Actor.system("test"), current(session, opened).id, {}).completed_by_id is None


@pytest.mark.parametrize(
    ("who", "may"), [("clerk", True), ("colleague", True), ("crew", False), ("outsider", False), ("auditor", False)]
)
def test_giving_back_what_nobody_has_asks_for_the_right_to_work_on_it(session, people, opened, who, may):
    task = current(session, opened)
    if may:
        assert tasks.release(session, getattr(people, who), task.id).assignee_id is None
    else:
        with pytest.raises(NotAllowed):
            tasks.release(session, getattr(people, who), task.id)


def test_two_who_type_before_either_claims_keep_what_each_typed(session, people, opened):
    task = current(session, opened)
    tasks.save_draft(session, people.clerk, task.id, {"remark": "陈静写的"})
    assert tasks.draft_for(task, people.colleague.person_id).fields == {"remark": "陈静写的"}, "left for who comes next"
    tasks.save_draft(session, people.colleague, task.id, {"remark": "林悦写的"})
    tasks.save_draft(session, people.clerk, task.id, {"remark": "陈静又写"})
    session.commit()
    assert tasks.draft_for(task, people.clerk.person_id).fields == {"remark": "陈静又写"}
    assert tasks.draft_for(task, people.colleague.person_id).fields == {"remark": "林悦写的"}
