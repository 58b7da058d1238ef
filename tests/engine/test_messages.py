"""Messages find the one who waits; early ones are kept, doubles answered as before, strays seen."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from engine import clock, messages, tasks
from engine.errors import Conflict, NotAllowed
from engine.instances.jobs import JOBS, owe
from engine.intake import open_case
from engine.owed import run_due
from engine.permissions import Actor
from engine.settings import Settings
from engine.storage import Incident, IncidentStatus, Message, MessageStatus, ProcessInstance, Task, TaskStatus

MACHINE = Actor.system("test")


@pytest.fixture
def waiting(session, people, draw, publish, report):
    """A case that waits for the answer of enforcement, behind a clerk's task."""
    publish(
        draw("sanitation", kind="service", serviceType="sanitation")
        .user("send", "clerk")
        .message("answer", "enforcement_answer")
        .user("read", "clerk")
    )

    def opened(*, behind_the_task: bool = True):
        case = open_case(session, people.clerk, report)
        if behind_the_task:
            tasks.complete(session, people.clerk, current(session, case).id, {})
        session.commit()
        return case

    return opened


def current(session, case):
    return session.scalars(select(Task).where(Task.case_id == case.id, Task.status == TaskStatus.OPEN)).one()


def test_a_message_reaches_the_case_it_names_and_brings_its_content(session, waiting):
    case, other = waiting(), waiting()
    sent = messages.publish(
        session, MACHINE, "enforcement_answer", correlation_key=case.number, payload={"outcome": "已处罚"}
    )
    session.commit()
    assert sent.status is MessageStatus.DELIVERED and sent.case_id == case.id
    assert current(session, case).variables["outcome"] == "已处罚"
    assert session.scalar(select(func.count()).select_from(Task).where(Task.case_id == other.id)) == 1


def test_the_same_message_again_is_answered_as_before(session, waiting):
    case = waiting()
    first = messages.publish(
        session, MACHINE, "enforcement_answer", correlation_key=case.number, source="api:zf", message_id="42"
    )
    session.commit()
    again = messages.publish(
        session, MACHINE, "enforcement_answer", correlation_key=case.number, source="api:zf", message_id="42"
    )
    assert again.id == first.id and again.attempts == 1
    other = messages.publish(
        session, MACHINE, "enforcement_answer", correlation_key=case.number, source="api:other", message_id="42"
    )
    assert other.status is MessageStatus.WAITING


def test_an_early_message_waits_until_somebody_waits_for_it(session, database, waiting, people):
    case = waiting(behind_the_task=False)
    early = messages.publish(session, MACHINE, "enforcement_answer", correlation_key=case.number)
    session.commit()
    assert early.status is MessageStatus.WAITING
    tasks.complete(session, people.clerk, current(session, case).id, {})
    session.commit()
    run_due(database, Settings(), worker="w")
    session.expire_all()
    assert early.status is MessageStatus.DELIVERED and current(session, case).element_id == "read"


def test_a_message_nobody_waits_for_becomes_an_incident_and_can_be_sent_again(session, database, waiting):
    case = waiting()
    lost = messages.publish(session, MACHINE, "enforcement_answer", correlation_key="FT-1")
    session.commit()
    with clock.at(lost.expires_at):
        run_due(database, Settings(), worker="w")
    session.expire_all()
    incident = session.scalars(select(Incident).where(Incident.message_id == lost.id)).one()
    assert lost.status is MessageStatus.EXPIRED and incident.code == "nobody_waits"
    messages.resend(session, MACHINE, lost.id, correlation_key=case.number)
    assert lost.status is MessageStatus.DELIVERED and incident.status is IncidentStatus.RESOLVED
    with pytest.raises(Conflict):
        messages.resend(session, MACHINE, lost.id)


