"""Who: organisations with what they serve, people, roles, and sessions of the browser."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, BigId, Code, Id, LongText, Name


class OrganisationKind(Base):
    """A kind of organisation (contractor, enforcement_team …). Reference data.

    Columns: code, name, name_en, position.
    """

    __tablename__ = "organisation_kind"

    code: Mapped[Code] = mapped_column(primary_key=True)
    name: Mapped[Name]
    name_en: Mapped[Name]
    position: Mapped[int] = mapped_column(default=0)


class Organisation(Base):
    """A unit that can answer for a case. Written by the loader and administrators; never removed, only made inactive.

    Columns: id, code (readable, ``ft.contractor``), name, name_en, kind, duty (what it answers for, the word processes
    ask for: ``crew_sanitation``, ``water`` …), parent_id, phone, source, active.
    """

    __tablename__ = "organisation"

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    name_en: Mapped[Name] = mapped_column(default="")
    kind: Mapped[Code] = mapped_column(ForeignKey("organisation_kind.code"))
    duty: Mapped[Code] = mapped_column(default="")
    parent_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("organisation.id"), index=True)
    phone: Mapped[str] = mapped_column(String(40), default="")
    source: Mapped[LongText] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (Index(None, "duty"),)


class OrganisationArea(Base):
    """An organisation serves an area and all that lies inside it. Columns: organisation_id, area_id."""

    __tablename__ = "organisation_area"

    organisation_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"), primary_key=True)
    area_id: Mapped[int] = mapped_column(BigId, ForeignKey("area.id"), primary_key=True, index=True)


class OrganisationCategory(Base):
    """An organisation serves only these categories (none at all = every category).

    Columns: organisation_id, category.
    """

    __tablename__ = "organisation_category"

    organisation_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"), primary_key=True)
    category: Mapped[Name] = mapped_column(primary_key=True)


class Person(Base):
    """Somebody who can log in. Written by administrators and the demonstration; never removed, only made inactive.

    Columns: id, username, display_name, password_hash (argon2id; None = cannot log in by password), phone, email,
    locale, active, demonstration, failed_logins (in a row), locked_until, password_changed_at, last_login_at,
    created_at.
    """

    __tablename__ = "person"

    id: Mapped[Id]
    username: Mapped[Code] = mapped_column(unique=True)
    display_name: Mapped[Name]
    password_hash: Mapped[str | None] = mapped_column(String(200))
    phone: Mapped[str] = mapped_column(String(40), default="")
    email: Mapped[str] = mapped_column(String(200), default="")
    locale: Mapped[str] = mapped_column(String(10), default="")
    active: Mapped[bool] = mapped_column(default=True)
    demonstration: Mapped[bool] = mapped_column(default=False)
    failed_logins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    password_changed_at: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Role(Base):
    """What people are to the processes: a candidate group. Reference data.

    Columns: code (the group id in diagrams), name, name_en, may, may_not (Chinese, for people), side (business,
    contractor, enforcement, emergency, administration, public), deeds (codes of what the role allows; see
    ``engine.permissions``), city_wide (True: the holder's deeds are not bounded by the organisation's areas), position.
    """

    __tablename__ = "role"

    code: Mapped[Code] = mapped_column(primary_key=True)
    name: Mapped[Name]
    name_en: Mapped[Name]
    may: Mapped[LongText] = mapped_column(default="")
    may_not: Mapped[LongText] = mapped_column(default="")
    side: Mapped[Code] = mapped_column(default="business")
    deeds: Mapped[list[str]] = mapped_column(default=list)
    city_wide: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)


class RoleGrant(Base):
    """A person holds a role in an organisation. Removed by setting ``revoked_at``.

    Columns: id, person_id, organisation_id, role, granted_at, granted_by_id, revoked_at.
    """

    __tablename__ = "role_grant"

    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("person.id"))
    organisation_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"), index=True)
    role: Mapped[Code] = mapped_column(ForeignKey("role.code"), index=True)
    granted_at: Mapped[datetime]
    granted_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("person.id"))
    revoked_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("person_id", "organisation_id", "role"),)


class LoginSession(Base):
    """One browser logged in. Written at login, ended by logout, idleness or an administrator; purged later.

    Columns: id, token_hash (SHA-256 of the cookie's token), person_id, created_at, last_seen_at, ended_at, address,
    user_agent, data (small things of the session).
    """

    __tablename__ = "login_session"

    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(String(80), default="")
    user_agent: Mapped[str] = mapped_column(String(300), default="")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
