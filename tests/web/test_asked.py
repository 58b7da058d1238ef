"""Numbers, days and texts nobody could mean: found nowhere, or refused, and never a failure of the house."""

from __future__ import annotations

from typing import Any

import pytest

from web.asked import BIGGEST, day_of, number_of, start_of

NO_NUMBERS = ("", "-1", "²", "٣", "1.0", str(BIGGEST + 1), "9" * 25, "9" * 5000)


def test_only_what_a_row_can_have_is_a_number() -> None:
    assert [number_of(text) for text in ("0", "17", str(BIGGEST))] == [0, 17, BIGGEST]
    assert [number_of(text) for text in NO_NUMBERS] == [None] * len(NO_NUMBERS)


def test_only_a_day_of_our_times_is_a_day() -> None:
    assert str(day_of("2026-03-02T09:00")) == "2026-03-02"
    for text in (None, "", "0001-01-01", "9999-12-31", "2026-02-30", "yesterday"):
        assert day_of(text) is None and start_of(text, 1) is None
    assert str(start_of("2026-03-02", 1)) == "2026-03-02 16:00:00+00:00"


@pytest.mark.parametrize("number", ["9" * 19, "9" * 25, "9" * 5000])
def test_an_address_with_a_number_no_row_has_is_found_nowhere(desk: Any, number: str) -> None:
    clerk = desk.browser("clerk")
    for address in ("/cases/{}", "/tasks/{}", "/cases/{}/diagram"):
        assert clerk.get(address.replace("{}", number)).status_code == 404


@pytest.mark.parametrize("number", ["9" * 25, "²"])
def test_a_form_with_a_number_no_row_has_changes_nothing(desk: Any, number: str) -> None:
    case_id = desk.open_case()
    task = desk.task(case_id)
    clerk, chief = desk.browser("clerk"), desk.browser("chief")
    assert clerk.post("/desk/claim", {"task": number}).status_code == 302
    assert clerk.post("/notices/read", {"notice": number}).status_code == 302
    for act in ("add:material", f"drop:material:{number}"):
        assert clerk.post(f"/tasks/{task.id}/draft", {"material.__n": number, "_act": act}).status_code < 500
    clerk.post(f"/tasks/{task.id}/claim")
    assert chief.post(f"/tasks/{task.id}/hand", {"person": number, "reason": "x"}).status_code == 302
    assert chief.post(f"/cases/{case_id}/assign", {"organisation": number, "reason": "x"}).status_code in (403, 422)
    assert desk.task(case_id).id == task.id


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_text_the_database_cannot_hold_is_the_senders_mistake(desk: Any) -> None:
    case_id = desk.open_case()
    clerk = desk.browser("clerk")
    assert clerk.post(f"/cases/{case_id}/notes", {"text": "a\0b"}).status_code == 400
    assert clerk.post("/login", {"username": "a\0b", "password": "x"}).status_code in (400, 401)
    assert clerk.get(f"/cases/{case_id}").status_code == 200


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_beyond_every_calendar_filters_nothing(desk: Any, day: str) -> None:
    auditor = desk.browser("auditor")
    for address in ("/admin/records?from={0}&to={0}", "/cases?from={0}&to={0}"):
        assert auditor.get(address.format(day)).status_code == 200
