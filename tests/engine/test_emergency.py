"""``emergency`` in FEEL: the response that applies where a case lies."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import event, select

from engine import cases, clock, tasks
from engine.case_context import CaseVariables, emergency_context
from engine.instances import conditions, start
from engine.intake import open_case
from engine.owed import run_due
from engine.settings import Settings
from engine.storage import Case, Job, JobStatus, ProcessInstance, Task, TaskStatus

NINE = "2026-11-18T09:00"


@pytest.fixture
def town(publish, draw):
    """Two kinds of responses, and a service whose steps ask for one."""
    publish(
        draw("typhoon_response", kind="contingency").script("decide", "= 3", "level").user("act", "clerk"),
        draw("flood_response", kind="contingency").script("decide", "= 2", "level").user("act", "clerk"),
        draw("undecided_response", kind="contingency").user("decide", "clerk"),
        draw("sanitation", kind="service", serviceType="sanitation")
        .user("accept", "clerk")
        .script("look", '= if emergency = null then "calm" else emergency.name + " " + string(emergency.level)', "seen")
        .user("clean", "clerk"),
    )


@pytest.fixture
def respond(session, people, report, town):
    """Start a response in a street (or a whole district)."""

    def begin(process_key: str, at: str = NINE, *, drill: bool = False, **place: str) -> ProcessInstance:
        with clock.at(at):
            case = open_case(session, people.clerk, {**report, **place}, process_key=process_key)
            instance = session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == case.id)).one()
        case.drill = instance.drill = drill
        session.commit()
        return instance

    return begin


def opened(session, people, report, **place: str) -> Case:
    case = open_case(session, people.clerk, {**report, **place})
    session.commit()
    return case


def test_without_a_response_there_is_none(session, people, report, town):
    case = opened(session, people, report)
    assert emergency_context(session, case) is None
    assert CaseVariables(session, None)["emergency"] is None


def test_a_response_applies_in_its_area_with_kind_level_and_since(session, people, report, respond):
    here = opened(session, people, report)
    elsewhere = opened(session, people, report, street="园岭街道", community="")
    respond("typhoon_response")
    found = CaseVariables(session, here)["emergency"]
    assert (found["kind"], found["level"], found["since"]) == (
        "typhoon_response",
        3,
        clock.city_time(clock.parse(NINE)),
    )
    assert found["district"] == "福田区" and found["street"] == "莲花街道"
    assert emergency_context(session, elsewhere) is None
    respond("flood_response", street="", community="", grid="")
    assert emergency_context(session, elsewhere)["kind"] == "flood_response", (
        "a district's response holds in its streets"
    )


def test_the_most_severe_counts_and_an_undecided_one_least(session, people, report, respond):
    case = opened(session, people, report)
    respond("undecided_response")
    assert emergency_context(session, case)["level"] is None
    respond("typhoon_response")
    respond("flood_response")
    assert emergency_context(session, case)["level"] == 2


def test_a_response_that_has_ended_or_is_a_drill_does_not_apply(session, people, report, respond):
    case = opened(session, people, report)
    respond("typhoon_response", drill=True)
    assert emergency_context(session, case) is None
    instance = respond("flood_response")
    assert emergency_context(session, case)["level"] == 2
    instance.status = type(instance.status).CANCELLED
    session.flush()
    assert emergency_context(session, case) is None


def test_a_step_that_asks_sees_it_and_one_that_does_not_asks_nothing(session, people, report, respond):
    case = opened(session, people, report)
    respond("typhoon_response")
    asked: Counter[str] = Counter()
    event.listen(session.get_bind(), "before_cursor_execute", lambda c, cu, text, *_: asked.update({text: 1}))
    quiet = start(session, people.clerk, "undecided_response", case=case)
    assert not [text for text in asked if "contingency" in text or "substr" in text.lower()], quiet
    task = session.scalars(select(Task).where(Task.case_id == case.id, Task.element_id == "accept")).one()
    tasks.complete(session, people.clerk, task.id, {})
    task = session.scalars(select(Task).where(Task.case_id == case.id, Task.element_id == "clean")).one()
    assert task.variables["seen"] == "typhoon_response 3"


WATCH = (
    '<bpmn:conditionalEventDefinition id="{identity}"><bpmn:condition xsi:type="bpmn:tFormalExpression">'
    "= {condition}</bpmn:condition></bpmn:conditionalEventDefinition>"
)


def watching(identity: str, condition: str) -> str:
    return WATCH.format(identity=identity, condition=condition.replace("<", "&lt;").replace(">", "&gt;"))


@pytest.fixture
def watched_town(publish, draw):
    """A response that is raised, lowered and stood down by people, and cases that wait for just that."""
    publish(
        draw("storm_response", kind="contingency")
        .user("decide", "clerk").script("four", "= 4", "level").user("raise", "clerk").script("two", "= 2", "level")
        .user("report", "clerk").user("lower", "clerk").script("three", "= 3", "level").user("stand_down", "clerk"),
        draw("sanitation", kind="service", serviceType="sanitation")
        .catch("raised", watching("d1", "emergency != null and emergency.level <= 2")).user("shelter", "clerk")
        .catch("lowered", watching("d2", "emergency.level = 3")).user("look_around", "clerk")
        .catch("over", watching("d3", "emergency = null")).user("clean_up", "clerk"),
        draw("water", kind="service", serviceType="water").catch("own", watching("d4", 'case.stage = "x"')),
    )  # fmt: skip


def settle(database) -> None:
    while run_due(database, Settings(), worker="w"):
        pass


def do(session, people, case: Case, element_id: str) -> None:
    at = (Task.case_id == case.id, Task.element_id == element_id, Task.status == TaskStatus.OPEN)
    tasks.complete(session, people.clerk, session.scalars(select(Task).where(*at)).one().id, {})
    session.commit()


def open_work(session, *of: Case) -> list[str]:
    session.expire_all()
    of_them = Task.case_id.in_([case.id for case in of])
    found = list(session.scalars(select(Task.element_id).where(of_them, Task.status == TaskStatus.OPEN)))
    session.commit()
    return found


def checks(session) -> dict[int | None, int]:
    """How often a case looked at its conditions because something around it changed."""
    found = Counter(session.scalars(select(Job.case_id).where(Job.kind == "condition", Job.status == JobStatus.DONE)))
    session.commit()
    return dict(found)


def test_who_waits_for_an_emergency_wakes_when_it_is_raised_lowered_and_stood_down(
    session, database, people, report, watched_town
):
    here = opened(session, people, report)
    elsewhere = opened(session, people, report, street="园岭街道", community="")
    other = opened(session, people, report, service_type="water")
    settle(database)
    response = open_case(session, people.clerk, report, process_key="storm_response")
    session.commit()
    do(session, people, response, "decide")
    settle(database)
    assert open_work(session, here) == [], "level 4 is not what it waits for"

    do(session, people, response, "raise")
    assert open_work(session, here) == [], "after the commit, in a transaction of its own"
    settle(database)
    assert open_work(session, here) == ["shelter"]

    do(session, people, here, "shelter")
    settle(database)
    before = checks(session)
    do(session, people, response, "report")
    settle(database)
    assert checks(session) == before, "a step that changes nothing of the response wakes nobody"
    do(session, people, response, "lower")
    settle(database)
    assert open_work(session, here) == ["look_around"]

    do(session, people, here, "look_around")
    do(session, people, response, "stand_down")
    settle(database)
    assert open_work(session, here) == ["clean_up"]
    assert open_work(session, elsewhere, other) == []
    looked = checks(session)
    assert looked[elsewhere.id] == 1, "once when it began to wait, never for a response elsewhere"
    assert other.id not in looked, "its condition does not read the emergency"


def test_a_response_that_is_called_off_wakes_too(session, database, people, report, watched_town):
    case, response = (
        opened(session, people, report),
        open_case(session, people.clerk, report, process_key="storm_response"),
    )
    session.commit()
    for step in ("decide", "raise"):
        do(session, people, response, step)
    settle(database)
    do(session, people, case, "shelter")
    do(session, people, response, "report")
    do(session, people, response, "lower")
    settle(database)
    do(session, people, case, "look_around")
    settle(database)
    assert open_work(session, case) == []
    cases.void(session, people.chief, response.id, "误报")
    session.commit()
    settle(database)
    assert open_work(session, case) == ["clean_up"]


def test_waking_many_asks_the_database_no_more_often_than_waking_few(
    session, database, people, report, watched_town, monkeypatch
):
    waiting = [opened(session, people, report) for _ in range(8)]
    settle(database)
    response = open_case(session, people.clerk, report, process_key="storm_response")
    session.commit()
    do(session, people, response, "decide")
    settle(database)
    do(session, people, response, "raise")
    monkeypatch.setattr(conditions, "CHUNK", 3)
    asked: list[str] = []
    job = session.scalars(select(Job).where(Job.kind == "emergency", Job.status == JobStatus.OWED)).one()
    event.listen(session.get_bind(), "before_cursor_execute", lambda c, cu, text, *_: asked.append(text))
    for more in (True, True, False):
        assert conditions.spread(session, job) is not more
        session.flush()
    assert len([text for text in asked if "event_subscription" in text]) == 3
    assert len([text for text in asked if "INSERT INTO job" in text]) == 3
    session.rollback()
    settle(database)
    assert open_work(session, *waiting) == ["shelter"] * 8
