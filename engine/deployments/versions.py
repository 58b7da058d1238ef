"""New versions of what a bundle brings; what is the same as its newest version keeps that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import clock
from engine.bpmn.compile import ProcessInfo
from engine.deployments.examining import Findings, imports_of
from engine.deployments.reading import kind_of, sha256_of
from engine.deployments.triggers import take_over
from engine.storage import (
    DecisionDefinition,
    DefinitionState,
    Deployment,
    DeploymentFile,
    FormDefinition,
    ProcessDefinition,
)


class Stored:
    """The file rows of a deployment, written when a definition first needs one, the rest at the end."""

    def __init__(self, session: Session, deployment: Deployment, files: Mapping[str, bytes]) -> None:
        self.session = session
        self.deployment = deployment
        self.files = files
        self.rows: dict[str, DeploymentFile] = {}

    def row(self, path: str) -> DeploymentFile:
        if path not in self.rows:
            content = self.files[path]
            row = DeploymentFile(
                deployment_id=self.deployment.id,
                path=path,
                kind=kind_of(path),
                sha256=sha256_of(content),
                content=content,
            )
            self.session.add(row)
            self.session.flush()
            self.rows[path] = row
        return self.rows[path]

    def rest(self) -> None:
        for path in self.files:
            self.row(path)


def _newest(session: Session, table: Any, keys: Any) -> dict[str, Any]:
    """The row that counts for each key: the newest published one, else the newest."""
    rows = session.scalars(select(table).where(table.key.in_(list(keys))).order_by(table.key, table.version)).all()
    newest: dict[str, Any] = {}
    for row in rows:
        kept = newest.get(row.key)
        if kept is None or kept.state is not DefinitionState.PUBLISHED or row.state is DefinitionState.PUBLISHED:
            newest[row.key] = row
    return newest


def _next_version(session: Session, table: Any, key: str) -> int:
    return (session.scalar(select(func.max(table.version)).where(table.key == key)) or 0) + 1


def _is_same(row: Any, sha256: str, state: DefinitionState) -> bool:
    return row is not None and row.sha256 == sha256 and (row.state is state or row.state is DefinitionState.PUBLISHED)


def new_forms(session: Session, found: Findings, stored: Stored, state: DefinitionState) -> list[str]:
    newest = _newest(session, FormDefinition, found.forms)
    changed = []
    for key, (path, schema) in sorted(found.forms.items()):
        if _is_same(newest.get(key), sha256_of(stored.files[path]), state):
            continue
        file = stored.row(path)
        version = _next_version(session, FormDefinition, key)
        session.add(
            FormDefinition(
                deployment_id=stored.deployment.id,
                file_id=file.id,
                key=key,
                version=version,
                name=str(schema.get("name") or schema.get("title") or key)[:200],
                schema=schema,
                sha256=file.sha256,
                state=state,
                created_at=clock.now(),
            )
        )
        changed.append(f"form {key} v{version}")
    return changed


def new_decisions(session: Session, found: Findings, stored: Stored, state: DefinitionState) -> list[str]:
    newest = _newest(session, DecisionDefinition, [name for file in found.dmn.values() for name in file.decisions])
    changed = []
    for path, file in sorted(found.dmn.items()):
        for key, decision in file.decisions.items():
            if _is_same(newest.get(key), sha256_of(stored.files[path]), state):
                continue
            row = stored.row(path)
            version = _next_version(session, DecisionDefinition, key)
            session.add(
                DecisionDefinition(
                    deployment_id=stored.deployment.id,
                    file_id=row.id,
                    key=key,
                    version=version,
                    name=(getattr(decision, "name", "") or key)[:200],
                    namespace=file.namespace,
                    sha256=row.sha256,
                    info={"namespace": file.namespace, "imports": imports_of(file)},
                    state=state,
                    created_at=clock.now(),
                )
            )
            changed.append(f"decision {key} v{version}")
    return changed


def new_processes(session: Session, found: Findings, stored: Stored, state: DefinitionState) -> list[str]:
    newest = _newest(session, ProcessDefinition, found.processes)
    changed = []
    for key, info in sorted(found.processes.items()):
        if _is_same(newest.get(key), sha256_of(stored.files[info.file]), state):
            continue
        row = _process(session, info, stored, state)
        if state is DefinitionState.PUBLISHED:
            take_over(session, row)
        changed.append(f"process {key} v{row.version}")
    return changed


def _process(session: Session, info: ProcessInfo, stored: Stored, state: DefinitionState) -> ProcessDefinition:
    file = stored.row(info.file)
    properties = info.properties
    row = ProcessDefinition(
        deployment_id=stored.deployment.id,
        file_id=file.id,
        key=info.key,
        version=_next_version(session, ProcessDefinition, info.key),
        name=info.name[:200],
        kind=info.kind,
        version_tag=info.version_tag,
        service_type=properties.get("serviceType", ""),
        start_form=properties.get("startForm", ""),
        start_groups=[part.strip() for part in properties.get("startGroups", "").split(",") if part.strip()],
        properties=dict(properties),
        info=info.as_dict(),
        sha256=file.sha256,
        state=state,
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    return row
