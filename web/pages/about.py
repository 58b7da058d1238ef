"""What this is, the keys, and whether the machine is well."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from flask import jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from web import context
from web.doors import PUBLIC, SIGNED_IN, Door

door = Door("about", __name__)


@door.get_page("/", needs=PUBLIC)
def home() -> ResponseReturnValue:
    """Everybody's first page is the desk."""
    return redirect(url_for("desk.show"))


@door.get_page("/healthz", needs=PUBLIC)
def health() -> ResponseReturnValue:
    """Whether the database answers; for load balancers and ``cityloop demo``."""
    context.session().execute(text("SELECT 1"))
    return jsonify(status="ok")


@door.get_page("/help", needs=SIGNED_IN)
def help_page() -> ResponseReturnValue:
    """How the desk works, and the keys."""
    try:
        release = version("cityloop")
    except PackageNotFoundError:
        release = ""
    return render_template("help.html", release=release)
