"""When a timer is due: dates, durations, cycles; months are months, and a standstill is caught up once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from engine.bpmn.timers import BadTimer, next_cycle, parse_cycle, parse_moment, parse_span, start_timer
from engine.feel import YearsMonths


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


NOW = at("2026-01-31T10:00:00+08:00")


def due(kind, value, now=NOW):
    return datetime.fromisoformat(start_timer(kind, value, now)["due"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PT1H", "2026-01-31T11:00:00+08:00"),
        ("P1D", "2026-02-01T10:00:00+08:00"),
        ("P1W", "2026-02-07T10:00:00+08:00"),
        ("P1M", "2026-02-28T10:00:00+08:00"),
        ("P1Y1M", "2027-02-28T10:00:00+08:00"),
        ("P1DT2H3M4.5S", "2026-02-01T12:03:04.500000+08:00"),
        ("-PT1H", "2026-01-31T09:00:00+08:00"),
    ],
)
def test_durations_count_from_now_on_the_city_s_clock(text, expected):
    assert due("duration", text) == at(expected)


def test_feel_values_are_times_too():
    assert due("duration", timedelta(hours=2)) == NOW + timedelta(hours=2)
    assert due("duration", YearsMonths(1)) == at("2026-02-28T10:00:00+08:00")
    assert due("date", at("2026-03-01T00:00:00Z")) == at("2026-03-01T08:00:00+08:00")
    assert due("date", date(2026, 3, 1)) == at("2026-03-01T00:00:00+08:00")


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "1H", "P1H", "PT1D", "P-1D", "PT1H30", "P200Y", "P99999D", "PT999999999999H"]
)
def test_what_is_no_duration_or_too_long_is_refused(text):
    with pytest.raises(BadTimer):
        parse_span(text)


@pytest.mark.parametrize("text", ["", "2026-13-01T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00", "now()", "Z"])
def test_a_moment_needs_a_date_a_time_and_an_offset(text):
    with pytest.raises(BadTimer):
        parse_moment(text)


@pytest.mark.parametrize("text", ["R3", "R/PT1S", "R1001/PT1H", "R-1/PT1H", "3/PT1H", "R/PT1H/PT1H/PT1H", "R3/-PT1H"])
def test_absurd_cycles_are_refused(text):
    with pytest.raises(BadTimer):
        parse_cycle(text, NOW)


def firings(text, moments, now=NOW):
    """When a cycle is due, fired at each of ``moments`` (or exactly when due, for None)."""
    state = start_timer("cycle", text, now)
    found = []
    for moment in moments:
        if state is None:
            break
        found.append(datetime.fromisoformat(state["due"]))
        state = next_cycle(state, found[-1] if moment is None else at(moment))
    return found, state


def test_a_cycle_comes_as_often_as_it_says():
    found, state = firings("R3/PT1H", [None] * 5)
    assert found == [NOW + timedelta(hours=n) for n in (1, 2, 3)] and state is None


def test_a_monthly_cycle_stays_on_its_day_and_takes_the_last_day_of_short_months():
    found, _ = firings("R/2026-01-31T08:00:00+08:00/P1M", [None] * 4)
    assert found == [at(f"2026-{day}T08:00:00+08:00") for day in ("01-31", "02-28", "03-31", "04-30")]


def test_a_cycle_ends_at_its_end():
    found, state = firings("R/PT1H/2026-01-31T13:30:00+08:00", [None] * 9)
    assert len(found) == 3 and state is None


def test_missed_firings_are_caught_up_once_and_count_as_used():
    found, state = firings("R10/PT1H", [None, "2026-01-31T16:30:00+08:00", None])
    assert found == [NOW + timedelta(hours=n) for n in (1, 2, 7)]
    assert state["left"] == 3
    months, _ = firings("R/P1M", ["2026-06-01T00:00:00+08:00", None])
    assert months == [at("2026-02-28T10:00:00+08:00"), at("2026-06-30T10:00:00+08:00")]


def test_a_timer_that_is_no_cycle_is_over_after_one_firing():
    assert next_cycle(start_timer("duration", "PT1H", NOW), NOW) is None
