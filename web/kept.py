"""What was being sent when a login or a page's token had run out: it goes along until it is sent again."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

PREFIX = "kept."
SECRETS = frozenset({"password", "old", "new", "again"})
"""Fields of forms that hold passwords: nothing of such a form is kept."""

Fields = list[tuple[str, str]]


def sent() -> Fields:
    """What the form held, but for its token; nothing when there was a password in it."""
    if not SECRETS.isdisjoint(request.form):
        return []
    return [pair for pair in request.form.items(multi=True) if pair[0] != "csrf_token"]


def carried() -> Fields:
    """What came along through the login page."""
    form = request.form.items(multi=True)
    return [(name.removeprefix(PREFIX), value) for name, value in form if name.startswith(PREFIX)]


def from_own_page() -> bool:
    """Whether a page of this house sent the form, whatever its token: then it may be offered to be sent again."""
    own = request.host_url.rstrip("/")
    return request.headers.get("Sec-Fetch-Site") == "same-origin" or request.origin == own


def came_from() -> str:
    """The address, within this house, of the page a form stood on; empty when it is not known."""
    address = (request.referrer or "").removeprefix(request.host_url.rstrip("/"))
    return address if address.startswith("/") and not address.startswith("//") else ""


def ask_to_log_in() -> ResponseReturnValue:
    """The login page, with everything that was being sent."""
    address = request.full_path.rstrip("?")
    page = render_template("auth/login.html", wanted=came_from(), username="", kept=sent(), kept_for=address)
    return page, 401


def ask_to_send(fields: Fields, address: str, wanted: str, status: int = 200) -> ResponseReturnValue:
    """A page with everything that was being sent: it goes out at the press of a button, or not."""
    page = render_template("auth/kept.html", kept=fields, kept_for=address, wanted=wanted, logged_in=status == 200)
    return page, status
