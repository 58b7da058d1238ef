"""A service type nobody knew before comes with the process that serves it, so that a new one is a matter of files."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.storage import ProcessDefinition, ServiceType

SOURCE = "process"


def offer_service(session: Session, definition: ProcessDefinition) -> None:
    """Add the service type of a published ``service`` process, named like it, when there is none of that code.

    ``serviceNameEn`` of the process is its English name, else the code stands for it.
    """
    code = definition.service_type
    if definition.kind != "service" or not code or session.get(ServiceType, code) is not None:
        return
    taken = session.scalar(select(ServiceType.code).where(ServiceType.name == definition.name))
    session.add(
        ServiceType(
            code=code,
            name=f"{definition.name}（{code}）" if taken else definition.name,
            name_en=definition.properties.get("serviceNameEn") or code,
            position=(session.scalar(select(func.max(ServiceType.position))) or 0) + 1,
            source=SOURCE,
        )
    )
    session.flush()
