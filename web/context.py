"""The request's unit of work: one session, the actor in it, one commit, then whatever was to wait for the commit."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, abort, current_app, g, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine.jobs import owes, run_owed
from engine.permissions import Actor
from engine.settings import Settings
from engine.storage import Database

log = logging.getLogger(__name__)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
KICKED_JOBS = 10
"""How much owed work a person waits for after their own deed; the worker does the rest."""


@dataclass(frozen=True)
class House:
    """What the application was made with; one per application."""

    database: Database
    settings: Settings


def house() -> House:
    """The running application's database and settings."""
    found: House = current_app.extensions["cityloop"]
    return found


def init_app(app: Flask, settings: Settings, database: Database) -> None:
    """Give the application its database; sessions end with their request."""
    app.extensions["cityloop"] = House(database, settings)
    app.teardown_appcontext(_close)


def session() -> Session:
    """The request's session; a reading one for requests that only read."""
    if "session" not in g:
        g.session = house().database.session(read_only=only_reads())
    found: Session = g.session
    return found


def only_reads() -> bool:
    """Whether this request changes nothing: it then never waits for writers."""
    if request.method in SAFE_METHODS:
        return True
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "reads", False)


def actor() -> Actor:
    """Who acts; only for pages that need a login."""
    found: Actor | None = visitor_actor()
    if found is None:
        abort(401)
    return found


def visitor_actor() -> Actor | None:
    """Who acts, or None for somebody who is not logged in."""
    return g.get("actor")


def after_commit(deed: Callable[[], Any]) -> None:
    """Do ``deed`` once the request's work is stored; not at all when it is not."""
    g.setdefault("after_commit", []).append(deed)


def kick(instance_id: int | None) -> bool:
    """Let what this instance owes inside the house be done right after the commit, so that the next page shows it.

    Answers whether it owes anything.
    """
    if instance_id is None or not owes(session(), instance_id):
        return False
    place = house()
    after_commit(
        lambda: run_owed(place.database, place.settings, instance_id=instance_id, limit=KICKED_JOBS, worker="web")
    )
    return True


def commit() -> None:
    """Store the request's work, then do what waited for it; what of that fails is left to the worker."""
    if only_reads() or "session" not in g:
        return
    g.session.commit()
    g.stored = True
    deeds, g.after_commit = g.get("after_commit", []), []
    if deeds:
        # Owed work opens sessions of its own; on SQLite ours must not hold the lock meanwhile.
        for deed in deeds:
            try:
                deed()
            except DBAPIError:
                log.warning("owed work is left to the worker", exc_info=True)


def begin_again() -> bool:
    """Forget the request's work so far so that all of it can be done once more; False when some is stored already."""
    if g.get("stored"):
        return False
    rollback()
    for file in request.files.values():
        file.stream.seek(0)
    return True


def rollback() -> None:
    """Forget the request's work so far; the page may go on reading."""
    g.after_commit = []
    if "session" in g:
        g.session.rollback()


def _close(_: BaseException | None) -> None:
    found: Session | None = g.pop("session", None)
    if found is not None:
        found.close()
