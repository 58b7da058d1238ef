"""Where things are used: which published processes call a process, show a form, ask a decision, wait for a message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.decisions import read_dmn
from engine.drafts.files import published_files
from engine.storage import DefinitionState, DeploymentFile, ProcessDefinition

NAMED_IN = {"process": "calls", "form": "forms", "decision": "decisions", "message": "messages", "signal": "signals"}
"""Kind of thing → where the facts of a process list the ones it names."""


@dataclass(frozen=True, order=True)
class User:
    """A process or a decision that uses something, and the bundle it lies in."""

    name: str
    key: str
    bundle: str


def uses(session: Session) -> Mapping[tuple[str, str], list[User]]:
    """``(kind, key)`` of a process, form, decision, message or signal → who uses it now, by name."""
    newest = (
        select(ProcessDefinition.key, func.max(ProcessDefinition.version).label("version"))
        .where(ProcessDefinition.state == DefinitionState.PUBLISHED)
        .group_by(ProcessDefinition.key)
        .subquery()
    )
    rows = session.execute(
        select(ProcessDefinition, DeploymentFile.path)
        .join(
            newest, (newest.c.key == ProcessDefinition.key) & (newest.c.version == ProcessDefinition.version)
        )
        .join(DeploymentFile, DeploymentFile.id == ProcessDefinition.file_id)
    )  # fmt: skip
    found: dict[tuple[str, str], set[User]] = {}
    for definition, path in rows:
        user = User(definition.name, definition.key, path.split("/")[1])
        names = [(kind, key) for kind, part in NAMED_IN.items() for key in definition.info.get(part, ())]
        for name in [*names, ("form", definition.start_form)]:
            if name[1] and name[1] != definition.key:
                found.setdefault(name, set()).add(user)
    for path, file in published_files(session).items():
        if path.endswith(".dmn"):
            for decision in read_dmn(file.content, path).decisions.values():
                for required in decision.required_decisions:
                    user = User(decision.name or decision.id, decision.id, path.split("/")[1])
                    found.setdefault(("decision", required.rpartition("#")[2]), set()).add(user)
    return {name: sorted(users) for name, users in found.items()}
