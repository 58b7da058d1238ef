"""Running cases go over to a new version, in groups that are alike; and single ones are corrected by hand."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine import clock, messages, migration, tasks
from engine.errors import InvalidInput, NotAllowed
from engine.instances.advancing import load
from engine.intake import open_case
from engine.owed import run_due
from engine.permissions import Actor
from engine.settings import Settings
from engine.storage import (
    EventSubscription,
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


def border(identity: str, definition: str) -> str:
    """A border event that leads to a task ``after_<identity>``."""
    said = (
        '<bpmn:extensionElements><zeebe:formDefinition formId="remark"/><zeebe:assignmentDefinition '
        'candidateGroups="clerk"/></bpmn:extensionElements>'
    )
    return (
        f'<bpmn:boundaryEvent id="{identity}" attachedToRef="accept" cancelActivity="false">{definition}'
        f'</bpmn:boundaryEvent><bpmn:userTask id="after_{identity}">{said}</bpmn:userTask><bpmn:sequenceFlow '
        f'id="to_{identity}" sourceRef="{identity}" targetRef="after_{identity}"/>'
    )


HOUR = (
    '<bpmn:timerEventDefinition id="hour"><bpmn:timeDuration xsi:type="bpmn:tFormalExpression">PT1H'
    "</bpmn:timeDuration></bpmn:timerEventDefinition>"
)
MESSAGE = (
    '<bpmn:message id="m_told" name="told"><bpmn:extensionElements><zeebe:subscription correlationKey="=case.number"/>'
    "</bpmn:extensionElements></bpmn:message>"
)
TOLD = '<bpmn:messageEventDefinition id="d_told" messageRef="m_told"/>'


def waits(session, case) -> dict[str, list[str]]:
    """What the database knows an instance of the case to wait for, and what the instance itself knows."""
    session.expire_all()
    instance = session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == case.id)).one()
    facts = load(session, Actor.system("test"), instance, case).execution.facts()
    rows = {
        "timers": sorted(session.scalars(select(Timer.element_id).where(Timer.case_id == case.id))),
        "waits": sorted(session.scalars(select(EventSubscription.name).where(EventSubscription.case_id == case.id))),
    }
    known = {"timers": sorted(t.element_id for t in facts.timers), "waits": sorted(w.name for w in facts.waits)}
    session.commit()
    assert rows == known
    return rows


def test_what_the_new_version_watches_is_really_watched_and_what_it_does_without_is_not(
    session, database, people, draw, publish, report
):
    first = service(draw).user("accept", "clerk").raw(border("late", HOUR))
    publish(first)
    with clock.at("2026-11-18T09:00"):
        case, other = (open_case(session, people.clerk, report) for _ in range(2))
        session.commit()
    publish(service(draw).user("accept", "clerk").raw(border("told", TOLD) + border("later", HOUR), outside=MESSAGE))
    with clock.at("2026-11-18T09:30"):
        plan = migration.plan(session, people.operator, "sanitation")
        begun = migration.begin(session, people.operator, plan, "新版", {"late": ""})
        session.commit()
        settle(database)
    for one in (case, other):
        assert waits(session, one) == {"timers": ["later"], "waits": ["told"]}
    with clock.at("2026-11-18T10:15"):
        settle(database)
        messages.publish(session, Actor.system("test"), "told", correlation_key=case.number)
        session.commit()
        assert open_elements(session, case) == {"accept", "after_told"}
    with clock.at("2026-11-18T10:16"):
        migration.revert(session, people.operator, begun.id, "有误")
        session.commit()
        settle(database)
    session.expire_all()
    assert migration.progress(session, begun) == {"reverted": 1, "kept": 1}
    session.commit()
    assert waits(session, other) == {"timers": [], "waits": []} and open_elements(session, other) == {
        "accept",
        "after_late",
    }
    with clock.at("2026-11-18T10:31"):
        settle(database)
    assert open_elements(session, case) == {"accept", "after_told", "after_later"}


def test_what_is_waited_for_is_what_the_new_version_says(session, database, people, draw, publish, report):
    def condition(text: str) -> str:
        return (
            '<bpmn:conditionalEventDefinition id="watch"><bpmn:condition xsi:type="bpmn:tFormalExpression">'
            f"= {text}</bpmn:condition></bpmn:conditionalEventDefinition>"
        )

    def version(name: str, watched: str) -> None:
        borders = border("watched", condition(watched)) + border("news", TOLD)
        publish(service(draw).user("accept", "clerk").raw(borders, outside=MESSAGE.replace('"told"', f'"{name}"')))

    version("told", "case.drill")
    case, other = (open_case(session, people.clerk, report) for _ in range(2))
    version("heard", 'emergency = null and case.urgency = "一般"')
    plan = migration.plan(session, people.operator, "sanitation")
    begun = migration.begin(session, people.operator, plan, "新版")
    session.commit()
    settle(database)
    for one in (case, other):
        assert waits(session, one) == {"timers": [], "waits": ["case emergency", "heard"]}
        assert open_elements(session, one) == {"accept", "after_watched"}, "its condition holds in the new version"
    messages.publish(session, Actor.system("test"), "heard", correlation_key=case.number)
    session.commit()
    assert open_elements(session, case) == {"accept", "after_news", "after_watched"}
    migration.revert(session, people.operator, begun.id, "有误")
    session.commit()
    settle(database)
    assert migration.progress(session, begun) == {"kept": 2}


def open_elements(session, case) -> set[str]:
    session.expire_all()
    of_case = select(Task.element_id).where(Task.case_id == case.id, Task.status == TaskStatus.OPEN)
    found = set(session.scalars(of_case))
    session.commit()
    return found


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
