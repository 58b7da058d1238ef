"""What a case can be about: service types and categories. Reference data, editable by administrators."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, Code, Id, LongText, Name


class ServiceType(Base):
    """One of the services of the standard. Columns: code (``sanitation``), name, name_en, position, source, active."""

    __tablename__ = "service_type"

    code: Mapped[Code] = mapped_column(primary_key=True)
    name: Mapped[Name] = mapped_column(unique=True)
    name_en: Mapped[Name]
    position: Mapped[int] = mapped_column(default=0)
    source: Mapped[LongText] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(default=True)


class Category(Base):
    """A class (``sub_category`` empty) or one of its items, by name, because codes of the sources collide.

    Columns: id, service_type (code), kind (the source's word for part, event …), category, sub_category, rows
    (decision row ids that speak of it), position, source, active.
    """

    __tablename__ = "category"

    id: Mapped[Id]
    service_type: Mapped[Code] = mapped_column(ForeignKey("service_type.code"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    category: Mapped[Name]
    sub_category: Mapped[Name] = mapped_column(default="")
    rows: Mapped[list[str]] = mapped_column(default=list)
    position: Mapped[int] = mapped_column(default=0)
    source: Mapped[LongText] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (UniqueConstraint("service_type", "kind", "category", "sub_category"),)
