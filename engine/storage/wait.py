"""What instances wait for, besides people: timers and events."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, BigId, Code, Id, LongText, Name, choice

TAKEN = text("lease_until IS NOT NULL")


class SubscriptionKind(StrEnum):
    """What can be awaited from outside."""

    MESSAGE = "message"
    SIGNAL = "signal"
    CONDITIONAL = "conditional"


class Timer(Base):
    """A waiting timer. Written after a step, removed when fired or withdrawn; the row is the queue.

    Columns: id, instance_id, case_id, key (the execution's), element_id, due_at, cycle (what is left of a cycle),
    attempts, lease_owner, lease_until (claimed by a worker until then), created_at.
    """

    __tablename__ = "timer"

    id: Mapped[Id]
    instance_id: Mapped[int] = mapped_column(BigId, ForeignKey("process_instance.id"))
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("case.id"), index=True)
    key: Mapped[Code]
    element_id: Mapped[Code]
    due_at: Mapped[datetime] = mapped_column(index=True)
    cycle: Mapped[dict[str, Any] | None]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("instance_id", "key"),
        Index("ix_timer_taken", "lease_until", sqlite_where=TAKEN, postgresql_where=TAKEN),
    )


class EventSubscription(Base):
    """An instance waits for a message, a signal or a condition. Written after a step, removed when met or withdrawn.

    Columns: id, instance_id, case_id, key (the execution's), element_id, kind, name (of a condition: which of ``case``
    or ``case.related`` and ``emergency`` it reads), correlation_key (canonical text; empty = none), scope (FEEL
    over ``signal`` and ``case``), created_at.
    """

    __tablename__ = "event_subscription"

    id: Mapped[Id]
    instance_id: Mapped[int] = mapped_column(BigId, ForeignKey("process_instance.id"))
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("case.id"), index=True)
    key: Mapped[Code]
    element_id: Mapped[Code]
    kind: Mapped[SubscriptionKind] = mapped_column(choice(SubscriptionKind))
    name: Mapped[Name]
    correlation_key: Mapped[str] = mapped_column(String(300), default="")
    scope: Mapped[LongText] = mapped_column(default="")
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("instance_id", "key"), Index(None, "kind", "name", "correlation_key"))
