"""Cases: the list with its filters, one case with everything about it, and deeds on it as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from engine import cases, worklist
from engine.errors import Conflict, FieldProblem, InvalidInput
from engine.permissions import can, may_work, task_subject
from engine.reference import data
from engine.storage import (
    ENDED,
    Area,
    AreaLevel,
    Case,
    CaseStatus,
    DeploymentFile,
    Organisation,
    ProcessDefinition,
)
from web import context, widgets
from web.asked import number_of, start_of
from web.clocks import told
from web.doors import SIGNED_IN, Door
from web.pages.desk import page_number, remember_place, services
from web.pages.facts import case_facts, reporter_to_show
from web.pages.timeline import told_lines
from web.wording import error_words, named, state

door = Door("cases", __name__)
SIZE = 30
SORTS = ("reported", "number", "due", "updated", "closed")


@door.get_page("/cases", needs=SIGNED_IN)
def show_list() -> ResponseReturnValue:
    """The cases I may see, by what is asked for."""
    session, actor = context.session(), context.actor()
    asked = asked_for()
    page = worklist.cases(session, actor, page=page_number(), size=SIZE, **asked)
    remember_place()
    return render_template(
        "case/list.html", page=page, asked=request.args, sort=asked["sort"], services=services(), districts=_districts()
    )


def asked_for() -> dict[str, Any]:
    """What the list, or its export, is asked for."""
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
        "reported_from": start_of(args.get("from")),
        "reported_to": start_of(args.get("to"), days=1),
        "sort": sort if sort.removeprefix("-") in SORTS else "-reported",
    }


def _districts() -> Sequence[Area]:
    return (
        context.session()
        .scalars(select(Area).where(Area.level == AreaLevel.DISTRICT, Area.active).order_by(Area.code))
        .all()
    )


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
    drawn = {action.properties.get("replaces") for action in actions}
    main_clock = next((each for each in page.clocks if each.name == "case" and each.status != "stopped"), None)
    return render_template(
        "case/show.html",
        case=case,
        page=page,
        stages=_stages(case),
        facts=case_facts(case),
        reporter_hidden=reporter_to_show(case),
        party=session.get(Organisation, case.responsible_organisation_id) if case.responsible_organisation_id else None,
        work=[(subject.task, may_work(actor, subject)) for subject in subjects],
        main_clock=main_clock,
        clocks=told(page.clocks),
        lines=told_lines(case, page.timeline, page.closed),
        related=worklist.related(session, actor, case),
        actions=actions,
        deeds=[name for name in _deeds(case) if name not in drawn],
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


@door.get_page("/cases/<int:case_id>/diagram", needs=SIGNED_IN)
def diagram(case_id: int) -> ResponseReturnValue:
    """The drawn processes with the way this case went and where it stands."""
    session = context.session()
    walks = [walk for walk in worklist.case_walks(session, context.actor(), case_id) if walk.elements or walk.current]
    wanted = {walk.process_definition_id for walk in walks}
    rows = session.execute(
        select(ProcessDefinition, DeploymentFile.content)
        .join(DeploymentFile, DeploymentFile.id == ProcessDefinition.file_id)
        .where(ProcessDefinition.id.in_(wanted))
    ).all()
    found = {definition.id: (definition, content.decode("utf-8")) for definition, content in rows}
    drawn = [(walk, *found[walk.process_definition_id]) for walk in walks if walk.process_definition_id in found]
    return render_template("case/diagram.html", case=session.get_one(Case, case_id), drawn=drawn, merged=_times)


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


@door.post_deed("/cases/<int:case_id>/reporter", needs=SIGNED_IN)
def reporter(case_id: int) -> ResponseReturnValue:
    """Who reported, in full; the record tells who looked."""
    row = cases.look_at_reporter(context.session(), context.actor(), case_id)
    return render_template("case/reporter.html", case=context.session().get_one(Case, case_id), reporter=row)


@door.post_deed("/cases/<int:case_id>/assign", needs=SIGNED_IN)
def assign(case_id: int) -> ResponseReturnValue:
    """Another organisation answers for it from now on."""
    wanted, reason = request.form.get("organisation", ""), request.form.get("reason", "")[:2000]
    try:
        cases.assign(context.session(), context.actor(), case_id, number_of(wanted) or 0, reason)
    except InvalidInput as error:
        context.rollback()
        return _page(case_id, error.problems, "assign", reason), 422
    flash(_("The responsible party is changed."), "success")
    return redirect(url_for("cases.show", case_id=case_id))
