"""What a page costs in questions, and that saving them loses no guarantee: sessions and rights are asked each time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, select, update

from engine import clock
from engine.storage import Database, LoginSession, Organisation, RoleGrant, TaskStatus

DEED = {"decision": "accept", "bags": "3"}


@contextmanager
def questions(database: Database) -> Iterator[list[str]]:
    """What pages that only read ask meanwhile."""
    sent: list[str] = []

    def note(*about: Any) -> None:
        if not about[2].startswith(("BEGIN", "PRAGMA")):
            sent.append(about[2])

    event.listen(database.reader, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.reader, "before_cursor_execute", note)


def test_who_it_is_and_what_they_may_is_one_question(desk: Any) -> None:
    browser = desk.browser("clerk")
    with questions(desk.database) as sent:
        assert browser.get("/desk/next").status_code == 302
    assert sum("login_session" in each or "role_grant" in each for each in sent) == 1
    assert len(sent) == 2


def test_every_role_comes_with_its_own_areas(desk: Any) -> None:
    with desk.database.transaction() as session:
        other = session.scalars(select(Organisation).where(Organisation.code == "ft.arbitration")).one()
        session.add(
            RoleGrant(
                person_id=desk.person("clerk").id, organisation_id=other.id, role="arbiter", granted_at=clock.now()
            )
        )
    first, second = desk.actor("clerk").grants
    assert (first.role, second.role, second.organisation_code) == ("clerk", "arbiter", other.code)
    assert first.areas == ("sz/ft/",) and second.areas and second.deeds != first.deeds


def test_a_revoked_session_does_nothing_more(desk: Any) -> None:
    browser = desk.browser("clerk")
    task = desk.task(desk.open_case())
    with desk.database.transaction() as session:
        session.execute(update(LoginSession).values(ended_at=clock.now()))
    assert browser.post(f"/tasks/{task.id}", DEED).status_code == 401
    assert desk.task(task.case_id).status is TaskStatus.OPEN


def test_a_role_taken_away_is_refused_at_the_next_request(desk: Any) -> None:
    browser = desk.browser("clerk")
    task = desk.task(desk.open_case())
    with desk.database.transaction() as session:
        session.execute(update(RoleGrant).values(revoked_at=clock.now()))
    assert browser.post(f"/tasks/{task.id}", DEED).status_code == 403
    assert desk.task(task.case_id).status is TaskStatus.OPEN


@pytest.mark.parametrize("page", ["/desk?view=groups", "/cases"])
def test_a_long_list_asks_no_more_than_a_short_one(desk: Any, page: str) -> None:
    browser = desk.browser("clerk")
    asked = []
    for more in (2, 6):
        for _ in range(more):
            desk.open_case()
        with questions(desk.database) as sent:
            assert browser.get(page).status_code == 200
        asked.append(len(sent))
    assert asked[0] == asked[1] <= 9
