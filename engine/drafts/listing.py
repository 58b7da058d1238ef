"""The process list: what is published in which folder, how much of it runs, who is changing it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from engine.drafts.opening import LIVING
from engine.storage import (
    DecisionDefinition,
    DefinitionState,
    Deployment,
    DeploymentFile,
    Draft,
    InstanceStatus,
    Person,
    ProcessDefinition,
    ProcessInstance,
)


@dataclass(frozen=True)
class Bundle:
    """One row of the process list: what is published in a folder, how much of it runs, who is changing it."""

    name: str
    processes: tuple[ProcessDefinition, ...]
    decisions: tuple[DecisionDefinition, ...] = ()
    running: int = 0
    ended: int = 0
    draft_id: int | None = None
    draft_state: str = ""
    version: int | None = None
    published_at: datetime | None = None
    published_by: str = ""
    source: str = ""
    draft_title: str = ""

    @property
    def title(self) -> str:
        """What people call it: the name of its process, else of its decision, else of its draft, else its folder."""
        names = [*(process.name for process in self.processes), *(decision.name for decision in self.decisions)]
        names.append(self.draft_title)
        return next(filter(None, names), self.name)

    @property
    def retired(self) -> bool:
        """Whether it was published once and nothing of it is in force."""
        states = {*(p.state for p in self.processes), *(d.state for d in self.decisions)}
        return states == {DefinitionState.RETIRED}


@dataclass(frozen=True)
class _Row:
    definition: Any
    source: str
    publisher: str


def bundles(session: Session) -> list[Bundle]:
    """Every bundle that is or was published and every one that so far is only a draft; four queries."""
    drafts = {d.bundle: d for d in session.scalars(select(Draft).where(Draft.state.in_(LIVING)))}
    rows = {table: _by_folder(session, table) for table in (ProcessDefinition, DecisionDefinition)}
    counts = _counts(session)
    found = []
    for name in sorted({*drafts, *(folder for folders in rows.values() for folder in folders)}):
        own = [row for table in rows for row in rows[table].get(name, ())]
        processes = [row.definition for row in own if isinstance(row.definition, ProcessDefinition)]
        processes.sort(key=lambda process: (process.key != name, process.key))
        running, ended = (sum(counts.get(p.key, (0, 0))[place] for p in processes) for place in (0, 1))
        last = max(own, key=lambda row: row.definition.created_at, default=None)
        draft = drafts.get(name)
        found.append(
            Bundle(
                name,
                tuple(processes),
                tuple(row.definition for row in own if isinstance(row.definition, DecisionDefinition)),
                running,
                ended,
                draft.id if draft is not None else None,
                draft.state if draft is not None else "",
                max((row.definition.version for row in own), default=None),
                last.definition.created_at if last is not None else None,
                last.publisher if last is not None else "",
                last.source if last is not None else "",
                draft.title if draft is not None else "",
            )
        )
    return found


def _by_folder(session: Session, table: Any) -> dict[str, list[_Row]]:
    """Of every key the newest published version, of one that is retired altogether its newest; by folder."""
    published = case((table.state == DefinitionState.PUBLISHED, 1), else_=0)
    order = (published.desc(), table.version.desc())
    rank = func.row_number().over(partition_by=table.key, order_by=order)
    ranked = select(table.id, rank.label("rank")).subquery()
    rows = session.execute(
        select(table, DeploymentFile.path, Deployment.source, Person.display_name)
        .join(DeploymentFile, DeploymentFile.id == table.file_id)
        .join(Deployment, Deployment.id == table.deployment_id)
        .outerjoin(Person, Person.id == Deployment.created_by_id)
        .join(ranked, ranked.c.id == table.id)
        .where(ranked.c.rank == 1)
        .order_by(table.key)
    )
    found: dict[str, list[_Row]] = {}
    for definition, path, source, publisher in rows:
        found.setdefault(path.split("/")[1], []).append(_Row(definition, source, publisher or ""))
    return found


def _counts(session: Session) -> dict[str, tuple[int, int]]:
    """Process key → how many instances run, how many have ended; all versions together."""
    live = InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED
    found: dict[str, tuple[int, int]] = {}
    for key, status, number in session.execute(
        select(ProcessInstance.process_key, ProcessInstance.status, func.count()).group_by(
            ProcessInstance.process_key, ProcessInstance.status
        )
    ):
        running, ended = found.get(key, (0, 0))
        found[key] = (running + number, ended) if status in live else (running, ended + number)
    return found
