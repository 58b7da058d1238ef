"""Which files there are: what is published now, and what a draft makes of it."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.deployments import published_files
from engine.errors import FieldProblem, InvalidInput
from engine.storage import DeploymentFile, Draft, DraftFile

__all__ = ["NAME", "base_files", "files_of", "kind_of", "published_files", "together"]

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


def together(session: Session, draft: Draft) -> dict[str, bytes]:
    """Everything as it would be once the draft were published: its files, and what it does not touch."""
    own = files_of(session, draft)
    others = published_files(session)
    return {**{path: file.content for path, file in others.items() if path not in draft.base}, **own}
