"""Somebody answers for every open case, and never two."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from engine import clock, responsibility
from engine.errors import Conflict, NotFound
from engine.permissions import Actor
from engine.storage import (
    Case,
    CaseStatus,
    Database,
    Organisation,
    OrganisationArea,
    OrganisationCategory,
    ResponsiblePeriod,
)
from engine.storage.statements import Writes

MACHINE = Actor.system("test")


@pytest.fixture
def organisation(session, city):
    return lambda code: session.scalars(select(Organisation).where(Organisation.code == code)).one()


def periods(session, case):
    return session.execute(
        select(ResponsiblePeriod, Organisation)
        .join(Organisation, Organisation.id == ResponsiblePeriod.organisation_id)
        .where(ResponsiblePeriod.case_id == case.id)
        .order_by(ResponsiblePeriod.since, ResponsiblePeriod.id)
        .execution_options(populate_existing=True)
    ).all()


def parties(session, case):
    return [(who.code, period.until is None) for period, who in periods(session, case)]


def test_the_first_receiver_keeps_a_case_until_another_has_accepted(session, open_case, organisation, people):
    case = open_case()
    assert parties(session, case) == [("ft.intake", True)]
    assert responsibility.assign(session, people.crew, case, organisation("ft.crew_sanitation"), "accepted")
    assert parties(session, case) == [("ft.intake", False), ("ft.crew_sanitation", True)]
    assert case.responsible_organisation_id == organisation("ft.crew_sanitation").id


def test_periods_follow_each_other_without_a_gap(session, open_case, organisation):
    with clock.at("2026-11-16 09:00"):
        case = open_case()
    with clock.at("2026-11-16 10:00"):
        responsibility.assign(session, MACHINE, case, organisation("ft.water"), "accepted")
    with clock.at("2026-11-17 10:00"):
        responsibility.assign(session, MACHINE, case, organisation("ft.intake"), "returned")
    rows = [period for period, _ in periods(session, case)]
    assert [later.since for later in rows[1:]] == [earlier.until for earlier in rows[:-1]]


def test_accepting_what_one_answers_for_already_changes_nothing(session, open_case, organisation):
    case = open_case()
    assert not responsibility.assign(session, MACHINE, case, organisation("ft.intake"), "again")
    assert len(periods(session, case)) == 1


def test_an_ended_case_gets_no_new_party(session, open_case, organisation):
    case = open_case()
    case.status = CaseStatus.CLOSED
    writes = Writes()
    responsibility.end(writes, case)
    writes.send(session)
    assert parties(session, case) == [("ft.intake", False)]
    with pytest.raises(Conflict) as caught:
        responsibility.assign(session, MACHINE, case, organisation("ft.water"), "late")
    assert caught.value.kind == "ended"


def test_the_database_refuses_an_open_case_without_a_party(session, open_case, city):
    case = open_case()
    case.responsible_organisation_id = None
    with pytest.raises(IntegrityError):
        session.flush()


def test_the_database_refuses_two_parties_at_a_time(session, open_case, organisation):
    case = open_case()
    session.add(
        ResponsiblePeriod(case_id=case.id, organisation_id=organisation("ft.water").id, since=clock.now(), reason="x")
    )
    with pytest.raises(IntegrityError):
        session.flush()


@pytest.mark.postgres
def test_two_who_accept_at_once_leave_one_party(city, postgres_url):
    database = Database(postgres_url)
    with database.transaction() as session:
        intake = session.scalars(select(Organisation).where(Organisation.code == "ft.intake")).one()
        case = Case(
            number="T-1",
            public_id="t1",
            service_type="sanitation",
            title="x",
            reported_at=clock.now(),
            opened_at=clock.now(),
            updated_at=clock.now(),
            responsible_organisation_id=intake.id,
        )
        session.add(case)
        session.flush()
        responsibility.assign(session, MACHINE, case, intake, "opened")
        case_id = case.id

    def accept(code):
        with database.transaction() as session:
            who = session.scalars(select(Organisation).where(Organisation.code == code)).one()
            return responsibility.assign(session, MACHINE, session.get_one(Case, case_id), who, "accepted")

    codes = ["ft.water", "ft.power", "ft.gas", "ft.crew_sanitation"]
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(accept, codes))
    with database.reading() as session:
        case = session.get_one(Case, case_id)
        rows = parties(session, case)
        assert [running for _, running in rows].count(True) == 1 and len(rows) == 5
    database.close()


@pytest.mark.parametrize(
    ("wanted", "area", "expected"),
    [
        ("crew_sanitation", "ft.lianhua", "ft.crew_sanitation"),
        ("crew_sanitation", "lg.bantian", "lg.crew_sanitation"),
        ("street_enforcement", "ft.lianhua.jingtian", "ft.lianhua.street_enforcement"),
        ("water", "lhua.minzhi", "lhua.water"),
        ("contractor", "ft", "ft.contractor"),
        ("bureau", "ft.lianhua", "ft.bureau"),
        ("intake", "ft.lianhua", "ft.intake"),
        ("arbitration", "dp.nanao", "dp.arbitration"),
        ("sz.arbitration", "ft.lianhua", "sz.arbitration"),
        ("lh.water", "ft.lianhua", "lh.water"),
        ("enforcement_team", "yt.haishan", "yt.haishan.street_enforcement"),
        ("platform", "ft.lianhua", "sz.platform"),
        ("福田区服务企业", "ft.lianhua", "ft.contractor"),
    ],
)
def test_a_drawing_names_a_duty_and_the_nearest_who_has_it_is_meant(session, city, open_case, wanted, area, expected):
    case = open_case(area=area)
    assert responsibility.resolve(session, wanted, case).code == expected


def test_a_case_outside_every_area_is_the_city_centres(session, city, open_case):
    case = open_case(area="", district="东莞市", inside_city=False)
    assert responsibility.resolve(session, "intake", case).code == "sz.intake"


def test_who_nobody_is_is_said_so(session, city, open_case):
    with pytest.raises(NotFound) as caught:
        responsibility.resolve(session, "weather_office", open_case())
    assert caught.value.facts["wanted"] == "weather_office"


def test_one_who_serves_the_category_comes_before_one_who_serves_all(session, organisation, open_case):
    special = Organisation(code="ft.bins", name="果皮箱专班", kind="crew", duty="crew_sanitation")
    session.add(special)
    session.flush()
    area = session.scalars(
        select(OrganisationArea.area_id).where(
            OrganisationArea.organisation_id == organisation("ft.crew_sanitation").id
        )
    ).one()
    session.add(OrganisationArea(organisation_id=special.id, area_id=area))
    session.add(OrganisationCategory(organisation_id=special.id, category="垃圾满溢"))
    session.flush()
    assert responsibility.resolve(session, "crew_sanitation", open_case(sub_category="垃圾满溢")).code == "ft.bins"
    assert responsibility.resolve(session, "crew_sanitation", open_case()).code == "ft.crew_sanitation"
