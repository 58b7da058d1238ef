"""Try a draft: a sandbox with the clerk's own forms and a clock of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from engine import clock, drafts
from engine.case_context import case_context
from engine.domain_functions import LIBRARY, host_for
from engine.drafts.policies import drawings_of
from engine.errors import Conflict, ExecutionFailed, FieldProblem, InvalidInput, NotAllowed, NotFound
from engine.feel import FeelError, compile_expression, from_feel
from engine.reference import data
from engine.scenarios import ENDING, trial
from engine.simulation.timeline import describe
from engine.storage import (
    Area,
    AreaLevel,
    Case,
    Category,
    EventSubscription,
    FormDefinition,
    Job,
    JobStatus,
    ProcessInstance,
    Role,
    ServiceType,
    Task,
    TaskCandidate,
    TaskStatus,
    Timer,
)
from engine.worklist import walked_elements
from web.context import actor, house, session
from web.pages.workbench import door
from web.pages.workbench.editing import find
from web.pages.workbench.showing import given_fields, render_form

REPORT = (
    "title", "description", "service_type", "kind", "category", "sub_category", "district", "street", "community",
    "place", "urgency", "channel",
)  # fmt: skip


def all_files(draft_id: int) -> dict[str, bytes]:
    """The draft's files among everything that is published."""
    own = drafts.files_of(session(), find(draft_id))
    return {**{path: file.content for path, file in drafts.published_files(session()).items()}, **own}


@door.get_page("/drafts/<int:draft_id>/try", needs="scenario.run")
def trial_start(draft_id: int) -> ResponseReturnValue:
    """Choose how the trial begins."""
    draft = find(draft_id)
    own = drafts.files_of(session(), draft)
    processes = [drawing.process for drawing in drawings_of(own)]
    services = session().scalars(select(ServiceType).order_by(ServiceType.position)).all()
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
        services=services,
        wanted=wanted,
        items=[row for row in items if not wanted or row.service_type == wanted],
        districts=districts,
        urgencies=[row["code"] for row in data("code_tables.yaml")["urgencies"]],
        channels=[row["code"] for row in data("code_tables.yaml")["channels"]],
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
    kind = next(
        (d.process.properties.get("kind", "service") for d in drawings_of(all_files(draft_id)) if d.key == process),
        "service",
    )
    token = trial.begin(
        house().settings,
        all_files(draft_id),
        owner_id=actor().person_id,
        draft_id=draft_id,
        now=_moment("at") or clock.now(),
        report=report or None,
        process="" if kind == "service" and report else process,
        variables=_context("variables"),
    )
    return redirect(url_for("workbench.trial_show", token=token))


def _moment(name: str) -> Any:
    text = request.form.get(name, "").strip()
    try:
        return clock.parse(text) if text else None
    except ValueError as error:
        raise InvalidInput("no date", [FieldProblem(name, "not_a_datetime")]) from error


def _context(name: str) -> dict[str, Any]:
    """A FEEL context somebody typed, as plain variables; nothing typed is an empty one."""
    text = request.form.get(name, "").strip()
    if not text:
        return {}
    try:
        value = from_feel(compile_expression(text, library=LIBRARY).evaluate({}, host_for(session())))
    except FeelError as error:
        raise InvalidInput("no FEEL", [FieldProblem(name, "not_feel", {"reason": str(error)})]) from error
    if not isinstance(value, dict):
        raise InvalidInput("no context", [FieldProblem(name, "not_feel", {"reason": "{name: value, …}"})])
    return value


@door.get_page("/try/<token>", needs="scenario.run")
def trial_show(token: str) -> ResponseReturnValue:
    """Where the trial stands: open tasks with their forms, what waits, the path walked."""
    with trial.opened(house().settings, token, actor().person_id) as played, clock.at(played.sandbox.now):
        return render_template("workbench/trial.html", **_standing(played))


def _standing(played: trial.Trial) -> dict[str, Any]:
    sandbox = played.sandbox
    with sandbox.database.reading() as inside:
        case = inside.get(Case, sandbox.case_id) if sandbox.case_id else None
        rows = inside.scalars(select(Task).where(Task.status == TaskStatus.OPEN).order_by(Task.id)).all()
        tasks = []
        for task in rows:
            form = inside.get(FormDefinition, task.form_definition_id) if task.form_definition_id else None
            roles = inside.execute(
                select(Role)
                .join(TaskCandidate, TaskCandidate.role == Role.code)
                .where(TaskCandidate.task_id == task.id)
            ).scalars()
            html = render_form(form.schema, task.variables, trial=True) if form is not None else ""
            tasks.append({"task": task, "roles": list(roles), "form": html})
        instance = inside.get(ProcessInstance, sandbox.instance_id) if sandbox.instance_id else None
        walked = walked_elements(inside, by_process=True)
        return {
            "token": played.token,
            "draft": find(played.draft_id),
            "now": sandbox.now,
            "case": case_context(inside, case) if case is not None else None,
            "tasks": tasks,
            "ended": instance is not None and instance.ended_at is not None,
            "timers": inside.scalars(select(Timer).order_by(Timer.due_at)).all(),
            "waits": inside.scalars(select(EventSubscription).order_by(EventSubscription.id)).all(),
            "jobs": inside.scalars(select(Job).where(Job.status != JobStatus.DONE).order_by(Job.id)).all(),
            "diagrams": _walked_diagrams(played, walked, {task.element_id for task in rows}),
            "steps": played.steps,
        }


