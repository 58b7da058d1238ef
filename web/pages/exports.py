"""Lists as tables for spreadsheets: no personal data, no formulas, and each export is recorded."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engine import clock, history, worklist
from web import context
from web.doors import Door
from web.pages.cases import asked_for
from web.wording import named_field, state

door = Door("exports", __name__)
MOST_EXPORTED = 20_000
# What a spreadsheet would take for a formula (OWASP), with the full-width signs it also takes.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@door.get_page("/cases/export.csv", needs="export.cases")
def cases() -> ResponseReturnValue:
    """The same list as a table for spreadsheets; personal data are not in it."""
    session, actor = context.session(), context.actor()
    asked = asked_for()
    rows: list[worklist.CaseRow] = []
    number = 1
    while len(rows) < MOST_EXPORTED:
        page = worklist.cases(session, actor, page=number, size=500, **asked)
        rows += page.rows
        if number >= page.pages:
            break
        number += 1
    with context.house().database.transaction() as writing:
        history.record(
            writing, actor, None, "cases.exported", details={"rows": len(rows), "filter": dict(request.args)}
        )
    name = f"cases-{clock.city_time(clock.now()):%Y%m%d-%H%M}.csv"
    return Response(
        "".join(_csv(rows)),
        mimetype="text/csv; charset=utf-8",
        headers={"Content-Disposition": f"attachment; filename={name}"},
    )


def _csv(rows: Sequence[worklist.CaseRow]) -> Iterator[str]:
    yield "\ufeff"  # Spreadsheets take UTF-8 for the machine's own code page without it.
    yield _line(
        [
            _("Number"),
            _("Title"),
            _("State"),
            _("Stage"),
            _("Service"),
            _("Category"),
            _("Item"),
            _("Urgency"),
            _("Channel"),
            _("District"),
            _("Street"),
            _("Place"),
            _("Reported"),
            _("Closed"),
            _("Responsible"),
            _("Due"),
            _("Overdue"),
        ]
    )
    for row in rows:
        yield _line(
            [
                row.number,
                row.title,
                state(row.status),
                row.stage,
                named_field(row, "service_name"),
                row.category,
                row.sub_category,
                row.urgency,
                row.channel,
                row.district,
                row.street,
                row.place,
                _full(row.reported_at),
                _full(row.closed_at),
                named_field(row, "responsible_name"),
                _full(row.due_at),
                _("yes") if row.breached else "",
            ]
        )


def _full(value: datetime | None) -> str:
    return f"{clock.city_time(value):%Y-%m-%d %H:%M}" if value else ""


def _line(values: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([safe_cell(value) for value in values])
    return out.getvalue()


def safe_cell(value: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.lstrip(" ").startswith(FORMULA) else value
