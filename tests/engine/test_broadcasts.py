"""A signal reaches every waiting case it is meant for, each once, and nobody else."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from engine import broadcasts, cases
from engine.errors import NotAllowed
from engine.instances import start
from engine.intake import open_case
from engine.jobs import run_owed
from engine.owed import run_due
from engine.permissions import Actor
from engine.settings import Settings
from engine.storage import Broadcast, BroadcastStatus, Case, ProcessInstance, Task, TaskStatus

MACHINE = Actor.system("test")
STREETS = ("莲花街道", "华富街道", "莲花街道")


def settle(database) -> None:
    while run_due(database, Settings(), worker="w"):
        pass


def woken(session) -> set[int]:
    session.expire_all()
    found = set(session.scalars(select(Task.case_id).where(Task.status == TaskStatus.OPEN)))
    session.commit()
    return found


@pytest.fixture
def waiting(session, people, draw, publish, report):
    def opened(scope: str = "") -> list[Case]:
        publish(
            draw("sanitation", kind="service", serviceType="sanitation")
            .signal("alarm", "typhoon", scope)
            .user("act", "clerk")
        )
        found = [open_case(session, people.clerk, {**report, "street": s, "community": ""}) for s in STREETS]
        session.commit()
        return found

    return opened


def test_a_signal_to_a_street_reaches_the_cases_that_lie_in_it(session, database, waiting):
    found = waiting()
    sent = broadcasts.send(session, MACHINE, "typhoon", payload={"level": "红色"}, areas=["莲花街道"])
    session.commit()
    assert woken(session) == set(), "sending answers at once"
    settle(database)
    assert woken(session) == {found[0].id, found[2].id}
    session.refresh(sent)
    assert (sent.total, sent.delivered, sent.status) == (2, 2, BroadcastStatus.DONE)
    assert session.scalars(select(Task.variables)).first() == {"level": "红色"}


def test_a_wait_with_its_own_scope_decides_by_itself(session, database, waiting):
    found = waiting('=signal.level = "红色" and case.place.street = "华富街道"')
    broadcasts.send(session, MACHINE, "typhoon", payload={"level": "红色"})
    session.commit()
    settle(database)
    assert woken(session) == {found[1].id}
    sent = session.scalars(select(Broadcast)).one()
    assert (sent.delivered, sent.skipped) == (1, 2)


def test_another_signal_wakes_nobody(session, database, waiting):
    waiting()
    broadcasts.send(session, MACHINE, "flood")
    session.commit()
    settle(database)
    assert woken(session) == set()


def test_a_suspended_case_gets_the_signal_when_it_goes_on(session, database, waiting, people):
    found = waiting()
    cases.suspend(session, people.dispatcher, found[0].id, "等")
    broadcasts.send(session, MACHINE, "typhoon")
    session.commit()
    settle(database)
    assert woken(session) == {found[1].id, found[2].id}
    cases.resume(session, people.dispatcher, found[0].id, "好")
    session.commit()
    settle(database)
    assert woken(session) == {case.id for case in found}


def test_a_signal_starts_the_processes_that_wait_for_it(session, database, draw, publish, city):
    start = '<bpmn:signalEventDefinition id="d" signalRef="s1"/>'
    plan = draw("plan", kind="contingency").raw("", '<bpmn:signal id="s1" name="typhoon"/>').user("lead", "coordinator")
    publish(plan.xml(start))
    broadcasts.send(session, MACHINE, "typhoon", payload={"level": "橙色"}, drill=True)
    session.commit()
    settle(database)
    instance = session.scalars(select(ProcessInstance)).one()
    assert instance.drill and session.scalars(select(Task)).one().variables == {"level": "橙色"}


def test_a_stopped_signal_reaches_nobody_further(session, database, waiting, people):
    waiting()
    sent = broadcasts.send(session, people.coordinator, "typhoon")
    broadcasts.stop(session, people.coordinator, sent.id, "误发")
    session.commit()
    settle(database)
    assert woken(session) == set() and session.get_one(Broadcast, sent.id).status is BroadcastStatus.STOPPED
    with pytest.raises(NotAllowed):
        broadcasts.send(session, people.clerk, "typhoon")


def test_a_long_spread_goes_on_where_it_stopped(session, database, waiting, monkeypatch):
    found = waiting()
    monkeypatch.setattr(broadcasts, "CHUNK", 2)
    broadcasts.send(session, MACHINE, "typhoon")
    session.commit()
    settle(database)
    assert woken(session) == {case.id for case in found}
    assert session.scalar(select(func.count()).select_from(Task)) == 3


def test_an_instance_that_waits_in_several_places_gets_the_signal_once_in_each(
    session, database, people, draw, publish, report, monkeypatch
):
    """However the waits fall into chunks."""
    border = (
        '<bpmn:boundaryEvent id="b{n}" attachedToRef="accept" cancelActivity="false">'
        '<bpmn:signalEventDefinition id="d{n}" signalRef="s1"/></bpmn:boundaryEvent><bpmn:userTask id="act{n}">'
        '<bpmn:extensionElements><zeebe:assignmentDefinition candidateGroups="clerk"/>'
        '<zeebe:formDefinition formId="remark"/></bpmn:extensionElements></bpmn:userTask>'
        '<bpmn:sequenceFlow id="x{n}" sourceRef="b{n}" targetRef="act{n}"/>'
    )
    publish(
        draw("sanitation", kind="service", serviceType="sanitation")
        .user("accept", "clerk")
        .raw("".join(border.format(n=n) for n in range(3)), '<bpmn:signal id="s1" name="typhoon"/>')
    )
    for _ in range(2):
        open_case(session, people.clerk, report)
    monkeypatch.setattr(broadcasts, "CHUNK", 1)
    sent = broadcasts.send(session, MACHINE, "typhoon")
    session.commit()
    settle(database)
    session.expire_all()
    acts = session.scalars(select(Task.element_id).where(Task.element_id != "accept")).all()
    assert sorted(acts) == sorted(["act0", "act1", "act2"] * 2)
    assert (sent.total, sent.delivered) == (2, 2)


def test_a_new_version_that_comes_between_a_signal_and_what_it_starts_is_the_one_that_starts(
    session, database, draw, publish, city
):
    start = '<bpmn:signalEventDefinition id="d" signalRef="s1"/>'

    def version(step: str) -> None:
        told = '<bpmn:signal id="s1" name="typhoon"/>'
        publish(draw("plan", kind="contingency").raw("", told).user(step, "coordinator").xml(start))

    version("lead")
    broadcasts.send(session, MACHINE, "typhoon")
    session.commit()
    assert run_owed(database, Settings(), limit=1) == 1, "who is to be started is written down"
    version("command")
    settle(database)
    session.expire_all()
    assert session.scalars(select(Task.element_id)).all() == ["command"]


def test_a_drill_reaches_drills_only_and_they_hear_nothing_else(session, database, people, draw, publish, report):
    publish(
        draw("sanitation", kind="service", serviceType="sanitation").signal("alarm", "typhoon").user("act", "clerk"),
        draw("exercise", kind="contingency")
        .raw("", '<bpmn:signal id="s_alarm" name="typhoon"/>')
        ._add("tell", "intermediateThrowEvent", "", '<bpmn:signalEventDefinition id="dt" signalRef="s_alarm"/>'),
    )
    real = open_case(session, people.clerk, report)
    drill = open_case(session, people.clerk, report, drill=True)
    start(session, people.coordinator, "exercise", drill=True)
    session.commit()
    settle(database)
    assert woken(session) == {drill.id}
    second = open_case(session, people.clerk, report, drill=True)
    start(session, people.coordinator, "exercise")
    session.commit()
    settle(database)
    assert woken(session) == {drill.id, real.id} and second.id not in woken(session)
