"""``emergency`` in FEEL: the response that applies where a case lies."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import event, select

from engine import clock
from engine.case_context import CaseVariables, emergency_context
from engine.instances import start
from engine.intake import open_case
from engine.storage import Case, ProcessInstance, Task

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
    from engine import tasks

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
