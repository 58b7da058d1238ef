"""Processes people start on a case by a button (extension, appeal …): the form first, then the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engine import cases, clock, forms
from engine.domain_functions import LIBRARY, host_for
from engine.errors import Conflict, FieldProblem, InvalidInput, NotFound
from engine.permissions import require
from engine.storage import Case, ProcessDefinition
from web import context, widgets
from web.doors import SIGNED_IN, Door
from web.pages.answers import answers
from web.pages.desk import place
from web.pages.facts import case_facts
from web.wording import error_words

door = Door("actions", __name__)
Raw = Mapping[str, Any]


def _case(case_id: int) -> Case:
    case = context.session().get(Case, case_id)
    if case is None:
        raise NotFound("no such case", case=case_id)
    require(context.actor(), "case.view", case)
    return case


def _offered(case: Case, process_key: str) -> ProcessDefinition:
    found = cases.actions_for(context.session(), context.actor(), case)
    definition = next((each for each in found if each.key == process_key), None)
    if definition is None:
        raise NotFound("no such action here", process=process_key)
    return definition


def _nodes(
    case: Case, definition: ProcessDefinition, raw: Raw | None, problems: Sequence[FieldProblem] = ()
) -> list[forms.Node]:
    nodes = forms.present(
        cases.start_form(context.session(), definition),
        raw,
        problems=problems,
        host=host_for(context.session(), case),
        library=LIBRARY,
        today=clock.city_time(clock.now()).date(),
        worded=widgets.plain_value,
    )
    return widgets.titled(nodes, definition.name)


@door.get_page("/cases/<int:case_id>/actions/<process_key>", needs=SIGNED_IN)
def show(case_id: int, process_key: str) -> ResponseReturnValue:
    """The form of an action before it starts."""
    case = _case(case_id)
    return _page(case, _offered(case, process_key), None)


def _page(case: Case, definition: ProcessDefinition, raw: Raw | None, problems: Sequence[FieldProblem] = ()) -> str:
    schema = cases.start_form(context.session(), definition)
    return render_template(
        "case/action.html",
        case=case,
        definition=definition,
        nodes=_nodes(case, definition, raw, problems),
        problems=problems,
        labels={field.path: field.label for field in forms.fields(schema)},
        decides=widgets.decides(schema),
        facts=case_facts(case),
    )


@door.post_question("/cases/<int:case_id>/actions/<process_key>/form", needs=SIGNED_IN)
def refresh(case_id: int, process_key: str) -> ResponseReturnValue:
    """The fields again, with what stands in them now: some may appear or go."""
    case = _case(case_id)
    definition = _offered(case, process_key)
    raw = widgets.posted_without_files(cases.start_form(context.session(), definition))
    return render_template("desk/fields.html", nodes=_nodes(case, definition, raw))


@door.post_deed("/cases/<int:case_id>/actions/<process_key>", needs=SIGNED_IN)
def start(case_id: int, process_key: str) -> ResponseReturnValue:
    """Start an action (extension, appeal …) on the case."""
    session, actor, case = context.session(), context.actor(), _case(case_id)
    definition = cases.action(session, process_key)
    schema = cases.start_form(session, definition)
    try:
        raw = widgets.posted(schema)
    except InvalidInput as error:
        context.rollback()
        return _page(_case(case_id), definition, widgets.posted_without_files(schema), error.problems), 422
    act = request.form.get("_act", "")
    if act.startswith(("add:", "drop:")) or act == "refresh":
        return _page(case, definition, raw)
    try:
        instance = cases.start_action(session, actor, case_id, process_key, raw)
    except InvalidInput as error:
        context.rollback()
        return _page(_case(case_id), definition, raw, error.problems), 422
    except Conflict as conflict:
        context.rollback()
        return _lost(_case(case_id), definition, raw, conflict)
    context.kick(instance.id)
    flash(_("Started: %(name)s.", name=definition.name), "success")
    return redirect(url_for("cases.show", case_id=case_id))


def _lost(case: Case, definition: ProcessDefinition, raw: Raw, conflict: Conflict) -> ResponseReturnValue:
    """The case went on meanwhile: told so, with everything typed to copy or to put into the case as a note."""
    typed = list(answers(_nodes(case, definition, raw)))
    title, text = error_words(conflict)
    facts = {"name": definition.name, "case": case, "typed": typed, "place": place()}
    return render_template("desk/conflict.html", title=title, text=text, **facts), 409
