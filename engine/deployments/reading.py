"""Files of a bundle: where they lie, what kind they are, what hash the whole has."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import FieldProblem, InvalidInput
from engine.settings import shipped
from engine.storage import (
    DecisionDefinition,
    DefinitionState,
    Deployment,
    DeploymentFile,
    FormDefinition,
    ProcessDefinition,
)

NO_MORE = b""
"""The content of a scenario file that a deployment takes out: diagrams, decisions and forms are retired instead."""
KINDS = {".bpmn": "bpmn", ".dmn": "dmn", ".form": "form", ".scenario.yaml": "scenario"}


def kind_of(path: str) -> str:
    """bpmn, dmn, form or scenario, by the ending.

    Raises:
        InvalidInput: a bundle holds no such files.
    """
    for ending, kind in KINDS.items():
        if path.endswith(ending):
            return kind
    raise InvalidInput("not a file of a bundle", [FieldProblem("path", "bad_path", {"path": path[:200]})])


def load_folder(path: Path | None = None) -> dict[str, bytes]:
    """Every file of ``workflows/**`` and ``forms/*`` below ``path``, by its path; without one, what is shipped."""
    if path is not None:
        roots = [(name, path / name) for name in ("workflows", "forms")]
        if not any(root.is_dir() for _, root in roots):
            roots = [("", path)]
    else:
        roots = [(name, shipped(name)) for name in ("workflows", "forms")]
    found: dict[str, bytes] = {}
    for name, root in roots:
        if root.is_dir():
            found.update(_below(root, name))
    return found


def _below(folder: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        path = f"{prefix}/{entry.name}" if prefix else entry.name
        if entry.name.startswith((".", "_")):
            continue
        if entry.is_dir():
            yield from _below(entry, path)
        elif any(entry.name.endswith(ending) for ending in KINDS):
            yield path, entry.read_bytes()


def sha256_of(data: bytes) -> str:
    """The hash a file goes by."""
    return hashlib.sha256(data).hexdigest()


def bundle_sha256(files: Mapping[str, bytes]) -> str:
    """One hash over all paths and contents."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path}\0{sha256_of(files[path])}\n".encode())
    return digest.hexdigest()


def published_files(session: Session, paths: Collection[str] | None = None) -> dict[str, DeploymentFile]:
    """The file of every path (or of ``paths``) that counts now, contents included.

    Diagrams, decisions and forms are those of the newest published versions; of anything else, the newest that came
    with a published deployment.
    """
    ids: set[int] = set()
    for table in (ProcessDefinition, DecisionDefinition, FormDefinition):
        newest = (
            select(table.key, func.max(table.version).label("version"))
            .where(table.state == DefinitionState.PUBLISHED)
            .group_by(table.key)
            .subquery()
        )
        ids |= set(
            session.scalars(
                select(table.file_id).join(newest, (newest.c.key == table.key) & (newest.c.version == table.version))
            )
        )
    rest = (
        select(func.max(DeploymentFile.id))
        .join(Deployment, Deployment.id == DeploymentFile.deployment_id)
        .where(Deployment.state == DefinitionState.PUBLISHED, DeploymentFile.kind == "scenario")
        .group_by(DeploymentFile.path)
    )
    ids |= {identity for identity in session.scalars(rest) if identity is not None}
    statement = select(DeploymentFile).where(DeploymentFile.id.in_(ids)).order_by(DeploymentFile.id)
    if paths is not None:
        statement = statement.where(DeploymentFile.path.in_(paths))
    found = {file.path: file for file in session.scalars(statement) if file.content != NO_MORE}
    return dict(sorted(found.items()))
