"""Where things lie: city > district > street > community > grid cell."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, BigId, Code, Id, LongText, Name, choice


class AreaLevel(StrEnum):
    """The five levels, widest first."""

    CITY = "city"
    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    GRID = "grid"


class Area(Base):
    """One area. Written by the loader of reference data and by administrators; never removed, only made inactive.

    Columns: id, code (own, unique), name, name_en, level, parent_id, path (codes from the city down, each ended by
    ``/``, so that ``path LIKE 'x/%'`` finds everything inside), nbs_code (statistical code where there is one),
    number_prefix (what case numbers of this area begin with), aliases (other names), geometry (GeoJSON, WGS 84),
    west/south/east/north (its box), source, note, active.
    """

    __tablename__ = "area"

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    name_en: Mapped[Name] = mapped_column(default="")
    level: Mapped[AreaLevel] = mapped_column(choice(AreaLevel))
    parent_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("area.id"), index=True)
    path: Mapped[str] = mapped_column(String(400), unique=True)
    nbs_code: Mapped[str | None] = mapped_column(String(20))
    number_prefix: Mapped[str | None] = mapped_column(String(10))
    aliases: Mapped[list[str]] = mapped_column(default=list)
    geometry: Mapped[dict[str, Any] | None]
    west: Mapped[float | None]
    south: Mapped[float | None]
    east: Mapped[float | None]
    north: Mapped[float | None]
    source: Mapped[LongText] = mapped_column(default="")
    note: Mapped[LongText] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (Index(None, "level", "name"),)
