"""Who may hold which role where: sides keep to their organisations, powers to different people."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine import people as deeds
from engine.errors import Conflict, InvalidInput
from engine.storage import Organisation, Role


@pytest.fixture
def newcomer(session, people):
    return deeds.add_person(session, people.security, "newcomer", "新同事")


@pytest.fixture
def grant(session, people, newcomer):
    def give(role: str, code: str) -> None:
        organisation = session.scalars(select(Organisation.id).where(Organisation.code == code)).one()
        deeds.grant_role(session, people.security, newcomer.id, role, organisation)

    return give


@pytest.mark.parametrize(
    ("role", "organisation", "may"),
    [
        ("crew", "ft.crew_sanitation", True),
        ("clerk", "ft.intake", True),
        ("coordinator", "ft.lianhua.street_emergency", True),
        ("enforcement_officer", "ft.lianhua.street_enforcement", True),
        ("administrator", "sz.platform", True),
        ("administrator", "ft.crew_sanitation", False),
        ("duty_chief", "ft.crew_sanitation", False),
        ("designer", "ft.crew_sanitation", False),
        ("enforcement_officer", "ft.crew_sanitation", False),
        ("enforcement_officer", "ft.intake", False),
        ("crew", "ft.intake", False),
        ("coordinator", "ft.intake", False),
        ("auditor", "ft.intake", False),
    ],
)
def test_a_role_is_held_in_the_organisations_of_its_side(grant, role, organisation, may):
    if may:
        grant(role, organisation)
    else:
        with pytest.raises(InvalidInput) as refused:
            grant(role, organisation)
        assert [problem.code for problem in refused.value.problems] == ["role_not_here"]


@pytest.mark.parametrize(
    ("first", "second", "may"),
    [
        (("designer", "sz.platform"), ("operator", "sz.platform"), True),
        (("clerk", "ft.intake"), ("duty_chief", "ft.intake"), True),
        (("clerk", "ft.intake"), ("administrator", "sz.platform"), False),
        (("administrator", "sz.platform"), ("duty_chief", "ft.intake"), False),
        (("administrator", "sz.platform"), ("auditor", "sz.audit"), False),
        (("security_admin", "sz.security"), ("designer", "sz.platform"), False),
        (("auditor", "sz.audit"), ("security_admin", "sz.security"), False),
        (("enforcement_officer", "ft.lianhua.street_enforcement"), ("auditor", "sz.audit"), False),
    ],
)
def test_system_security_audit_and_case_work_are_different_peoples(grant, first, second, may):
    grant(*first)
    if may:
        grant(*second)
    else:
        with pytest.raises(Conflict) as refused:
            grant(*second)
        assert refused.value.kind == "separated"


def test_everybody_of_the_demonstration_could_have_been_given_their_roles(session, city):
    sides = deeds.data("role_sides.yaml")
    kinds = {kind for kinds in sides.values() for kind in kinds}
    assert {role.side for role in session.scalars(select(Role))} == set(sides)
    assert {organisation.kind for organisation in session.scalars(select(Organisation))} <= kinds
