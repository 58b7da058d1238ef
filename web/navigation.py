"""What the header offers this person: places they may go, unread notices, their name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace

from flask import Flask, current_app, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Select, func, select

from engine.permissions import RIGHTS_KEPT, Actor, can, told_to
from engine.storage import Notification
from web import context
from web.doors import SIGNED_IN


@dataclass(frozen=True)
class Entry:
    """One place to go."""

    label: str
    icon: str
    address: str
    here: bool


def init_app(app: Flask) -> None:
    """Give templates ``navigation()`` and ``may()``."""
    app.jinja_env.globals.update(navigation=navigation, may=may, visitor_missing=visitor_missing)


def visitor_missing() -> bool:
    """Whether nobody is logged in."""
    return context.visitor_actor() is None


def may(deed: str, subject: object = None) -> bool:
    """Whether the person at the browser may do that."""
    actor = context.visitor_actor()
    return actor is not None and can(actor, deed, subject)


def navigation() -> SimpleNamespace:
    """``main`` and ``more`` entries, ``unread``, ``name``."""
    actor = context.actor()
    main = [
        _entry(_("Tasks"), "inbox", "desk.show", SIGNED_IN),
        _entry(_("Cases"), "folder", "cases.show_list", SIGNED_IN),
        _entry(_("Report"), "plus", "intake.show", "case.open"),
        _entry(_("Responses"), "alert", "responses.show_list", "contingency.start"),
    ]
    more = [
        _entry(_("Workbench"), "flow", "workbench.processes", "deployment.view"),
        _entry(_("Incidents"), "alert", "incidents.show_list", "incident.view"),
        _entry(_("People"), "users", "people.show_list", "people.manage"),
        _entry(_("Organisations"), "building", "organisations.show_list", "organisation.edit"),
        _entry(_("Calendar"), "calendar", "calendar.show", "calendar.edit"),
        _entry(_("Records"), "shield", "audit.show", "audit.view"),
    ]
    return SimpleNamespace(
        main=[entry for entry in main if entry],
        more=[entry for entry in more if entry],
        unread=unread(actor),
        name=actor.display_name,
    )


def _entry(label: str, icon: str, endpoint: str, needs: str) -> Entry | None:
    if endpoint not in current_app.view_functions or (needs != SIGNED_IN and not may(needs)):
        return None
    blueprint = endpoint.split(".")[0]
    here = request.blueprint == blueprint or (blueprint == "desk" and request.blueprint == "tasks")
    return Entry(label, icon, url_for(endpoint), here)


def unread(actor: Actor) -> int:
    """How many notices nobody of the addressed has read; counted to a hundred."""
    return context.session().scalar(_unread(actor)) or 0


@lru_cache(maxsize=RIGHTS_KEPT)
def _unread(actor: Actor) -> Select[int]:
    some = (
        select(Notification.id)
        .where(told_to(actor), Notification.read_at.is_(None), Notification.channel == "app")
        .limit(100)
        .subquery()
    )
    return select(func.count()).select_from(some)
