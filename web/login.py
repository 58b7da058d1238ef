"""Who is at the browser: a random token in a signed cookie, its hash in ``login_session``. Revocable."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app, g, request
from flask import session as cookie
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import Text, bindparam, join, or_, select, type_coerce, update
from sqlalchemy.orm import Session

from engine import clock, history
from engine.permissions import Actor, actor_for, actor_of, rights
from engine.storage import LoginSession, Person
from web import context

TOUCH_EVERY = timedelta(seconds=60)
LONGEST = timedelta(hours=12)
DEVICE_COOKIE, DEVICE_AGE = "cityloop_device", 180 * 24 * 3600
MOST_DEVICES = 8
manager = LoginManager()


# Built once: building a statement costs as much as running it.
_LIVING = rights(
    LoginSession.id.label("session_id"),
    LoginSession.created_at,
    LoginSession.last_seen_at,
    LoginSession.data,
    Person.locale,
    of=join(LoginSession, Person, LoginSession.person_id == Person.id),
).where(LoginSession.token_hash == bindparam("token"), LoginSession.ended_at.is_(None))


class Visitor(UserMixin):  # type: ignore[misc]
    """Somebody logged in, with what they may do now; ``id`` is the cookie's token."""

    def __init__(self, token: str, row_id: int, actor: Actor, data: dict[str, Any], locale: str) -> None:
        self.id = token
        self.row_id, self.actor, self.data, self.locale = row_id, actor, data, locale
        self.person_id = actor.person_id


def init_app(app: Flask) -> None:
    """Plug Flask-Login in; who is there is looked up before every page."""
    manager.session_protection = None  # Our sessions are rows; they end there.
    manager.init_app(app)
    manager.user_loader(_visitor)
    app.before_request(recognise)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def source() -> str:
    """Where the request comes from, for the record."""
    return (request.remote_addr or "")[:80]


def recognise() -> None:
    """Look up who is at the browser; done before every page, and for what is refused before that."""
    if request.endpoint == "static":
        return
    g.actor = current_user.actor if "_user_id" in cookie and current_user.is_authenticated else None


def forget() -> None:
    """Go on as if nobody were here: who it is cannot be asked while the database is away."""
    g.actor = None
    if "_login_user" not in g:
        manager._update_request_context_with_user()


def _visitor(token: str) -> Visitor | None:
    """The living session of a token and its owner's rights, in one query; its last use is written once a minute."""
    rows = context.session().connection().execute(_LIVING, {"token": _hash(token)}).all()
    if not rows:
        return None
    found, now = rows[0], clock.now()
    idle = timedelta(minutes=context.house().settings.session_idle_minutes)
    if now - found.last_seen_at > idle or now - found.created_at > LONGEST:
        return None
    if now - found.last_seen_at > TOUCH_EVERY:
        touch(found.session_id, now)
    return Visitor(token, found.session_id, actor_of(rows, source()), found.data, found.locale)


def touch(row_id: int, now: datetime, data: dict[str, Any] | None = None) -> None:
    """Write that a session is alive (and ``data`` into it), apart from the page's own work."""
    values: dict[str, Any] = {"last_seen_at": now}
    if data is not None:
        values["data"] = data
    if context.only_reads():
        # The page's own session reads one state and may not write; this is a short one beside it.
        with context.house().database.transaction() as session:
            session.execute(update(LoginSession).where(LoginSession.id == row_id).values(**values))
    else:
        context.session().execute(update(LoginSession).where(LoginSession.id == row_id).values(**values))


def open_session(session: Session, person: Person) -> None:
    """Log a person in: a new token, whatever the browser had before."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    row = LoginSession(
        token_hash=_hash(token),
        person_id=person.id,
        created_at=now,
        last_seen_at=now,
        address=source(),
        user_agent=(request.user_agent.string or "")[:300],
    )
    session.add(row)
    session.flush()
    actor = actor_for(session, person.id, source())
    history.record(session, actor, None, "login.opened", subject=person.username)
    kept = {name: cookie[name] for name in ("locale",) if name in cookie}
    cookie.clear()
    cookie.update(kept)
    login_user(Visitor(token, row.id, actor, {}, person.locale))


def close_session(session: Session, actor: Actor) -> None:
    """Log out: the token is worth nothing afterwards, also to whoever copied it."""
    if current_user.is_authenticated:
        end(session, [current_user.row_id])
        history.record(session, actor, None, "login.closed", subject=actor.username)
    logout_user()
    cookie.clear()


def end(session: Session, row_ids: list[int]) -> None:
    """End sessions at once."""
    session.execute(
        update(LoginSession)
        .where(LoginSession.id.in_(row_ids), LoginSession.ended_at.is_(None))
        .values(ended_at=clock.now())
    )


def end_others(session: Session, person_id: int, but: int | None = None) -> int:
    """End all of a person's sessions, but one; answers how many."""
    statement = update(LoginSession).where(LoginSession.person_id == person_id, LoginSession.ended_at.is_(None))
    if but is not None:
        statement = statement.where(LoginSession.id != but)
    done = session.execute(statement.values(ended_at=clock.now()))
    return int(done.rowcount)  # type: ignore[attr-defined]


def viewing(task_id: int) -> list[str]:
    """Note that this browser shows a task; answers who else has it open (seen within five minutes)."""
    now = clock.now()
    mark = {"viewing": task_id}
    if current_user.data.get("viewing") != task_id:
        touch(current_user.row_id, now, {**current_user.data, **mark})
    return list(
        context.session().scalars(
            select(Person.display_name)
            .join(LoginSession, LoginSession.person_id == Person.id)
            .where(
                LoginSession.ended_at.is_(None),
                LoginSession.last_seen_at > now - timedelta(minutes=5),
                LoginSession.person_id != current_user.person_id,
                _shows(task_id),
            )
            .distinct()
            .limit(5)
        )
    )


def _shows(task_id: int) -> Any:
    """The session's small data are JSON text; the mark ends with a brace or a comma."""
    text = type_coerce(LoginSession.data, Text())
    return or_(text.like(f'%"viewing":{task_id}}}%'), text.like(f'%"viewing":{task_id},%'))


def _devices() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="device")


def known_device(username: str) -> bool:
    """Whether this browser has logged in as that person before."""
    return hashlib.sha256(username.encode()).hexdigest()[:16] in _device_marks()


def remember_device(username: str) -> str:
    """The cookie that says so from now on."""
    mark = hashlib.sha256(username.encode()).hexdigest()[:16]
    marks = [mark, *(other for other in _device_marks() if other != mark)]
    return _devices().dumps(marks[:MOST_DEVICES])


def _device_marks() -> list[str]:
    try:
        found = _devices().loads(request.cookies.get(DEVICE_COOKIE, ""))
    except BadSignature:
        return []
    return [str(mark) for mark in found] if isinstance(found, list) else []
