"""The tables. The only room with ORM declarations and Alembic; knows no BPMN. Column names: each table's docstring."""

from engine.storage.area import Area, AreaLevel
from engine.storage.base import Base, Json, UtcDateTime
from engine.storage.calendar_day import CalendarDay, CalendarYear, OfficeWindow, Setting
from engine.storage.case import (
    CASE_MAY_BECOME,
    ENDED,
    Case,
    CaseLink,
    CaseNumberCounter,
    CaseReporter,
    CaseStatus,
    Note,
    ResponsiblePeriod,
)
from engine.storage.catalogue import Category, ServiceType
from engine.storage.database import Database, lock, lock_next, lost_race, settings_of
from engine.storage.deadline import Deadline, DeadlineEntry, DeadlineStatus, EntryKind
from engine.storage.deployment import (
    Composition,
    DecisionDefinition,
    DefinitionState,
    Deployment,
    DeploymentFile,
    FormDefinition,
    ProcessDefinition,
    StartTrigger,
    TriggerKind,
)
from engine.storage.draft import DRAFT_MAY_BECOME, Draft, DraftFile, DraftRevision, DraftState, Policy
from engine.storage.evidence import Evidence
from engine.storage.history import HistoryEvent, HistorySeal
from engine.storage.identity import (
    LoginSession,
    Organisation,
    OrganisationArea,
    OrganisationCategory,
    OrganisationKind,
    Person,
    Role,
    RoleGrant,
)
from engine.storage.instance import INSTANCE_MAY_BECOME, InstanceStatus, ProcessInstance
from engine.storage.job import (
    Incident,
    IncidentStatus,
    Job,
    JobLane,
    JobStatus,
    WorkerHeartbeat,
)
from engine.storage.message import Message, MessageStatus
from engine.storage.migration import Migration, MigrationStatus, MigrationStep, MigrationStepStatus
from engine.storage.notification import Broadcast, BroadcastStatus, Notification
from engine.storage.task import Task, TaskCandidate, TaskStatus
from engine.storage.wait import EventSubscription, SubscriptionKind, Timer

__all__ = [
    "CASE_MAY_BECOME",
    "DRAFT_MAY_BECOME",
    "ENDED",
    "INSTANCE_MAY_BECOME",
    "Area",
    "AreaLevel",
    "Base",
    "Broadcast",
    "BroadcastStatus",
    "CalendarDay",
    "CalendarYear",
    "Case",
    "CaseLink",
    "CaseNumberCounter",
    "CaseReporter",
    "CaseStatus",
    "Category",
    "Composition",
    "Database",
    "Deadline",
    "DeadlineEntry",
    "DeadlineStatus",
    "DecisionDefinition",
    "DefinitionState",
    "Deployment",
    "DeploymentFile",
    "Draft",
    "DraftFile",
    "DraftRevision",
    "DraftState",
    "EntryKind",
    "EventSubscription",
    "Evidence",
    "FormDefinition",
    "HistoryEvent",
    "HistorySeal",
    "Incident",
    "IncidentStatus",
    "InstanceStatus",
    "Job",
    "JobLane",
    "JobStatus",
    "Json",
    "LoginSession",
    "Message",
    "MessageStatus",
    "Migration",
    "MigrationStatus",
    "MigrationStep",
    "MigrationStepStatus",
    "Note",
    "Notification",
    "OfficeWindow",
    "Organisation",
    "OrganisationArea",
    "OrganisationCategory",
    "OrganisationKind",
    "Person",
    "Policy",
    "ProcessDefinition",
    "ProcessInstance",
    "ResponsiblePeriod",
    "Role",
    "RoleGrant",
    "ServiceType",
    "Setting",
    "StartTrigger",
    "SubscriptionKind",
    "Task",
    "TaskCandidate",
    "TaskStatus",
    "Timer",
    "TriggerKind",
    "UtcDateTime",
    "WorkerHeartbeat",
    "lock",
    "lock_next",
    "lost_race",
    "settings_of",
]
