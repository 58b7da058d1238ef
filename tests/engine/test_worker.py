"""What the worker finds due: timers, clocks, the history's chain; and that it says it lives."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import event, func, select, update

from engine import cases, clock, deadlines, deployments, history, incidents
from engine.errors import CityLoopError
from engine.intake import open_case
from engine.jobs import next_owed
from engine.owed import clean_house, keep_house, run_due, timers
from engine.owed.housekeeping import empty_states
from engine.permissions import Actor
from engine.settings import Settings
from engine.storage import (
    Deadline,
    HistoryEvent,
    HistorySeal,
    Incident,
    IncidentStatus,
    LoginSession,
    Notification,
    ProcessInstance,
    Task,
    TaskStatus,
    Timer,
    WorkerHeartbeat,
)

MACHINE = Actor.system("test")


def look(database, at: str) -> None:
    with clock.at(at):
        while run_due(database, Settings(), worker="w"):
            pass


def open_elements(session) -> list[str]:
    session.expire_all()
    found = list(session.scalars(select(Task.element_id).where(Task.status == TaskStatus.OPEN).order_by(Task.id)))
    session.commit()
    return found


@pytest.fixture
def opened(session, people, publish, report):
    def at(moment: str, *drawings):
        publish(*drawings)
        with clock.at(moment):
            case = open_case(session, people.clerk, report)
            session.commit()
        return case

    return at


def service(draw):
    return draw("sanitation", kind="service", serviceType="sanitation")


def test_a_timer_fires_when_it_is_due_and_not_before(session, database, draw, opened):
    opened("2026-11-18T09:00", service(draw).timer("wait", "timeDuration", "PT2H").user("act", "clerk"))
    look(database, "2026-11-18T10:59")
    assert open_elements(session) == []
    look(database, "2026-11-18T11:00")
    assert open_elements(session) == ["act"]
    assert session.scalars(select(Timer)).all() == []


def test_a_working_time_timer_skips_the_night(session, database, draw, opened):
    opened(
        "2026-11-18T17:00",
        service(draw).timer("wait", "timeDuration", '=working time("2 工作时")').user("act", "clerk"),
    )
    look(database, "2026-11-19T08:59")
    assert open_elements(session) == []
    look(database, "2026-11-19T09:00")
    assert open_elements(session) == ["act"]


def test_a_suspended_case_lets_its_timer_wait(session, database, people, draw, opened):
    case = opened("2026-11-18T09:00", service(draw).timer("wait", "timeDuration", "PT2H").user("act", "clerk"))
    with clock.at("2026-11-18T10:00"):
        cases.suspend(session, people.dispatcher, case.id, "等")
        session.commit()
    look(database, "2026-11-18T12:00")
    assert open_elements(session) == [] and next_owed(session) is None
    session.commit()
    with clock.at("2026-11-18T13:00"):
        cases.resume(session, people.dispatcher, case.id, "好")
        session.commit()
    look(database, "2026-11-18T13:02")
    assert open_elements(session) == ["act"]


def test_a_timer_its_process_knows_no_more_goes(session, database, draw, opened):
    opened("2026-11-18T09:00", service(draw).timer("wait", "timeDuration", "PT2H").user("act", "clerk"))
    session.execute(update(Timer).values(key="of another time"))
    session.commit()
    look(database, "2026-11-18T11:00")
    assert session.scalars(select(Timer)).all() == [] and open_elements(session) == []


def test_a_process_that_cannot_go_on_behind_its_timer_waits_behind_an_incident(session, database, draw, opened):
    opened(
        "2026-11-18T09:00", service(draw).timer("wait", "timeDuration", "PT2H").user("act", "", assignee="=case.title")
    )
    look(database, "2026-11-18T11:00")
    incident = session.scalars(select(Incident)).one()
    session.commit()
    assert (incident.kind, incident.status, incident.element_id) == ("timer_failed", IncidentStatus.OPEN, "wait")
    look(database, "2026-11-18T12:00")
    assert session.scalars(select(Timer.attempts)).all() == [5]


def test_a_timer_whose_worker_died_every_time_waits_behind_an_incident_and_not_in_silence(
    session, database, people, draw, opened
):
    opened("2026-11-18T09:00", service(draw).timer("wait", "timeDuration", "PT2H").user("act", "clerk"))
    opened("2026-11-18T09:00", service(draw).timer("wait", "timeDuration", "PT2H").user("act", "clerk"))
    with clock.at("2026-11-18T11:00"):
        assert len(timers._claim(database, "dead", 50)) == 2
    for minute in range(2, 10, 2):
        with clock.at(f"2026-11-18T11:0{minute}"):
            (over,) = timers._claim(database, "dead", 50)
    assert session.get_one(Timer, over).attempts == 5
    session.commit()
    look(database, "2026-11-18T11:20")
    assert open_elements(session) == ["act"], "the other one fires"
    incident = session.scalars(select(Incident)).one()
    assert (incident.kind, incident.code, incident.times) == ("timer_failed", "worker_died", 1)
    look(database, "2026-11-18T12:00")
    assert incident.times == 1
    with clock.at("2026-11-18T12:01"):
        incidents.retry(session, people.operator, incident.id)
        session.commit()
    look(database, "2026-11-18T12:02")
    session.refresh(incident)
    assert incident.status is IncidentStatus.RESOLVED
    assert open_elements(session) == ["act", "act"]


def test_clocks_warn_the_worker_and_breach_tells_who_stands_above(session, database, people, draw, opened):
    case = opened(
        "2026-11-18T09:00",
        service(draw).user("act", "clerk", limit="4 工作时", warn="50", escalateTo="duty_chief"),
    )
    look(database, "2026-11-18T10:59")
    assert session.scalars(select(Notification)).all() == []
    session.commit()
    look(database, "2026-11-18T11:00")
    told = session.scalars(select(Notification)).all()
    assert [(n.title, n.role) for n in told] == [(f"时限预警：act，已用 50%（{case.number}）", "clerk")]
    session.commit()
    look(database, "2026-11-18T16:01")
    session.expire_all()
    told = {(n.title, n.role) for n in session.scalars(select(Notification))}
    late = f"已超时：act（{case.number}）"
    assert {(late, "duty_chief"), (late, "clerk")} <= told
    assert session.scalars(select(Task)).one().escalated_at is not None
    assert session.scalars(select(Deadline)).one().breached_at is not None
    kinds = list(session.scalars(select(HistoryEvent.kind)))
    assert kinds.count("deadline.warned") == kinds.count("deadline.breached") == 1


def test_the_clock_of_the_whole_case_is_told_in_words(session, database, people, draw, opened):
    case = opened("2026-11-18T09:00", service(draw).user("act", "clerk"))
    start = clock.parse("2026-11-18T09:00")
    deadlines.start(session, people.clerk, name="case", limit="4 工作时", started_at=start, case_id=case.id)
    session.commit()
    look(database, "2026-11-18T15:01")
    assert [told.title for told in session.scalars(select(Notification))] == [f"已超时：全案（{case.number}）"]


def test_what_follows_a_clock_that_is_over_is_for_a_drawing_to_say(session, database, people, draw, opened):
    answer = draw("answer", kind="action").raw(outside='<bpmn:message id="over" name="clock_overdue"/>')
    case = opened(
        "2026-11-18T09:00",
        service(draw).user("act", "clerk", limit="4 工作时"),
        answer.user("look", "clerk").xml('<bpmn:messageEventDefinition id="late" messageRef="over"/>'),
    )
    look(database, "2026-11-18T15:01")
    session.expire_all()
    task = session.scalars(select(Task).where(Task.element_id == "look")).one()
    assert task.case_id == case.id
    assert (task.variables["overdue_clock"], task.variables["overdue_limit"]) == ("act", "4 工作时")


def test_the_house_is_kept_and_the_worker_says_that_it_lives(session, database, draw, opened):
    opened("2026-11-18T09:00", service(draw).user("act", "clerk"))
    for _ in range(2):
        keep_house(database, Settings(), worker="w", counts=Counter(jobs=3))
    assert session.scalars(select(WorkerHeartbeat.counts)).all() == [{"jobs": 3}]
    rows = session.scalar(select(func.count()).select_from(HistoryEvent))
    assert rows and session.scalar(select(func.count()).select_from(HistorySeal)) == rows
    assert history.verify(session).problems == ()


def test_the_state_of_a_run_long_ended_is_emptied(session, database, people, draw, opened):
    case = opened("2026-01-05T09:00", service(draw).user("act", "clerk"))
    with clock.at("2026-01-06T09:00"):
        cases.void(session, people.chief, case.id, "误报")
        session.commit()
    with clock.at("2026-03-01T09:00"):
        assert empty_states(session) == 1
    assert session.scalars(select(ProcessInstance.state)).all() == [None]


def test_a_login_nobody_has_used_for_long_goes(session, database, people):
    for name, seen in (("old", "2026-01-05T09:00"), ("new", "2026-10-05T09:00")):
        at = clock.parse(seen)
        session.add(LoginSession(token_hash=name, person_id=people.clerk.person_id, created_at=at, last_seen_at=at))
    session.commit()
    with clock.at("2026-11-18T09:00"):
        clean_house(database, Settings())
    assert session.scalars(select(LoginSession.token_hash)).all() == ["new"]


def test_nothing_is_due_where_nothing_is_owed(database, city):
    assert not run_due(database, Settings(), worker="w")


def test_what_fails_in_one_kind_of_work_does_not_stop_the_others(session, database, draw, opened, monkeypatch, caplog):
    opened("2026-11-18T09:00", service(draw).timer("wait", "timeDuration", "PT1H").user("act", "clerk"))

    def broken(*_):
        raise CityLoopError("broken")

    monkeypatch.setattr("engine.owed.raise_alarms", broken)
    with clock.at("2026-11-18T10:00"):
        assert run_due(database, Settings(), worker="w")["timers"] == 1
    assert "broken" in caplog.text
    assert open_elements(session) == ["act"]


def test_a_conditional_start_fires_when_it_becomes_true_and_not_as_long_as_it_is(
    session, database, draw, publish, city
):
    condition = conditional('now() &gt;= date and time("2026-11-18T10:00:00+08:00")')
    publish(draw("report").user("write", "clerk").xml(condition))
    for moment, expected in (("2026-11-18T09:59", 0), ("2026-11-18T10:00", 1), ("2026-11-18T10:01", 1)):
        look(database, moment)
        assert session.scalar(select(func.count()).select_from(ProcessInstance)) == expected
        session.commit()


def test_a_worker_with_nothing_to_do_asks_conditions_and_writes_nothing(session, database, draw, publish, city):
    condition = 'now() &gt;= date and time("2026-11-18T10:00:00+08:00")'
    publish(
        draw("report").user("write", "clerk").xml(conditional(condition)),
        draw("broken").user("write", "clerk").xml(conditional("count(for i in 1..99999 return i) &gt; 1")),
    )
    look(database, "2026-11-18T09:58")
    written: list[object] = []
    event.listen(database.engine, "begin", written.append)
    with clock.at("2026-11-18T09:59"):
        assert not run_due(database, Settings(), worker="w")
    assert written == []
    look(database, "2026-11-18T10:00")
    assert written and session.scalar(select(func.count()).select_from(ProcessInstance)) == 1
    session.commit()
    written.clear()
    with clock.at("2026-11-18T10:01"):
        assert not run_due(database, Settings(), worker="w")
    assert written == [], "it is true still, which is nothing new"


def test_two_workers_that_see_a_condition_become_true_start_one_process(session, database, draw, publish, city):
    publish(draw("report").user("write", "clerk").xml(conditional("true")))
    with database.reading() as other:
        changed = deployments.changed_conditions(other)
    assert len(changed) == 1
    look(database, "2026-11-18T10:00")
    with database.transaction() as late:
        assert deployments.fire_conditions(late, MACHINE, changed) == 0
    assert session.scalar(select(func.count()).select_from(ProcessInstance)) == 1


def conditional(expression: str) -> str:
    return (
        '<bpmn:conditionalEventDefinition id="cd"><bpmn:condition xsi:type="bpmn:tFormalExpression">'
        f"={expression}</bpmn:condition></bpmn:conditionalEventDefinition>"
    )


def test_a_condition_that_cannot_be_asked_is_told_once_and_holds_up_no_other(session, database, draw, publish, city):
    publish(
        draw("broken").user("write", "clerk").xml(conditional("count(for i in 1..99999 return i) &gt; 1")),
        draw("report").user("write", "clerk").xml(conditional("true")),
    )
    look(database, "2026-11-18T09:59")
    look(database, "2026-11-18T10:00")
    assert session.scalars(select(ProcessInstance.process_key)).all() == ["report"]
    incident = session.scalars(select(Incident)).one()
    assert (incident.kind, incident.times, incident.facts) == ("trigger_failed", 1, {"process": "broken"})


def test_a_start_that_fails_again_counts_up_its_incident(session, database, draw, publish, city):
    every_hour = '<bpmn:timerEventDefinition id="t"><bpmn:timeCycle>R/PT1H</bpmn:timeCycle></bpmn:timerEventDefinition>'
    with clock.at("2026-11-18T09:00"):
        publish(draw("rounds").user("look", "", assignee='="nobody_here"').xml(every_hour))
    for hour in (10, 11, 12):
        look(database, f"2026-11-18T{hour}:00")
    incident = session.scalars(select(Incident)).one()
    assert incident.kind == "trigger_failed" and incident.times == 3
