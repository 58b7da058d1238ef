"""What a process may change about its case (the ``update-case`` connector): each field with its own meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, history, responsibility
from engine.cases.telling import hand_over, link
from engine.errors import ExecutionFailed
from engine.instances import case_changed, close_case, related_changed
from engine.permissions import Actor
from engine.storage import CASE_MAY_BECOME, ENDED, Case, CaseStatus

TEXTS = {
    "stage": 200,
    "route": 80,
    "urgency": 200,
    "close_condition": 5000,
    "decision_row": 80,
    "close_reason": 5000,
    "kind": 40,
    "category": 200,
    "sub_category": 200,
    "title": 200,
    "rule_version": 200,
}
UNKNOWN_CASE = "unknown_case"
NUMBERS = ("times_returned", "times_reworked")
FLAGS = ("emergency_active",)
FIELDS = (*TEXTS, *NUMBERS, *FLAGS, "facts", "responsible", "duplicate_of", "related", "status", "reason")


def update_case(session: Session, actor: Actor, case: Case, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change a locked case as its process says; answers what really changed (old values).

    Raises:
        ExecutionFailed: a field that is none, or a value it cannot take (kind ``bad_value``); a number that no case
            has (``UNKNOWN_CASE``).
    """
    unknown = sorted(set(changes) - set(FIELDS))
    if unknown:
        raise ExecutionFailed("a case has no such field", kind="bad_value", fields=", ".join(unknown))
    old: dict[str, Any] = {}
    for name, value in changes.items():
        if name in TEXTS:
            _set(case, old, name, _text(name, value))
        elif name in NUMBERS:
            _set(case, old, name, _number(name, value))
        elif name in FLAGS:
            _set(case, old, name, value is True)
    _merge_facts(case, old, changes.get("facts"))
    reason = str(changes.get("reason") or "")
    for name in ("related", "duplicate_of", "responsible", "status"):
        if changes.get(name) not in (None, ""):
            _SPECIAL[name](session, actor, case, changes[name], reason, old)
    if old:
        case.updated_at = clock.now()
        case.lock_version += 1
        session.flush()
        _tell(session, actor, case, old, reason)
        case_changed(session, case)
        if "title" in old:
            related_changed(session, case)
    return old


def _set(case: Case, old: dict[str, Any], name: str, value: Any) -> None:
    before = getattr(case, name)
    if before != value:
        old[name] = before
        setattr(case, name, value)


def _text(name: str, value: Any) -> str:
    text = "" if value is None else str(value)
    if isinstance(value, Mapping | list) or len(text) > TEXTS[name]:
        raise ExecutionFailed("the value does not fit the field", kind="bad_value", field=name, limit=TEXTS[name])
    return text


def _number(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10_000:
        raise ExecutionFailed("the value does not fit the field", kind="bad_value", field=name, value=str(value)[:100])
    return value


def _merge_facts(case: Case, old: dict[str, Any], facts: Any) -> None:
    if facts is None:
        return
    if not isinstance(facts, Mapping):
        raise ExecutionFailed("facts are a context", kind="bad_value", field="facts")
    fresh = {name: value for name, value in facts.items() if case.facts.get(name) != value}
    if fresh:
        old["facts"] = {name: case.facts.get(name) for name in fresh}
        case.facts = {**case.facts, **fresh}


def _become(session: Session, actor: Actor, case: Case, value: Any, reason: str, old: dict[str, Any]) -> None:
    try:
        status = CaseStatus(str(value))
    except ValueError as error:
        raise ExecutionFailed(
            "a case has no such status", kind="bad_value", field="status", value=str(value)
        ) from error
    if status is case.status:
        return
    if status not in ENDED or status not in CASE_MAY_BECOME[case.status]:
        raise ExecutionFailed(
            "the case cannot become that", kind="bad_value", field="status", was=case.status.value, value=status.value
        )
    # `case.ended` tells the history; the process goes on to its own end.
    close_case(session, actor, case, status, reason=reason or case.close_reason)


def _answer(session: Session, actor: Actor, case: Case, value: Any, reason: str, old: dict[str, Any]) -> None:
    wanted = value.get("code") if isinstance(value, Mapping) else value
    organisation = responsibility.resolve(session, str(wanted), case)
    hand_over(session, actor, case, organisation, reason or "process")


def _duplicate(session: Session, actor: Actor, case: Case, value: Any, reason: str, old: dict[str, Any]) -> None:
    original = _case(session, value, "duplicate_of")
    if original.id == case.id:
        raise ExecutionFailed("a case is no duplicate of itself", kind="bad_value", field="duplicate_of")
    if case.duplicate_of_id != original.id:
        old["duplicate_of"] = case.duplicate_of_id
        case.duplicate_of_id = original.id
        link(session, actor, case, original, "duplicate")


def _relate(session: Session, actor: Actor, case: Case, value: Any, reason: str, old: dict[str, Any]) -> None:
    for number in value if isinstance(value, list) else [value]:
        link(session, actor, case, _case(session, number, "related"), "related")


def _case(session: Session, value: Any, field: str) -> Case:
    number = value.get("number") if isinstance(value, Mapping) else value
    found = session.scalars(select(Case).where(Case.number == str(number))).one_or_none()
    if found is None:
        raise ExecutionFailed("no case has that number", kind=UNKNOWN_CASE, field=field, value=str(number)[:100])
    return found


_Special = Callable[[Session, Actor, Case, Any, str, dict[str, Any]], None]
_SPECIAL: dict[str, _Special] = {
    "related": _relate,
    "duplicate_of": _duplicate,
    "responsible": _answer,
    "status": _become,
}


def _tell(session: Session, actor: Actor, case: Case, old: dict[str, Any], reason: str) -> None:
    new = {name: getattr(case, name, None) for name in old if name not in {"facts", "duplicate_of"}}
    if "facts" in old:
        new["facts"] = {name: case.facts.get(name) for name in old["facts"]}
    if "duplicate_of" in old:
        new["duplicate_of"] = case.duplicate_of_id
    history.record(session, actor, case.id, "case.changed", old=old, new=new, reason=reason)
