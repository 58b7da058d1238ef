"""What lists and pages show, and that they show it to those who may see it only."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event

from engine import cases, clock, tasks, worklist
from engine.errors import NotAllowed
from engine.intake import open_case
from engine.storage import CaseLink


@pytest.fixture
def city_at_work(session, people, draw, publish, report):
    """Two open cases of 福田 (one with the crew), one of 罗湖."""
    publish(
        draw("sanitation", kind="service", serviceType="sanitation")
        .user("accept", "clerk", limit="2 工作时", stage="受理")
        .user("clean", "crew", responsible="crew_sanitation", limit="4 工作时", stage="处置")
        .user("check", "clerk, crew", independentOf="clean")
    )
    with clock.at("2026-11-18T09:00"):
        first = open_case(session, people.clerk, {**report, "title": "垃圾袋一百%满"})
        second = open_case(session, people.clerk, {**report, "title": "果皮箱满溢"})
        third = open_case(
            session, people.outsider, {**report, "district": "罗湖区", "street": "桂园街道", "community": ""}
        )
        (task,) = worklist.tasks(session, people.clerk, "groups", case_id=first.id).rows
        tasks.complete(session, people.clerk, task.id, {})
        session.commit()
    return first, second, third


def at(moment: str = "2026-11-18T09:30"):
    return clock.at(moment)


def test_my_groups_tasks_are_those_of_my_area_and_mine_those_i_claimed(session, people, city_at_work):
    first, second, third = city_at_work
    with at():
        rows = worklist.tasks(session, people.clerk, "groups").rows
        assert [(r.case_id, r.element_id, r.time_left) for r in rows] == [
            (second.id, "accept", timedelta(hours=1, minutes=30))
        ]
        assert [r.case_id for r in worklist.tasks(session, people.crew, "groups").rows] == [first.id]
        assert [r.case_id for r in worklist.tasks(session, people.outsider, "groups").rows] == [third.id]
        assert worklist.tasks(session, people.designer, "all").rows == []
        tasks.claim(session, people.clerk, rows[0].id)
        assert [r.is_mine for r in worklist.tasks(session, people.clerk, "mine").rows] == [True]
        assert worklist.tasks(session, people.colleague, "groups").rows == []


def test_counts_say_how_much_each_view_holds(session, people, city_at_work):
    with at("2026-11-18T15:00"):
        assert worklist.counts(session, people.clerk) == {
            "mine": 0, "groups": 1, "unassigned": 2, "overdue": 1, "watching": 2, "all": 2,
        }  # fmt: skip
        for view, number in worklist.counts(session, people.chief).items():
            assert worklist.tasks(session, people.chief, view).total == number


def test_lists_are_searched_sorted_and_turned_page_by_page(session, people, city_at_work):
    first, second, _ = city_at_work
    with at():
        assert [r.case_id for r in worklist.tasks(session, people.chief, "all", search="一百%").rows] == [first.id]
        assert worklist.tasks(session, people.chief, "all", search="%_").rows == []
        assert [r.case_id for r in worklist.tasks(session, people.chief, "all", sort="-case").rows] == [
            second.id,
            first.id,
        ]
        page = worklist.tasks(session, people.chief, "all", page=2, size=1)
        assert (len(page.rows), page.total, page.pages) == (1, 2, 2)
        assert worklist.tasks(session, people.chief, "all", page=9, size=1).total == 2
        found = worklist.cases(session, people.chief, search="果皮箱")
        assert [(c.id, c.stage, c.responsible_name) for c in found.rows] == [
            (second.id, "受理", found.rows[0].responsible_name)
        ]


def test_case_lists_keep_to_what_one_may_see(session, people, city_at_work):
    first, second, third = city_at_work
    with at():
        assert {c.id for c in worklist.cases(session, people.clerk).rows} == {first.id, second.id}
        assert {c.id for c in worklist.cases(session, people.outsider).rows} == {third.id}
        assert {c.id for c in worklist.cases(session, people.auditor).rows} == {first.id, second.id, third.id}
        assert {c.id for c in worklist.cases(session, people.crew).rows} == {first.id}
        assert worklist.cases(session, people.clerk, statuses=["closed"]).rows == []
        assert worklist.cases(session, people.clerk, area_path=third.area_path).rows == []


def test_the_page_of_a_case_tells_who_did_what_and_where_it_stands(session, people, city_at_work):
    first, _, _ = city_at_work
    cases.add_note(session, people.clerk, first.id, "已电话联系")
    with at():
        page = worklist.case_page(session, people.clerk, first.id)
    assert [line.kind for line in page.timeline] == ["case.opened", "instance.started", "task.completed", "case.noted"]
    done = page.timeline[2]
    assert (done.who, done.element) == (people.clerk.display_name, "accept") and done.role
    assert page.timeline[3].note == "已电话联系"
    (walk,) = worklist.case_walks(session, people.clerk, first.id)
    assert walk.elements == {"start": 1, "accept": 1} and walk.flows == {"f0": 1, "f1": 1} and walk.current == {"clean"}
    assert [(c.name, c.status) for c in page.clocks] == [("clean", "running"), ("accept", "stopped")]
    assert len(page.parties) == 1 and [t.element_id for t in page.tasks] == ["clean"]
    with pytest.raises(NotAllowed):
        worklist.case_page(session, people.outsider, first.id)
    with pytest.raises(NotAllowed):
        worklist.case_walks(session, people.outsider, first.id)


def test_what_belongs_to_a_case_is_told_in_one_query_to_those_who_may_see_it(session, people, city_at_work):
    first, second, third = city_at_work
    session.add(CaseLink(case_id=second.id, other_case_id=first.id, kind="related", created_at=clock.now()))
    second.parent_id = third.parent_id = first.id
    session.flush()
    readers = (people.clerk, people.auditor)
    asked: list[str] = []
    event.listen(session.connection(), "before_cursor_execute", lambda *about: asked.append(about[2]))
    clerks, auditors = ([(kind, case.id) for kind, case in worklist.related(session, who, first)] for who in readers)
    assert clerks == [("related", second.id), ("child", second.id)]
    assert auditors == [*clerks, ("child", third.id)] and len(asked) == 2
    assert [(kind, case.id) for kind, case in worklist.related(session, people.clerk, second)] == [
        ("parent", first.id),
        ("related", first.id),
    ]


def test_whoever_did_the_work_sees_that_the_check_is_not_theirs(session, people, city_at_work):
    first, _, _ = city_at_work
    with at():
        (task,) = worklist.tasks(session, people.crew, "groups").rows
        tasks.complete(session, people.crew, task.id, {})
        mine = worklist.tasks(session, people.crew, "all", case_id=first.id).rows
    assert [row.may_work for row in mine if row.element_id == "check"] in ([False], [])


def test_walked_elements_are_counted_over_all_cases(session, people, city_at_work):
    assert worklist.walked_elements(session)["start"] == 3
    assert worklist.walked_elements(session, by_process=True) == {"sanitation": {"start": 3, "accept": 1}}


def test_tasks_are_found_and_sorted_by_the_moment_to_follow_them_up(session, people, draw, publish, report):
    drawn = draw("sanitation", kind="service", serviceType="sanitation").user("wait", "clerk").xml()
    said = b'<zeebe:taskSchedule followUpDate="= case.reported_at + duration(&quot;P2D&quot;)"/><zeebe:formDefinition'
    publish(drawn.replace(b"<zeebe:formDefinition", said))
    found = []
    for day in ("2026-11-18", "2026-11-16"):
        with clock.at(f"{day}T09:00"):
            found.append(open_case(session, people.clerk, report).id)
    later, sooner = found
    with at("2026-11-18T09:00"):
        every = worklist.tasks(session, people.clerk, "groups", sort="follow_up").rows
        assert [row.case_id for row in every] == [sooner, later]
        assert [row.follow_up_at - clock.now() for row in every] == [timedelta(), timedelta(days=2)]
        turned = worklist.tasks(session, people.clerk, "groups", sort="-follow_up").rows
        assert [row.case_id for row in turned] == [later, sooner]
        reached = worklist.tasks(session, people.clerk, "groups", follow_up="reached")
        assert [row.case_id for row in reached.rows] == [sooner] and reached.total == 1
        ahead = worklist.tasks(session, people.clerk, "all", follow_up="later").rows
        assert [row.case_id for row in ahead] == [later]
