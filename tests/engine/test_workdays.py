"""Working time: office windows, holidays, make-up days, law. Facts from the calendars of 2024 to 2026."""

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import clock
from engine.errors import InvalidInput
from engine.reference import announced_days
from engine.workdays import UNITS, Calendar, Limit, load, parse_limit, statutory_holidays

YEARS = (2024, 2025, 2026)
EIGHT_HOURS = ((8 * 60, 12 * 60), (14 * 60, 18 * 60))
SEVEN_HOURS = ((9 * 60, 12 * 60), (14 * 60, 18 * 60))


def calendar_of(windows=EIGHT_HOURS, years=YEARS):
    days = {day: working for year in years for day, working, _ in announced_days(year)}
    return Calendar(days, years, [(date(2000, 1, 1), windows)])


CALENDAR = calendar_of()


def due(start, limit, calendar=CALENDAR):
    end = calendar.add(clock.parse(start), parse_limit(limit))
    return clock.city_time(end.at).strftime("%Y-%m-%d %H:%M")


# Reported at, limit, due: what a city's own table gives for these cases, to the minute.
@pytest.mark.parametrize(
    ("start", "limit", "expected"),
    [
        ("2026-10-12 16:30", "4 工作时", "2026-10-13 10:30"),
        ("2026-11-12 08:30", "5 工作日", "2026-11-19 08:30"),
        ("2026-11-17 09:00", "4 工作时", "2026-11-17 15:00"),
        ("2026-11-14 22:15", "2 紧急工作时", "2026-11-15 00:15"),
        ("2026-09-30 17:20", "2 工作日", "2026-10-09 17:20"),
        ("2026-11-20 08:50", "1 工作日", "2026-11-23 08:50"),
        ("2026-11-13 09:30", "5 工作日", "2026-11-20 09:30"),
        ("2026-11-07 10:10", "1 紧急工作时", "2026-11-07 11:10"),
        ("2026-11-18 16:05", "2 工作时", "2026-11-19 08:05"),
        ("2026-09-23 10:00", "1 工作日", "2026-09-24 10:00"),
        ("2026-10-13 09:00", "15 工作日", "2026-11-03 09:00"),
        ("2026-11-21 23:00", "1 自然日", "2026-11-22 23:00"),
        ("2026-11-21 23:45", "30 分钟", "2026-11-22 00:15"),
        ("2026-11-21 12:00", "2 紧急工作日", "2026-11-23 12:00"),
    ],
)
def test_limits_end_when_the_city_says(start, limit, expected):
    assert due(start, limit) == expected


@pytest.mark.parametrize(
    ("start", "limit", "expected"),
    [
        ("2026-11-17 13:00", "1 工作时", "2026-11-17 15:00"),
        ("2026-11-17 11:00", "1 工作时", "2026-11-17 12:00"),
        ("2026-11-17 17:00", "1 工作时", "2026-11-17 18:00"),
        ("2026-11-17 18:00", "1 工作时", "2026-11-18 09:00"),
        ("2026-11-21 10:00", "1 工作时", "2026-11-23 09:00"),
        ("2026-11-17 08:00", "0.5 工作时", "2026-11-17 08:30"),
        ("2026-11-17 08:00", "1 工作日", "2026-11-17 18:00"),
    ],
)
def test_time_outside_the_windows_does_not_count(start, limit, expected):
    assert due(start, limit) == expected


def test_the_deadline_skips_the_spring_festival_and_counts_the_make_up_days():
    # 2026: off from 15 to 23 February, working on Saturday the 14th and Saturday the 28th.
    assert due("2026-02-13 17:00", "2 工作日") == "2026-02-24 17:00"
    assert due("2026-02-27 17:00", "1 工作日") == "2026-02-28 17:00"


def test_a_working_day_is_the_citys_own_day_and_does_not_drift():
    assert due("2026-11-16 09:30", "3 工作日", calendar_of(SEVEN_HOURS)) == "2026-11-19 09:30"


def test_office_windows_change_on_their_day():
    calendar = Calendar({}, YEARS, [(date(2000, 1, 1), EIGHT_HOURS), (date(2026, 11, 18), SEVEN_HOURS)])
    assert calendar.windows(date(2026, 11, 17)) == EIGHT_HOURS
    assert due("2026-11-17 17:00", "2 工作时", calendar) == "2026-11-18 10:00"


def test_a_year_without_a_notice_follows_the_law_and_is_provisional():
    end = CALENDAR.add(clock.parse("2026-12-31 16:00"), parse_limit("1 工作日"))
    assert end.provisional
    # New Year's Day 2027 is a Friday; Monday the 4th is the next working day.
    assert clock.city_time(end.at).strftime("%m-%d %H:%M") == "01-04 16:00"
    assert not CALENDAR.add(clock.parse("2026-12-30 09:00"), parse_limit("1 工作日")).provisional
    assert not CALENDAR.add(clock.parse("2026-12-31 16:00"), parse_limit("24 紧急工作时")).provisional


