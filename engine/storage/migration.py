"""Running instances on their way to another version of their process."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, BigId, Binary, Code, Id, LongText, choice


class MigrationStatus(StrEnum):
    """A migration runs, may be paused, ends, and may be taken back."""

    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    REVERTING = "reverting"
    REVERTED = "reverted"


class MigrationStepStatus(StrEnum):
    """What became of one instance; ``refused`` tells why in ``problems``."""

    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"
    ENDED = "ended"
    REVERTED = "reverted"
    KEPT = "kept"


class Migration(Base):
    """One migration of many instances. Written when it begins; never removed.

    Columns: id, process_key, to_definition_id, composition_id (what they run on afterwards), mapping (old element id,
    in a called process ``process/id``, to new id), status, reason, created_at, created_by_id, finished_at.
    """

    __tablename__ = "migration"

    id: Mapped[Id]
    process_key: Mapped[Code]
    to_definition_id: Mapped[int] = mapped_column(BigId, ForeignKey("process_definition.id"))
    composition_id: Mapped[int] = mapped_column(BigId, ForeignKey("composition.id"))
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)
    status: Mapped[MigrationStatus] = mapped_column(choice(MigrationStatus), default=MigrationStatus.RUNNING)
    reason: Mapped[LongText] = mapped_column(default="")
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    finished_at: Mapped[datetime | None]


class MigrationStep(Base):
    """One instance of a migration, with what it was before, so that it can be taken back while it stands still.

    Columns: id, migration_id, instance_id, status, problems (why it was refused), old_state, old_composition_id,
    old_definition_id, lock_version (the instance's right after it was taken over), at.
    """

    __tablename__ = "migration_step"

    id: Mapped[Id]
    migration_id: Mapped[int] = mapped_column(BigId, ForeignKey("migration.id"))
    instance_id: Mapped[int] = mapped_column(BigId, ForeignKey("process_instance.id"), index=True)
    status: Mapped[MigrationStepStatus] = mapped_column(
        choice(MigrationStepStatus), default=MigrationStepStatus.PENDING
    )
    problems: Mapped[list[Any]] = mapped_column(default=list)
    old_state: Mapped[bytes | None] = mapped_column(Binary, deferred=True)
    old_composition_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("composition.id"))
    old_definition_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("process_definition.id"))
    lock_version: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("migration_id", "instance_id"), Index(None, "migration_id", "status"))
