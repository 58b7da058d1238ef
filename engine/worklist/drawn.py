"""What the instances of a case run: the facts of their own process and of every process they may call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.storage import Composition, ProcessDefinition, ProcessInstance

Info = Mapping[str, Any]


def drawn(session: Session, case_id: int) -> dict[int, list[Info]]:
    """By instance: ``ProcessInfo`` as kept, its own process first."""
    rows = session.execute(
        select(ProcessInstance.id, ProcessInstance.process_definition_id, Composition.contents)
        .join(Composition, Composition.id == ProcessInstance.composition_id)
        .where(ProcessInstance.case_id == case_id)
        .order_by(ProcessInstance.id)
    ).all()
    run = {key: list(dict.fromkeys([own, *contents.get("processes", {}).values()])) for key, own, contents in rows}
    wanted = {definition for definitions in run.values() for definition in definitions}
    infos: dict[int, Info] = dict(
        session.execute(
            select(ProcessDefinition.id, ProcessDefinition.info).where(ProcessDefinition.id.in_(wanted))
        ).all()
    )
    return {key: [infos[definition] for definition in definitions] for key, definitions in run.items()}
