"""What comes in: everything wrong is told at once, numbers have no gaps, somebody answers from the first moment."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine import clock
from engine.errors import InvalidInput, NotAllowed, NotFound
from engine.intake import open_case
from engine.settings import Settings
from engine.storage import Case, CaseReporter, Database, Organisation, ResponsiblePeriod


@pytest.fixture
def sanitation(draw, publish, city):
    publish(draw("sanitation", kind="service", serviceType="sanitation").user("accept", "clerk"))


def test_everything_wrong_is_told_at_once_and_nothing_is_stored(session, people, sanitation, report):
    wrong = {
        **report,
        "title": "",
        "service_type": "ufo",
        "reported_at": "2099-01-01T00:00",
        "longitude": 116.4,
        "latitude": 39.9,
        "description": "很" * 6000,
        "reporter": {"wants_reply": True},
    }
    with pytest.raises(InvalidInput) as refused:
        open_case(session, people.clerk, wrong)
    problems = {(problem.path, problem.code) for problem in refused.value.problems}
    assert {
        ("title", "required"),
        ("service_type", "unknown_service_type"),
        ("reported_at", "in_the_future"),
        ("description", "too_long"),
        ("reporter.phone", "required"),
    } <= problems
    assert any(code == "outside_city" for _, code in problems)
    assert session.scalars(select(Case)).all() == []


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("category", "外星环境", "unknown_category"),
        ("sub_category", "外星垃圾", "unknown_sub_category"),
        ("reported_at", "昨天", "not_a_datetime"),
        ("longitude", "东", "not_a_number"),
        ("urgency", "超级紧急", "not_an_option"),
        ("reporter", {"phone": "<script>"}, "not_a_phone"),
        ("title", ["a"], "wrong_type"),
        ("title", "a\0b", "wrong_type"),
        ("reporter", "me", "wrong_type"),
        ("evidence", "x", "wrong_type"),
        ("district", "朝阳区", "outside_city"),
    ],
)
def test_each_field_says_what_is_wrong_with_it(session, people, sanitation, report, field, value, code):
    if field == "district":
        report["street"] = report["community"] = ""
    with pytest.raises(InvalidInput) as refused:
        open_case(session, people.clerk, {**report, field: value})
    assert code in {problem.code for problem in refused.value.problems}


def test_a_place_outside_the_city_is_taken_when_confirmed(session, people, sanitation, report):
    case = open_case(session, people.clerk_sz, {**report, "longitude": 116.4, "latitude": 39.9, "outside_city": True})
    assert case.inside_city is False and case.area_path == ""


def test_numbers_count_by_day_and_district(session, people, sanitation, report):
    with clock.at("2026-11-22T23:59"):
        numbers = [open_case(session, people.clerk, report).number for _ in range(2)]
    with clock.at("2026-11-23T00:01"):
        numbers.append(open_case(session, people.clerk, report).number)
    assert numbers == ["FT-20261122-0001", "FT-20261122-0002", "FT-20261123-0001"]


def test_numbers_look_as_the_settings_of_the_opened_database_say(session, database_url, people, sanitation, report):
    clerk = people.clerk
    session.commit()
    own = Database(database_url, settings=Settings(case_number_pattern="SZ{sequence:06d}"))
    with own.transaction() as other:
        assert open_case(other, clerk, report).number == "SZ000001"
    own.close()


def test_a_number_given_back_is_given_out_again(session, people, sanitation, report):
    with clock.at("2026-11-22T09:00"):
        open_case(session, people.clerk, report)
        session.rollback()
        assert open_case(session, people.clerk, report).number.endswith("-0001")


def test_the_same_submit_opens_one_case_and_processes_do_not_see_its_token(session, people, sanitation, report):
    case = open_case(session, people.clerk, report, submission="once")
    session.commit()
    assert open_case(session, people.clerk, report, submission="once") is case and case.facts == {}
    others = [
        open_case(session, people.clerk, report, submission="twice"),
        open_case(session, people.colleague, report, submission="once"),
        *(open_case(session, people.clerk, report) for _ in range(2)),
    ]
    assert len({case.id, *(other.id for other in others)}) == 5


def test_the_intake_answers_first_and_the_reporter_is_kept_apart(session, people, sanitation, report):
    case = open_case(
        session, people.clerk, {**report, "reporter": {"name": "张三", "phone": "13800000000", "wants_reply": True}}
    )
    assert session.get_one(Organisation, case.responsible_organisation_id).duty == "intake"
    assert session.scalars(select(ResponsiblePeriod.reason)).one() == "opened"
    reporter = session.get_one(CaseReporter, case.id)
    assert (reporter.name, reporter.wants_reply, reporter.anonymous) == ("张三", True, False)


def test_a_service_without_a_process_is_told_so(session, people, city, report):
    with pytest.raises(NotFound) as refused:
        open_case(session, people.clerk, report)
    assert refused.value.facts["kind"] == "process_missing"


def test_only_those_with_the_right_open_cases_in_their_area(session, people, sanitation, report):
    for somebody in (people.outsider, people.designer, people.auditor):
        with pytest.raises(NotAllowed):
            open_case(session, somebody, report)
