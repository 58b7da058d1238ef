"""Drafts approved for a date: checked again when it comes, published, or given back to those who have to know."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.connectors.telling import tell
from engine.drafts.editing import move
from engine.drafts.findings import outcomes
from engine.drafts.publishing import note_deed, publish
from engine.errors import Conflict, DeploymentRejected, Problem
from engine.permissions import Actor
from engine.reference import data
from engine.settings import Settings
from engine.storage import Database, Draft, DraftState, lock

SYSTEM = Actor.system("publish_due")


def publish_due(database: Database, settings: Settings, limit: int = 10) -> int:
    """Publish the approved drafts whose date has come; for the worker. Answers how many were published.

    Their scenarios run first, in a look that only reads, so that nobody waits for them.
    """
    due = (
        select(Draft)
        .where(Draft.state == DraftState.APPROVED, Draft.publish_at <= clock.now())
        .order_by(Draft.publish_at)
        .limit(limit)
    )
    with database.reading() as session:
        found = session.scalars(due).all()
        for draft in found:
            outcomes(session, draft, settings)
        ids = [draft.id for draft in found]
    published = 0
    for identity in ids:
        with database.transaction() as session:
            published += _publish_one(session, settings, identity)
    return published


def _publish_one(session: Session, settings: Settings, draft_id: int) -> bool:
    draft = lock(session, Draft, draft_id)
    if draft.state is not DraftState.APPROVED:
        return False  # another worker was quicker, or somebody took the approval back
    try:
        with session.begin_nested():
            publish(session, SYSTEM, draft, settings)
    except (Conflict, DeploymentRejected) as error:
        _give_back(session, settings, draft, error)
        return False
    return True


def _give_back(session: Session, settings: Settings, draft: Draft, error: Conflict | DeploymentRejected) -> None:
    """What was approved for today cannot be published any more: somebody has to look at it again, and is told."""
    session.refresh(draft)
    move(draft, DraftState.EDITING)
    draft.publish_at = None
    problems = getattr(error, "problems", ())
    why = "; ".join(_line(problem) for problem in problems) or str(error)
    note_deed(session, SYSTEM, draft, "draft.publish_failed", why)
    words = data("notices.yaml")["draft.publish_failed"]
    title = words.get(settings.locale, words["zh"]).format(name=draft.title or draft.bundle)
    for person_id in {draft.requested_by_id, draft.updated_by_id, draft.decided_by_id} - {None}:
        told = f"draft:{draft.id}:{draft.lock_version}"
        tell(session, settings, title=title, body=draft.request_note, person_id=person_id, delivery_id=told)


def _line(problem: Problem) -> str:
    what = problem.facts.get("name") or problem.element_name or problem.element_id or problem.file
    return f"{problem.code}: {what} {problem.facts.get('reason', '')}".strip()
