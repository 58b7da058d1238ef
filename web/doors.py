"""Doors of the house: every route says what it needs. An application with one that says nothing does not start."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Flask, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError

from engine.permissions import require
from engine.storage import lost_race
from web import context, kept
from web.wording import wants_json

PUBLIC = "public"
"""Anybody may come in."""
SIGNED_IN = "signed_in"
"""Anybody who is logged in; what they may see or do there is asked by the deed itself, about its subject."""

View = Callable[..., ResponseReturnValue]


class Door(Blueprint):
    """A blueprint whose routes declare what they need: ``PUBLIC``, ``SIGNED_IN``, or a deed of ``roles.yaml``."""

    def get_page(self, rule: str, *, needs: str) -> Callable[[View], View]:
        """A page that only reads."""
        return self._page(rule, needs, ["GET"])

    def post_deed(self, rule: str, *, needs: str) -> Callable[[View], View]:
        """A deed: what it did is stored once when it answers, and not at all when it raises.

        When the database gave it up for another one (a deadlock), it is done once more before anybody is told.
        """
        return self._page(rule, needs, ["POST"])

    def post_question(self, rule: str, *, needs: str) -> Callable[[View], View]:
        """A page that needs much typed to answer, and changes nothing."""
        return self._page(rule, needs, ["POST"], reads=True)

    def _page(self, rule: str, needs: str, methods: list[str], reads: bool = False) -> Callable[[View], View]:
        def declare(view: View) -> View:
            guarded = _guarded(view, needs, reads)
            self.add_url_rule(rule, endpoint=view.__name__, view_func=guarded, methods=methods)
            return guarded

        return declare


def _guarded(view: View, needs: str, reads: bool) -> View:
    @wraps(view)
    def enter(**arguments: Any) -> ResponseReturnValue:
        if needs != PUBLIC:
            if context.visitor_actor() is None:
                return _to_login()
            if needs != SIGNED_IN:
                require(context.actor(), needs)
        told = list(session.get("_flashes", ()))
        try:
            return _done(view, arguments)
        except DBAPIError as error:
            if not lost_race(error) or not context.begin_again():
                raise
        session["_flashes"] = told
        return _done(view, arguments)

    enter.needs, enter.reads = needs, reads  # type: ignore[attr-defined]
    return enter


def _done(view: View, arguments: dict[str, Any]) -> ResponseReturnValue:
    answer = view(**arguments)
    context.commit()
    return answer


def _to_login() -> ResponseReturnValue:
    """To the login page and back; what was being sent by a form goes along."""
    wanted = request.full_path.rstrip("?") if request.method == "GET" else kept.came_from()
    target = url_for("auth.login", next=wanted or None)
    if request.headers.get("HX-Request"):
        return "", 401, {"HX-Redirect": target}
    if request.method == "POST" and not wants_json():
        return kept.ask_to_log_in()
    return redirect(target)


def check(app: Flask) -> None:
    """Refuse to start with a route that does not say what it needs.

    Raises:
        RuntimeError: naming the routes.
    """
    silent = sorted(
        f"{rule.rule} ({rule.endpoint})"
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and not hasattr(app.view_functions[rule.endpoint], "needs")
    )
    if silent:
        raise RuntimeError("routes without a declared permission: " + ", ".join(silent))


def needs_of(app: Flask) -> dict[str, str]:
    """What every endpoint needs."""
    return {
        endpoint: getattr(view, "needs", PUBLIC)
        for endpoint, view in app.view_functions.items()
        if endpoint != "static"
    }
