"""Play a trial: open tasks as any role, time, messages, signals, failing connectors; make it a scenario."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from engine import clock, drafts
from engine.case_context import case_context
from engine.drafts.policies import drawings_of
from engine.errors import Conflict, ExecutionFailed, FieldProblem, InvalidInput, NotAllowed, NotFound
from engine.scenarios import ENDING, trial
from engine.storage import (
    Case,
    EventSubscription,
    FormDefinition,
    Job,
    JobStatus,
    ProcessInstance,
    Role,
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
from web.pages.workbench.telling import why
from web.pages.workbench.trying import context, moment


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
            flash(_("The trial stands where it was: %(why)s", why=why(error)), "danger")
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
        target = moment("to")
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
        name, payload = request.form.get("name", ""), context("payload")
        key = request.form.get("key", "").strip() or None
        played.sandbox.message(name, key, payload)
        played.did(message=name, key=key, payload=payload)

    return _play(token, deed)


@door.post_deed("/try/<token>/signal", needs="scenario.run")
def trial_signal(token: str) -> ResponseReturnValue:
    """Send a signal."""

    def deed(played: trial.Trial) -> None:
        name, payload = request.form.get("name", ""), context("payload")
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
