"""What a draft changes, in the diagram and in words; the second person's decision."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from engine import clock, drafts
from engine.drafts.diffing import Change, changes
from engine.drafts.files import base_files
from engine.drafts.opening import LIVING
from engine.errors import FieldProblem, InvalidInput
from engine.permissions import can
from engine.storage import Draft, HistoryEvent, Person, Role
from web.context import actor, house, rollback, session
from web.pages.workbench import door
from web.pages.workbench.editing import find
from web.problems import as_json


@door.get_page("/drafts/<int:draft_id>/review", needs="deployment.view")
def review(draft_id: int) -> ResponseReturnValue:
    """The draft beside what is published: diagrams with colours, everything in words, what is red, who decided what.

    Scenarios that have not run yet do so when the page asks again with ``run``; what is known is shown at once.
    """
    draft = find(draft_id)
    old, new = base_files(session(), draft), drafts.files_of(session(), draft)
    found = changes(old, new)
    problems = drafts.findings(session(), draft)
    owed = draft.state in LIVING and drafts.are_scenarios_owed(session(), draft, problems)
    if draft.state in LIVING and (not owed or request.args.get("run")):
        problems, owed = drafts.findings(session(), draft, house().settings), False
    authors = drafts.authors(session(), draft)
    return render_template(
        "workbench/review.html",
        draft=draft,
        changes=found,
        by_role=_by_role(found),
        diagrams=_diagrams(old, new),
        problems=[as_json(problem) for problem in problems],
        blocked=drafts.is_blocked(problems, draft),
        owed=owed,
        people=_people(draft, authors),
        history=_history(draft),
        may_review=can(actor(), "deployment.review") and actor().person_id not in authors,
        may_override=can(actor(), "deployment.override") and actor().person_id not in draft.override_by_ids,
    )


def _by_role(found: list[Change]) -> list[tuple[Role, list[Change]]]:
    """What changes for whom: the roles in their usual order."""
    roles = session().scalars(select(Role).order_by(Role.position, Role.code))
    rows = [(role, [change for change in found if role.code in change.roles]) for role in roles]
    return [(role, concerned) for role, concerned in rows if concerned]


def _diagrams(old: dict[str, bytes], new: dict[str, bytes]) -> list[dict[str, Any]]:
    paths = sorted(p for p in {*old, *new} if p.endswith(".bpmn") and old.get(p) != new.get(p))
    return [{"path": p, "old": old.get(p, b"").decode(), "new": new.get(p, b"").decode()} for p in paths]


def _people(draft: Draft, authors: set[int]) -> dict[int, str]:
    ids = {*authors, draft.decided_by_id, *draft.override_by_ids}
    rows = session().execute(select(Person.id, Person.display_name).where(Person.id.in_(ids)))
    return dict(rows.all())


def _history(draft: Draft) -> list[HistoryEvent]:
    events = session().scalars(
        select(HistoryEvent)
        .where(HistoryEvent.kind.startswith("draft."), HistoryEvent.subject == draft.bundle)
        .order_by(HistoryEvent.id.desc())
        .limit(200)
    )
    return [event for event in events if (event.details or {}).get("draft") == draft.id]


def _back(draft_id: int) -> ResponseReturnValue:
    return redirect(url_for("workbench.review", draft_id=draft_id))


@door.post_deed("/drafts/<int:draft_id>/request", needs="deployment.draft")
def request_review(draft_id: int) -> ResponseReturnValue:
    """Hand the draft to a second person."""
    _run_scenarios_first(draft_id)
    drafts.request_review(session(), actor(), draft_id, request.form.get("note", "").strip(), house().settings)
    return _back(draft_id)


@door.post_deed("/drafts/<int:draft_id>/approve", needs="deployment.review")
def approve(draft_id: int) -> ResponseReturnValue:
    """Let it through: now, or at a date."""
    note = request.form.get("note", "").strip()
    _run_scenarios_first(draft_id)
    drafts.approve(session(), actor(), draft_id, house().settings, note, _date("publish_at"))
    return _back(draft_id)


def _run_scenarios_first(draft_id: int) -> None:
    """Scenarios take seconds: they run in a look that only reads, so that on SQLite nobody waits for this request's
    lock; the deed then finds how they ended.
    """
    rollback()
    with house().database.reading() as reading:
        draft = reading.get(Draft, draft_id)
        if draft is not None:
            drafts.findings(reading, draft, house().settings)


def _date(name: str) -> datetime | None:
    text = request.form.get(name, "").strip()
    if not text:
        return None
    try:
        return clock.parse(text)
    except ValueError as error:
        raise InvalidInput("no date", [FieldProblem(name, "not_a_datetime")]) from error


@door.post_deed("/drafts/<int:draft_id>/send-back", needs="deployment.review")
def send_back(draft_id: int) -> ResponseReturnValue:
    """Return it to its editors."""
    drafts.send_back(session(), actor(), draft_id, request.form.get("note", "").strip())
    return _back(draft_id)


@door.post_deed("/drafts/<int:draft_id>/override", needs="deployment.override")
def override(draft_id: int) -> ResponseReturnValue:
    """Add one's name to letting a red policy through."""
    drafts.override(session(), actor(), draft_id, request.form.get("reason", "").strip())
    return _back(draft_id)


@door.post_deed("/drafts/<int:draft_id>/abandon", needs="deployment.draft")
def abandon(draft_id: int) -> ResponseReturnValue:
    """Give the draft up."""
    drafts.abandon(session(), actor(), draft_id, request.form.get("reason", "").strip())
    return redirect(url_for("workbench.processes"))
