"""The workbench's drafts: bundles being edited, every saved version of their files, reviews, and the policies."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, BigId, Code, Id, LongText, Name, Sha256, choice


class DraftState(StrEnum):
    """A draft is edited, waits for a second person, is approved, and is then published or abandoned."""

    EDITING = "editing"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    PUBLISHED = "published"
    ABANDONED = "abandoned"


DRAFT_MAY_BECOME: dict[DraftState, frozenset[DraftState]] = {
    DraftState.EDITING: frozenset({DraftState.IN_REVIEW, DraftState.ABANDONED}),
    DraftState.IN_REVIEW: frozenset({DraftState.EDITING, DraftState.APPROVED}),
    DraftState.APPROVED: frozenset({DraftState.EDITING, DraftState.PUBLISHED}),
    DraftState.PUBLISHED: frozenset(),
    DraftState.ABANDONED: frozenset(),
}
LIVE = text("state IN ('editing', 'in_review', 'approved')")


class Draft(Base):
    """A bundle being changed. Written when a designer opens one; at most one living draft per bundle; never removed.

    Columns: id, bundle (folder name), title, state, base (path to sha256 of the published file it began from),
    created_at, created_by_id, updated_at, updated_by_id, requested_at, requested_by_id, request_note, decided_at,
    decided_by_id, decision_note, override_reason, override_by_ids (the two who let it through red), publish_at (a date
    ahead), published_at, deployment_id, report (what an import mapped and dropped), lock_version.
    """

    __tablename__ = "draft"

    id: Mapped[Id]
    bundle: Mapped[Code] = mapped_column(index=True)
    title: Mapped[Name] = mapped_column(default="")
    state: Mapped[DraftState] = mapped_column(choice(DraftState), default=DraftState.EDITING)
    base: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    updated_at: Mapped[datetime]
    updated_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    requested_at: Mapped[datetime | None]
    requested_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    request_note: Mapped[LongText] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    decision_note: Mapped[LongText] = mapped_column(default="")
    override_reason: Mapped[LongText] = mapped_column(default="")
    override_by_ids: Mapped[list[int]] = mapped_column(default=list)
    publish_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    deployment_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("deployment.id"))
    report: Mapped[list[Any]] = mapped_column(default=list)
    lock_version: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        Index("uq_draft_living", "bundle", unique=True, sqlite_where=LIVE, postgresql_where=LIVE),
        Index("ix_draft_publish_at", "publish_at", sqlite_where=LIVE, postgresql_where=LIVE),
    )


class DraftFile(Base):
    """A file of a draft as it is now; ``content`` None means it is taken out. Written by every save.

    Columns: id, draft_id, path, kind (bpmn, dmn, form, scenario), content, sha256, revision (the newest).
    """

    __tablename__ = "draft_file"

    id: Mapped[Id]
    draft_id: Mapped[int] = mapped_column(BigId, ForeignKey("draft.id"))
    path: Mapped[str] = mapped_column(String(300))
    kind: Mapped[Code]
    content: Mapped[bytes | None]
    sha256: Mapped[Sha256] = mapped_column(default="")
    revision: Mapped[int] = mapped_column(default=0)

    __table_args__ = (UniqueConstraint("draft_id", "path"),)


class DraftRevision(Base):
    """One saved version of a draft's file, to go back to. Autosaves of one person within a few minutes share a row.

    Columns: id, draft_id, path, revision, content (None: taken out), saved_at, saved_by_id, note.
    """

    __tablename__ = "draft_revision"

    id: Mapped[Id]
    draft_id: Mapped[int] = mapped_column(BigId, ForeignKey("draft.id"))
    path: Mapped[str] = mapped_column(String(300))
    revision: Mapped[int]
    content: Mapped[bytes | None]
    saved_at: Mapped[datetime]
    saved_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    note: Mapped[LongText] = mapped_column(default="")

    __table_args__ = (UniqueConstraint("draft_id", "path", "revision"),)


class Policy(Base):
    """A rule every diagram must keep. Reference data that a designer with the right adds to.

    Columns: code, name, name_en, applies (FEEL over one element: where the rule applies), holds (FEEL: what must hold),
    why, why_en, severity (error, warning), valid_from, active, source, created_by_id.
    """

    __tablename__ = "policy"

    code: Mapped[Code] = mapped_column(primary_key=True)
    name: Mapped[Name]
    name_en: Mapped[Name] = mapped_column(default="")
    applies: Mapped[LongText]
    holds: Mapped[LongText]
    why: Mapped[LongText] = mapped_column(default="")
    why_en: Mapped[LongText] = mapped_column(default="")
    severity: Mapped[Code] = mapped_column(default="error")
    valid_from: Mapped[date | None] = mapped_column(Date)
    active: Mapped[bool] = mapped_column(default=True)
    source: Mapped[LongText] = mapped_column(default="")
    created_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
