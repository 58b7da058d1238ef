"""Deploy, publish, retire, and go back to an earlier version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from engine import clock, history
from engine.bpmn.compile import ProcessInfo
from engine.deployments.examining import Findings, imports_of, look_into
from engine.deployments.reading import bundle_sha256, kind_of, sha256_of
from engine.deployments.trial import try_out
from engine.deployments.triggers import hang_up, take_over
from engine.errors import DeploymentRejected, NotFound, Problem
from engine.instances import published_changed
from engine.instances.programs import Lru
from engine.permissions import Actor, require
from engine.storage import (
    DecisionDefinition,
    DefinitionState,
    Deployment,
    DeploymentFile,
    FormDefinition,
    ProcessDefinition,
)

TABLES: dict[str, Any] = {"process": ProcessDefinition, "decision": DecisionDefinition, "form": FormDefinition}
_tried = Lru(256)


def deploy(
    session: Session,
    actor: Actor,
    files: Mapping[str, bytes],
    *,
    name: str,
    source: str,
    publish: bool = True,
    note: str = "",
) -> Deployment:
    """Accept a bundle whole and make what changed in it the newest versions; running instances keep theirs.

    A file that is the same as its newest version keeps that version. With ``publish=False`` new versions stay drafts.
    When nothing at all changed, the deployment that brought it is answered.

    Raises:
        NotAllowed. DeploymentRejected: with every problem at once; nothing was stored.
    """
    require(actor, "deployment.publish" if publish else "deployment.draft")
    found = look_into(session, files)
    if not found.errors:
        found.problems += _trial(files, found)
    if found.errors:
        raise DeploymentRejected(found.errors)
    # From here on one deployment at a time: version numbers are given out.
    published_changed(session)
    state = DefinitionState.PUBLISHED if publish else DefinitionState.DRAFT
    deployment = Deployment(
        name=name,
        source=source,
        sha256=bundle_sha256(files),
        state=state,
        created_at=clock.now(),
        created_by_id=actor.person_id,
        published_at=clock.now() if publish else None,
        note=note,
        report=[_as_dict(problem) for problem in found.problems],
    )
    session.add(deployment)
    session.flush()
    stored = _Stored(session, deployment, files)
    changed = [
        *_new_forms(session, found, stored, state),
        *_new_decisions(session, found, stored, state),
        *_new_processes(session, actor, found, stored, state),
    ]
    if not changed and (before := _same_before(session, deployment)) is not None:
        stored.forget()
        session.delete(deployment)
        session.flush()
        return before
    stored.rest()
    session.flush()
    kind = "deployment.published" if publish else "deployment.drafted"
    history.record(
        session, actor, None, kind, subject=name, reason=note, details={"deployment": deployment.id, "changed": changed}
    )
    return deployment


def _same_before(session: Session, deployment: Deployment) -> Deployment | None:
    return session.scalars(
        select(Deployment)
        .where(
            Deployment.sha256 == deployment.sha256, Deployment.id != deployment.id, Deployment.state == deployment.state
        )
        .order_by(Deployment.id.desc())
        .limit(1)
    ).one_or_none()


def _trial(files: Mapping[str, bytes], found: Findings) -> list[Problem]:
    diagrams = {path: content for path, content in files.items() if path.endswith(".bpmn")}
    if not diagrams:
        return []
    answers: list[dict[str, Any]] = _tried.get(
        bundle_sha256(diagrams), lambda: try_out(diagrams, sorted(found.processes))
    )
    return [
        Problem(
            answer["code"],
            found.processes[answer["process"]].file if answer["process"] else "",
            answer["process"],
            facts=answer["facts"],
        )
        for answer in answers
    ]


class _Stored:
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

    def forget(self) -> None:
        for row in self.rows.values():
            self.session.delete(row)
        self.session.flush()


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


def _new_forms(session: Session, found: Findings, stored: _Stored, state: DefinitionState) -> list[str]:
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


def _new_decisions(session: Session, found: Findings, stored: _Stored, state: DefinitionState) -> list[str]:
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


def _new_processes(
    session: Session, actor: Actor, found: Findings, stored: _Stored, state: DefinitionState
) -> list[str]:
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


def _process(session: Session, info: ProcessInfo, stored: _Stored, state: DefinitionState) -> ProcessDefinition:
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


def _as_dict(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "file": problem.file,
        "element_id": problem.element_id,
        "line": problem.line,
        "facts": dict(problem.facts),
        "severity": problem.severity,
    }


def publish(session: Session, actor: Actor, deployment_id: int) -> Deployment:
    """Make the drafts of a deployment the versions that count.

    Raises:
        NotAllowed, NotFound.
    """
    require(actor, "deployment.publish")
    deployment = session.get(Deployment, deployment_id, with_for_update=True)
    if deployment is None:
        raise NotFound("no such deployment", deployment=deployment_id)
    published_changed(session)
    for table in TABLES.values():
        rows = session.scalars(
            select(table).where(table.deployment_id == deployment_id, table.state == DefinitionState.DRAFT)
        ).all()
        for row in rows:
            row.state = DefinitionState.PUBLISHED
            if table is ProcessDefinition:
                take_over(session, row)
    deployment.state, deployment.published_at = DefinitionState.PUBLISHED, clock.now()
    session.flush()
    history.record(
        session, actor, None, "deployment.published", subject=deployment.name, details={"deployment": deployment_id}
    )
    return deployment


def retire(session: Session, actor: Actor, kind: str, key: str, *, reason: str = "") -> None:
    """Take a process, decision or form out of use: nothing new starts with it, running instances go on.

    Raises:
        NotAllowed, NotFound: nothing of that key is published.
    """
    require(actor, "deployment.retire")
    table = TABLES[kind]
    published_changed(session)
    done = session.execute(
        update(table)
        .where(table.key == key, table.state == DefinitionState.PUBLISHED)
        .values(state=DefinitionState.RETIRED)
        .returning(table.id)
    ).all()
    if not done:
        raise NotFound("nothing of that name is published", kind=kind, key=key)
    if kind == "process":
        hang_up(session, key)
    history.record(session, actor, None, "definition.retired", subject=f"{kind} {key}", reason=reason)


def republish(session: Session, actor: Actor, kind: str, key: str, version: int, *, reason: str = "") -> Any:
    """Go back (or forward) to one version: it is the one new starts take; newer ones are retired.

    Raises:
        NotAllowed, NotFound.
    """
    require(actor, "deployment.publish")
    table = TABLES[kind]
    published_changed(session)
    row = session.scalars(select(table).where(table.key == key, table.version == version)).one_or_none()
    if row is None:
        raise NotFound("no such version", kind=kind, key=key, version=version)
    session.execute(
        update(table)
        .where(table.key == key, table.version > version, table.state == DefinitionState.PUBLISHED)
        .values(state=DefinitionState.RETIRED)
    )
    row.state = DefinitionState.PUBLISHED
    session.flush()
    if kind == "process":
        take_over(session, row)
    history.record(
        session, actor, None, "definition.republished", subject=f"{kind} {key}", new={"version": version}, reason=reason
    )
    return row
