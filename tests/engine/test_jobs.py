"""Owed work: done after the commit, retried when it may succeed later, in a person's hands when not."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from engine import cases, clock, connectors, incidents, jobs
from engine.connectors import bpmn_error, failed
from engine.errors import Conflict, InvalidInput, NotAllowed
from engine.instances import advancing
from engine.intake import open_case
from engine.jobs.claiming import claim
from engine.jobs.running import worker_name
from engine.owed import clean_house
from engine.permissions import Actor
from engine.settings import Settings
from engine.storage import Incident, IncidentStatus, Job, JobLane, JobStatus, Person, Task, TaskStatus

SETTINGS = Settings()


class Outside:
    """A partner's system: answers, fails or says no, and counts its calls by delivery id."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.answers: list[object] = []

    def prepare(self, context):
        return dict(context.inputs)

    def call(self, settings, delivery_id, prepared):
        self.calls.append(delivery_id)
        answer = self.answers.pop(0) if self.answers else {"status": 200, "body": {"ok": True}}
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def outside(monkeypatch):
    found = Outside()
    original = connectors.find
    monkeypatch.setattr(connectors, "find", lambda type_: found if type_ == "http" else original(type_))
    return found


@pytest.fixture
def case(session, people, draw, publish, report):
    error = (
        '<bpmn:boundaryEvent id="refused" attachedToRef="ask"><bpmn:outgoing>fr</bpmn:outgoing>'
        '<bpmn:errorEventDefinition id="ed" errorRef="e1"/></bpmn:boundaryEvent>'
        '<bpmn:userTask id="explain" name="explain"><bpmn:extensionElements><zeebe:assignmentDefinition '
        'candidateGroups="clerk"/><zeebe:formDefinition formId="remark"/></bpmn:extensionElements>'
        "<bpmn:incoming>fr</bpmn:incoming><bpmn:outgoing>fx</bpmn:outgoing></bpmn:userTask>"
        '<bpmn:endEvent id="end2"><bpmn:incoming>fx</bpmn:incoming></bpmn:endEvent>'
        '<bpmn:sequenceFlow id="fr" sourceRef="refused" targetRef="explain"/>'
        '<bpmn:sequenceFlow id="fx" sourceRef="explain" targetRef="end2"/>'
    )
    publish(
        draw("sanitation", kind="service", serviceType="sanitation")
        .service("ask", "http", {"url": "https://partner.example/x", "weight": "=1.5"}, result="answer")
        .user("read", "clerk")
        .raw(error, '<bpmn:error id="e1" name="no" errorCode="http_404"/>')
    )
    with clock.at("2026-11-18T09:00"):
        opened = open_case(session, people.clerk, report)
        session.commit()
    return opened


def work(database, at: str = "2026-11-18T09:00") -> int:
    with clock.at(at):
        return jobs.run_owed(database, SETTINGS, worker="w")


def job(session) -> Job:
    session.expire_all()
    found = session.scalars(select(Job).where(Job.kind == "connector")).one()
    session.commit()
    return found


def open_elements(session) -> list[str]:
    found = list(session.scalars(select(Task.element_id).where(Task.status == TaskStatus.OPEN)))
    session.commit()
    return found


def test_a_connector_is_called_after_the_commit_and_its_answer_goes_on(session, database, outside, case):
    assert job(session).status is JobStatus.OWED and open_elements(session) == []
    assert work(database) == 1
    done = job(session)
    assert done.status is JobStatus.DONE and outside.calls == [done.delivery_id] and done.lease_owner is None
    (task,) = session.scalars(select(Task).where(Task.status == TaskStatus.OPEN))
    assert task.variables["answer"] == {"status": 200, "body": {"ok": True}}


def test_a_failure_is_tried_again_later_with_the_same_delivery_id(session, database, outside, case):
    outside.answers = [failed("no answer"), failed("no answer"), {"status": 200, "body": None}]
    work(database)
    assert job(session).status is JobStatus.OWED and job(session).run_at > job(session).created_at
    assert work(database) == 0, "not before its time"
    work(database, "2026-11-18T09:01")
    work(database, "2026-11-18T09:05")
    assert job(session).status is JobStatus.DONE and len(set(outside.calls)) == 1 and len(outside.calls) == 3
    assert session.scalars(select(Incident)).all() == []


def test_after_the_last_attempt_an_operator_corrects_the_inputs_and_it_succeeds(
    session, database, people, outside, case
):
    outside.answers = [failed("no answer")] * 3
    for minute in (0, 5, 30):
        work(database, f"2026-11-18T09:{minute:02d}")
    assert job(session).status is JobStatus.FAILED
    incident = session.scalars(select(Incident)).one()
    assert (incident.status, incident.code, incident.element_id) == (IncidentStatus.OPEN, "connector_failed", "ask")
    with pytest.raises(NotAllowed):
        incidents.retry(session, people.clerk, incident.id)
    with clock.at("2026-11-18T10:00"):
        incidents.retry(
            session, people.operator, incident.id, inputs={"url": "https://partner.example/y"}, reason="改址"
        )
        session.commit()
        assert incident.status is IncidentStatus.OPEN, "only success resolves it"
    work(database, "2026-11-18T10:00")
    session.refresh(incident)
    assert job(session).status is JobStatus.DONE and incident.status is IncidentStatus.RESOLVED
    assert open_elements(session) == ["read"]
    with pytest.raises(Conflict):
        incidents.retry(session, people.operator, incident.id)


