"""Where a place lies, as people name it and as the map says."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import areas
from engine.errors import InvalidInput
from engine.storage import Area


def problem(call, *arguments, **names):
    with pytest.raises(InvalidInput) as caught:
        call(*arguments, **names)
    return caught.value.problems[0].path, caught.value.problems[0].code


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ({"district": "福田区", "street": "莲花街道", "community": "景田社区"}, "ft.lianhua.jingtian"),
        ({"district": "福田", "street": "莲花", "community": "景田"}, "ft.lianhua.jingtian"),
        ({"district": "深圳市福田区", "street": "莲花街道"}, "ft.lianhua"),
        ({"district": "Futian"}, "ft"),
        ({"street": "坂田街道"}, "lg.bantian"),
        ({"district": "龙华区", "street": "龙华街道"}, "lhua.longhua"),
        ({"district": "龙岗区", "street": "大鹏街道"}, "dp.dapeng"),
        ({"district": "大鹏新区", "street": "南澳街道"}, "dp.nanao"),
        ({"district": "深汕特别合作区", "street": "鹅埠镇"}, "ss.ebu"),
        ({"district": "深圳市"}, "sz"),
        ({"district": "福田区", "street": "莲花街道", "community": "新来的社区"}, "ft.lianhua"),
        (
            {"district": "福田区", "street": "莲花街道", "community": "景田社区", "grid": "景田002网格"},
            "ft.lianhua.jingtian.002",
        ),
        ({"district": "福田区", "street": "莲花街道", "grid": "440304008004003"}, "ft.lianhua"),
    ],
)
def test_a_place_is_found_by_its_names(session, names, code):
    assert areas.place(session, **names).area.code == code


def test_a_community_the_tables_do_not_know_is_kept_as_it_was_said(session):
    found = areas.place(session, district="福田区", street="莲花街道", community="新来的社区", grid="440304008004003")
    assert (found.community, found.grid, found.path) == ("新来的社区", "440304008004003", "sz/ft/ft.lianhua/")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"district": "福田区", "longitude": 113.93, "latitude": 22.53}, ("point", "point_elsewhere")),
        ({"district": "福田区", "street": "民治街道"}, ("street", "street_not_in_district")),
        ({"district": "福田区", "street": "莲花路"}, ("street", "street_not_in_district")),
        ({}, ("district", "required")),
        ({"district": "  "}, ("district", "required")),
        ({"longitude": 114.0}, ("point", "not_a_point")),
        ({"longitude": math.nan, "latitude": 22.5}, ("point", "not_a_point")),
        ({"longitude": 22.5, "latitude": 114.0}, ("point", "not_a_point")),
    ],
)
def test_a_place_that_makes_no_sense_is_said_so_with_the_field(session, names, expected):
    assert problem(areas.place, session, **names) == expected


@pytest.mark.parametrize(
    "names",
    [
        {"district": "（深圳市外）东莞市", "street": "凤岗镇"},
        {"district": "惠州市惠阳区"},
        {"street": "凤岗镇"},
        {"longitude": 114.146, "latitude": 22.741},
        {"district": "龙岗区", "street": "平湖街道", "longitude": 114.146, "latitude": 22.741},
    ],
)
def test_a_place_outside_the_city_is_known_as_such(session, names):
    found = areas.place(session, **names)
    assert not found.inside_city and found.area is None


def test_a_place_outside_is_still_taken_down_for_the_hotline(session):
    found = areas.place(session, district="（深圳市外）东莞市", street="凤岗镇")
    assert (found.inside_city, found.area, found.path, found.street) == (False, None, "", "凤岗镇")


# Well inside each district, by common knowledge of the city.
@pytest.mark.parametrize(
    ("longitude", "latitude", "code"),
    [
        (114.057, 22.543, "ft"),
        (114.130, 22.555, "lh"),
        (113.930, 22.530, "ns"),
        (113.883, 22.570, "ba"),
        (113.845, 22.770, "ba"),
        (114.247, 22.720, "lg"),
        (114.070, 22.640, "lg"),
        (114.237, 22.556, "yt"),
        (114.045, 22.690, "lhua"),
        (114.350, 22.690, "ps"),
        (113.936, 22.750, "gm"),
        (114.480, 22.600, "dp"),
        (115.000, 22.850, "ss"),
    ],
)
def test_a_point_lies_in_its_district(session, longitude, latitude, code):
    assert areas.place(session, longitude=longitude, latitude=latitude).area.code == code


@pytest.mark.parametrize(
    ("longitude", "latitude"),
    [(114.170, 22.320), (113.750, 23.020), (114.420, 23.110), (113.803, 22.820), (114.060, 22.480), (0, 0)],
)
def test_hong_kong_dongguan_and_huizhou_are_outside(session, longitude, latitude):
    assert areas.district_at(session, longitude, latitude) is None


def test_the_point_decides_whether_it_is_the_citys_and_the_names_where(session):
    beside_the_border = {"longitude": 113.99, "latitude": 22.54}
    assert areas.place(session, **beside_the_border).district == "南山区"
    found = areas.place(session, district="福田区", street="莲花街道", **beside_the_border)
    assert found.path == "sz/ft/ft.lianhua/"
    wrong_name = areas.place(session, district="东莞市", longitude=114.057, latitude=22.543)
    assert (wrong_name.inside_city, wrong_name.district) == (True, "福田区")


def test_the_outlines_leave_no_hole_between_districts(session):
    districts = session.query(Area).filter(Area.level == "district", Area.code != "ss").all()
    inside = [
        (x / 1000, y / 1000)
        for x in range(113_900, 114_300, 25)
        for y in range(22_560, 22_680, 20)
        if not (x / 1000 > 114.2 and y / 1000 < 22.58)
    ]
    lost = [point for point in inside if areas.district_at(session, *point) is None]
    assert districts and lost == []


@pytest.mark.parametrize(
    ("area", "answer"),
    [
        ("福田区", True),
        ("福田", True),
        ("莲花街道", True),
        ("莲花", True),
        ("景田", True),
        ("深圳市", True),
        ("深圳市福田区", True),
        (["南山区", "福田区"], True),
        ("南山区", False),
        ("福田街道", False),
        ("", False),
        ([], False),
    ],
)
def test_in_area_understands_the_level(area, answer):
    place = {"district": "福田区", "street": "莲花街道", "community": "景田社区", "grid": "", "inside_city": True}
    assert areas.within(place, area) is answer


def test_outside_the_city_nothing_is_in_it():
    assert not areas.within({"district": "东莞市", "inside_city": False}, "深圳市")


def test_an_area_is_found_by_any_of_its_names(session):
    assert areas.find(session, "龙岗").code == "lg"
    assert areas.find(session, "龙岗街道").code == "lg.longgang"
    assert areas.find(session, "ft.lianhua").name == "莲花街道"
    assert areas.find(session, "凤岗镇") is None


def test_distances_are_over_ground():
    assert areas.metres((114.057, 22.543), (114.057, 22.543)) == 0
    assert 1110 < areas.metres((114.057, 22.543), (114.057, 22.553)) < 1115


POINTS = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


@given(POINTS, POINTS)
def test_a_distance_is_the_same_both_ways_and_never_more_than_half_the_globe(first, second):
    distance = areas.metres(first, second)
    assert math.isclose(distance, areas.metres(second, first), abs_tol=1e-3)
    assert 0 <= distance <= 20_100_000
