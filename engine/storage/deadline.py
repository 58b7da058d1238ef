"""Clocks with their ledger."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, BigId, Code, Id, LongText, Name, choice

LIVE = text("status IN ('running', 'paused')")


class DeadlineStatus(StrEnum):
    """A clock runs, pauses and stops. That it was breached is a fact of its own (``breached_at``)."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


class EntryKind(StrEnum):
    """What can happen to a clock."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    EXTEND = "extend"
    REBASE = "rebase"
    WARN = "warn"
    BREACH = "breach"
    STOP = "stop"
    RECOMPUTE = "recompute"
    EXEMPT = "exempt"


class Deadline(Base):
    """One clock of a case, of a task (task_id) or of any activity (instance_id, element_id). Written by ``deadlines``.

    Columns: id, case_id, instance_id, task_id, element_id, name (``case`` for the case's own),
    pauses_with (the name of the case's clock it stands still with; empty: it goes by itself), status, limit_text (the
    limit that counts now, as given), started_at
    (base), due_at (None while paused), provisional (computed beyond the loaded calendar), calendar_version,
    warn_percents, warned_percent (highest told), attention_at (next moment the worker must look; None = nothing),
    breached_at, exempted_at, exempt_reason, escalate_to (group), stopped_at, stop_reason.
    """

    __tablename__ = "deadline"

    id: Mapped[Id]
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("case.id"))
    instance_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("process_instance.id"), index=True)
    task_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("task.id"), index=True)
    element_id: Mapped[Code] = mapped_column(default="")
    name: Mapped[Name]
    pauses_with: Mapped[Name] = mapped_column(default="")
    status: Mapped[DeadlineStatus] = mapped_column(choice(DeadlineStatus), default=DeadlineStatus.RUNNING)
    limit_text: Mapped[str] = mapped_column(String(200))
    started_at: Mapped[datetime]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    provisional: Mapped[bool] = mapped_column(default=False)
    calendar_version: Mapped[int] = mapped_column(default=0)
    warn_percents: Mapped[list[int]] = mapped_column(default=list)
    warned_percent: Mapped[int] = mapped_column(default=0)
    attention_at: Mapped[datetime | None]
    breached_at: Mapped[datetime | None]
    exempted_at: Mapped[datetime | None]
    exempt_reason: Mapped[LongText] = mapped_column(default="")
    escalate_to: Mapped[Code] = mapped_column(default="")
    stopped_at: Mapped[datetime | None]
    stop_reason: Mapped[LongText] = mapped_column(default="")

    __table_args__ = (
        CheckConstraint("status <> 'running' OR due_at IS NOT NULL", name="running_clock_has_an_end"),
        Index("ix_deadline_attention", "attention_at", sqlite_where=LIVE, postgresql_where=LIVE),
        Index(None, "case_id", "name"),
    )


class DeadlineEntry(Base):
    """One line of a clock's ledger. Never changed: the stored end can be recomputed from these at any time.

    Columns: id, deadline_id, sequence, kind, at (when written), effective_at (from when it counts), limit_text
    (start, extend, rebase), due_before, due_after, reason, person_id, facts (percent warned, calendar rows used …).
    """

    __tablename__ = "deadline_entry"

    id: Mapped[Id]
    deadline_id: Mapped[int] = mapped_column(BigId, ForeignKey("deadline.id"))
    sequence: Mapped[int]
    kind: Mapped[EntryKind] = mapped_column(choice(EntryKind))
    at: Mapped[datetime]
    effective_at: Mapped[datetime]
    limit_text: Mapped[str] = mapped_column(String(80), default="")
    due_before: Mapped[datetime | None]
    due_after: Mapped[datetime | None]
    reason: Mapped[LongText] = mapped_column(default="")
    person_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (UniqueConstraint("deadline_id", "sequence"),)