def test_an_incident_is_dismissed_with_a_reason_only(session, database, people, outside, case):
    outside.answers = [ValueError("a bug of ours")] * 3
    for minute in (0, 5, 30):
        work(database, f"2026-11-18T09:{minute:02d}")
    incident = session.scalars(select(Incident)).one()
    assert "Traceback" in incident.trace
    with pytest.raises(InvalidInput):
        incidents.dismiss(session, people.operator, incident.id, "")
    assert incidents.dismiss(session, people.operator, incident.id, "改走人工").status is IncidentStatus.DISMISSED


def test_a_no_from_outside_goes_along_the_error_path(session, database, outside, case):
    outside.answers = [bpmn_error("http_404", "no such thing", status=404)]
    work(database)
    assert job(session).status is JobStatus.DONE and job(session).error_code == "http_404"
    assert open_elements(session) == ["explain"]


def test_a_no_that_nobody_catches_waits_behind_an_incident(session, database, outside, case):
    outside.answers = [bpmn_error("http_500x", "strange")]
    work(database)
    assert job(session).status is JobStatus.FAILED and open_elements(session) == []
    assert session.scalars(select(Incident)).one().code == "http_500x"


def test_a_no_for_a_suspended_case_waits_and_is_not_asked_for_again(session, database, people, outside, case):
    dispatcher, case_id = people.dispatcher, case.id
    session.commit()

    def suspended_meanwhile(settings, delivery_id, prepared):
        outside.calls.append(delivery_id)
        with database.transaction() as other, clock.at("2026-11-18T09:00"):
            cases.suspend(other, dispatcher, case_id, "等")
        raise bpmn_error("http_404", "no such thing", status=404)

    outside.call = suspended_meanwhile
    assert work(database) == 1
    assert job(session).status is JobStatus.OWED and open_elements(session) == []
    with clock.at("2026-11-18T09:05"):
        cases.resume(session, dispatcher, case_id, "好")
        session.commit()
    work(database, "2026-11-18T09:11")
    assert job(session).status is JobStatus.DONE and len(outside.calls) == 1
    assert open_elements(session) == ["explain"]


def test_a_no_that_nobody_catches_is_asked_for_again_by_an_operator(session, database, people, outside, case):
    outside.answers = [bpmn_error("http_500x", "strange")]
    work(database)
    incident = session.scalars(select(Incident)).one()
    with clock.at("2026-11-18T09:10"):
        incidents.retry(session, people.operator, incident.id)
        session.commit()
    work(database, "2026-11-18T09:10")
    assert job(session).status is JobStatus.DONE and len(outside.calls) == 2 and open_elements(session) == ["read"]


def test_an_answer_the_process_cannot_take_is_kept_and_not_asked_for_again(
    session, database, draw, publish, people, report, outside
):
    publish(
        draw("sanitation", kind="service", serviceType="sanitation")
        .service("ask", "http", {"url": "https://partner.example/x"}, result="answer")
        .user("read", "", assignee="=answer.body.who")
    )
    with clock.at("2026-11-18T09:00"):
        open_case(session, people.clerk, report)
        session.commit()
    outside.answers = [{"status": 200, "body": {"who": "nobody_here"}}]
    work(database)
    found = job(session)
    assert found.status is JobStatus.FAILED and found.result["status"] == 200 and len(outside.calls) == 1
    incident = session.scalars(select(Incident)).one()
    session.add(Person(username="nobody_here", display_name="来了", created_at=clock.now()))
    with clock.at("2026-11-18T09:10"):
        incidents.retry(session, people.operator, incident.id)
        session.commit()
    work(database, "2026-11-18T09:10")
    assert job(session).status is JobStatus.DONE and len(outside.calls) == 1, "the answer was there"


def test_an_old_job_goes_and_the_incident_it_had_stays(session, database, people, outside, case):
    outside.answers = [failed("no answer")] * 3
    for minute in (0, 5, 30):
        work(database, f"2026-11-18T09:{minute:02d}")
    incident = session.scalars(select(Incident)).one()
    with clock.at("2026-11-18T10:00"):
        incidents.retry(session, people.operator, incident.id)
        session.commit()
    work(database, "2026-11-18T10:00")
    with clock.at("2027-01-18T10:00"):
        clean_house(database, SETTINGS)
    session.expire_all()
    assert session.scalars(select(Job).where(Job.kind == "connector")).all() == []
    assert (incident.status, incident.job_id, incident.code) == (IncidentStatus.RESOLVED, None, "connector_failed")


