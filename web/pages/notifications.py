"""What was told to me, or to a role of mine."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select, update

from engine import clock
from engine.permissions import told_to
from engine.storage import Notification
from web import context
from web.asked import number_of
from web.doors import SIGNED_IN, Door

door = Door("notifications", __name__)
SHOWN = 100


@door.get_page("/notices", needs=SIGNED_IN)
def show() -> ResponseReturnValue:
    """The newest notices."""
    rows = (
        context.session()
        .scalars(
            select(Notification)
            .where(told_to(context.actor()), Notification.channel == "app")
            .order_by(Notification.id.desc())
            .limit(SHOWN)
        )
        .all()
    )
    return render_template("desk/notices.html", rows=rows)


@door.post_deed("/notices/read", needs=SIGNED_IN)
def read() -> ResponseReturnValue:
    """Mark one as read, or all."""
    conditions = [told_to(context.actor()), Notification.read_at.is_(None)]
    if wanted := request.form.get("notice", ""):
        conditions.append(Notification.id == number_of(wanted))
    context.session().execute(update(Notification).where(*conditions).values(read_at=clock.now()))
    return redirect(url_for("notifications.show"))
