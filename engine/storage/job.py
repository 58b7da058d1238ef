"""Owed work for the machine, and what became of it when it could not be done."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, BigId, Code, Id, LongText, choice

OWED = text("status = 'owed'")
SIGNALS = text("kind IN ('signal_delivery', 'signal_start')")


class JobStatus(StrEnum):
    """A job is owed until done; ``failed`` waits for an operator behind an incident; ``cancelled`` by its process."""

    OWED = "owed"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobLane(StrEnum):
    """Storms wait in ``bulk``; people and emergencies never queue behind them."""

    URGENT = "urgent"
    NORMAL = "normal"
    BULK = "bulk"


class IncidentStatus(StrEnum):
    """An incident is resolved only when the failed thing has succeeded, or dismissed with a reason."""

    OPEN = "open"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"


class Job(Base):
    """One thing to do after the commit: a connector call, a message or signal to bring, an instance to start.

    Written in the transaction that owes it; kept after it is done (purged later). A job is being run while
    ``lease_until`` lies ahead; whoever finishes it must still be ``lease_owner``.

    Columns: id, key (the execution's job key; None when not from a process), kind (connector, message, signal,
    start …), delivery_id (random; the idempotency key told to the outside), type (of the connector), lane, status,
    case_id, instance_id, element_id, headers, inputs, result, attempts, max_attempts, run_at, lease_owner,
    lease_until, error_code, last_error, created_at, finished_at.
    """

    __tablename__ = "job"

    id: Mapped[Id]
    key: Mapped[Code | None]
    kind: Mapped[Code] = mapped_column(default="connector")
    delivery_id: Mapped[str] = mapped_column(String(40), unique=True)
    type: Mapped[Code]
    lane: Mapped[JobLane] = mapped_column(choice(JobLane), default=JobLane.NORMAL)
    status: Mapped[JobStatus] = mapped_column(choice(JobStatus), default=JobStatus.OWED)
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("case.id"), index=True)
    instance_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("process_instance.id"), index=True)
    element_id: Mapped[Code] = mapped_column(default="")
    headers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    inputs: Mapped[dict[str, Any]] = mapped_column(default=dict)
    result: Mapped[dict[str, Any] | None]
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=3)
    run_at: Mapped[datetime]
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[datetime | None]
    error_code: Mapped[Code] = mapped_column(default="")
    last_error: Mapped[LongText] = mapped_column(default="")
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("instance_id", "key"),
        Index("ix_job_owed", "lane", "run_at", sqlite_where=OWED, postgresql_where=OWED),
        Index("ix_job_signal", "type", sqlite_where=SIGNALS, postgresql_where=SIGNALS),
    )


class Incident(Base):
    """Something a person must look at. Written when retries end or a process cannot go on; never removed.

    Columns: id, case_id, instance_id, job_id (None once the job is purged), timer_key, element_id, kind (job_failed,
    execution_failed, uncaught_error, message_undelivered …), code, message, facts, trace (for operators), status,
    times (the same again counts up), opened_at, last_at, resolved_at, resolved_by_id, resolution.
    """

    __tablename__ = "incident"

    id: Mapped[Id]
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("case.id"), index=True)
    instance_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("process_instance.id"), index=True)
    job_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("job.id", ondelete="SET NULL"), index=True)
    message_id: Mapped[int | None] = mapped_column(BigId, index=True)
    timer_key: Mapped[Code] = mapped_column(default="")
    element_id: Mapped[Code] = mapped_column(default="")
    kind: Mapped[Code]
    code: Mapped[Code] = mapped_column(default="")
    message: Mapped[LongText]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    trace: Mapped[LongText] = mapped_column(default="")
    status: Mapped[IncidentStatus] = mapped_column(choice(IncidentStatus), default=IncidentStatus.OPEN)
    times: Mapped[int] = mapped_column(default=1)
    opened_at: Mapped[datetime]
    last_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    resolution: Mapped[LongText] = mapped_column(default="")

    __table_args__ = (Index(None, "status", "opened_at"),)


class WorkerHeartbeat(Base):
    """A worker process is alive. Written every tick, removed when it stops in order.

    Columns: worker (host:pid:random), started_at, seen_at, version, counts (work done since the start, by kind).
    """

    __tablename__ = "worker_heartbeat"

    worker: Mapped[str] = mapped_column(String(80), primary_key=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    version: Mapped[str] = mapped_column(String(40), default="")
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
