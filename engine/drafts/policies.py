"""The rules every diagram keeps, as rows: FEEL says where each applies and what must hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine import clock
from engine.bpmn.model import Drawing, Element
from engine.bpmn.nodes import text_list
from engine.bpmn.program import read_definitions
from engine.domain_functions import expression_limits
from engine.drafts.files import published_files
from engine.errors import Conflict, FieldProblem, InvalidInput, NotFound, Problem
from engine.feel import FeelError, FeelSyntaxError, Host, compile_expression
from engine.history import record
from engine.instances.limits import limits
from engine.permissions import Actor, require
from engine.storage import Policy, Role

BROKEN = "policy_broken"
SEVERITIES = ("error", "warning")


def policy_problems(session: Session, files: Mapping[str, bytes]) -> list[Problem]:
    """Every place where a diagram of ``files`` breaks an active policy; called processes are found where published."""
    policies = active_policies(session)
    own = drawings_of(files)
    if not policies or not own:
        return []
    others = drawings_of({path: file.content for path, file in published_files(session).items() if path not in files})
    every = {drawing.key: drawing for drawing in [*others, *own]}
    sides = {row.code: row.side for row in session.execute(select(Role.code, Role.side))}
    problems: list[Problem] = []
    for drawing in own:
        elements = [facts_of(e, drawing, sides) for e in drawing.elements.values()]
        process = _process_facts(drawing, every, sides, elements)
        for facts in elements:
            problems += [_problem(p, drawing, facts) for p in policies if not _keeps(p, facts, process)]
    return problems


def active_policies(session: Session) -> list[Policy]:
    """The policies in force today."""
    today = clock.city_time(clock.now()).date()
    return list(
        session.scalars(
            select(Policy)
            .where(Policy.active, or_(Policy.valid_from.is_(None), Policy.valid_from <= today))
            .order_by(Policy.code)
        )
    )


def save_policy(session: Session, actor: Actor, code: str, fields: Mapping[str, Any]) -> Policy:
    """Add a policy or change one.

    Raises:
        NotAllowed; InvalidInput: an expression is no FEEL, or a field is missing.
    """
    require(actor, "policy.edit")
    problems = [FieldProblem(name, "required") for name in ("name", "applies", "holds", "why") if not fields.get(name)]
    for name in ("applies", "holds"):
        try:
            compile_expression(str(fields.get(name) or "true"))
        except FeelSyntaxError as error:
            problems.append(FieldProblem(name, "not_feel", {"reason": _both(error), "position": error.position}))
    if fields.get("severity", "error") not in SEVERITIES:
        problems.append(FieldProblem("severity", "not_an_option"))
    if problems:
        raise InvalidInput("the policy cannot be saved", problems)
    policy = session.get(Policy, code)
    old = None
    if policy is None:
        policy = Policy(code=code, created_by_id=actor.person_id)
        session.add(policy)
    else:
        old = {name: getattr(policy, name) for name in fields if hasattr(policy, name)}
    for name in ("name", "name_en", "applies", "holds", "why", "why_en", "severity", "source", "active"):
        if name in fields:
            setattr(policy, name, fields[name])
    session.flush()
    record(session, actor, None, "policy.saved", subject=code, old=old, new=dict(fields))
    return policy


def drawings_of(files: Mapping[str, bytes]) -> list[Drawing]:
    """The processes drawn in ``files``; what cannot be read is the check's to report."""
    return [
        drawing for path, content in files.items() if path.endswith(".bpmn") for drawing in _drawings(path, content)
    ]


@lru_cache(maxsize=400)
def _drawings(path: str, content: bytes) -> tuple[Drawing, ...]:
    """Reading is the same for the same bytes: the published files are read once, not for every check."""
    definitions, _ = read_definitions({path: content}, limits())
    return tuple(drawing for definition in definitions for drawing in definition.drawings)


