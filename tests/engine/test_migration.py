"""Running cases go over to a new version, in groups that are alike; and single ones are corrected by hand."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine import clock, migration, tasks
from engine.errors import InvalidInput, NotAllowed
from engine.intake import open_case
from engine.owed import run_due
from engine.settings import Settings
from engine.storage import (
    HistoryEvent,
    Incident,
    IncidentStatus,
    MigrationStatus,
    ProcessDefinition,
    ProcessInstance,
    Task,
    TaskStatus,
    Timer,
)

CALLED = '<zeebe:calledElement processId="visit"/>'


def service(draw):
    return draw("sanitation", kind="service", serviceType="sanitation")


@pytest.fixture
def running(session, people, draw, publish, report):
    """Three cases on version 1, one of them a step further, and version 2 published."""
    publish(service(draw).user("accept", "clerk").user("act", "clerk").user("close", "clerk"))
    cases = [open_case(session, people.clerk, report) for _ in range(3)]
    tasks.complete(session, people.clerk, current(session, cases[0]).id, {"remark": "属实"})
    publish(service(draw).user("accept", "clerk").user("treat", "clerk").user("check", "clerk").user("close", "clerk"))
    session.commit()
    return cases


def current(session, case) -> Task:
    return session.scalars(select(Task).where(Task.case_id == case.id, Task.status == TaskStatus.OPEN)).one()


def settle(database) -> None:
    while run_due(database, Settings(), worker="w"):
        pass


def test_the_dry_run_groups_what_is_alike_and_says_why_some_cannot_go(session, people, running):
    plan = migration.plan(session, people.operator, "sanitation")
    assert plan.version == 2 and plan.instances == 3 and "accept" not in plan.mapping
    groups = migration.dry_run(session, people.operator, plan, {})
    assert [(g.count, g.places, bool(g.problems)) for g in groups] == [(2, ("accept",), False), (1, ("act",), True)]
    groups = migration.dry_run(session, people.operator, plan, {"act": "treat"})
    assert not any(group.problems for group in groups)


def test_instances_go_over_one_by_one_and_finish_on_the_new_version(session, database, people, running):
    plan = migration.plan(session, people.operator, "sanitation")
    begun = migration.begin(session, people.operator, plan, "新版", {"act": "treat"})
    tasks.claim(session, people.clerk, current(session, running[0]).id)
    session.commit()
    settle(database)
    session.expire_all()
    assert begun.status is MigrationStatus.DONE and migration.progress(session, begun) == {"done": 3}
    task = current(session, running[0])
    assert (task.element_id, task.assignee_id) == ("treat", people.clerk.person_id)
    for expected in ("check", "close"):
        tasks.complete(session, people.clerk, current(session, running[0]).id, {})
        assert current(session, running[0]).element_id == expected


def test_a_called_process_with_the_same_ids_has_a_mapping_of_its_own(session, database, people, draw, publish, report):
    def version(own: str, called: str, more: str = "") -> None:
        child = draw("visit", kind="shared").user(called, "clerk")
        publish(child, service(draw)._add("call", "callActivity", CALLED).user(own, "clerk", limit=more))

    version("check", "check")
    inside, behind = (open_case(session, people.clerk, report) for _ in range(2))
    tasks.complete(session, people.clerk, current(session, behind).id, {})
    version("look", "inspect", "4 工作时")
    session.commit()
    plan = migration.plan(session, people.operator, "sanitation")
    assert {old: new for old, new in plan.mapping.items() if "check" in old} == {
        "check": "look",
        "visit/check": "inspect",
    }
    assert set(plan.targets["visit"]) >= {"inspect"} and "inspect" not in plan.targets["sanitation"]
    groups = migration.dry_run(session, people.operator, plan, {"check": "look"})
    assert {group.places: bool(group.problems) for group in groups} == {
        ("call", "visit/check"): True,
        ("check",): False,
    }
    begun = migration.begin(session, people.operator, plan, "新版")
    session.commit()
    settle(database)
    session.expire_all()
    assert migration.progress(session, begun) == {"done": 2}
    assert [current(session, case).element_id for case in (inside, behind)] == ["inspect", "look"]


def test_what_cannot_go_stays_where_it_is_with_its_reasons(session, database, people, running):
    plan = migration.plan(session, people.operator, "sanitation")
    begun = migration.begin(session, people.operator, plan, "新版", {})
    session.commit()
    settle(database)
    session.expire_all()
    assert migration.progress(session, begun) == {"done": 2, "refused": 1}
    assert current(session, running[0]).element_id == "act"


def test_a_migration_is_taken_back_where_nothing_has_happened_since(session, database, people, running):
    plan = migration.plan(session, people.operator, "sanitation")
    begun = migration.begin(session, people.operator, plan, "新版", {"act": "treat"})
    session.commit()
    settle(database)
    session.expire_all()
    tasks.complete(session, people.clerk, current(session, running[1]).id, {})
    migration.revert(session, people.operator, begun.id, "有误")
    session.commit()
    settle(database)
    session.expire_all()
    assert migration.progress(session, begun) == {"reverted": 2, "kept": 1}
    assert begun.status is MigrationStatus.REVERTED and current(session, running[0]).element_id == "act"
    versions = session.scalars(
        select(ProcessDefinition.version)
        .join(ProcessInstance, ProcessInstance.process_definition_id == ProcessDefinition.id)
        .order_by(ProcessInstance.id)
    ).all()
    assert versions == [1, 2, 1]


def test_a_paused_migration_goes_on_later(session, database, people, running):
    plan = migration.plan(session, people.operator, "sanitation")
    begun = migration.begin(session, people.operator, plan, "新版", {"act": "treat"})
    migration.pause(session, people.operator, begun.id)
    session.commit()
    settle(database)
    assert migration.progress(session, begun) == {"pending": 3}
    migration.resume(session, people.operator, begun.id)
    session.commit()
    settle(database)
    session.expire_all()
    assert migration.progress(session, begun) == {"done": 3}


def test_migrating_and_correcting_are_for_operators_with_a_reason(session, people, running):
    for somebody in (people.clerk, people.chief, people.designer):
        with pytest.raises(NotAllowed):
            migration.plan(session, somebody, "sanitation")
    task = current(session, running[0])
    with pytest.raises(NotAllowed):
        migration.move(session, people.clerk, task.instance_id, task.key, "close", "快点")
    with pytest.raises(InvalidInput):
        migration.move(session, people.operator, task.instance_id, task.key, "close", "")


def test_a_step_is_moved_skipped_and_repeated_by_hand(session, people, running):
    operator = people.operator
    task = current(session, running[1])
    migration.move(session, operator, task.instance_id, task.key, "act", "已受理", {"remark": "电话"})
    moved = current(session, running[1])
    session.refresh(task)
    assert moved.element_id == "act" and moved.variables["remark"] == "电话" and task.status is TaskStatus.WITHDRAWN
    migration.repeat(session, operator, moved.instance_id, moved.key, "重来")
    again = current(session, running[1])
    assert again.element_id == "act" and again.key != moved.key
    migration.skip(session, operator, again.instance_id, again.key, "不需要", {"remark": "跳过"})
    assert current(session, running[1]).element_id == "close"
    kinds = set(session.scalars(select(HistoryEvent.kind).where(HistoryEvent.reason != "")))
    assert {"instance.moved", "instance.repeated", "instance.skipped"} <= kinds


def test_a_timer_is_changed_and_fired_by_hand(session, database, people, draw, publish, report):
    publish(service(draw).timer("wait", "timeDuration", "P3D").user("act", "clerk"))
    with clock.at("2026-11-18T09:00"):
        case = open_case(session, people.clerk, report)
        timer = session.scalars(select(Timer)).one()
        migration.change_timer(session, people.operator, timer.id, clock.parse("2026-11-18T10:00"), "提前")
        session.commit()
    session.refresh(timer)
    assert timer.due_at == clock.parse("2026-11-18T10:00")
    migration.fire_timer(session, people.operator, timer.id, "现在")
    assert current(session, case).element_id == "act"


def test_moving_on_resolves_what_was_wrong_there(session, people, running):
    task = current(session, running[0])
    incident = Incident(
        instance_id=task.instance_id, kind="stuck", message="", opened_at=clock.now(), last_at=clock.now()
    )
    session.add(incident)
    session.flush()
    migration.skip(session, people.operator, task.instance_id, task.key, "人工处理")
    session.refresh(incident)
    assert incident.status is IncidentStatus.RESOLVED