def test_a_job_whose_process_went_on_without_it_is_cancelled(session, database, people, outside, case):
    cases.void(session, people.chief, case.id, "误报")
    session.commit()
    assert job(session).status is JobStatus.CANCELLED
    assert work(database) == 0 and outside.calls == []


def test_what_was_wrong_with_a_step_is_over_when_the_process_has_left_it(session, database, people, outside, case):
    outside.answers = [failed("no answer")] * 3
    for minute in (0, 5, 30):
        work(database, f"2026-11-18T09:{minute:02d}")
    incident = session.scalars(select(Incident)).one()
    assert incident.status is IncidentStatus.OPEN
    with advancing(session, Actor.system("test"), incident.instance_id) as advance:
        advance.execution.move(job(session).key, "read")
    session.commit()
    session.expire_all()
    assert job(session).status is JobStatus.CANCELLED and open_elements(session) == ["read"]
    assert (incident.status, incident.resolution) == (IncidentStatus.DISMISSED, "the process has left the step")
    with pytest.raises(Conflict):
        incidents.retry(session, people.operator, incident.id, inputs={"url": "https://partner.example/y"})
    session.rollback()
    assert work(database, "2026-11-18T11:00") == 0 and len(outside.calls) == 3


def test_urgent_work_comes_before_a_storm(session, database, outside, case):
    first = job(session)
    rows = []
    for lane in (JobLane.BULK, JobLane.BULK, JobLane.URGENT):
        rows.append(
            Job(
                kind="condition",
                type="",
                lane=lane,
                delivery_id=f"{len(rows)}",
                run_at=first.run_at,
                created_at=first.created_at,
            )
        )
    session.add_all(rows)
    session.commit()
    with clock.at("2026-11-18T09:00"):
        assert [c.id for c in claim(database, "w", 2)] == [rows[2].id, first.id]


def test_a_lease_keeps_others_away_until_it_is_over(session, database, outside, case):
    with clock.at("2026-11-18T09:00:00"):
        assert len(claim(database, "one", 5)) == 1
        assert claim(database, "two", 5) == []
    with clock.at("2026-11-18T09:02:00"):
        assert len(claim(database, "two", 5)) == 1


def test_what_was_claimed_before_a_crash_waits_its_minute_for_its_own_machine_too(session, database, outside, case):
    before, after = worker_name(), worker_name()
    assert before != after, "a worker that starts again cannot take what its predecessor may still be doing"
    with clock.at("2026-11-18T09:00:00"):
        assert len(claim(database, before, 5)) == 1
    with clock.at("2026-11-18T09:00:59"):
        assert jobs.run_owed(database, SETTINGS, worker=after) == 0
    with clock.at("2026-11-18T09:01:01"):
        assert jobs.run_owed(database, SETTINGS, worker=after) == 1
    assert job(session).status is JobStatus.DONE and len(outside.calls) == 1


def test_what_a_worker_died_over_is_taken_alone_and_takes_nothing_else_along(session, database, outside, case):
    first = job(session)
    more = {"kind": "condition", "type": "", "run_at": first.run_at, "created_at": first.created_at}
    session.add_all(
        [Job(delivery_id=f"d{lane}", lane=lane, **more) for lane in (JobLane.URGENT, JobLane.NORMAL, JobLane.BULK)]
    )
    session.commit()
    with clock.at("2026-11-18T09:00"):
        taken = [claimed.id for claimed in claim(database, "dead", 3)]
        assert len(taken) == 3
    with clock.at("2026-11-18T09:02"):
        for number, expected in enumerate(taken):
            assert [claimed.id for claimed in claim(database, f"next{number}", 9)] == [expected]
        (last,) = claim(database, "last", 9)
        assert last.id not in taken
    session.expire_all()
    attempts = dict(session.execute(select(Job.id, Job.attempts)).all())
    assert attempts == {**dict.fromkeys(taken, 2), last.id: 1}


def test_a_worker_that_dies_over_a_job_every_time_is_found_out(session, database, outside, case):
    session.execute(update(Job).values(attempts=3))
    session.commit()
    work(database)
    assert job(session).status is JobStatus.FAILED
    assert session.scalars(select(Incident.code)).one() == "worker_died"


def test_what_a_worker_has_taken_is_next_due_when_its_lease_is_over(session, database, outside, case):
    with clock.at("2026-11-18T09:00"):
        claim(database, "one", 5)
    assert jobs.next_owed(session) == job(session).lease_until > job(session).run_at


def test_the_next_moment_is_known(session, database, outside, case):
    assert jobs.next_owed(session) == job(session).run_at
    session.commit()
    work(database)
    assert jobs.next_owed(session) is None


def test_a_door_runs_only_what_its_instance_owes_inside_the_house(session, database, outside, case):
    with clock.at("2026-11-18T09:00"):
        assert jobs.run_owed(database, SETTINGS, instance_id=job(session).instance_id) == 0
    assert outside.calls == []
