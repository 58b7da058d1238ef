"""Several at once, on a real PostgreSQL: one wins, nothing is lost, nothing happens twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, text

from engine import broadcasts, clock, jobs, messages, tasks
from engine.deployments import deploy, fire_due
from engine.errors import CityLoopError, Conflict
from engine.intake import open_case
from engine.owed import run_due
from engine.permissions import Actor, actor_for
from engine.settings import Settings
from engine.storage import (
    Broadcast,
    BroadcastStatus,
    Case,
    Database,
    Deadline,
    DeadlineStatus,
    HistoryEvent,
    Job,
    JobStatus,
    Message,
    MessageStatus,
    Person,
    ProcessInstance,
    Task,
    TaskStatus,
    Timer,
)

MACHINE = Actor.system("test")


def at_once(number: int, deed: Callable[[int], Any]) -> list[Any]:
    """Run ``deed`` in so many threads that all begin together; answers results and errors."""
    gate = threading.Barrier(number)
    answers: list[Any] = [None] * number

    def run(index: int) -> None:
        gate.wait()
        try:
            answers[index] = deed(index)
        except CityLoopError as error:
            answers[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


@pytest.fixture
def town(city, postgres: Database, remark: bytes):
    """Publishes a process on PostgreSQL and answers the clerk."""

    def publish(drawing) -> Actor:
        files = {"forms/remark.form": remark, "workflows/sanitation/sanitation.bpmn": drawing.xml()}
        with postgres.transaction() as session:
            deploy(session, MACHINE, files, name="t", source="test")
        with postgres.reading() as session:
            key = session.scalars(select(Person.id).where(Person.username == "clerk")).one()
            return actor_for(session, key, "test")

    return publish


def service(draw):
    return draw("sanitation", kind="service", serviceType="sanitation")


def opened(database: Database, actor: Actor, report) -> int:
    with database.transaction() as session:
        return open_case(session, actor, report).id


def test_two_completions_of_one_task_one_wins_and_the_other_is_told(town, postgres, draw, report):
    clerk = town(service(draw).user("accept", "clerk").user("close", "clerk"))
    opened(postgres, clerk, report)
    with postgres.reading() as session:
        task_id = session.scalars(select(Task.id)).one()

    def complete(index: int) -> str:
        with postgres.transaction() as session:
            return tasks.complete(session, clerk, task_id, {"remark": str(index)}, submission=f"s{index}").submission

    answers = at_once(6, complete)
    won = [a for a in answers if isinstance(a, str)]
    lost = [a for a in answers if isinstance(a, Conflict)]
    assert len(won) == 1 and len(lost) == 5 and {error.kind for error in lost} == {"completed"}
    with postgres.reading() as session:
        assert session.scalars(select(Task.element_id).where(Task.status == TaskStatus.OPEN)).all() == ["close"]
        done = session.scalar(select(func.count()).where(HistoryEvent.kind == "task.completed"))
        assert done == 1


def test_the_same_submit_from_two_tabs_is_one_completion(town, postgres, draw, report):
    clerk = town(service(draw).user("accept", "clerk").user("close", "clerk"))
    opened(postgres, clerk, report)
    with postgres.reading() as session:
        task_id = session.scalars(select(Task.id)).one()

    def complete(_: int) -> str:
        with postgres.transaction() as session:
            return tasks.complete(session, clerk, task_id, {}, submission="same").submission

    assert at_once(4, complete) == ["same"] * 4


def test_the_same_report_sent_from_two_tabs_opens_one_case_and_leaves_no_gap(town, postgres, draw, report):
    clerk = town(service(draw).user("accept", "clerk"))

    def send(_: int) -> str:
        with postgres.transaction() as session:
            return open_case(session, clerk, report, submission="same").number

    numbers = set(at_once(4, send))
    assert len(numbers) == 1
    following = opened(postgres, clerk, report)
    with postgres.reading() as session:
        first, second = session.execute(select(Case.id, Case.number).order_by(Case.id))
    assert second.id == following and int(second.number[-4:]) == int(first.number[-4:]) + 1


def test_two_claims_one_has_it(town, postgres, draw, report):
    clerk = town(service(draw).user("accept", "clerk"))
    opened(postgres, clerk, report)
    with postgres.reading() as session:
        task_id = session.scalars(select(Task.id)).one()
        key = session.scalars(select(Person.id).where(Person.username == "colleague")).one()
        colleague = actor_for(session, key, "test")

    def claim(index: int) -> int:
        with postgres.transaction() as session:
            return tasks.claim(session, (clerk, colleague)[index % 2], task_id).assignee_id

    answers = at_once(4, claim)
    winners = {a for a in answers if isinstance(a, int)}
    assert len(winners) == 1 and {a.kind for a in answers if isinstance(a, Conflict)} == {"claimed"}


def test_numbers_have_no_gaps_with_many_clerks_and_some_who_give_up(town, postgres, draw, report):
    clerk = town(service(draw).user("accept", "clerk"))

    def work(index: int) -> None:
        for turn in range(5):
            with postgres.session() as session, session.begin() as transaction:
                open_case(session, clerk, report)
                if (index + turn) % 4 == 0:
                    transaction.rollback()

    with clock.at("2026-11-22T09:00"):
        # Every thread has a clock of its own: context variables are not inherited.
        at_once(6, lambda index: _at("2026-11-22T09:00", work, index))
    with postgres.reading() as session:
        numbers = sorted(session.scalars(select(Case.number)))
    assert numbers == [f"FT-20261122-{n:04d}" for n in range(1, len(numbers) + 1)] and len(numbers) > 15


def _at(moment: str, deed: Callable[[int], Any], index: int) -> Any:
    with clock.at(moment):
        return deed(index)


def test_the_same_message_from_many_doors_is_delivered_once(town, postgres, draw, report):
    clerk = town(service(draw).message("answer", "done").user("read", "clerk"))
    case_id = opened(postgres, clerk, report)
    with postgres.reading() as session:
        number = session.get_one(Case, case_id).number

    def send(_: int) -> int:
        with postgres.transaction() as session:
            return messages.publish(session, MACHINE, "done", correlation_key=number, source="api:x", message_id="1").id

    assert len(set(at_once(5, send))) == 1
    with postgres.reading() as session:
        (message,) = session.scalars(select(Message)).all()
        assert (message.status, message.error) == (MessageStatus.DELIVERED, "")
        assert session.scalars(select(Task.element_id)).all() == ["read"]


def test_sender_and_receiver_that_pass_each_other_still_meet(town, postgres, draw, report):
    clerk = town(service(draw).user("send", "clerk").message("answer", "done").user("read", "clerk"))
    cases = [opened(postgres, clerk, report) for _ in range(4)]
    with postgres.reading() as session:
        numbers = [session.get_one(Case, case_id).number for case_id in cases]
        open_now = {t.case_id: t.id for t in session.scalars(select(Task))}

    def deed(index: int) -> None:
        case = index // 2
        with postgres.transaction() as session:
            if index % 2:
                messages.publish(session, MACHINE, "done", correlation_key=numbers[case])
            else:
                tasks.complete(session, clerk, open_now[cases[case]], {})

    at_once(8, deed)
    while run_due(postgres, Settings(), worker="w"):
        pass
    with postgres.reading() as session:
        found = session.scalars(select(Task.element_id).where(Task.status == TaskStatus.OPEN)).all()
    assert found == ["read"] * 4


def test_timers_due_at_once_fire_each_once_with_several_workers(town, postgres, draw, report):
    clerk = town(service(draw).timer("wait", "timeDuration", "PT1H").user("act", "clerk"))
    with clock.at("2026-11-18T09:00"), postgres.transaction() as session:
        for _ in range(40):
            open_case(session, clerk, report)

    def work(index: int) -> int:
        fired = 0
        while done := run_due(postgres, Settings(), worker=f"w{index}"):
            fired += done["timers"]
        return fired

    answers = at_once(4, lambda index: _at("2026-11-18T10:00", work, index))
    with postgres.reading() as session:
        per_case = Counter(session.scalars(select(Task.case_id)))
        assert session.scalars(select(Timer)).all() == []
    assert sum(answers) == 40 and set(per_case.values()) == {1} and len(per_case) == 40


def test_jobs_are_done_once_with_several_workers(town, postgres, draw, report):
    clerk = town(
        service(draw).service("note", "update-case", {"times_reworked": "=case.times_reworked + 1"}).user("act")
    )
    with postgres.transaction() as session:
        for _ in range(30):
            open_case(session, clerk, report)
    at_once(4, lambda index: jobs.run_owed(postgres, Settings(), worker=f"w{index}", limit=1000))
    with postgres.reading() as session:
        assert set(session.scalars(select(Case.times_reworked))) == {1}
        assert set(session.scalars(select(Job.status))) == {JobStatus.DONE}


def test_a_worker_and_a_person_on_the_same_case_do_not_wait_for_each_other_for_ever(town, postgres, draw, report):
    boundary = (
        '<bpmn:boundaryEvent id="stop" attachedToRef="work"><bpmn:outgoing>fs</bpmn:outgoing>'
        '<bpmn:messageEventDefinition id="sd" messageRef="ms"/></bpmn:boundaryEvent>'
        '<bpmn:endEvent id="stopped"><bpmn:incoming>fs</bpmn:incoming></bpmn:endEvent>'
        '<bpmn:sequenceFlow id="fs" sourceRef="stop" targetRef="stopped"/>'
    )
    message = (
        '<bpmn:message id="ms" name="stop"><bpmn:extensionElements><zeebe:subscription correlationKey="=case.number"/>'
        "</bpmn:extensionElements></bpmn:message>"
    )
    drawing = service(draw).service("work", "update-case", {"route": "X"}).user("act", "clerk").raw(boundary, message)
    clerk = town(drawing)
    cases = [opened(postgres, clerk, report) for _ in range(12)]
    with postgres.reading() as session:
        numbers = [session.get_one(Case, case_id).number for case_id in cases]

    def deed(index: int) -> None:
        if index < 2:
            jobs.run_owed(postgres, Settings(), worker=f"w{index}", limit=100)
            return
        for number in numbers[index - 2 :: 2]:
            with postgres.transaction() as session:
                messages.publish(session, MACHINE, "stop", correlation_key=number)

    at_once(4, deed)
    with postgres.reading() as session:
        states = Counter(session.scalars(select(Job.status).where(Job.kind == "connector")))
        assert set(states) <= {JobStatus.DONE, JobStatus.CANCELLED} and sum(states.values()) == 12
        open_now = session.scalar(select(func.count()).where(Task.status == TaskStatus.OPEN))
        assert open_now == states[JobStatus.DONE]


def test_a_breach_and_a_completion_at_the_same_moment_do_not_wait_in_a_circle(town, postgres, draw, report):
    clerk = town(service(draw).user("accept", "clerk", limit="1 分钟", escalateTo="duty_chief"))
    with clock.at("2026-11-18T09:00"), postgres.transaction() as session:
        for _ in range(12):
            open_case(session, clerk, report)
    with postgres.reading() as session:
        task_ids = list(session.scalars(select(Task.id)))

    def deed(index: int) -> None:
        with clock.at("2026-11-18T09:05"):
            if index == 0:
                for _ in range(6):
                    run_due(postgres, Settings(), worker="w")
                return
            for task_id in task_ids[index - 1 :: 3]:
                with postgres.transaction() as session:
                    tasks.complete(session, clerk, task_id, {})

    assert at_once(4, deed) == [None] * 4
    with postgres.reading() as session:
        assert set(session.scalars(select(Task.status))) == {TaskStatus.COMPLETED}
        assert set(session.scalars(select(Deadline.status))) == {DeadlineStatus.STOPPED}
        assert all(session.scalars(select(Deadline.breached_at)))


def test_a_signal_that_is_stopped_while_it_spreads_reaches_nobody(town, postgres, draw, report):
    clerk = town(service(draw).signal("alarm", "typhoon").user("act", "clerk"))
    opened(postgres, clerk, report)
    with postgres.transaction() as session:
        sent = broadcasts.send(session, MACHINE, "typhoon").id
    worker = threading.Thread(target=lambda: run_due(postgres, Settings(), worker="w"))
    with postgres.transaction() as session:
        broadcasts.stop(session, MACHINE, sent, "误发")
        worker.start()
        with postgres.reading() as other:
            waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            while worker.is_alive() and not other.scalar(waiting):
                other.rollback()
    worker.join(60)
    while run_due(postgres, Settings(), worker="w"):
        pass
    with postgres.reading() as session:
        assert session.scalars(select(Task)).all() == []
        assert session.get_one(Broadcast, sent).status is BroadcastStatus.STOPPED


def test_who_begins_to_wait_while_a_response_is_raised_sees_it_all_the_same(town, postgres, draw, remark, report):
    severe = (
        '<bpmn:conditionalEventDefinition id="cd"><bpmn:condition xsi:type="bpmn:tFormalExpression">'
        "= emergency.level = 2</bpmn:condition></bpmn:conditionalEventDefinition>"
    )
    clerk = town(service(draw).user("begin", "clerk").catch("raised", severe).user("shelter", "clerk"))
    response = (
        draw("storm", kind="contingency").user("decide", "clerk").script("two", "= 2", "level").user("act", "clerk")
    )
    with postgres.transaction() as session:
        files = {"forms/remark.form": remark, "workflows/storm/storm.bpmn": response.xml()}
        deploy(session, MACHINE, files, name="s", source="test")
        open_case(session, clerk, report)
        open_case(session, clerk, report, process_key="storm")
    while run_due(postgres, Settings(), worker="w"):
        pass
    with postgres.reading() as session:
        open_now = {task.element_id: task.id for task in session.scalars(select(Task))}
    with postgres.transaction() as slow:
        tasks.complete(slow, clerk, open_now["begin"], {})
        with postgres.transaction() as session:
            tasks.complete(session, clerk, open_now["decide"], {})
        assert run_due(postgres, Settings(), worker="w")["jobs"] == 1, "the change is told, and nobody is seen to wait"
    while run_due(postgres, Settings(), worker="w"):
        pass
    with postgres.reading() as session:
        found = session.scalars(select(Task.element_id).where(Task.status == TaskStatus.OPEN)).all()
    assert sorted(found) == ["act", "shelter"]


def test_a_version_published_while_its_timer_starts_does_not_start_again(town, postgres, draw, remark):
    daily = (
        '<bpmn:timerEventDefinition id="t"><bpmn:timeCycle xsi:type="bpmn:tFormalExpression">'
        "R/2026-11-18T08:00:00+08:00/P1D</bpmn:timeCycle></bpmn:timerEventDefinition>"
    )

    def publish(*steps: str) -> None:
        drawing = draw("report")
        for step in steps:
            drawing.user(step, "clerk")
        files = {"forms/remark.form": remark, "workflows/report/report.bpmn": drawing.xml(daily)}
        with postgres.transaction() as session:
            deploy(session, MACHINE, files, name="r", source="test")

    with clock.at("2026-11-17T09:00"):
        publish("write")
    designer = threading.Thread(target=lambda: publish("write", "check"))
    with clock.at("2026-11-18T08:00"):
        with postgres.transaction() as session:
            assert fire_due(session, MACHINE) == 1
            designer.start()
            with postgres.reading() as other:
                waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
                while designer.is_alive() and not other.scalar(waiting):
                    other.rollback()
        designer.join(60)
        while run_due(postgres, Settings(), worker="w"):
            pass
    with postgres.reading() as session:
        assert session.scalar(select(func.count()).select_from(ProcessInstance)) == 1
