"""Processes people start on a case by a button (extension, appeal …): the form first, then the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engine import cases, clock, forms
from engine.domain_functions import LIBRARY, host_for
from engine.errors import FieldProblem, InvalidInput, NotFound
from engine.permissions import require
from engine.storage import Case
from web import context, widgets
from web.doors import SIGNED_IN, Door
from web.pages.facts import case_facts

door = Door("actions", __name__)


def _case(case_id: int) -> Case:
    case = context.session().get(Case, case_id)
    if case is None:
        raise NotFound("no such case", case=case_id)
    require(context.actor(), "case.view", case)
    return case


@door.get_page("/cases/<int:case_id>/actions/<process_key>", needs=SIGNED_IN)
def show(case_id: int, process_key: str) -> ResponseReturnValue:
    """The form of an action before it starts."""
    return _action_page(_case(case_id), process_key, None, ())


def _action_page(case: Case, process_key: str, raw: Mapping[str, Any] | None, problems: Sequence[FieldProblem]) -> str:
    session, actor = context.session(), context.actor()
    definition = next((d for d in cases.actions_for(session, actor, case) if d.key == process_key), None)
    if definition is None:
        raise NotFound("no such action here", process=process_key)
    schema = cases.start_form(context.session(), definition)
    nodes = forms.present(
        schema,
        raw,
        problems=problems,
        host=host_for(session, case),
        library=LIBRARY,
        today=clock.city_time(clock.now()).date(),
        worded=widgets.plain_value,
    )
    labels = {field.path: field.label for field in forms.fields(schema)}
    return render_template(
        "case/action.html",
        case=case,
        definition=definition,
        nodes=widgets.titled(nodes, definition.name),
        problems=problems,
        labels=labels,
        decides=widgets.decides(schema),
        facts=case_facts(case),
    )


@door.post_deed("/cases/<int:case_id>/actions/<process_key>", needs=SIGNED_IN)
def start(case_id: int, process_key: str) -> ResponseReturnValue:
    """Start an action (extension, appeal …) on the case."""
    session, actor = context.session(), context.actor()
    case = _case(case_id)
    definition = next((d for d in cases.actions_for(session, actor, case) if d.key == process_key), None)
    raw = widgets.posted(cases.start_form(context.session(), definition)) if definition else {}
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
