"""The auditor's page: every record, searched; and whether any was changed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, or_, select

from engine import clock, history
from engine.storage import Case, HistoryEvent, Person
from engine.worklist import Page
from web import context
from web.asked import start_of
from web.doors import Door
from web.pages.desk import page_number
from web.pages.exports import safe_cell
from web.wording import record_words

door = Door("audit", __name__)
SIZE = 100
MOST_EXPORTED = 50_000


@door.get_page("/admin/records", needs="audit.view")
def show() -> ResponseReturnValue:
    """Who did what when, from where; by what is asked for."""
    session = context.session()
    number = page_number()
    conditions = _conditions()
    total = session.scalar(select(func.count()).select_from(HistoryEvent).where(*conditions)) or 0
    rows = session.execute(_rows(conditions).limit(SIZE).offset((number - 1) * SIZE)).all()
    kinds = session.scalars(select(HistoryEvent.kind).distinct().order_by(HistoryEvent.kind)).all()
    return render_template(
        "admin/audit.html", page=Page(rows, total, number, SIZE), asked=request.args, kinds=kinds, checked=None
    )


def _rows(conditions: Sequence[ColumnElement[bool]]) -> Any:
    return (
        select(HistoryEvent, Case.number, Person.display_name)
        .outerjoin(Case, Case.id == HistoryEvent.case_id)
        .outerjoin(Person, Person.id == HistoryEvent.person_id)
        .where(*conditions)
        .order_by(HistoryEvent.id.desc())
    )


def _conditions() -> list[ColumnElement[bool]]:
    args = request.args
    found: list[ColumnElement[bool]] = []
    if kind := args.get("kind", "")[:80]:
        found.append(HistoryEvent.kind == kind)
    if who := args.get("who", "").strip()[:80]:
        named = select(Person.id).where(Person.display_name.contains(who, autoescape=True))
        found.append(or_(HistoryEvent.actor == who, HistoryEvent.person_id.in_(named)))
    if number := args.get("case", "").strip()[:60]:
        found.append(HistoryEvent.case_id.in_(select(Case.id).where(Case.number.contains(number, autoescape=True))))
    if (first := start_of(args.get("from"))) is not None:
        found.append(HistoryEvent.at >= first)
    if (after := start_of(args.get("to"), days=1)) is not None:
        found.append(HistoryEvent.at < after)
    return found


@door.post_question("/admin/records/verify", needs="audit.verify")
def verify() -> ResponseReturnValue:
    """Count every hash and the whole chain again."""
    checked = history.verify(context.session())
    return render_template("admin/audit.html", page=Page([], 0, 1, SIZE), asked={}, kinds=[], checked=checked)


@door.get_page("/admin/records.csv", needs="export.audit")
def export() -> ResponseReturnValue:
    """The same records as a table; the export itself is recorded."""
    rows = context.session().execute(_rows(_conditions()).limit(MOST_EXPORTED)).all()
    with context.house().database.transaction() as writing:
        details = {"rows": len(rows), "filter": dict(request.args)}
        history.record(writing, context.actor(), None, "audit.exported", details=details)
    return Response(
        "".join(_csv(rows)),
        mimetype="text/csv; charset=utf-8",
        headers={"Content-Disposition": "attachment; filename=records.csv"},
    )


def _csv(rows: Sequence[Any]) -> Iterator[str]:
    yield "\ufeff"
    heads = (
        _("No."),
        _("At"),
        _("What"),
        _("Case"),
        _("Who"),
        _("From"),
        _("Subject"),
        _("Reason"),
        _("Old"),
        _("New"),
    )
    yield _line([str(head) for head in heads])
    for event, number, name in rows:
        at = f"{clock.city_time(event.at):%Y-%m-%d %H:%M:%S}"
        old, new = (json.dumps(v, ensure_ascii=False) if v else "" for v in (event.old, event.new))
        who = name or event.actor
        kind = record_words(event.kind)
        yield _line([str(event.id), at, kind, number or "", who, event.source, event.subject, event.reason, old, new])


def _line(values: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([safe_cell(value) for value in values])
    return out.getvalue()
