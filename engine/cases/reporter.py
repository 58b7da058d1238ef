"""Who reported a case: kept apart from it, masked on pages, and looked at as a deed that the record tells."""

from __future__ import annotations

from sqlalchemy.orm import Session

from engine import history
from engine.errors import NotFound
from engine.permissions import Actor, require
from engine.storage import Case, CaseReporter


def look_at_reporter(session: Session, actor: Actor, case_id: int) -> CaseReporter:
    """Name and telephone of who reported, for those who call back or need to know; who looked is recorded.

    Raises:
        NotFound: no such case, or nobody is known. NotAllowed.
    """
    case = session.get(Case, case_id)
    row = session.get(CaseReporter, case_id)
    if case is None or row is None or row.anonymous or row.forgotten_at is not None:
        raise NotFound("no reporter is known", case=case_id)
    require(actor, "case.view", case)
    if row.person_id is None or row.person_id != actor.person_id:
        require(actor, "case.personal", case)
        history.record(session, actor, case.id, "reporter.seen", **_standing(actor, case))
    return row


def _standing(actor: Actor, case: Case) -> history.Facts:
    """The role and organisation the right comes from."""
    grant = next(
        (each for each in actor.grants if "case.personal" in each.deeds and each.reaches(case.area_path)), None
    )
    return {"role": grant.role, "organisation_id": grant.organisation_id} if grant else {}
