"""Which files there are: what is published now, and what a draft makes of it."""

from __future__ import annotations

import re
from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import FieldProblem, InvalidInput
from engine.storage import DefinitionState, Deployment, DeploymentFile, Draft, DraftFile

NAME = r"[a-z][a-z0-9_]{0,63}"
_PATHS = {
    "bpmn": re.compile(rf"workflows/(?P<bundle>{NAME})/{NAME}\.bpmn"),
    "dmn": re.compile(rf"workflows/(?P<bundle>{NAME})/{NAME}\.dmn"),
    "scenario": re.compile(rf"workflows/(?P<bundle>{NAME})/{NAME}\.scenario\.yaml"),
    "form": re.compile(rf"forms/{NAME}\.form"),
}


def kind_of(path: str, bundle: str = "") -> str:
    """bpmn, dmn, scenario or form, by the place and the ending of ``path``.

    Raises:
        InvalidInput: not a place a bundle's file may have (of this ``bundle``, when one is given).
    """
    for kind, pattern in _PATHS.items():
        match = pattern.fullmatch(path)
        if match and (kind == "form" or not bundle or match["bundle"] == bundle):
            return kind
    raise InvalidInput("not a path of this bundle", [FieldProblem("path", "bad_path", {"path": path[:200]})])


def published_files(session: Session, paths: Collection[str] | None = None) -> dict[str, DeploymentFile]:
    """The newest published file of every path (or of ``paths``), contents included."""
    newest = (
        select(func.max(DeploymentFile.id))
        .join(Deployment, Deployment.id == DeploymentFile.deployment_id)
        .where(Deployment.state == DefinitionState.PUBLISHED)
        .group_by(DeploymentFile.path)
    )
    statement = select(DeploymentFile).where(DeploymentFile.id.in_(newest)).order_by(DeploymentFile.path)
    if paths is not None:
        statement = statement.where(DeploymentFile.path.in_(paths))
    return {file.path: file for file in session.scalars(statement)}


def files_of(session: Session, draft: Draft) -> dict[str, bytes]:
    """The draft's files as they would be published, by path."""
    rows = session.execute(
        select(DraftFile.path, DraftFile.content)
        .where(DraftFile.draft_id == draft.id, DraftFile.content.is_not(None))
        .order_by(DraftFile.path)
    )
    return {path: content for path, content in rows if content is not None}


def base_files(session: Session, draft: Draft) -> dict[str, bytes]:
    """The published files the draft began from, for the comparison of both."""
    hashes = set(draft.base.values())
    found = session.scalars(select(DeploymentFile).where(DeploymentFile.sha256.in_(hashes)))
    contents = {file.sha256: file.content for file in found}
    return {path: contents[sha] for path, sha in draft.base.items() if sha in contents}