def _walked_diagrams(
    played: trial.Trial, walked: Mapping[str, Mapping[str, int]], current: set[str]
) -> list[dict[str, Any]]:
    """The draft's own diagrams with the path walked; called ones of other bundles are left out."""
    own = drafts.files_of(session(), find(played.draft_id))
    found = []
    for drawing in drawings_of(own):
        if drawing.key in walked:
            found.append(
                {
                    "name": drawing.process.name,
                    "xml": own[drawing.file].decode(),
                    "walked": dict(walked[drawing.key]),
                    "current": sorted(current & set(drawing.elements)),
                }
            )
    return found


def _play(token: str, deed: Callable[[trial.Trial], None]) -> ResponseReturnValue:
    """Do one thing in the sandbox; what it refuses is told, and the trial stands where it stood."""
    with trial.opened(house().settings, token, actor().person_id) as played:
        sandbox = played.sandbox
        before = sandbox.now
        try:
            deed(played)
        except (InvalidInput, NotAllowed, NotFound, Conflict, ExecutionFailed) as error:
            sandbox.now = before
            flash(_("The trial stands where it was: %(why)s", why=describe(error)), "danger")
    return redirect(url_for("workbench.trial_show", token=token))


@door.post_deed("/try/<token>/complete", needs="scenario.run")
def trial_complete(token: str) -> ResponseReturnValue:
    """Do a task as a role, with what was entered; files are stood in for."""

    def deed(played: trial.Trial) -> None:
        element, who = request.form.get("element_id", ""), request.form.get("as", "")
        with played.sandbox.database.reading() as inside:
            task = inside.scalars(
                select(Task).where(Task.status == TaskStatus.OPEN, Task.element_id == element).limit(1)
            ).first()
            form = inside.get(FormDefinition, task.form_definition_id) if task and task.form_definition_id else None
        given = given_fields(form.schema) if form is not None else {}
        played.sandbox.complete(element, who, given)
        played.did(complete=element, **{"as": who}, form=given)

    return _play(token, deed)


@door.post_deed("/try/<token>/advance", needs="scenario.run")
def trial_advance(token: str) -> ResponseReturnValue:
    """Let time pass: a duration, or up to a moment."""

    def deed(played: trial.Trial) -> None:
        target = _moment("to")
        if target is not None:
            played.sandbox.advance_to(target)
            played.did(to=clock.city_time(target).isoformat(timespec="minutes"))
        else:
            span = request.form.get("span", "").strip()
            played.sandbox.advance(span)
            played.did(advance=span)

    return _play(token, deed)


@door.post_deed("/try/<token>/message", needs="scenario.run")
def trial_message(token: str) -> ResponseReturnValue:
    """Bring a message."""

    def deed(played: trial.Trial) -> None:
        name, payload = request.form.get("name", ""), _context("payload")
        key = request.form.get("key", "").strip() or None
        played.sandbox.message(name, key, payload)
        played.did(message=name, key=key, payload=payload)

    return _play(token, deed)


@door.post_deed("/try/<token>/signal", needs="scenario.run")
def trial_signal(token: str) -> ResponseReturnValue:
    """Send a signal."""

    def deed(played: trial.Trial) -> None:
        name, payload = request.form.get("name", ""), _context("payload")
        played.sandbox.signal(name, payload, [])
        played.did(signal=name, payload=payload)

    return _play(token, deed)


@door.post_deed("/try/<token>/fail", needs="scenario.run")
def trial_fail(token: str) -> ResponseReturnValue:
    """Let a connector answer with an error."""

    def deed(played: trial.Trial) -> None:
        element, code = request.form.get("element_id", ""), request.form.get("code", "").strip()
        played.sandbox.fail(element, code, "")
        played.did(fail=element, code=code)

    return _play(token, deed)


@door.post_deed("/try/<token>/run", needs="scenario.run")
def trial_run(token: str) -> ResponseReturnValue:
    """Let simulated people go on."""

    def deed(played: trial.Trial) -> None:
        played.sandbox.run_on(50)
        played.did(run=50)

    return _play(token, deed)


@door.post_deed("/try/<token>/scenario", needs="deployment.draft")
def trial_scenario(token: str) -> ResponseReturnValue:
    """Make the trial a scenario of the draft."""
    name = request.form.get("name", "").strip()
    file_name = request.form.get("file_name", "").strip()
    if not name:
        raise InvalidInput("a name is missing", [FieldProblem("name", "required")])
    with trial.opened(house().settings, token, actor().person_id) as played:
        content, draft_id = played.as_scenario(name), played.draft_id
    path = f"workflows/{find(draft_id).bundle}/{file_name}{ENDING}"
    drafts.save(session(), actor(), draft_id, path, content, revision=0, note=name)
    return redirect(url_for("workbench.draft", draft_id=draft_id, _anchor=path))


@door.post_deed("/try/<token>/end", needs="scenario.run")
def trial_end(token: str) -> ResponseReturnValue:
    """Throw the sandbox away."""
    with trial.opened(house().settings, token, actor().person_id) as played:
        draft_id = played.draft_id
    trial.end(house().settings, token)
    return redirect(url_for("workbench.draft", draft_id=draft_id))