def test_a_statutory_holiday_on_a_weekend_is_made_up():
    holidays = statutory_holidays(2027)
    assert {date(2027, 5, 1), date(2027, 5, 2), date(2027, 5, 3), date(2027, 5, 4)} <= holidays
    assert {date(2027, 2, day) for day in range(5, 11)} <= holidays
    assert date(2027, 2, 11) not in holidays


def test_far_beyond_the_table_of_lunar_dates_the_fixed_days_still_hold():
    assert date(2090, 10, 1) in statutory_holidays(2090)
    assert due("2090-09-29 17:00", "1 工作日") == "2090-10-05 17:00"


@pytest.mark.parametrize(
    ("start", "limit", "last_day"),
    [
        # The starting day does not count; weekends and holidays count only where the law counts calendar days.
        ("2026-11-17 09:00", "7 法定工作日", "2026-11-26"),
        ("2026-09-30 09:00", "3 法定工作日", "2026-10-10"),
        ("2026-11-17 09:00", "15 法定日", "2026-12-02"),
        ("2026-11-17 23:00", "90 法定日", "2027-02-15"),
        # The last day is a holiday: the first working day after it.
        ("2026-09-16 09:00", "15 法定日", "2026-10-08"),
    ],
)
def test_periods_of_law_end_with_their_last_day(start, limit, last_day):
    assert due(start, limit) == f"{last_day} 23:59"


@pytest.mark.parametrize(
    "text", ["", "4", "工作时", "4 小时", "-1 工作时", "0 工作时", "4工作时;", "99999 自然日", "1e3 分钟", "x 工作日"]
)
def test_what_is_no_limit_is_refused_with_the_units(text):
    with pytest.raises(InvalidInput) as caught:
        parse_limit(text)
    assert "紧急工作时" in caught.value.problems[0].facts["units"]


def test_limits_are_written_as_they_are_read():
    assert str(parse_limit("4工作时")) == "4 工作时"
    assert str(parse_limit(" 0.50  工作时 ")) == "0.5 工作时"
    assert parse_limit("30 分钟") == Limit(Decimal(30), "分钟")
    with pytest.raises(InvalidInput):
        parse_limit("1.5 法定日")


MOMENTS = st.integers(0, 3 * 365 * 86_400).map(
    lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
LIMITS = st.builds(
    Limit,
    st.integers(1, 2000).map(lambda tenths: Decimal(tenths) / 10),
    st.sampled_from([unit for unit in UNITS if not unit.startswith("法定")]),
)


@given(MOMENTS, LIMITS)
def test_what_was_added_lies_between(moment, limit):
    end = CALENDAR.add(moment, limit).at
    assert end > moment
    assert CALENDAR.between(moment, end, limit.unit) == limit.value
    assert CALENDAR.between(end, moment, limit.unit) == -limit.value


@given(MOMENTS, st.integers(1, 60))
def test_working_days_of_law_lie_between(moment, days):
    end = CALENDAR.add(moment, Limit(Decimal(days), "法定工作日")).at
    assert CALENDAR.between(moment, end, "法定工作日") == days


@given(MOMENTS, LIMITS, st.floats(0, 1))
def test_stopping_on_the_way_and_going_on_ends_at_the_same_time(moment, limit, share):
    whole = CALENDAR.amount(limit, moment)
    part = int(whole * share)
    stop = CALENDAR.advance(moment, part, limit.unit).at
    assert CALENDAR.advance(stop, whole - part, limit.unit).at == CALENDAR.add(moment, limit).at or part == whole


@given(MOMENTS, st.integers(1, 600))
def test_the_sums_agree_with_counting_minute_by_minute(moment, minutes):
    moment = moment.replace(second=0, microsecond=0)
    left, walked = minutes, moment
    while left:
        local = clock.city_time(walked)
        minute = local.hour * 60 + local.minute
        if CALENDAR.is_working(local.date()) and any(a <= minute < b for a, b in CALENDAR.windows(local.date())):
            left -= 1
        walked += timedelta(minutes=1)
    assert CALENDAR.advance(moment, minutes * 60_000_000, "工作时").at == walked


def test_a_limit_of_years_is_computed_without_walking_through_its_hours():
    calendar = calendar_of()
    calendar.add(clock.parse("2026-01-01 09:00"), parse_limit("2000 工作日"))
    begin = time.thread_time()
    for _ in range(1000):
        calendar.add(clock.parse("2026-01-01 09:00"), parse_limit("2000 工作日"))
    assert time.thread_time() - begin < 1


def test_the_calendar_comes_from_the_tables(session):
    calendar = load(session)
    assert load(session) is calendar
    assert {2024, 2025, 2026} <= calendar.years
    assert due("2026-09-30 17:20", "2 工作日", calendar) == "2026-10-09 17:20"


def test_a_calendar_needs_office_windows():
    with pytest.raises(InvalidInput):
        Calendar({}, YEARS, [])
