"""Review by a second person, and publishing: now, at a date, or by two people together over a red check."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.deployments import NO_MORE, deploy
from engine.drafts.editing import move
from engine.drafts.files import files_of, published_files
from engine.drafts.findings import findings, is_blocked
from engine.drafts.opening import LIVING
from engine.drafts.removing import gone, taken_out_scenarios
from engine.drafts.versions import retire_all
from engine.errors import Conflict, DeploymentRejected, FieldProblem, InvalidInput, NotAllowed
from engine.history import record
from engine.permissions import Actor, require
from engine.settings import Settings
from engine.storage import Deployment, Draft, DraftRevision, DraftState, lock


def request_review(session: Session, actor: Actor, draft_id: int, note: str, settings: Settings) -> Draft:
    """Hand the draft to a second person; it is not edited until they have decided.

    Raises:
        NotAllowed, NotFound, Conflict; DeploymentRejected: the checks, policies or scenarios are red.
    """
    require(actor, "deployment.draft")
    draft = lock(session, Draft, draft_id)
    _refuse_red(session, draft, settings)
    move(draft, DraftState.IN_REVIEW)
    draft.requested_at, draft.requested_by_id, draft.request_note = clock.now(), actor.person_id, note
    draft.decided_at, draft.decided_by_id, draft.decision_note = None, None, ""
    note_deed(session, actor, draft, "draft.review_requested", note)
    return draft


def approve(
    session: Session,
    actor: Actor,
    draft_id: int,
    settings: Settings,
    note: str = "",
    publish_at: datetime | None = None,
) -> Draft:
    """A second person lets the draft through; it is published at once, or by the worker at ``publish_at``.

    Raises:
        NotAllowed: no right to review, or the actor edited or requested it themselves.
        Conflict, DeploymentRejected, InvalidInput: the date lies behind us.
    """
    draft = _under_review(session, actor, draft_id)
    if publish_at is not None and publish_at <= clock.now():
        raise InvalidInput("the date lies behind us", [FieldProblem("publish_at", "in_the_past")])
    _refuse_red(session, draft, settings)
    move(draft, DraftState.APPROVED)
    draft.decided_at, draft.decided_by_id, draft.decision_note = clock.now(), actor.person_id, note
    draft.publish_at = publish_at
    note_deed(session, actor, draft, "draft.approved", note)
    if publish_at is None:
        publish(session, actor, draft, settings)
    return draft


def send_back(session: Session, actor: Actor, draft_id: int, note: str) -> Draft:
    """Return the draft to its editors with what is to be changed; also takes an approval for a later date back.

    Raises:
        NotAllowed, Conflict; InvalidInput: without a reason.
    """
    require(actor, "deployment.review")
    if not note.strip():
        raise InvalidInput("say what is to be changed", [FieldProblem("note", "required")])
    draft = lock(session, Draft, draft_id)
    move(draft, DraftState.EDITING)
    draft.decided_at, draft.decided_by_id, draft.decision_note = clock.now(), actor.person_id, note
    draft.publish_at, draft.override_reason, draft.override_by_ids = None, "", []
    note_deed(session, actor, draft, "draft.sent_back", note)
    return draft


def override(session: Session, actor: Actor, draft_id: int, reason: str) -> Draft:
    """Add one's name to letting a red policy through; two different people with the right are needed.

    Errors that would not run can never be overridden, and every later save takes the names away again.

    Raises:
        NotAllowed; Conflict: the same person twice, or the draft is over; InvalidInput: without a reason.
    """
    require(actor, "deployment.override")
    if not reason.strip():
        raise InvalidInput("say why the policy may be broken", [FieldProblem("reason", "required")])
    draft = lock(session, Draft, draft_id)
    if draft.state not in LIVING:
        raise Conflict("the draft is over", kind="stale", draft=draft_id, state=draft.state.value)
    assert actor.person_id is not None, "only people have the right"
    if actor.person_id in draft.override_by_ids:
        raise Conflict("the second name must be another person's", kind="duplicate", draft=draft_id)
    draft.override_reason = "\n".join(filter(None, [draft.override_reason, reason]))
    draft.override_by_ids = [*draft.override_by_ids, actor.person_id]
    draft.lock_version += 1
    note_deed(session, actor, draft, "draft.policy_overridden", reason)
    return draft


def publish(session: Session, actor: Actor, draft: Draft, settings: Settings) -> Deployment | None:
    """Make the approved draft the newest version; running cases keep theirs. What it no longer brings is retired.

    Raises:
        Conflict: ``stale`` when somebody published one of its files since it began; DeploymentRejected.
    """
    files = files_of(session, draft)
    now_published = published_files(session, {*files, *draft.base})
    changed = [p for p, f in now_published.items() if draft.base.get(p) != f.sha256 and files.get(p) != f.content]
    if changed:
        raise Conflict("published again since the draft began", kind="stale", paths=sorted(changed))
    _refuse_red(session, draft, settings)
    lost = gone(session, draft)
    ended = dict.fromkeys(taken_out_scenarios(session, draft), NO_MORE)
    deployment = None
    if files or ended:
        deployment = deploy(session, actor, {**files, **ended}, name=draft.bundle, source="workbench")
    retire_all(session, actor, lost, draft.request_note)
    move(draft, DraftState.PUBLISHED)
    draft.published_at = clock.now()
    if deployment is not None:
        draft.deployment_id = deployment.id
        deployment.approved_by_id = draft.decided_by_id
        deployment.note = draft.request_note
    note_deed(session, actor, draft, "draft.published", draft.request_note)
    return deployment


def authors(session: Session, draft: Draft) -> set[int]:
    """Everybody who opened the draft, saved any version of any of its files, or asked for its review."""
    saved = session.scalars(select(DraftRevision.saved_by_id).where(DraftRevision.draft_id == draft.id).distinct())
    people = {draft.requested_by_id, draft.created_by_id, draft.updated_by_id, *saved}
    return {person_id for person_id in people if person_id is not None}


def _under_review(session: Session, actor: Actor, draft_id: int) -> Draft:
    require(actor, "deployment.review")
    draft = lock(session, Draft, draft_id)
    if actor.person_id in authors(session, draft):
        raise NotAllowed("a second person must review a draft", deed="deployment.review", subject=f"draft {draft.id}")
    return draft


def _refuse_red(session: Session, draft: Draft, settings: Settings) -> None:
    problems = findings(session, draft, settings)
    if is_blocked(problems, draft):
        raise DeploymentRejected([p for p in problems if p.severity == "error"])


def note_deed(session: Session, actor: Actor, draft: Draft, kind: str, reason: str) -> None:
    """A line in the draft's history."""
    record(session, actor, None, kind, subject=draft.bundle, reason=reason, details={"draft": draft.id})
