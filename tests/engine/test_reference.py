"""What the city brings along arrives once, whole, and is not overwritten."""

import pytest
from sqlalchemy import func, select

from engine.demonstration import PASSWORD, load_demonstration, logins_to_try
from engine.errors import InvalidInput
from engine.permissions import actor_for
from engine.reference import (
    announced_days,
    code_table,
    data,
    duties,
    duties_named,
    find_category,
    load_reference_data,
    service_type_code,
)
from engine.storage import Area, AreaLevel, CalendarYear, Category, Organisation, Person, Role, ServiceType


def test_every_district_and_street_is_there_with_the_statistical_code(session):
    districts = session.scalars(select(Area).where(Area.level == AreaLevel.DISTRICT)).all()
    streets = session.scalars(select(Area).where(Area.level == AreaLevel.STREET)).all()
    assert len(districts) == 11
    assert len([street for street in streets if street.nbs_code]) == 74
    lianhua = session.scalars(select(Area).where(Area.nbs_code == "440304008")).one()
    assert (lianhua.name, lianhua.path) == ("莲花街道", "sz/ft/ft.lianhua/")


def test_dapeng_is_a_district_of_its_own_over_longgang_codes(session):
    street = session.scalars(select(Area).where(Area.name == "葵涌街道")).one()
    assert street.nbs_code == "440307009" and street.path.startswith("sz/dp/")


def test_loading_twice_changes_nothing(session):
    before = {table: session.scalar(select(func.count()).select_from(table)) for table in (Area, Category, Role)}
    load_reference_data(session)
    assert before == {table: session.scalar(select(func.count()).select_from(table)) for table in before}


def test_an_area_an_administrator_renamed_keeps_its_name(session):
    area = session.scalars(select(Area).where(Area.code == "ft.lianhua")).one()
    area.name = "莲花"
    session.flush()
    load_reference_data(session)
    assert area.name == "莲花"


def test_the_contractor_holds_no_deed_of_enforcement(session):
    for role in session.scalars(select(Role).where(Role.side == "contractor")):
        assert not [deed for deed in role.deeds if deed.startswith("enforcement.") or deed == "case.personal"]
        assert "case.view" not in role.deeds


def test_administration_is_separated(session):
    deeds = {role.code: set(role.deeds) for role in session.scalars(select(Role))}
    assert "people.manage" in deeds["security_admin"]
    assert not [code for code, held in deeds.items() if "people.manage" in held and "deployment.publish" in held]
    assert not [code for code, held in deeds.items() if {"deployment.draft", "deployment.publish"} <= held]
    assert not [code for code, held in deeds.items() if "audit.verify" in held and "people.manage" in held]


def test_the_seven_services_are_found_by_any_of_their_names(session):
    assert session.scalar(select(func.count()).select_from(ServiceType)) == 7
    assert {service_type_code(name) for name in ("sanitation", "市容环卫服务", "市容环卫")} == {"sanitation"}
    with pytest.raises(InvalidInput) as caught:
        service_type_code("天气服务")
    assert caught.value.problems[0].code == "unknown_service_type"


def test_a_category_is_found_by_its_names_and_knows_its_decision_rows(session):
    litter = find_category(
        session, service_type="sanitation", kind="事件", category="市容环境", sub_category="暴露生活垃圾"
    )
    assert litter.rows == ["E03"]
    cover = find_category(
        session, service_type="street_furniture", kind="部件", category="公用设施", sub_category="污水井盖"
    )
    assert cover.rows == ["P01", "P02", "P03", "P04"]


def test_brackets_may_be_typed_wide_or_narrow(session):
    for name in ("私搭乱建（已形成）", "私搭乱建(已形成)", "私搭乱建 (已形成)"):
        found = find_category(session, service_type="key_areas", category="市容环境", sub_category=name)
        assert found.rows == ["E02"]


def test_service_matters_are_open_to_what_nobody_has_listed(session):
    found = find_category(session, service_type="community", kind="服务事项", category="求助", sub_category="猫上树了")
    assert (found.category, found.sub_category) == ("求助", "")


@pytest.mark.parametrize(
    ("category", "sub_category", "field"),
    [("市容", "暴露生活垃圾", "category"), ("市容环境", "彩虹", "sub_category")],
)
def test_an_unknown_category_names_its_field(session, category, sub_category, field):
    with pytest.raises(InvalidInput) as caught:
        find_category(session, service_type="sanitation", category=category, sub_category=sub_category)
    assert caught.value.problems[0].path == field


@pytest.mark.parametrize(
    ("owner", "wanted"),
    [
        ("服务企业环卫班组", {"crew_sanitation"}),
        ("水务集团；围护由服务企业", {"water", "crew_municipal", "contractor"}),
        ("街道综合行政执法办", {"street_enforcement"}),
        ("市政养护；服务企业秩序组；单车企业", {"road_maintenance", "crew_order", "shared_bikes"}),
        ("应急值班员；燃气企业、消防", {"emergency_command", "gas", "fire"}),
        ("社区出租屋管理岗（业主整改）", {"rental_housing"}),
        ("某某公司", set()),
    ],
)
def test_the_owners_named_in_case_files_are_understood_as_duties(owner, wanted):
    assert duties_named(owner) == wanted


def test_2026_is_as_announced_and_years_without_a_notice_are_not_invented(session):
    working = {str(day) for day, works, _ in announced_days(2026) if works}
    assert working == {"2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"}
    assert announced_days(2040) is None
    assert 2026 in set(session.scalars(select(CalendarYear.year)))


def test_code_lists_for_forms_have_both_languages():
    for name in data("code_tables.yaml"):
        assert all(row["code"] and row["name"] and row["name_en"] for row in code_table(name))


def test_every_district_has_somebody_for_every_role(session, city):
    districts = session.scalars(select(Area).where(Area.level == AreaLevel.DISTRICT)).all()
    logins = set(session.scalars(select(Person.username)))
    for district in districts:
        suffix = "" if district.code == "ft" else f"_{district.code}"
        for role in ("clerk", "chief", "dispatcher", "inspector", "inspector2", "manager", "crew", "department"):
            assert role + suffix in logins
    for street in session.scalars(select(Area).where(Area.level == AreaLevel.STREET)):
        suffix = "" if street.code == "ft.lianhua" else "_" + street.code.replace(".", "_")
        for role in ("street", "community", "enforcement_intake", "officer", "officer2", "enforcement_head", "legal"):
            assert role + suffix in logins


def test_every_role_is_held_by_somebody(session, people, city):
    held = set()
    for login, _, _ in logins_to_try():
        held |= people[login].roles
    held |= {role for login in ("arbiter", "supervisor", "bureau", "security") for role in people[login].roles}
    held |= people["legal"].roles | people["enforcement_head"].roles | people["commander"].roles
    held |= people["community"].roles
    assert held == set(session.scalars(select(Role.code)))


def test_the_demonstration_is_loaded_once(session, city):
    before = session.scalar(select(func.count()).select_from(Organisation))
    load_demonstration(session)
    assert session.scalar(select(func.count()).select_from(Organisation)) == before
    assert len(PASSWORD) >= 12
    assert set(session.scalars(select(Organisation.duty))) == set(duties())


def test_somebody_who_left_is_no_actor(session, people):
    clerk = session.scalars(select(Person).where(Person.username == "clerk")).one()
    assert actor_for(session, clerk.id, "test").roles == {"clerk"}
