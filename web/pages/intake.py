"""A clerk's form for a report: service, category and item follow each other, as do district and street."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from engine import clock, intake
from engine.errors import FieldProblem, InvalidInput, NotAllowed
from engine.reference import code_table
from engine.storage import Area, AreaLevel, Category, ProcessInstance
from web import context, widgets
from web.doors import Door
from web.pages.desk import services
from web.wording import field_moment

door = Door("intake", __name__)
TEXTS = (
    "service_type", "category", "sub_category", "kind", "title", "description", "urgency", "channel", "reported_at",
    "district", "street", "community", "place",
)  # fmt: skip
SLOT = "report"


@door.get_page("/report", needs="case.open")
def show() -> ResponseReturnValue:
    """An empty report, the actor's district chosen."""
    own = next((grant.organisation_code.split(".")[0] for grant in context.actor().grants), "")
    area = context.session().scalars(select(Area).where(Area.code == own)).one_or_none()
    district = area.code if area is not None and area.level is AreaLevel.DISTRICT else ""
    return _page({"district": district, "reported_at": field_moment(clock.now())}, ())


@door.post_question("/report/form", needs="case.open")
def refresh() -> ResponseReturnValue:
    """The fields again: what can be chosen follows from what was."""
    return render_template("intake/fields.html", **_facts(_typed(), ()))


@door.post_deed("/report", needs="case.open")
def open_case() -> ResponseReturnValue:
    """Open the case and go to it."""
    try:
        typed = _typed(with_files=True)
    except InvalidInput as error:
        context.rollback()
        return _page(_typed(), error.problems), 422
    if request.form.get("_act") == "refresh":
        return _page(typed, ())
    session, actor = context.session(), context.actor()
    if (before := intake.opened_before(session, actor, typed["submission"])) is not None:
        return redirect(url_for("cases.show", case_id=before.id))
    try:
        case = intake.open_case(session, actor, _checked(typed), submission=typed["submission"])
    except InvalidInput as error:
        context.rollback()
        return _page(typed, _paths(error.problems)), 422
    except NotAllowed:
        context.rollback()
        return _page(typed, [FieldProblem("district", "out_of_reach", {})]), 422
    for instance_id in session.scalars(select(ProcessInstance.id).where(ProcessInstance.case_id == case.id)):
        context.kick(instance_id)
    flash(_("Case %(number)s is open.", number=case.number), "success")
    return redirect(url_for("cases.show", case_id=case.id))


def _typed(with_files: bool = False) -> dict[str, Any]:
    form = request.form
    typed: dict[str, Any] = {name: form.get(name, "")[:6000] for name in TEXTS}
    typed["point"] = form.get("point", "")[:200]
    typed["outside_city"] = form.get("outside_city") == "1"
    typed["reporter"] = {
        "name": form.get("reporter.name", "")[:300],
        "phone": form.get("reporter.phone", "")[:100],
        "wants_reply": form.get("reporter.wants_reply") == "1",
    }
    typed["evidence"] = [value for value in form.getlist("evidence") if _chosen(value)][:30]
    if with_files:
        typed["evidence"] += [widgets.receive(f, SLOT) for f in request.files.getlist("evidence") if f.filename]
    typed["submission"] = _chosen(form.get("_submission"))[:80]
    return typed


def _report(typed: Mapping[str, Any]) -> dict[str, Any]:
    report = {name: typed[name] for name in TEXTS}
    pair = [part for part in str(typed["point"]).replace("，", ",").split(",") if part.strip()]
    if pair:
        report["longitude"], report["latitude"] = pair[0].strip(), pair[1].strip() if len(pair) > 1 else ""
    report["outside_city"] = typed["outside_city"]
    report["evidence"] = typed["evidence"]
    report["reporter"] = dict(typed["reporter"])
    return report


def _checked(typed: Mapping[str, Any]) -> dict[str, Any]:
    """The report, with what a person at the form must choose though a machine may leave it out.

    Raises:
        InvalidInput: no category of a service that has some, a channel that was not offered, and all the engine finds.
    """
    report = _report(typed)
    problems: list[FieldProblem] = []
    if not typed["category"] and _categories(_chosen(typed["service_type"])):
        problems.append(FieldProblem("category", "required", {}))
    if typed["channel"] and typed["channel"] not in {row["code"] for row in code_table("channels")}:
        problems.append(FieldProblem("channel", "not_an_option", {}))
    try:
        intake.read_report(context.session(), report)
    except InvalidInput as error:
        problems += error.problems
    if problems:
        raise InvalidInput("the report cannot be taken", problems)
    return report


