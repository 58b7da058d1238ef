"""Cases: the list with its filters and export, one case with everything about it, and deeds on it as a whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import or_, select

from engine import cases, clock, forms, history, worklist
from engine.domain_functions import LIBRARY, host_for
from engine.errors import Conflict, FieldProblem, InvalidInput, NotFound
from engine.instances import form_schema
from engine.permissions import can, may_work, require, task_subject
from engine.reference import data
from engine.storage import (
    ENDED,
    Area,
    AreaLevel,
    Case,
    CaseLink,
    CaseStatus,
    DefinitionState,
    DeploymentFile,
    FormDefinition,
    Organisation,
    ProcessDefinition,
)
from web import context, widgets
from web.clocks import told
from web.doors import SIGNED_IN, Door
from web.pages.desk import page_number, remember_place, services
from web.pages.facts import case_facts
from web.pages.timeline import told_lines
from web.wording import error_words, language, named, state

door = Door("cases", __name__)
SIZE = 30
# Where a city has drawn its own process for a deed on a case, the process takes the plain button's place.
DRAWN = {"suspend": "case_suspension", "void": "voiding", "reopen": "reopening"}
MOST_EXPORTED = 20_000
SORTS = ("reported", "number", "due", "updated", "closed")
# What a spreadsheet would take for a formula (OWASP), with the full-width signs it also takes.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@door.get_page("/cases", needs=SIGNED_IN)
def show_list() -> ResponseReturnValue:
    """The cases I may see, by what is asked for."""
    session, actor = context.session(), context.actor()
    asked = _asked()
    page = worklist.cases(session, actor, page=page_number(), size=SIZE, **asked)
    remember_place()
    return render_template(
        "case/list.html", page=page, asked=request.args, sort=asked["sort"], services=services(), districts=_districts()
    )


def _asked() -> dict[str, Any]:
    args = request.args
    status = args.get("status", "")
    statuses = {"": (), "running": ("open", "suspended"), "ended": tuple(s.value for s in ENDED)}.get(status)
    if statuses is None:
        statuses = (status,) if status in {each.value for each in CaseStatus} else ()
    sort = args.get("sort", "-reported")
    return {
        "statuses": statuses,
        "search": args.get("q", "")[:100],
        "service_type": args.get("service", "")[:80],
        "area_path": args.get("area", "")[:200],
        "mine": args.get("mine") == "1",
        "late": args.get("late") == "1",
        "reported_from": _day(args.get("from")),
        "reported_to": _day(args.get("to"), days=1),
        "sort": sort if sort.removeprefix("-") in SORTS else "-reported",
    }


def _day(text: str | None, days: int = 0) -> datetime | None:
    try:
        return clock.parse(text[:10]) + timedelta(days=days) if text else None
    except (ValueError, OverflowError):
        return None


def _districts() -> Sequence[Area]:
    return (
        context.session()
        .scalars(select(Area).where(Area.level == AreaLevel.DISTRICT, Area.active).order_by(Area.code))
        .all()
    )


@door.get_page("/cases/export.csv", needs="export.cases")
def export() -> ResponseReturnValue:
    """The same list as a table for spreadsheets; personal data are not in it."""
    session, actor = context.session(), context.actor()
    asked = _asked()
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
        service = row.service_name_en if language() == "en" and row.service_name_en else row.service_name
        yield _line(
            [
                row.number,
                row.title,
                state(row.status),
                row.stage,
                service,
                row.category,
                row.sub_category,
                row.urgency,
                row.channel,
                row.district,
                row.street,
                row.place,
                _full(row.reported_at),
                _full(row.closed_at),
                row.responsible_name,
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


def _case(case_id: int) -> Case:
    case = context.session().get(Case, case_id)
    if case is None:
        raise NotFound("no such case", case=case_id)
    require(context.actor(), "case.view", case)
    return case


@door.get_page("/cases/<int:case_id>", needs=SIGNED_IN)
def show(case_id: int) -> ResponseReturnValue:
    """One case: where it stands, what is to be done, what happened."""
    return _page(case_id)


def _page(case_id: int, problems: Sequence[FieldProblem] = (), open_box: str = "", typed: str = "") -> str:
    session, actor = context.session(), context.actor()
    page = worklist.case_page(session, actor, case_id)
    case = page.case
    subjects = [task_subject(session, task) for task in page.tasks]
    actions = cases.actions_for(session, actor, case)
    main_clock = next((each for each in page.clocks if each.name == "case" and each.status != "stopped"), None)
    return render_template(
        "case/show.html",
        case=case,
        page=page,
        stages=_stages(case),
        facts=case_facts(case),
        party=session.get(Organisation, case.responsible_organisation_id) if case.responsible_organisation_id else None,
        work=[(subject.task, may_work(actor, subject)) for subject in subjects],
        main_clock=main_clock,
        clocks=told(page.clocks),
        lines=told_lines(case, page.timeline),
        related=_related(case, page.children),
        actions=actions,
        deeds=[name for name in _deeds(case) if DRAWN.get(name) not in {action.key for action in actions}],
        organisations=widgets.pickable_rows() if can(actor, "case.assign", case) and case.status not in ENDED else [],
        problems=problems,
        open_box=open_box,
        typed=typed,
    )


def _stages(case: Case) -> list[tuple[str, str]]:
    """The public stages as (name, done | now | later)."""
    rows = data("public_stages.yaml")
    at = next((index for index, row in enumerate(rows) if case.stage in row["stages"]), 0)
    closed = case.status is CaseStatus.CLOSED
    made = []
    for index, row in enumerate(rows):
        how = "done" if closed or index < at else "now" if index == at and case.status not in ENDED else "later"
        made.append((named(row), how))
    return made


def _deeds(case: Case) -> list[str]:
    """What the actor may do with the case as a whole, in its present state."""
    actor = context.actor()
    wanted = {
        "suspend": case.status is CaseStatus.OPEN and can(actor, "case.suspend", case),
        "resume": case.status is CaseStatus.SUSPENDED and can(actor, "case.suspend", case),
        "void": case.status not in ENDED and can(actor, "case.void", case),
        "reopen": case.status in ENDED and case.status is not CaseStatus.VOID and can(actor, "case.reopen", case),
    }
    return [name for name, may in wanted.items() if may]


def _related(case: Case, children: Sequence[Case]) -> list[tuple[str, Case]]:
    session, actor = context.session(), context.actor()
    rows = session.execute(
        select(Case, CaseLink.kind)
        .join(
            CaseLink,
            or_(
                (CaseLink.case_id == case.id) & (CaseLink.other_case_id == Case.id),
                (CaseLink.other_case_id == case.id) & (CaseLink.case_id == Case.id),
            ),
        )
        .order_by(CaseLink.id)
        .limit(50)
    ).all()
    found = [(kind, other) for other, kind in rows]
    if case.parent_id and (parent := session.get(Case, case.parent_id)):
        found.append(("parent", parent))
    found += [("child", child) for child in children]
    return [(kind, other) for kind, other in found if can(actor, "case.view", other)]


@door.get_page("/cases/<int:case_id>/diagram", needs=SIGNED_IN)
def diagram(case_id: int) -> ResponseReturnValue:
    """The drawn processes with the way this case went and where it stands."""
    session = context.session()
    page = worklist.case_page(session, context.actor(), case_id)
    walks = [walk for walk in page.walks if walk.elements or walk.current]
    wanted = {walk.process_definition_id for walk in walks}
    rows = session.execute(
        select(ProcessDefinition, DeploymentFile.content)
        .join(DeploymentFile, DeploymentFile.id == ProcessDefinition.file_id)
        .where(ProcessDefinition.id.in_(wanted))
    ).all()
    found = {definition.id: (definition, content.decode("utf-8")) for definition, content in rows}
    drawn = [(walk, *found[walk.process_definition_id]) for walk in walks if walk.process_definition_id in found]
    return render_template("case/diagram.html", case=page.case, drawn=drawn, merged=_times)


def _times(walk: worklist.Walk) -> dict[str, int]:
    """How often each element and flow was passed."""
    return {**walk.elements, **walk.flows}


@door.post_deed("/cases/<int:case_id>/notes", needs=SIGNED_IN)
def add_note(case_id: int) -> ResponseReturnValue:
    """A remark for everybody who sees the case."""
    text = request.form.get("text", "")
    try:
        cases.add_note(context.session(), context.actor(), case_id, text)
    except InvalidInput as error:
        context.rollback()
        return _page(case_id, error.problems, "note", text), 422
    flash(_("The note is in the case."), "success")
    return redirect(url_for("cases.show", case_id=case_id, _anchor="record"))


@door.post_deed("/cases/<int:case_id>/<any(suspend, resume, void, reopen):deed>", needs=SIGNED_IN)
def change_standing(case_id: int, deed: str) -> ResponseReturnValue:
    """Let the case stand still, go on, end without success, or run again; each with a reason."""
    act = {"suspend": cases.suspend, "resume": cases.resume, "void": cases.void, "reopen": cases.reopen}[deed]
    reason = request.form.get("reason", "")[:2000]
    try:
        case = act(context.session(), context.actor(), case_id, reason)
    except InvalidInput as error:
        context.rollback()
        return _page(case_id, error.problems, deed, reason), 422
    except Conflict as conflict:
        context.rollback()
        flash(error_words(conflict)[1], "warning")
        return redirect(url_for("cases.show", case_id=case_id))
    flash(_("The case is now: %(state)s.", state=state(case.status)), "success")
    return redirect(url_for("cases.show", case_id=case_id))


@door.post_deed("/cases/<int:case_id>/assign", needs=SIGNED_IN)
def assign(case_id: int) -> ResponseReturnValue:
    """Another organisation answers for it from now on."""
    wanted, reason = request.form.get("organisation", ""), request.form.get("reason", "")[:2000]
    try:
        number = int(wanted) if wanted.isdigit() else 0
        cases.assign(context.session(), context.actor(), case_id, number, reason)
    except InvalidInput as error:
        context.rollback()
        return _page(case_id, error.problems, "assign", reason), 422
    flash(_("The responsible party is changed."), "success")
    return redirect(url_for("cases.show", case_id=case_id))


@door.get_page("/cases/<int:case_id>/actions/<process_key>", needs=SIGNED_IN)
def action(case_id: int, process_key: str) -> ResponseReturnValue:
    """The form of an action before it starts."""
    return _action_page(_case(case_id), process_key, None, ())


def _action_page(case: Case, process_key: str, raw: Mapping[str, Any] | None, problems: Sequence[FieldProblem]) -> str:
    session, actor = context.session(), context.actor()
    definition = next((d for d in cases.actions_for(session, actor, case) if d.key == process_key), None)
    if definition is None:
        raise NotFound("no such action here", process=process_key)
    schema = _start_form(definition)
    nodes = forms.present(
        schema,
        raw,
        problems=problems,
        host=host_for(session, case),
        library=LIBRARY,
        today=clock.city_time(clock.now()).date(),
    )
    labels = {field.path: field.label for field in forms.fields(schema)}
    return render_template(
        "case/action.html",
        case=case,
        definition=definition,
        nodes=nodes,
        problems=problems,
        labels=labels,
        decides=widgets.decides(schema),
        facts=case_facts(case),
    )


def _start_form(definition: ProcessDefinition) -> Mapping[str, Any]:
    if not definition.start_form:
        return {"components": []}
    session = context.session()
    form_id = session.scalar(
        select(FormDefinition.id)
        .where(FormDefinition.key == definition.start_form, FormDefinition.state == DefinitionState.PUBLISHED)
        .order_by(FormDefinition.version.desc())
        .limit(1)
    )
    return form_schema(session, form_id) if form_id else {"components": []}


@door.post_deed("/cases/<int:case_id>/actions/<process_key>", needs=SIGNED_IN)
def start_action(case_id: int, process_key: str) -> ResponseReturnValue:
    """Start an action (extension, appeal …) on the case."""
    session, actor = context.session(), context.actor()
    case = _case(case_id)
    definition = next((d for d in cases.actions_for(session, actor, case) if d.key == process_key), None)
    raw = widgets.posted(_start_form(definition)) if definition else {}
    act = request.form.get("_act", "")
    if act.startswith(("add:", "drop:")) or act == "refresh":
        return _action_page(case, process_key, raw, ())
    try:
        instance = cases.start_action(session, actor, case_id, process_key, raw)
    except InvalidInput as error:
        context.rollback()
        return _action_page(_case(case_id), process_key, raw, error.problems), 422
    context.kick(instance.id)
    flash(_("Started: %(name)s.", name=definition.name if definition else process_key), "success")
    return redirect(url_for("cases.show", case_id=case_id))
