"""Every failure becomes a page or, for programs, an RFC 9457 problem document. Nothing of the inside is shown."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Flask, Response, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException

from engine.errors import CityLoopError, DeploymentRejected, InvalidInput, Problem
from web import context, kept, login
from web.problems import text_of
from web.wording import error_words, problem_words, wants_json
from web.words import ERRORS

log = logging.getLogger(__name__)
_BY_STATUS = {
    400: "bad_request",
    401: "not_allowed",
    403: "not_allowed",
    404: "not_found",
    405: "wrong_method",
    413: "too_large",
    429: "too_many_requests",
}


def init_app(app: Flask) -> None:
    """Catch what the house raises, what Flask raises, and what nobody expected."""
    app.register_error_handler(CityLoopError, _known)
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DataError, _unstorable)
    app.register_error_handler(Exception, _unexpected)


def _known(error: CityLoopError) -> ResponseReturnValue:
    context.rollback()
    reference = ""
    if error.status >= 500:
        reference = _reference()
        log.error("%s %s: %s [%s]", request.method, request.path, error, reference)
    title, text = error_words(error)
    return _answer(error.status, error.code, title, text, reference, _problems(error))


def _problems(error: CityLoopError) -> list[dict[str, Any]]:
    """Each thing that is wrong: where (a field, or a file with line and element), its code, in words."""
    if isinstance(error, DeploymentRejected):
        return [
            {"path": _place(p), "code": p.code, "detail": text_of(p), "facts": dict(p.facts)} for p in error.problems
        ]
    if isinstance(error, InvalidInput):
        return [
            {"path": p.path, "code": p.code, "detail": problem_words(p), "facts": dict(p.facts)} for p in error.problems
        ]
    return []


def _place(problem: Problem) -> str:
    return ":".join(str(part) for part in (problem.file, problem.line, problem.element_id) if part)


def _forged(error: CSRFError) -> ResponseReturnValue:
    context.rollback()
    login.recognise()
    if kept.from_own_page() and not wants_json() and (fields := kept.sent()):
        return _unsent(fields)
    title, text = ERRORS["csrf"]
    return _answer(400, "csrf", gettext(title), gettext(text))


def _unsent(fields: kept.Fields) -> ResponseReturnValue:
    """A page of ours, older than the login: what was typed on it is kept."""
    if context.visitor_actor() is None:
        return kept.ask_to_log_in()
    return kept.ask_to_send(fields, request.full_path.rstrip("?"), kept.came_from() or url_for("desk.show"), status=400)


def _http(error: HTTPException) -> ResponseReturnValue:
    context.rollback()
    status = error.code or 500
    if status < 400:
        return error.get_response()  # type: ignore[return-value]
    code = _BY_STATUS.get(status, "error")
    title, text = ERRORS[code]
    return _answer(status, code, gettext(title), gettext(text))


def _unstorable(error: DataError) -> ResponseReturnValue:
    """What was sent has a NUL in it, or a number no column holds."""
    context.rollback()
    log.warning("%s %s: the database cannot hold what was sent (%s)", request.method, request.path, type(error.orig))
    title, text = ERRORS["bad_request"]
    return _answer(400, "bad_request", gettext(title), gettext(text))


def _unexpected(error: Exception) -> ResponseReturnValue:
    context.rollback()
    reference = _reference()
    log.exception("%s %s failed [%s]", request.method, request.path, reference)
    if isinstance(error, (OperationalError, InterfaceError)):
        # It restarts, is overloaded or gave up twice; whether a commit under way was kept nobody can say.
        login.forget()
        title, text = ERRORS["unavailable"]
        return _answer(503, "unavailable", gettext(title), gettext(text), reference)
    title, text = ERRORS["error"]
    return _answer(500, "error", gettext(title), gettext(text), reference)


def _reference() -> str:
    return secrets.token_hex(4)


def _answer(
    status: int, code: str, title: str, text: str, reference: str = "", problems: Sequence[Mapping[str, Any]] = ()
) -> ResponseReturnValue:
    if wants_json():
        body: dict[str, Any] = {"type": f"urn:cityloop:{code}", "title": title, "status": status, "detail": text}
        if problems:
            body["errors"] = problems
        if reference:
            body["instance"] = f"urn:cityloop:{reference}"
        answer: Response = jsonify(body)
        answer.status_code = status
        answer.mimetype = "application/problem+json"
        return answer
    return render_template(
        "error.html", status=status, title=title, text=text, reference=reference, problems=problems
    ), status