def _paths(problems: Sequence[FieldProblem]) -> list[FieldProblem]:
    """The map's field takes what is wrong with either number, once; in the order of the form."""
    swap = {"longitude": "point", "latitude": "point", "files": "evidence", "place_text": "place"}
    found = [FieldProblem(swap.get(p.path, p.path), p.code, p.facts) for p in problems]
    found = [FieldProblem("point", "not_a_point", {}) if _half(problem) else problem for problem in found]
    order = list(_labels())
    found.sort(key=lambda problem: order.index(problem.path) if problem.path in order else len(order))
    return list({(problem.path, problem.code): problem for problem in found}.values())


def _half(problem: FieldProblem) -> bool:
    """Whether it is told of a place of which one number is missing, is none, or lies nowhere."""
    return problem.path == "point" and problem.code in ("required", "not_a_number", "out_of_range")


def _page(typed: Mapping[str, Any], problems: Sequence[FieldProblem]) -> str:
    return render_template("intake/show.html", **_facts(typed, problems))


def _facts(typed: Mapping[str, Any], problems: Sequence[FieldProblem]) -> dict[str, Any]:
    """What the form offers, given what was chosen so far."""
    categories = _categories(_chosen(typed.get("service_type")))
    names = list(dict.fromkeys(row.category for row in categories))
    items = [row for row in categories if row.category == typed.get("category") and row.sub_category]
    return {
        "typed": typed,
        "problems": problems,
        "services": services(),
        "categories": names,
        "items": list({row.sub_category: row for row in items}.values()),
        "districts": [area for area in _areas(AreaLevel.DISTRICT, None) if _in_reach(area)],
        "streets": _inside(str(typed.get("district") or ""), AreaLevel.STREET),
        "communities": _inside(str(typed.get("street") or ""), AreaLevel.COMMUNITY),
        "urgencies": code_table("urgencies"),
        "channels": code_table("channels"),
        "labels": _labels(),
        "asks_outside": any(p.code == "outside_city" for p in problems) or typed.get("outside_city"),
    }


def _labels() -> dict[str, str]:
    return {
        "service_type": _("Service"),
        "category": _("Category"),
        "sub_category": _("Item"),
        "title": _("What is it, in a few words"),
        "description": _("Description"),
        "urgency": _("Urgency"),
        "channel": _("Channel"),
        "reported_at": _("Reported at"),
        "district": _("District"),
        "street": _("Street"),
        "community": _("Community"),
        "place": _("Place in words"),
        "point": _("Place on the map"),
        "evidence": _("Photos and files"),
        "reporter.name": _("Full name"),
        "reporter.phone": _("Telephone"),
    }


def _chosen(value: Any) -> str:
    """A code chosen from a list; what no list can hold is nothing: PostgreSQL refuses a NUL before it compares."""
    text = str(value or "")
    return text if text.isprintable() else ""


def _categories(service_type: str) -> Sequence[Category]:
    if not service_type:
        return ()
    statement = select(Category).where(Category.active, Category.service_type == service_type)
    return context.session().scalars(statement.order_by(Category.position)).all()


def _areas(level: AreaLevel, path: str | None) -> Sequence[Area]:
    statement = select(Area).where(Area.level == level, Area.active)
    if path is not None:
        statement = statement.where(Area.path.startswith(path, autoescape=True))
    return context.session().scalars(statement.order_by(Area.code).limit(500)).all()


def _in_reach(district: Area) -> bool:
    """Whether the actor may report anything of a district: all of it, or a street of it."""
    grants = [grant for grant in context.actor().grants if "case.open" in grant.deeds]
    return any(
        grant.reaches(district.path) or any(path.startswith(district.path) for path in grant.areas) for grant in grants
    )


def _inside(code: str, level: AreaLevel) -> Sequence[Area]:
    if not code:
        return ()
    around = context.session().scalars(select(Area).where(Area.code == _chosen(code))).one_or_none()
    return _areas(level, around.path) if around is not None else ()
