"""Deploy, publish, retire, and go back to an earlier version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import clock, history
from engine.deployments.examining import Findings, look_into
from engine.deployments.reading import NO_MORE, bundle_sha256, kind_of, published_files
from engine.deployments.trial import try_out
from engine.deployments.triggers import hang_up, take_over
from engine.deployments.versions import Stored, new_decisions, new_forms, new_processes
from engine.errors import DeploymentRejected, NotFound, Problem
from engine.instances import published_changed
from engine.instances.programs import Lru
from engine.permissions import Actor, require
from engine.storage import (
    DecisionDefinition,
    DefinitionState,
    Deployment,
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
) -> Deployment | None:
    """Accept a bundle whole and make what changed in it the newest versions; running instances keep theirs.

    A file that is the same as its newest version keeps that version. With ``publish=False`` new versions stay drafts.
    When nothing at all changed, nothing is stored and None answered.

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
    stored = Stored(session, deployment, files)
    changed = [
        *new_forms(session, found, stored, state),
        *new_decisions(session, found, stored, state),
        *new_processes(session, found, stored, state),
    ]
    if not changed and not _has_new_scenarios(session, files):
        session.delete(deployment)
        session.flush()
        return None
    stored.rest()
    session.flush()
    kind = "deployment.published" if publish else "deployment.drafted"
    history.record(
        session, actor, None, kind, subject=name, reason=note, details={"deployment": deployment.id, "changed": changed}
    )
    return deployment


def _has_new_scenarios(session: Session, files: Mapping[str, bytes]) -> bool:
    scenarios = {path: content for path, content in files.items() if kind_of(path) == "scenario"}
    known = {path: file.content for path, file in published_files(session, scenarios).items()}
    return any(known.get(path, NO_MORE) != content for path, content in scenarios.items())


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
