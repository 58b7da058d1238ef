"""Logging in and out, one's own password, language and sessions."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select

from engine import history
from engine.errors import InvalidInput
from engine.storage import LoginSession, Organisation, Person, Role, RoleGrant
from web import context, kept, passwords
from web import login as sessions
from web.doors import PUBLIC, SIGNED_IN, Door
from web.security import ADDRESS_LIMIT, LOGIN_LIMIT, limiter, name_and_address
from web.wording import LANGUAGES

door = Door("auth", __name__)


@door.get_page("/login", needs=PUBLIC)
def login() -> ResponseReturnValue:
    """The way in."""
    if context.visitor_actor() is not None:
        return redirect(_safe(request.args.get("next")))
    return render_template("auth/login.html", wanted=request.args.get("next", ""), username="")


@door.post_deed("/login", needs=PUBLIC)
@limiter.limit(ADDRESS_LIMIT)
@limiter.limit(LOGIN_LIMIT, key_func=name_and_address)
def enter() -> ResponseReturnValue:
    """Check the password; the answer is the same for a wrong name, a wrong password and a wait."""
    username = request.form.get("username", "").strip()[:80]
    # Hashing takes a while: no database lock is held meanwhile.
    context.rollback()
    person = passwords.check_login(
        context.house().database,
        username,
        request.form.get("password", ""),
        known_device=sessions.known_device(username),
        source=sessions.source(),
    )
    wanted, kept_for, fields = request.form.get("next", ""), request.form.get("kept_for", ""), kept.carried()
    if person is None:
        typed = {"wanted": wanted, "username": username, "kept": fields, "kept_for": kept_for}
        return render_template("auth/login.html", failed=True, **typed), 401
    sessions.open_session(context.session(), person)
    there: ResponseReturnValue = redirect(_safe(wanted))
    if fields:
        there = kept.ask_to_send(fields, _safe(kept_for), _safe(wanted))
    answer = current_app.make_response(there)
    answer.set_cookie(
        sessions.DEVICE_COOKIE,
        sessions.remember_device(username),
        max_age=sessions.DEVICE_AGE,
        httponly=True,
        samesite="Lax",
        secure=context.house().settings.secure_cookies,
    )
    return answer


@door.post_deed("/logout", needs=PUBLIC)
def logout() -> ResponseReturnValue:
    """The way out."""
    actor = context.visitor_actor()
    if actor is not None:
        sessions.close_session(context.session(), actor)
    return redirect(url_for("auth.login"))


@door.post_deed("/language", needs=PUBLIC)
def choose_language() -> ResponseReturnValue:
    """Read everything in another language from now on."""
    locale = request.form.get("locale", "")
    if locale in LANGUAGES:
        cookie["locale"] = locale
        if current_user.is_authenticated:
            context.session().get_one(Person, current_user.person_id).locale = locale
    return redirect(_safe(request.form.get("next")))


@door.get_page("/account", needs=SIGNED_IN)
def account() -> ResponseReturnValue:
    """Who I am here, my password, where I am logged in."""
    return _account(())


@door.post_deed("/account/password", needs=SIGNED_IN)
@limiter.limit(LOGIN_LIMIT)
def change_password() -> ResponseReturnValue:
    """Give myself another password; my other sessions end."""
    actor = context.actor()
    form = request.form
    try:
        passwords.change(
            context.session(),
            actor,
            current_user.person_id,
            form.get("old", ""),
            form.get("new", ""),
            form.get("again", ""),
        )
    except InvalidInput as error:
        context.rollback()
        return _account(error.problems), 422
    sessions.end_others(context.session(), current_user.person_id, but=current_user.row_id)
    flash(_("The password is changed; you are logged out everywhere else."), "success")
    return redirect(url_for("auth.account"))


@door.post_deed("/account/sessions/end", needs=SIGNED_IN)
def end_sessions() -> ResponseReturnValue:
    """Log out everywhere else."""
    count = sessions.end_others(context.session(), current_user.person_id, but=current_user.row_id)
    history.record(context.session(), context.actor(), None, "session.ended", details={"count": count})
    flash(_("You are logged out everywhere else."), "success")
    return redirect(url_for("auth.account"))


def _account(problems: object) -> str:
    session = context.session()
    grants = session.execute(
        select(Role, Organisation)
        .join(RoleGrant, RoleGrant.role == Role.code)
        .join(Organisation, Organisation.id == RoleGrant.organisation_id)
        .where(RoleGrant.person_id == current_user.person_id, RoleGrant.revoked_at.is_(None))
        .order_by(Role.position, Organisation.code)
    ).all()
    rows = session.scalars(
        select(LoginSession)
        .where(LoginSession.person_id == current_user.person_id, LoginSession.ended_at.is_(None))
        .order_by(LoginSession.last_seen_at.desc())
        .limit(20)
    ).all()
    return render_template(
        "auth/account.html", grants=grants, sessions=rows, here=current_user.row_id, problems=problems
    )


def _safe(wanted: str | None) -> str:
    """An address of this house, else the desk: nobody is sent elsewhere by a link."""
    # Browsers leave out tabs and line breaks, and then "/<tab>/elsewhere" is another host.
    if wanted and wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable():
        return wanted
    return url_for("desk.show")
