"""Organisations and people to try CityLoop with: every duty and every role in every district of the city.

Loaded by ``cityloop demo`` and by tests; a real city enters its own instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine import clock
from engine.reference import Duty, data, duties
from engine.storage import Area, AreaLevel, Organisation, OrganisationArea, Person, RoleGrant

PASSWORD = "cityloop-demo"
SOURCE = "demonstration"
_LEVELS = {"city": AreaLevel.CITY, "district": AreaLevel.DISTRICT, "street": AreaLevel.STREET}


def load_demonstration(session: Session) -> None:
    """Add the organisations and people that are missing; needs the reference data. May be run as often as one likes."""
    areas = session.scalars(select(Area).where(Area.level.in_(_LEVELS.values())).order_by(Area.id)).all()
    _add_organisations(session, areas)
    _add_people(session, areas)
    session.flush()


def standard_organisations(session: Session) -> list[dict[str, str]]:
    """One organisation of every duty in every area of its level, as a city may begin with: code, name, name_en, kind,
    duty, areas (the code of the one area served).
    """
    areas = session.scalars(select(Area).where(Area.level.in_(_LEVELS.values())).order_by(Area.id)).all()
    return [{**_row(area, duty), "areas": area.code} for area in areas for duty in _duties_of(area)]


def logins_to_try() -> list[tuple[str, str, str]]:
    """(login, who, what to try first) of the people a newcomer begins with; in Chinese with English behind it."""
    titles = {row["login"]: row["title"] for rows in data("demonstration.yaml")["people"].values() for row in rows}
    return [
        (login, titles[login], f"{chinese} · {english}")
        for login, chinese, english in data("demonstration.yaml")["try_first"]
    ]


@dataclass(frozen=True)
class _Post:
    """A person's roles in one organisation."""

    username: str
    display_name: str
    organisation: str
    role: str


def organisation_code(area: Area, duty: Duty) -> str:
    """``ft.crew_sanitation``, ``ft.lianhua.street_enforcement``, ``sz.intake``."""
    return f"{area.code}.{duty.code}"


def organisation_name(area: Area, duty: Duty) -> str:
    """What the organisation of ``duty`` in ``area`` is called."""
    patterns = data("demonstration.yaml")["organisation_names"]
    pattern: str = patterns.get(duty.code) or patterns.get(duty.kind) or patterns["default"]
    return pattern.format(area=area.name, duty=duty.name)


def _duties_of(area: Area) -> Iterator[Duty]:
    for duty in duties().values():
        if _LEVELS[duty.scope] == area.level or (duty.city and area.level == AreaLevel.CITY):
            yield duty


def _row(area: Area, duty: Duty) -> dict[str, str]:
    return {
        "code": organisation_code(area, duty),
        "name": organisation_name(area, duty),
        "name_en": f"{area.name_en} {duty.name_en}",
        "kind": duty.kind,
        "duty": duty.code,
    }


def _add_organisations(session: Session, areas: Any) -> None:
    known = set(session.scalars(select(Organisation.code)))
    fresh = [
        {**_row(area, duty), "source": SOURCE}
        for area in areas
        for duty in _duties_of(area)
        if organisation_code(area, duty) not in known
    ]
    if not fresh:
        return
    session.execute(insert(Organisation), fresh)
    organisations = {o.code: o for o in session.scalars(select(Organisation).where(Organisation.source == SOURCE))}
    added = {row["code"] for row in fresh}
    above = data("demonstration.yaml")["part_of"]
    served = []
    for area in areas:
        for duty in _duties_of(area):
            organisation = organisations[organisation_code(area, duty)]
            if organisation.code not in added:
                continue
            served.append({"organisation_id": organisation.id, "area_id": area.id})
            if parent := organisations.get(f"{area.code}.{above.get(duty.kind)}"):
                organisation.parent_id = parent.id
    session.execute(insert(OrganisationArea), served)


def _posts(areas: Any) -> Iterator[_Post]:
    content = data("demonstration.yaml")
    for scope, templates in content["people"].items():
        for area in areas:
            if area.level != _LEVELS[scope]:
                continue
            home = scope == "city" or area.code in (content["home_district"], content["home_street"])
            for template in templates:
                username = template["login"] + ("" if home else "_" + area.code.replace(".", "_"))
                who = template["name"] if home else area.aliases[0]
                name = content["display_name"].format(name=who, title=template["title"])
                for duty in _wanted(template["duties"], area):
                    for role in template["roles"]:
                        yield _Post(username, name, organisation_code(area, duty), role)


def _wanted(words: list[str], area: Area) -> Iterator[Duty]:
    for duty in _duties_of(area):
        if duty.code in words or f"*{duty.kind}" in words:
            yield duty


@cache
def _password_hash() -> str:
    """One hash for everybody: it is one known password, and hashing it eight hundred times would take half a minute."""
    return PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(PASSWORD)


def _add_people(session: Session, areas: Any) -> None:
    posts = list(_posts(areas))
    now = clock.now()
    known = set(session.scalars(select(Person.username)))
    fresh = {
        post.username: {
            "username": post.username,
            "display_name": post.display_name,
            "password_hash": _password_hash(),
            "demonstration": True,
            "password_changed_at": now,
            "created_at": now,
        }
        for post in posts
        if post.username not in known
    }
    if not fresh:
        return
    session.execute(insert(Person), list(fresh.values()))
    people = dict(session.execute(select(Person.username, Person.id)).all())
    organisations = dict(session.execute(select(Organisation.code, Organisation.id)).all())
    session.execute(
        insert(RoleGrant),
        [
            {
                "person_id": people[post.username],
                "organisation_id": organisations[post.organisation],
                "role": post.role,
                "granted_at": now,
            }
            for post in posts
            if post.username in fresh
        ],
    )
