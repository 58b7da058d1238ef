"""One task: its form with the case's facts beside it, and what can be done with it besides completing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import bindparam, select

from engine import clock, forms, tasks
from engine.domain_functions import LIBRARY, host_for
from engine.errors import Conflict, ExecutionFailed, FieldProblem, InvalidInput, NotFound
from engine.instances import form_schema
from engine.permissions import TaskSubject, can, may_work, require, task_subject
from engine.storage import Organisation, Person, Task, TaskStatus
from engine.worklist import Closed, closed_to
from web import context, login, widgets
from web.asked import number_of
from web.doors import SIGNED_IN, Door
from web.pages.answers import answers
from web.pages.desk import next_address, place
from web.pages.facts import case_facts, case_pictures, reporter_to_show
from web.pages.timeline import said_before
from web.wording import error_words, hour, problem_words

door = Door("tasks", __name__)
NO_FORM: Mapping[str, Any] = {"components": []}


def _open(task_id: int) -> TaskSubject:
    """The task, when the actor may see it."""
    session = context.session()
    task = session.get(Task, task_id)
    if task is None:
        raise NotFound("no such task", task=task_id)
    subject = task_subject(session, task)
    require(context.actor(), "task.view", subject)
    return subject


def _schema(task: Task) -> Mapping[str, Any]:
    return form_schema(context.session(), task.form_definition_id) if task.form_definition_id else NO_FORM


def _nodes(
    subject: TaskSubject, raw: Mapping[str, Any] | None, problems: Sequence[FieldProblem] = ()
) -> list[forms.Node]:
    task = subject.task
    nodes = forms.present(
        _schema(task),
        raw,
        variables=task.variables,
        problems=problems,
        host=host_for(context.session(), subject.case),
        library=LIBRARY,
        today=clock.city_time(clock.now()).date(),
        worded=widgets.plain_value,
    )
    return widgets.titled(nodes, task.name)


@door.get_page("/tasks/<int:task_id>", needs=SIGNED_IN)
def show(task_id: int) -> ResponseReturnValue:
    """The form of the step; what it says once it is done."""
    subject = _open(task_id)
    works = subject.task.status is TaskStatus.OPEN and may_work(context.actor(), subject)
    others = login.viewing(task_id) if works else []
    draft = tasks.draft_for(subject.task, context.actor().person_id)
    return _page(subject, draft.fields if draft else None, others=others)


def _page(
    subject: TaskSubject,
    raw: Mapping[str, Any] | None,
    problems: Sequence[FieldProblem] = (),
    others: Sequence[str] = (),
    reason_problems: Sequence[FieldProblem] = (),
) -> str:
    session, actor, task = context.session(), context.actor(), subject.task
    works = task.status is TaskStatus.OPEN and may_work(actor, subject) and task.assignee_id in (None, actor.person_id)
    delegated_to_me = task.owner_id is not None and task.owner_id != actor.person_id and works
    owner_waits = task.owner_id == actor.person_id and task.assignee_id != actor.person_id
    reassigns = task.status is TaskStatus.OPEN and can(actor, "task.reassign", subject)
    hands_on = works and (can(actor, "task.transfer", subject) or reassigns)
    schema = _schema(task)
    draft = tasks.draft_for(task, actor.person_id)
    stands_still = tasks.stands_still(subject)
    shows_form = works and not stands_still
    names = {field.path: field.label for field in forms.fields(schema)}
    closed = closed_to(session, actor, subject.case) if subject.case else Closed()
    return render_template(
        "desk/task.html",
        task=task,
        case=subject.case,
        roles=sorted(subject.roles),
        nodes=_nodes(subject, raw, problems) if shows_form else [],
        decides=widgets.decides(schema),
        problems=problems,
        labels=names,
        reason_problems=reason_problems,
        works=works,
        shows_form=shows_form,
        stands_still=stands_still,
        delegated_to_me=delegated_to_me,
        owner_waits=owner_waits,
        reassigns=reassigns,
        hands_on=hands_on,
        people=tasks.people_for(session, task) if (hands_on or reassigns) and request.args.get("hand") else None,
        assignee=session.get(Person, task.assignee_id) if task.assignee_id else None,
        completed_by=session.get(Person, task.completed_by_id) if task.completed_by_id else None,
        draft=draft,
        drafter=session.get(Person, draft.by_id) if draft and draft.by_id not in (None, actor.person_id) else None,
        result={} if task.id in closed.tasks else task.result or {},
        organisation=session.get(Organisation, task.organisation_id) if task.organisation_id else None,
        independent=actor.person_id in task.independent_of_person_ids,
        others=others,
        facts=case_facts(subject.case) if subject.case else [],
        reporter_hidden=subject.case is not None and reporter_to_show(subject.case),
        before=said_before(subject.case, closed) if subject.case and can(actor, "case.view", subject.case) else [],
        pictures=case_pictures(subject.case, closed) if subject.case else [],
        place=place(),
        me=current_user.person_id,
    )


_FORM = select(Task.form_definition_id).where(Task.id == bindparam("task"))


def _posted_schema(task_id: int) -> Mapping[str, Any]:
    """The form a task is being answered with; the deed itself reads the task, locked."""
    found = context.session().connection().execute(_FORM, {"task": task_id}).one_or_none()
    if found is None:
        raise NotFound("no such task", task=task_id)
    return form_schema(context.session(), found.form_definition_id) if found.form_definition_id else NO_FORM


@door.post_deed("/tasks/<int:task_id>", needs=SIGNED_IN)
def complete(task_id: int) -> ResponseReturnValue:
    """Do the work; or, by other buttons of the form, keep it as a draft or change its rows."""
    schema, act = _posted_schema(task_id), request.form.get("_act", "")
    try:
        raw = widgets.posted(schema)
    except InvalidInput as error:
        context.rollback()
        return _page(_open(task_id), widgets.posted_without_files(schema), error.problems), 422
    if act.startswith(("add:", "drop:")) or act == "refresh":
        return _page(_open(task_id), raw)
    if act == "draft":
        return _keep_draft(_open(task_id), raw)
    try:
        done = tasks.complete(context.session(), context.actor(), task_id, raw, request.form.get("_submission", ""))
    except InvalidInput as error:
        context.rollback()
        return _page(_open(task_id), raw, _on_fields(schema, error.problems)), 422
    except Conflict as conflict:
        context.rollback()
        return _lost(task_id, raw, conflict)
    except ExecutionFailed:
        context.rollback()
        _rescue(task_id, raw)
        raise
    if context.kick(done.instance_id):
        context.commit()  # What it owed may bring this person's next task.
    flash(_("Done: %(name)s.", name=done.name), "success")
    return redirect(next_address())


def _keep_draft(subject: TaskSubject, raw: Mapping[str, Any]) -> ResponseReturnValue:
    try:
        tasks.save_draft(context.session(), context.actor(), subject.task.id, raw)
    except Conflict as conflict:
        context.rollback()
        return _lost(subject.task.id, raw, conflict)
    flash(_("Kept as a draft."), "success")
    return redirect(url_for("tasks.show", task_id=subject.task.id))


def _on_fields(schema: Mapping[str, Any], problems: Sequence[FieldProblem]) -> list[FieldProblem]:
    """Missing pictures are told at the field that takes them."""
    slots = {field.slot: field.path for field in forms.fields(schema) if field.slot}
    found = []
    for problem in problems:
        slot = problem.path.removeprefix("evidence.")
        path = slots.get(slot, problem.path) if slot != problem.path else problem.path
        found.append(FieldProblem(path, problem.code, problem.facts))
    return found


def _rescue(task_id: int, raw: Mapping[str, Any]) -> None:
    """The process cannot go on: what was typed stays with the task."""
    with context.house().database.transaction() as session:
        tasks.save_draft(session, context.actor(), task_id, raw)


def _lost(task_id: int, raw: Mapping[str, Any], conflict: Conflict) -> ResponseReturnValue:
    """Somebody else was first: told so, with everything typed to copy or to put into the case as a note."""
    subject = _open(task_id)
    typed = list(answers(_nodes(subject, raw)))
    title, text = error_words(conflict)
    facts = {"name": subject.task.name, "task": subject.task, "case": subject.case, "typed": typed, "place": place()}
    return render_template("desk/conflict.html", title=title, text=text, **facts), 409


@door.post_question("/tasks/<int:task_id>/form", needs=SIGNED_IN)
def refresh(task_id: int) -> ResponseReturnValue:
    """The fields again, with what stands in them now: some may appear or go."""
    subject = _open(task_id)
    require(context.actor(), "task.work", subject)
    raw = widgets.posted_without_files(_schema(subject.task))
    return render_template("desk/fields.html", nodes=_nodes(subject, raw))


@door.post_deed("/tasks/<int:task_id>/draft", needs=SIGNED_IN)
def save_draft(task_id: int) -> ResponseReturnValue:
    """Keep what is being typed; asked by the page itself."""
    subject = _open(task_id)
    raw = widgets.posted_without_files(_schema(subject.task))
    tasks.save_draft(context.session(), context.actor(), task_id, raw)
    return jsonify(at=hour(clock.now()))


@door.post_deed("/tasks/<int:task_id>/claim", needs=SIGNED_IN)
def claim(task_id: int) -> ResponseReturnValue:
    """It is mine from now on."""
    tasks.claim(context.session(), context.actor(), task_id)
    return redirect(url_for("tasks.show", task_id=task_id))


@door.post_deed("/tasks/<int:task_id>/release", needs=SIGNED_IN)
def release(task_id: int) -> ResponseReturnValue:
    """Give it back to its groups."""
    task = tasks.release(context.session(), context.actor(), task_id, request.form.get("reason", "")[:2000])
    flash(_("Given back: %(name)s.", name=task.name), "success")
    return redirect(place())


@door.post_deed("/tasks/<int:task_id>/hand", needs=SIGNED_IN)
def hand(task_id: int) -> ResponseReturnValue:
    """To somebody else: for good, or until it is done."""
    person = request.form.get("person", "")
    reason = request.form.get("reason", "")[:2000]
    deed = tasks.delegate if request.form.get("how") == "delegate" else tasks.transfer
    try:
        task = deed(context.session(), context.actor(), task_id, number_of(person) or 0, reason)
    except InvalidInput as error:
        context.rollback()
        for problem in error.problems:
            flash(problem_words(problem), "danger")
        return redirect(url_for("tasks.show", task_id=task_id, hand=1, _anchor="hand"))
    flash(_("Handed on: %(name)s.", name=task.name), "success")
    return redirect(place())


@door.post_deed("/tasks/<int:task_id>/send-back", needs=SIGNED_IN)
def send_back(task_id: int) -> ResponseReturnValue:
    """Hand a delegated task back to its owner, with what I entered."""
    subject = _open(task_id)
    raw = widgets.posted(_schema(subject.task)) if request.form.get("_submission") else None
    tasks.send_back(context.session(), context.actor(), task_id, raw, request.form.get("reason", "")[:2000])
    flash(_("Handed back."), "success")
    return redirect(place())
