"""The matter itself: the folder on the shelf. Runs of diagrams for it are ``instance.ProcessInstance``."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, BigId, Code, Id, LongText, Name, choice


class CaseStatus(StrEnum):
    """The states of a case; ``CASE_MAY_BECOME`` says what may follow what."""

    OPEN = "open"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    VOID = "void"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"


ENDED = frozenset({CaseStatus.CLOSED, CaseStatus.VOID, CaseStatus.REJECTED, CaseStatus.DUPLICATE})
CASE_MAY_BECOME: dict[CaseStatus, frozenset[CaseStatus]] = {
    CaseStatus.OPEN: frozenset({CaseStatus.SUSPENDED}) | ENDED,
    CaseStatus.SUSPENDED: frozenset({CaseStatus.OPEN, CaseStatus.VOID}),
    CaseStatus.CLOSED: frozenset({CaseStatus.OPEN}),
    CaseStatus.VOID: frozenset(),
    CaseStatus.REJECTED: frozenset({CaseStatus.OPEN}),
    CaseStatus.DUPLICATE: frozenset({CaseStatus.OPEN}),
}


class Case(Base):
    """One matter from report to close. Written by ``intake.open_case``; never removed.

    Columns: id, number (gap-free per day and prefix), public_id (random, for links outside), status, stage (what
    the public sees), route, service_type (code), kind, category, sub_category (names), title, description, urgency,
    channel, reported_at, opened_at, closed_at, area_id (the smallest known), area_path (its path, for "lies
    inside"), district, street, community, grid (names as known), place_text, longitude, latitude, inside_city,
    responsible_organisation_id (never empty while open or suspended: the database refuses it), close_condition,
    decision_row, close_reason, times_returned, times_reworked, parent_id, duplicate_of_id, emergency_active, drill,
    facts (what connectors and processes add; JSON), rule_version, created_by_id, submission (the token of the form
    that was sent: sending it twice opens one case), lock_version, updated_at.
    """

    __tablename__ = "case"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(60), unique=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    status: Mapped[CaseStatus] = mapped_column(choice(CaseStatus), default=CaseStatus.OPEN)
    stage: Mapped[Name] = mapped_column(default="")
    route: Mapped[Code | None]
    service_type: Mapped[Code] = mapped_column(ForeignKey("service_type.code"))
    kind: Mapped[str] = mapped_column(String(40), default="")
    category: Mapped[Name] = mapped_column(default="")
    sub_category: Mapped[Name] = mapped_column(default="")
    title: Mapped[Name]
    description: Mapped[LongText] = mapped_column(default="")
    urgency: Mapped[Name] = mapped_column(default="")
    channel: Mapped[Name] = mapped_column(default="")
    reported_at: Mapped[datetime]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    area_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("area.id"))
    area_path: Mapped[str] = mapped_column(String(400), default="", index=True)
    district: Mapped[Name] = mapped_column(default="")
    street: Mapped[Name] = mapped_column(default="")
    community: Mapped[Name] = mapped_column(default="")
    grid: Mapped[Name] = mapped_column(default="")
    place_text: Mapped[LongText] = mapped_column(default="")
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    inside_city: Mapped[bool] = mapped_column(default=True)
    responsible_organisation_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("organisation.id"), index=True)
    close_condition: Mapped[LongText] = mapped_column(default="")
    decision_row: Mapped[Code] = mapped_column(default="")
    close_reason: Mapped[LongText] = mapped_column(default="")
    times_returned: Mapped[int] = mapped_column(default=0)
    times_reworked: Mapped[int] = mapped_column(default=0)
    parent_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("case.id"), index=True)
    duplicate_of_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("case.id"), index=True)
    emergency_active: Mapped[bool] = mapped_column(default=False)
    drill: Mapped[bool] = mapped_column(default=False)
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    rule_version: Mapped[Name] = mapped_column(default="")
    created_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    submission: Mapped[Code | None]
    lock_version: Mapped[int] = mapped_column(default=0)
    updated_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(
            "status NOT IN ('open', 'suspended') OR responsible_organisation_id IS NOT NULL",
            name="open_case_has_a_party",
        ),
        CheckConstraint("status <> 'duplicate' OR duplicate_of_id IS NOT NULL", name="duplicate_names_the_original"),
        UniqueConstraint("created_by_id", "submission"),
        Index(None, "status", "reported_at"),
        Index(None, "service_type", "sub_category", "reported_at"),
    )


class CaseReporter(Base):
    """Who reported, kept apart so that it can be masked and forgotten by itself. Written with the case, one or none.

    Columns: case_id, person_id (a member of staff who reported), name, phone, locale, wants_reply, anonymous,
    forgotten_at (when retention emptied it).
    """

    __tablename__ = "case_reporter"

    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case.id"), primary_key=True)
    person_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    name: Mapped[Name] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    locale: Mapped[str] = mapped_column(String(10), default="")
    wants_reply: Mapped[bool] = mapped_column(default=False)
    anonymous: Mapped[bool] = mapped_column(default=False)
    forgotten_at: Mapped[datetime | None]


class CaseLink(Base):
    """Two cases belong together (``related``, ``follow_up`` …).

    Columns: id, case_id, other_case_id, kind, created_at.
    """

    __tablename__ = "case_link"

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case.id"))
    other_case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case.id"), index=True)
    kind: Mapped[Code]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("case_id", "other_case_id", "kind"),)


class ResponsiblePeriod(Base):
    """An organisation answered for a case from ``since`` until ``until`` (None: now). Never removed.

    At most one running period per case (unique index); that there is one at all is the check on ``case``.
    Columns: id, case_id, organisation_id, since, until, reason, assigned_by_id.
    """

    __tablename__ = "responsible_period"

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case.id"))
    organisation_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"), index=True)
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    reason: Mapped[LongText] = mapped_column(default="")
    assigned_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))

    __table_args__ = (
        Index(None, "case_id", "since"),
        Index(
            "uq_responsible_period_running",
            "case_id",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
    )


class CaseNumberCounter(Base):
    """The last number given out for a prefix on a day. Its row is locked until the case commits: no gaps.

    Columns: prefix, day, last.
    """

    __tablename__ = "case_number_counter"

    prefix: Mapped[str] = mapped_column(String(40), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    last: Mapped[int]


class Note(Base):
    """A remark people add to a case. Never changed.

    Columns: id, case_id, task_id, author_id, written_at, text.
    """

    __tablename__ = "note"

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case.id"), index=True)
    task_id: Mapped[int | None] = mapped_column(BigId)
    author_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    written_at: Mapped[datetime]
    text: Mapped[LongText]
