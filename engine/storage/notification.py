"""What is told to people, and signals told to many cases at once."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, BigId, Code, Id, LongText, Name, choice

UNREAD = text("read_at IS NULL")


class BroadcastStatus(StrEnum):
    """A broadcast is spread over its cases by jobs until every one has had it, or stopped by a person."""

    SPREADING = "spreading"
    DONE = "done"
    STOPPED = "stopped"


class Notification(Base):
    """Something told to a person, or to whoever holds a role in an organisation. Kept as proof that it was told.

    Columns: id, case_id, task_id, person_id, role, organisation_id, receiver (person, role, organisation and address in
    one text, none of them NULL: with ``delivery_id`` it is told once), channel (app, mail, webhook, sms), address,
    title, body, delivery_id (of its job), created_at, read_at.
    """

    __tablename__ = "notification"

    id: Mapped[Id]
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("case.id"), index=True)
    task_id: Mapped[int | None] = mapped_column(BigId)
    person_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    role: Mapped[Code | None]
    organisation_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("organisation.id"))
    receiver: Mapped[str] = mapped_column(String(450), default="")
    channel: Mapped[Code] = mapped_column(default="app")
    address: Mapped[str] = mapped_column(String(300), default="")
    title: Mapped[Name]
    body: Mapped[LongText] = mapped_column(default="")
    delivery_id: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("delivery_id", "receiver"),
        Index(
            "ix_notification_unread",
            "person_id",
            sqlite_where=UNREAD,
            postgresql_where=UNREAD,
        ),
        Index(
            "ix_notification_unread_role",
            "role",
            "organisation_id",
            sqlite_where=UNREAD,
            postgresql_where=UNREAD,
        ),
    )


class Broadcast(Base):
    """One signal to every waiting case in its areas. Written when sent; its deliveries are jobs, so a crash loses none.

    Columns: id, name (of the signal), payload, areas (paths; empty = the whole city), sent_at, sent_by_id,
    sender_instance_id, total, delivered, skipped, status, finished_at, drill.
    """

    __tablename__ = "broadcast"

    id: Mapped[Id]
    name: Mapped[Name]
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    areas: Mapped[list[str]] = mapped_column(default=list)
    sent_at: Mapped[datetime]
    sent_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    sender_instance_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("process_instance.id"))
    total: Mapped[int] = mapped_column(default=0)
    delivered: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    status: Mapped[BroadcastStatus] = mapped_column(choice(BroadcastStatus), default=BroadcastStatus.SPREADING)
    finished_at: Mapped[datetime | None]
    drill: Mapped[bool] = mapped_column(default=False)
