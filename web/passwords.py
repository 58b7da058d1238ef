"""Passwords: argon2id, few at a time, and what happens after wrong ones. Sessions are ``login``'s."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, history
from engine.errors import Conflict, FieldProblem, InvalidInput
from engine.permissions import Actor
from engine.storage import Database, Person

HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
"""OWASP's first choice for argon2id; about 20 ms."""
FAILURES_BEFORE_WAIT = 5
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
SHORTEST, LONGEST = 10, 200
_AT_ONCE = 2
_WAIT_SECONDS = 10
# Hashing takes 19 MiB each: a flood of logins may use two of them and no more.
_gate = BoundedSemaphore(_AT_ONCE)


class Busy(Conflict):
    """Too many logins at once."""

    status = 503


@cache
def _hash_of_nobody() -> str:
    return HASHER.hash("nobody has this password")


def verify(password_hash: str | None, password: str) -> bool:
    """Whether it is the password; takes the same time when there is nobody.

    Raises:
        Busy: too many are asking.
    """
    if not _gate.acquire(timeout=_WAIT_SECONDS):
        raise Busy("too many logins at once", kind="busy")
    try:
        nobody = _hash_of_nobody()
        return HASHER.verify(password_hash or nobody, password[:LONGEST]) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False
    finally:
        _gate.release()


def check_login(database: Database, username: str, password: str, *, known_device: bool, source: str) -> Person | None:
    """The person, when the password is right and no wait is on; wrong ones are counted and make the next wait.

    A wait of an account holds for browsers it never logged in from: whoever guesses at other people's accounts cannot
    keep them out.
    """
    with database.reading() as session:
        person = session.scalars(select(Person).where(Person.username == username, Person.active)).one_or_none()
    waiting = person is not None and person.locked_until is not None and person.locked_until > clock.now()
    if waiting and not known_device:
        # As slow as a wrong password, and no more said.
        verify(None, password)
        return None
    right = verify(person.password_hash if person else None, password)
    if person is None:
        return None
    with database.transaction() as session:
        row = session.get_one(Person, person.id, with_for_update=True)
        if right:
            row.failed_logins, row.locked_until, row.last_login_at = 0, None, clock.now()
        else:
            _count_failure(session, row, source)
    return person if right else None


def _count_failure(session: Session, person: Person, source: str) -> None:
    person.failed_logins += 1
    over = person.failed_logins - FAILURES_BEFORE_WAIT
    if over >= 0:
        person.locked_until = clock.now() + min(FIRST_WAIT * 2 ** min(over, 10), LONGEST_WAIT)
        actor = Actor(person_id=None, username="login", display_name="login", source=source)
        history.record(
            session, actor, None, "login.locked", subject=person.username, details={"failures": person.failed_logins}
        )


def change(session: Session, actor: Actor, person_id: int, old: str | None, new: str, again: str) -> None:
    """Give a person another password; their own only with the old one.

    Raises:
        InvalidInput: per field.
    """
    person = session.get_one(Person, person_id)
    problems = []
    if old is not None and not verify(person.password_hash, old):
        problems.append(FieldProblem("old", "wrong_password"))
    if len(new) < SHORTEST:
        problems.append(FieldProblem("new", "too_short", {"minimum": SHORTEST, "length": len(new)}))
    elif len(new) > LONGEST:
        problems.append(FieldProblem("new", "too_long", {"limit": LONGEST, "length": len(new)}))
    elif person.username.lower() in new.lower() or len(set(new)) < 5:
        problems.append(FieldProblem("new", "password_too_easy"))
    if new != again:
        problems.append(FieldProblem("again", "passwords_differ"))
    if problems:
        raise InvalidInput("the password cannot be changed like that", problems)
    person.password_hash = HASHER.hash(new)
    person.password_changed_at = clock.now()
    person.failed_logins, person.locked_until = 0, None
    session.flush()
    history.record(session, actor, None, "person.password_changed", subject=person.username)
