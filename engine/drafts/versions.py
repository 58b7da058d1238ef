"""Versions that are published: back to an earlier one, out of use, each only where nothing breaks by it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deployments
from engine.drafts.policies import policy_problems
from engine.drafts.usage import uses
from engine.errors import Conflict, DeploymentRejected, FieldProblem, InvalidInput, NotFound
from engine.permissions import Actor, require
from engine.storage import DecisionDefinition, DeploymentFile, FormDefinition, ProcessDefinition

TABLES: dict[str, Any] = {"process": ProcessDefinition, "decision": DecisionDefinition, "form": FormDefinition}


def go_back(session: Session, actor: Actor, kind: str, key: str, version: int, reason: str) -> None:
    """Make an earlier version the one new cases start with; running ones keep theirs.

    Raises:
        NotAllowed, NotFound; InvalidInput: without a reason; DeploymentRejected: it cannot run any more beside what is
        published today, or breaks a policy of today.
    """
    require(actor, "deployment.publish")
    _with_reason(reason)
    table = TABLES[kind]
    found = session.execute(
        select(DeploymentFile.path, DeploymentFile.content)
        .join(table, table.file_id == DeploymentFile.id)
        .where(table.key == key, table.version == version)
    ).one_or_none()
    if found is None:
        raise NotFound("no such version", kind=kind, key=key, version=version)
    files = {found.path: found.content}
    problems = [*deployments.examine(session, files), *policy_problems(session, files)]
    if errors := [problem for problem in problems if problem.severity == "error"]:
        raise DeploymentRejected(errors)
    deployments.republish(session, actor, kind, key, version, reason=reason)


def retire(session: Session, actor: Actor, kind: str, key: str, reason: str) -> None:
    """Let nothing new begin with a definition; what runs goes on.

    Raises:
        NotAllowed, NotFound; InvalidInput: without a reason; Conflict: something published still uses it.
    """
    require(actor, "deployment.retire")
    _with_reason(reason)
    if users := uses(session).get((kind, key)):
        raise Conflict("it is still used", kind="still_used", key=key, by=[user.name for user in users])
    deployments.retire(session, actor, kind, key, reason=reason)


def retire_all(session: Session, actor: Actor, keys: Iterable[tuple[str, str]], reason: str) -> None:
    """Take definitions out of use that a published draft no longer brings."""
    for kind, key in sorted(keys):
        deployments.retire(session, actor, kind, key, reason=reason)


def _with_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidInput("a reason is needed", [FieldProblem("reason", "required")])
