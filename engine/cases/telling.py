"""Notes, links between cases, and who answers for one by decision of a person."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, history, responsibility
from engine.errors import Conflict, FieldProblem, InvalidInput, NotFound
from engine.instances import case_changed
from engine.permissions import Actor, require
from engine.storage import ENDED, Case, CaseLink, Note, Organisation, lock

LONGEST_NOTE = 5000


def add_note(session: Session, actor: Actor, case_id: int, text: str, *, task_id: int | None = None) -> Note:
    """Write a remark into the case.

    Raises:
        NotFound, NotAllowed. InvalidInput: nothing was written, or too much.
    """
    case = session.get(Case, case_id)
    if case is None:
        raise NotFound("no such case", case=case_id)
    require(actor, "case.note", case)
    text = text.strip()
    if not text:
        raise InvalidInput("the note is empty", [FieldProblem("text", "required")])
    if len(text) > LONGEST_NOTE:
        raise InvalidInput("the note is too long", [FieldProblem("text", "too_long", {"limit": LONGEST_NOTE})])
    note = Note(
        case_id=case_id,
        task_id=task_id,
        author_id=actor.person_id,
        written_at=clock.now(),
        text=text,
    )
    session.add(note)
    session.flush()
    history.record(session, actor, case_id, "case.noted", task_id=task_id, details={"note": note.id})
    return note


def assign(session: Session, actor: Actor, case_id: int, organisation_id: int, reason: str) -> Case:
    """Make another organisation answer for the case, by decision of a person.

    Raises:
        NotFound, NotAllowed. InvalidInput: no reason, no such organisation. Conflict: the case has ended.
    """
    case = lock(session, Case, case_id)
    require(actor, "case.assign", case)
    if case.status in ENDED:
        raise Conflict("the case has ended", kind="ended", case=case.number)
    organisation = session.get(Organisation, organisation_id)
    problems = [] if reason.strip() else [FieldProblem("reason", "required")]
    if organisation is None or not organisation.active:
        problems.append(FieldProblem("organisation", "unknown_organisation"))
    if problems or organisation is None:
        raise InvalidInput("the case cannot be assigned like that", problems)
    hand_over(session, actor, case, organisation, reason)
    return case


def hand_over(session: Session, actor: Actor, case: Case, organisation: Organisation, reason: str) -> None:
    """Make ``organisation`` answer for the case and tell the history; nothing when it does already."""
    old = case.responsible_organisation_id
    if responsibility.assign(session, actor, case, organisation, reason):
        history.record(
            session,
            actor,
            case.id,
            "case.assigned",
            old={"organisation": old},
            new={"organisation": organisation.id, "name": organisation.name},
            reason=reason,
        )
        case_changed(session, case)


def link(session: Session, actor: Actor, case: Case, other: Case, kind: str) -> None:
    """Say that two cases belong together; saying it twice changes nothing."""
    known = session.scalar(
        select(CaseLink.id).where(
            CaseLink.case_id == case.id, CaseLink.other_case_id == other.id, CaseLink.kind == kind
        )
    )
    if known is None and case.id != other.id:
        session.add(CaseLink(case_id=case.id, other_case_id=other.id, kind=kind, created_at=clock.now()))
        session.flush()
        history.record(session, actor, case.id, "case.linked", details={"other": other.number, "kind": kind})
        for one in (case, other):
            case_changed(session, one)
