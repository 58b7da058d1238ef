"""What is published: bundles of files and the definitions read from them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, BigId, Code, Id, LongText, Name, Sha256, choice


class DefinitionState(StrEnum):
    """A definition is drafted, published (new starts take the newest), retired (running ones go on)."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class TriggerKind(StrEnum):
    """What can start an instance without a person."""

    MESSAGE = "message"
    SIGNAL = "signal"
    TIMER = "timer"
    CONDITIONAL = "conditional"


class Deployment(Base):
    """One bundle of files, whole or not at all. Written by ``deployments``; never removed.

    Columns: id, name (folder or bundle name), source (``folder``, ``upload``, ``workbench``), sha256 (of the whole
    bundle), state, created_at, created_by_id, published_at, approved_by_id (the second person), publish_at (a date
    ahead), note, report (what the import mapped and dropped).
    """

    __tablename__ = "deployment"

    id: Mapped[Id]
    name: Mapped[Name]
    source: Mapped[Code]
    sha256: Mapped[Sha256] = mapped_column(index=True)
    state: Mapped[DefinitionState] = mapped_column(choice(DefinitionState), default=DefinitionState.PUBLISHED)
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    published_at: Mapped[datetime | None]
    approved_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    publish_at: Mapped[datetime | None]
    note: Mapped[LongText] = mapped_column(default="")
    report: Mapped[list[Any]] = mapped_column(default=list)


class DeploymentFile(Base):
    """One file of a bundle, byte for byte.

    Columns: id, deployment_id, path, kind (bpmn, dmn, form, scenario …), sha256, content.
    """

    __tablename__ = "deployment_file"

    id: Mapped[Id]
    deployment_id: Mapped[int] = mapped_column(BigId, ForeignKey("deployment.id"))
    path: Mapped[str] = mapped_column(String(300))
    kind: Mapped[Code]
    sha256: Mapped[Sha256] = mapped_column(index=True)
    content: Mapped[bytes]

    __table_args__ = (UniqueConstraint("deployment_id", "path"),)


class ProcessDefinition(Base):
    """One version of a process.

    Columns: id, deployment_id, file_id, key, version (1, 2 … per key), name, kind (service, contingency, action,
    shared), version_tag, service_type, start_form, start_groups, properties, info (what lists and checks want to
    know without parsing: elements, triggers, calls), sha256 (of its file), state, created_at.
    """

    __tablename__ = "process_definition"

    id: Mapped[Id]
    deployment_id: Mapped[int] = mapped_column(BigId, ForeignKey("deployment.id"), index=True)
    file_id: Mapped[int] = mapped_column(BigId, ForeignKey("deployment_file.id"))
    key: Mapped[Code]
    version: Mapped[int]
    name: Mapped[Name]
    kind: Mapped[Code] = mapped_column(default="service")
    version_tag: Mapped[Name] = mapped_column(default="")
    service_type: Mapped[Code] = mapped_column(default="", index=True)
    start_form: Mapped[Code] = mapped_column(default="")
    start_groups: Mapped[list[str]] = mapped_column(default=list)
    properties: Mapped[dict[str, Any]] = mapped_column(default=dict)
    info: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sha256: Mapped[Sha256]
    state: Mapped[DefinitionState] = mapped_column(choice(DefinitionState), default=DefinitionState.PUBLISHED)
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("key", "version"), Index(None, "key", "state"))


class DecisionDefinition(Base):
    """One version of a decision. Columns: id, deployment_id, file_id, key (decision id), version, name, namespace,
    sha256 (of its file), info, state, created_at.
    """

    __tablename__ = "decision_definition"

    id: Mapped[Id]
    deployment_id: Mapped[int] = mapped_column(BigId, ForeignKey("deployment.id"), index=True)
    file_id: Mapped[int] = mapped_column(BigId, ForeignKey("deployment_file.id"))
    key: Mapped[Code]
    version: Mapped[int]
    name: Mapped[Name]
    namespace: Mapped[str] = mapped_column(String(300), default="")
    sha256: Mapped[Sha256]
    info: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[DefinitionState] = mapped_column(choice(DefinitionState), default=DefinitionState.PUBLISHED)
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("key", "version"), Index(None, "key", "state"))


class FormDefinition(Base):
    """One version of a form.

    Columns: id, deployment_id, file_id, key (form id), version, name, schema (form-js), sha256, state, created_at.
    """

    __tablename__ = "form_definition"

    id: Mapped[Id]
    deployment_id: Mapped[int] = mapped_column(BigId, ForeignKey("deployment.id"), index=True)
    file_id: Mapped[int] = mapped_column(BigId, ForeignKey("deployment_file.id"))
    key: Mapped[Code]
    version: Mapped[int]
    name: Mapped[Name] = mapped_column(default="")
    schema: Mapped[dict[str, Any]]
    sha256: Mapped[Sha256]
    state: Mapped[DefinitionState] = mapped_column(choice(DefinitionState), default=DefinitionState.PUBLISHED)
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("key", "version"), Index(None, "key", "state"))


class StartTrigger(Base):
    """A start event that waits on behalf of a published definition; a new version takes it over (``active`` off, new
    row).

    Columns: id, process_definition_id, process_key, element_id, kind, name (message, signal), timer_kind (date, cycle,
    duration), expression (timer, condition), progress (of a cycle; whether a condition held when last looked at),
    due_at (next firing of a timer), fired (how often), last_fired_at, lease_owner, lease_until, active.
    """

    __tablename__ = "start_trigger"

    id: Mapped[Id]
    process_definition_id: Mapped[int] = mapped_column(BigId, ForeignKey("process_definition.id"))
    process_key: Mapped[Code]
    element_id: Mapped[Code]
    kind: Mapped[TriggerKind] = mapped_column(choice(TriggerKind))
    name: Mapped[Name] = mapped_column(default="")
    timer_kind: Mapped[Code] = mapped_column(default="")
    expression: Mapped[LongText] = mapped_column(default="")
    progress: Mapped[dict[str, Any] | None]
    due_at: Mapped[datetime | None]
    fired: Mapped[int] = mapped_column(default=0)
    last_fired_at: Mapped[datetime | None]
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (
        UniqueConstraint("process_definition_id", "element_id"),
        Index(None, "kind", "name"),
        Index(
            "ix_start_trigger_due",
            "due_at",
            sqlite_where=text("active AND due_at IS NOT NULL"),
            postgresql_where=text("active AND due_at IS NOT NULL"),
        ),
    )


class Composition(Base):
    """The exact versions an instance runs on. Written at a start when no equal one exists; never changed or removed.

    Columns: id, sha256 (of the canonical contents), contents: ``{"processes": {key: process_definition.id},
    "decisions": {key: decision_definition.id}, "forms": {key: form_definition.id}}``, created_at.
    """

    __tablename__ = "composition"

    id: Mapped[Id]
    sha256: Mapped[Sha256] = mapped_column(unique=True)
    contents: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
