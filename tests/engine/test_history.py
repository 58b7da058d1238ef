"""The record: written with the deed, never changed, and whoever tampers is found."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from engine import clock, history
from engine.permissions import Actor
from engine.storage import HistoryEvent, HistorySeal

MACHINE = Actor.system("test")


@pytest.fixture
def record(session):
    def write(kind="case.noted", **more):
        history.record(session, MACHINE, None, kind, **more)
        session.flush()

    return write


def lift_the_seal(session):
    """What somebody with the database's own password could do: take the triggers away first."""
    if session.get_bind().dialect.name == "sqlite":
        for deed in ("update", "delete"):
            session.execute(text(f"DROP TRIGGER history_event_refuses_{deed}"))
            session.execute(text(f"DROP TRIGGER history_seal_refuses_{deed}"))
    else:
        session.execute(text("DROP TRIGGER history_event_refuses_change ON history_event"))
        session.execute(text("DROP TRIGGER history_seal_refuses_change ON history_seal"))


def test_a_line_says_who_did_what_when_from_where_and_what_changed(session, people, open_case):
    case = open_case()
    with clock.at("2026-11-16 09:00"):
        history.record(
            session,
            people.clerk,
            case.id,
            "case.assigned",
            old={"party": "ft.intake"},
            new={"party": "ft.water"},
            reason="权属单位",
            role="clerk",
        )
    event = session.query(HistoryEvent).one()
    assert (event.actor, event.person_id, event.source) == ("clerk", people.clerk.person_id, "test")
    assert event.at == clock.parse("2026-11-16 09:00")
    assert (event.old, event.new, event.reason) == ({"party": "ft.intake"}, {"party": "ft.water"}, "权属单位")


def test_the_record_refuses_change_and_removal(session, record):
    record()
    for statement in ("UPDATE history_event SET reason = 'x'", "DELETE FROM history_event"):
        with pytest.raises(DatabaseError, match="append-only"), session.begin_nested():
            session.execute(text(statement))


def test_rows_are_sealed_into_a_chain_that_verifies(session, record):
    for number in range(5):
        record(details={"number": number, "when": datetime(2026, 1, 1, tzinfo=UTC)})
    assert history.verify(session).unsealed == 5
    assert (history.seal(session, limit=3), history.seal(session), history.seal(session)) == (3, 2, 0)
    found = history.verify(session)
    assert (found.rows, found.unsealed, found.problems) == (5, 0, ())
    assert found.head == session.query(HistorySeal).order_by(HistorySeal.position.desc()).first().chain_hash


def test_a_line_that_came_late_is_sealed_by_the_look_at_all(session, record):
    record()
    late = session.scalar(select(func.max(HistoryEvent.id)))
    record()
    newest = session.scalars(select(HistoryEvent).order_by(HistoryEvent.id.desc())).first()
    session.add(HistorySeal(position=1, event_id=newest.id, chain_hash="0" * 64, sealed_at=newest.at))
    session.flush()
    assert history.seal(session, look_back=newest.id - late) == 0
    assert history.seal(session, look_back=None) == 1


@pytest.mark.parametrize(
    ("tampering", "expected"),
    [
        ("UPDATE history_event SET reason = 'x' WHERE id = (SELECT min(id) + 1 FROM history_event)", "was changed"),
        ("UPDATE history_event SET at = '2020-01-01' WHERE id = (SELECT max(id) FROM history_event)", "was changed"),
        ("DELETE FROM history_seal WHERE position = 2", "places 2 to 2 of the chain are missing"),
        ("UPDATE history_seal SET chain_hash = 'x' WHERE position = 2", "the chain breaks at place 2"),
    ],
)
def test_whoever_tampers_is_found(session, record, tampering, expected):
    for number in range(4):
        record(details={"number": number})
    history.seal(session)
    lift_the_seal(session)
    session.execute(text(tampering))
    session.expire_all()
    assert any(expected in problem for problem in history.verify(session).problems)


def test_rows_that_changed_places_are_found(session, record):
    for number in range(3):
        record(details={"number": number})
    history.seal(session)
    lift_the_seal(session)
    first, second = (seal.event_id for seal in session.query(HistorySeal).order_by(HistorySeal.position).limit(2))
    move = text("UPDATE history_event SET id = :new WHERE id = :old")
    session.execute(text("DELETE FROM history_seal WHERE position > 1"))
    session.execute(text("UPDATE history_seal SET event_id = :event"), {"event": second})
    session.execute(move, {"old": first, "new": first + 1000})
    session.expire_all()
    assert history.verify(session).problems


def test_an_unsealed_row_that_changed_is_found_too(session, record):
    record()
    lift_the_seal(session)
    session.execute(text("UPDATE history_event SET actor = 'somebody'"))
    session.expire_all()
    assert any("was changed" in problem for problem in history.verify(session).problems)


def test_two_sealers_cannot_give_one_place_twice(session, record):
    record()
    history.seal(session)
    session.add(HistorySeal(position=1, event_id=1, chain_hash="00", sealed_at=clock.now()))
    with pytest.raises(IntegrityError):
        session.flush()
