"""One run of a diagram. The state is bytes that only ``engine.bpmn`` reads."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, BigId, Binary, Code, Id, choice


class InstanceStatus(StrEnum):
    """The states of an instance; ``INSTANCE_MAY_BECOME`` says what may follow what."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


INSTANCE_MAY_BECOME: dict[InstanceStatus, frozenset[InstanceStatus]] = {
    InstanceStatus.ACTIVE: frozenset({InstanceStatus.SUSPENDED, InstanceStatus.COMPLETED, InstanceStatus.CANCELLED}),
    InstanceStatus.SUSPENDED: frozenset({InstanceStatus.ACTIVE, InstanceStatus.CANCELLED}),
    InstanceStatus.COMPLETED: frozenset({InstanceStatus.ACTIVE}),
    InstanceStatus.CANCELLED: frozenset(),
}


class ProcessInstance(Base):
    """One run. Written by ``instances.start``, changed only inside ``instances.advancing`` under its row lock.

    Columns: id, case_id (None for a contingency run), process_definition_id, process_key, composition_id,
    started_by_instance_id (when another run caused it), business_key, status, state (bytes that begin with their format
    version; deferred, emptied some time after the end), lock_version (+1 each step), started_at, started_by_id,
    updated_at, ended_at, end_events (element ids), drill, submission (the token of the form that started it: a double
    submit is answered as before).
    """

    __tablename__ = "process_instance"

    id: Mapped[Id]
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("case.id"), index=True)
    process_definition_id: Mapped[int] = mapped_column(BigId, ForeignKey("process_definition.id"))
    process_key: Mapped[Code]
    composition_id: Mapped[int] = mapped_column(BigId, ForeignKey("composition.id"))
    started_by_instance_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("process_instance.id"), index=True)
    business_key: Mapped[Code] = mapped_column(default="")
    status: Mapped[InstanceStatus] = mapped_column(choice(InstanceStatus), default=InstanceStatus.ACTIVE)
    state: Mapped[bytes | None] = mapped_column(Binary, deferred=True)
    lock_version: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime]
    started_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    updated_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_events: Mapped[list[str]] = mapped_column(default=list)
    drill: Mapped[bool] = mapped_column(default=False)
    submission: Mapped[Code | None]

    __table_args__ = (
        Index(None, "process_definition_id", "status"),
        UniqueConstraint("started_by_id", "submission"),
    )
