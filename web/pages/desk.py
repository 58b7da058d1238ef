"""The desk: the lists of work, with the time left; claiming several at once; what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import bindparam, select

from engine import tasks, worklist
from engine.errors import Conflict, NotAllowed, NotFound
from engine.permissions import workable_tasks
from engine.storage import Case, ServiceType, Task, TaskStatus
from web import context
from web.asked import number_of
from web.doors import SIGNED_IN, Door
from web.wording import error_words

door = Door("desk", __name__)
SIZE = 30
MOST_PAGES = 100_000
ICONS = {
    "mine": "user",
    "groups": "users",
    "unassigned": "inbox",
    "overdue": "alert",
    "watching": "eye",
    "all": "list",
}


def view_names() -> dict[str, str]:
    """The saved views in the reader's language."""
    return {
        "mine": _("Mine"),
        "groups": _("My groups"),
        "unassigned": _("Unassigned"),
        "overdue": _("Overdue"),
        "watching": _("Watching"),
        "all": _("All I may see"),
    }


@door.get_page("/desk", needs=SIGNED_IN)
def show() -> ResponseReturnValue:
    """One view of the open work. Without being asked for one: mine, or my groups' when I have none."""
    session, actor = context.session(), context.actor()
    counts = worklist.counts(session, actor)
    view = request.args.get("view", "")
    if view not in worklist.VIEWS:
        view = "mine" if counts["mine"] or not counts["groups"] else "groups"
    asked = _asked()
    page = worklist.tasks(session, actor, view, size=SIZE, **asked)
    remember_place()
    return render_template(
        "desk/list.html",
        view=view,
        views=view_names(),
        icons=ICONS,
        counts=counts,
        page=page,
        asked=asked,
        services=services(),
        claimable=_claimable(view, page.rows),
    )


def _claimable(view: str, rows: Sequence[worklist.TaskRow]) -> set[int]:
    """Which of these tasks the actor may claim."""
    free = {row.id for row in rows if row.assignee_id is None and row.may_work}
    if view == "groups" or not free:
        return free
    statement = select(Task.id).outerjoin(Case, Case.id == Task.case_id)
    return set(context.session().scalars(statement.where(Task.id.in_(free), workable_tasks(context.actor()))))


def _asked() -> dict[str, Any]:
    args = request.args
    sort, follow_up = args.get("sort", "due"), args.get("follow_up", "")
    return {
        "search": args.get("q", "")[:100],
        "sort": sort if sort.removeprefix("-") in worklist.TASK_SORTS else "due",
        "page": page_number(),
        "service_type": args.get("service", "")[:80],
        "follow_up": follow_up if follow_up in worklist.FOLLOW_UPS else "",
    }


def page_number() -> int:
    """The page of a list that is asked for; whatever else stands there is the first."""
    return min(max(1, request.args.get("page", 1, type=int) or 1), MOST_PAGES)


def services() -> list[ServiceType]:
    """The services, for choosing."""
    rows = context.session().scalars(select(ServiceType).where(ServiceType.active).order_by(ServiceType.position))
    return list(rows)


def remember_place() -> None:
    """Where one comes back to: this list as it is now."""
    here = request.full_path.rstrip("?")
    if cookie.get("place") != here and len(here) < 400:
        cookie["place"] = here


def place() -> str:
    """The list one came from."""
    return str(cookie.get("place") or url_for("desk.show"))


@door.post_deed("/desk/claim", needs=SIGNED_IN)
def claim() -> ResponseReturnValue:
    """Claim the chosen tasks: what somebody else has by now is told, the rest is mine."""
    session, actor = context.session(), context.actor()
    mine, refused = 0, []
    for text in request.form.getlist("task")[:200]:
        if (number := number_of(text)) is None:
            continue
        try:
            with session.begin_nested():
                tasks.claim(session, actor, number)
            mine += 1
        except (Conflict, NotAllowed, NotFound) as error:
            refused.append(error_words(error)[1])
    if mine:
        flash(ngettext("%(num)s task is yours now.", "%(num)s tasks are yours now.", mine), "success")
    for text in dict.fromkeys(refused):
        flash(text, "warning")
    if not mine and not refused:
        flash(_("Nothing was selected."), "info")
    return redirect(place())


@door.get_page("/desk/next", needs=SIGNED_IN)
def open_next() -> ResponseReturnValue:
    """The most urgent of my tasks; the list when there is none."""
    return redirect(next_address())


_NEXT = (
    select(Task.id)
    .where(Task.assignee_id == bindparam("person"), Task.status == TaskStatus.OPEN)
    .order_by(Task.due_at.asc().nulls_last(), Task.priority.desc(), Task.id)
    .limit(1)
)


def next_address() -> str:
    """Where one goes after finishing something: the next of mine, when that is wanted, else back to the list."""
    if not cookie.get("stay"):
        found = context.session().scalar(_NEXT, {"person": context.actor().person_id})
        if found is not None:
            return url_for("tasks.show", task_id=found)
    return place()


@door.post_deed("/desk/preferences", needs=SIGNED_IN)
def preferences() -> ResponseReturnValue:
    """Whether finishing a task opens the next one."""
    cookie["stay"] = request.form.get("open_next") != "1"
    return redirect(place())
