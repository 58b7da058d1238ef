"""Begin to try a draft: a sandbox with the clerk's own forms and a clock of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from engine import clock, drafts
from engine.domain_functions import LIBRARY, host_for
from engine.drafts.policies import drawings_of
from engine.errors import FieldProblem, InvalidInput
from engine.feel import FeelError, compile_expression, from_feel
from engine.reference import code_table, data
from engine.scenarios import trial
from engine.storage import Area, AreaLevel, Category
from web.context import actor, house, session
from web.pages.workbench import door
from web.pages.workbench.editing import find
from web.wording import language

REPORT = (
    "title", "description", "service_type", "kind", "category", "sub_category", "district", "street", "community",
    "place", "urgency", "channel",
)  # fmt: skip


@door.get_page("/drafts/<int:draft_id>/try", needs="scenario.run")
def trial_start(draft_id: int) -> ResponseReturnValue:
    """Choose how the trial begins."""
    draft = find(draft_id)
    own = drafts.files_of(session(), draft)
    processes = [drawing.process for drawing in drawings_of(own)]
    wanted = next((p.properties.get("serviceType", "") for p in processes if p.properties.get("serviceType")), "")
    items = session().execute(
        select(Category.service_type, Category.kind, Category.category, Category.sub_category)
        .where(Category.active, Category.sub_category != "")
        .order_by(Category.position, Category.id)
    )
    districts = session().scalars(select(Area.name).where(Area.level == AreaLevel.DISTRICT).order_by(Area.id)).all()
    return render_template(
        "workbench/trial_start.html",
        draft=draft,
        processes=processes,
        items=[row for row in items if not wanted or row.service_type == wanted],
        districts=districts,
        urgencies=code_table("urgencies"),
        channels=code_table("channels"),
        usual=data("demonstration.yaml")["trial"],
        now=clock.city_time(clock.now()).strftime("%Y-%m-%dT%H:%M"),
    )


@door.post_deed("/drafts/<int:draft_id>/try", needs="scenario.run")
def trial_begin(draft_id: int) -> ResponseReturnValue:
    """Make the sandbox and start in it."""
    form = request.form
    report = {name: form[name].strip() for name in REPORT if form.get(name, "").strip()}
    item = form.get("item", "")
    if item.count("|") == 3:
        report["service_type"], report["kind"], report["category"], report["sub_category"] = item.split("|", 3)
    process = form.get("process", "")
    files = drafts.together(session(), find(draft_id))
    kinds = {drawing.key: drawing.process.properties.get("kind", "service") for drawing in drawings_of(files)}
    token = trial.begin(
        house().settings,
        files,
        owner_id=actor().person_id,
        draft_id=draft_id,
        now=moment("at") or clock.now(),
        report=report or None,
        process="" if kinds.get(process) == "service" and report else process,
        variables=context("variables"),
    )
    return redirect(url_for("workbench.trial_show", token=token))


def moment(name: str) -> datetime | None:
    """A date and time somebody entered; nothing entered is None."""
    text = request.form.get(name, "").strip()
    try:
        return clock.parse(text) if text else None
    except ValueError as error:
        raise InvalidInput("no date", [FieldProblem(name, "not_a_datetime")]) from error


def context(name: str) -> dict[str, Any]:
    """A FEEL context somebody typed, as plain variables; nothing typed is an empty one."""
    text = request.form.get(name, "").strip()
    if not text:
        return {}
    try:
        value = from_feel(compile_expression(text, library=LIBRARY).evaluate({}, host_for(session())))
    except FeelError as error:
        raise InvalidInput("no FEEL", [FieldProblem(name, "not_feel", {"reason": error.text(language())})]) from error
    if not isinstance(value, dict):
        raise InvalidInput("no context", [FieldProblem(name, "not_feel", {"reason": "{name: value, …}"})])
    return value