@pytest.mark.parametrize(("said", "incidents"), [({"optional": "true"}, 0), ({}, 1)])
def test_a_drawing_says_whether_somebody_has_to_wait(session, database, people, draw, publish, report, said, incidents):
    publish(
        draw("sanitation", kind="service", serviceType="sanitation").throw("tell", "news", **said).user("go", "clerk")
    )
    open_case(session, people.clerk, report)
    session.commit()
    run_due(database, Settings(), worker="w")
    session.expire_all()
    lost = session.scalars(select(Message)).one()
    late = lost.expires_at
    session.commit()
    with clock.at(late):
        run_due(database, Settings(), worker="w")
    session.expire_all()
    assert lost.status is MessageStatus.EXPIRED
    assert session.scalar(select(func.count()).select_from(Incident)) == incidents


def test_a_message_that_several_wait_for_goes_to_none_of_them(session, people, draw, publish, report):
    publish(draw("sanitation", kind="service", serviceType="sanitation").message("answer", "all_clear", '="everybody"'))
    for _ in range(2):
        open_case(session, people.clerk, report)
    sent = messages.publish(session, MACHINE, "all_clear", correlation_key="everybody")
    assert sent.status is MessageStatus.AMBIGUOUS
    assert session.scalars(select(Incident.code)).all() == ["several_wait"]


def test_a_message_starts_a_process_that_waits_for_it(session, draw, publish, city):
    start = '<bpmn:messageEventDefinition id="d" messageRef="m1"/>'
    drawing = draw("enforcement").raw("", '<bpmn:message id="m1" name="clue"/>').user("receive", "enforcement_intake")
    publish(drawing.xml(start))
    sent = messages.publish(session, MACHINE, "clue", payload={"what": "偷倒"})
    instance = session.scalars(select(ProcessInstance)).one()
    assert sent.status is MessageStatus.DELIVERED and sent.instance_id == instance.id
    assert session.scalars(select(Task)).one().variables == {"what": "偷倒"}


def test_a_receiver_that_fails_leaves_the_message_and_an_incident(session, people, draw, publish, report):
    publish(
        draw("sanitation", kind="service", serviceType="sanitation")
        .message("answer", "enforcement_answer")
        .user("read", "", assignee="=who")
    )
    case = open_case(session, people.clerk, report)
    session.commit()
    sent = messages.publish(
        session, MACHINE, "enforcement_answer", correlation_key=case.number, payload={"who": "nobody_here"}
    )
    session.commit()
    assert sent.status is MessageStatus.REFUSED
    assert session.scalars(select(Incident.kind)).all() == ["message_undelivered"]
    assert session.scalars(select(Task)).all() == []


def test_sending_by_hand_needs_the_right(session, people, waiting):
    case = waiting()
    with pytest.raises(NotAllowed):
        messages.publish(session, people.crew, "enforcement_answer", correlation_key=case.number)
    messages.publish(session, people.clerk, "enforcement_answer", correlation_key=case.number, case_id=case.id)


def test_a_key_reaches_no_case_the_sender_has_no_power_over(session, people, waiting):
    case = waiting()
    with pytest.raises(NotAllowed):
        messages.publish(session, people.outsider, "enforcement_answer", correlation_key=case.number)
    session.rollback()
    assert session.scalars(select(Message)).all() == []
    own = messages.publish(session, people.clerk, "enforcement_answer", correlation_key=case.number)
    assert own.status is MessageStatus.DELIVERED


def test_one_process_sends_another_a_message_after_its_commit(session, database, people, draw, publish, report):
    case_process = (
        draw("sanitation", kind="service", serviceType="sanitation").message("answer", "done").user("read", "clerk")
    )
    publish(case_process)
    case = open_case(session, people.clerk, report)
    session.commit()
    session.execute(
        JOBS.insert(), owe("message", "done", inputs={"correlation_key": case.number, "variables": {"outcome": "ok"}})
    )
    session.commit()
    run_due(database, Settings(), worker="w")
    session.expire_all()
    assert current(session, case).variables["outcome"] == "ok"
    assert session.scalars(select(Message)).one().source == "instance"