def facts_of(element: Element, drawing: Drawing, sides: Mapping[str, str]) -> dict[str, Any]:
    """What a policy may ask about one element."""
    groups = list(text_list(element.candidate_groups))
    properties = element.properties
    return {
        "id": element.id,
        "type": element.type,
        "name": element.name,
        "lane": element.lane,
        "documentation": element.documentation,
        "groups": groups,
        "sides": sorted({sides[group] for group in groups if group in sides}),
        "assigned": bool(element.assignee or element.candidate_users or element.candidate_groups.startswith("=")),
        "form": element.form_id,
        "limit": properties.get("limit", ""),
        "warn": properties.get("warn", ""),
        "escalate_to": properties.get("escalateTo", ""),
        "stage": properties.get("stage", ""),
        "responsible": properties.get("responsible", ""),
        "independent_of": properties.get("independentOf", ""),
        "connector": element.task_type,
        "decision": element.decision_id,
        "called": element.called_process,
        "event": element.event.kind if element.event else "",
        "event_name": element.event.name if element.event else "",
        "in_event_subprocess": element.triggered_by_event or _inside_event_subprocess(element, drawing),
        "properties": dict(properties),
    }


def _inside_event_subprocess(element: Element, drawing: Drawing) -> bool:
    parent = drawing.elements.get(element.parent)
    return parent is not None and (parent.triggered_by_event or _inside_event_subprocess(parent, drawing))


def _process_facts(
    drawing: Drawing, every: Mapping[str, Drawing], sides: Mapping[str, str], elements: list[dict[str, Any]]
) -> dict[str, Any]:
    properties = drawing.process.properties
    reach = [facts_of(e, d, sides) for d in _called(drawing, every) for e in d.elements.values()]
    return {
        "key": drawing.key,
        "name": drawing.process.name,
        "kind": properties.get("kind", "service"),
        "service_type": properties.get("serviceType", ""),
        "elements": elements,
        "reach": reach,
        "connectors": sorted({e["connector"] for e in elements if e["connector"]}),
    }


def _called(drawing: Drawing, every: Mapping[str, Drawing]) -> Iterable[Drawing]:
    """The process itself and all it calls, each once."""
    seen: dict[str, Drawing] = {}
    waiting = [drawing]
    while waiting:
        current = waiting.pop()
        if current.key in seen:
            continue
        seen[current.key] = current
        names = {e.called_process for e in current.elements.values() if e.called_process}
        waiting += [every[name] for name in names if name in every]
    return seen.values()


def _keeps(policy: Policy, element: Mapping[str, Any], process: Mapping[str, Any]) -> bool:
    """Whether the element keeps the policy (or the policy does not speak of it).

    Raises:
        InvalidInput: the policy itself cannot be evaluated.
    """
    scope = {"element": element, "process": process}
    host = Host(now=clock.now(), limits=expression_limits())
    try:
        if compile_expression(policy.applies).evaluate(scope, host) is not True:
            return True
        return compile_expression(policy.holds).evaluate(scope, host) is True
    except FeelError as error:
        problem = FieldProblem(policy.code, "not_feel", {"reason": _both(error)})
        raise InvalidInput("a policy cannot be evaluated", [problem]) from error


def _both(error: FeelError) -> dict[str, str]:
    return {"zh": error.text("zh"), "en": error.text("en")}


def _problem(policy: Policy, drawing: Drawing, element: Mapping[str, Any]) -> Problem:
    drawn = drawing.elements[element["id"]]
    facts = {
        "policy": policy.code,
        "name": policy.name,
        "name_en": policy.name_en or policy.name,
        "why": policy.why,
        "why_en": policy.why_en or policy.why,
    }
    return Problem(BROKEN, drawing.file, drawn.id, drawn.name, drawn.line, facts, policy.severity)


def retire_policy(session: Session, actor: Actor, code: str, reason: str) -> None:
    """Take a policy out of force.

    Raises:
        NotAllowed, NotFound, Conflict: it is out of force already.
    """
    require(actor, "policy.edit")
    policy = session.get(Policy, code)
    if policy is None:
        raise NotFound("no such policy", code=code)
    if not policy.active:
        raise Conflict("the policy is out of force already", kind="ended", code=code)
    policy.active = False
    record(session, actor, None, "policy.retired", subject=code, reason=reason)
