"""Files of a case: bytes unchanged, named by their hash."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, BigId, Code, Id, Name, Sha256


class Evidence(Base):
    """One file. Written when received, before or with the deed it belongs to; never changed.

    Columns: id, public_id (random; what addresses use), case_id (None until the deed commits), task_id, element_id,
    slot (``near``, ``far``, ``after`` …), kind (photo, video, audio, document), file_name (as given; text only),
    content_type (as found in the bytes), size, sha256, width, height, preview_sha256, taken_at, longitude,
    latitude, exif, uploaded_at, uploaded_by_id, source.
    """

    __tablename__ = "evidence"

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("case.id"), index=True)
    task_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("task.id"), index=True)
    element_id: Mapped[Code] = mapped_column(default="")
    slot: Mapped[Code] = mapped_column(default="")
    kind: Mapped[Code]
    file_name: Mapped[Name]
    content_type: Mapped[Name]
    size: Mapped[int] = mapped_column(BigId)
    sha256: Mapped[Sha256] = mapped_column(index=True)
    width: Mapped[int | None]
    height: Mapped[int | None]
    preview_sha256: Mapped[str | None] = mapped_column(String(64))
    taken_at: Mapped[datetime | None]
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    exif: Mapped[dict[str, Any] | None]
    uploaded_at: Mapped[datetime]
    uploaded_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    source: Mapped[Code] = mapped_column(default="")
