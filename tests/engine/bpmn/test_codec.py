"""State as bytes: nothing is lost, nothing can be forged, nothing newer is guessed at."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bpmn import Environment, Execution, variable_of
from engine.bpmn.codec import decode, encode, read_rows
from engine.errors import ExecutionFailed
from engine.feel import YearsMonths

CITY = ZoneInfo("Asia/Shanghai")
NASTY = ["$", "typename", "__class__", '$":', '"$":', "t", "", "\ud800", "d", "\x00", "键"]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**100), 10**100),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.text(),
    st.sampled_from(NASTY),
    st.dates(),
    st.times(),
    st.times(timezones=st.just(UTC)),
    st.datetimes(),
    st.datetimes(timezones=st.sampled_from([UTC, CITY, timezone(timedelta(hours=8)), ZoneInfo("Europe/Berlin")])),
    st.timedeltas(),
    st.integers(-1200, 1200).map(YearsMonths),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5) | st.sampled_from(NASTY), inner, max_size=4)
    ),
    max_leaves=15,
)


def same(one, other):
    """Equal in value and in kind, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Decimal):
        return one.as_tuple() == other.as_tuple()
    if isinstance(one, datetime | time):
        return (one.isoformat(), str(one.tzinfo), one.fold) == (other.isoformat(), str(other.tzinfo), other.fold)
    return one == other


@settings(max_examples=400, deadline=None)
@given(VALUES)
def test_every_value_comes_back_exactly(value):
    assert same(decode(encode(value)), value)


@pytest.mark.parametrize(
    "value",
    [
        {"$": ["d", "1"]}, {"$": ["c", ["a", 1]]}, {"$": None}, {"$": ["x"]}, {"typename": "uuid", "value": "1"},
        {"a": {"$": "s", "b": 1}}, [{"$": []}], {"$": {"$": {"$": 1}}},
    ],
    ids=str,
)  # fmt: skip
def test_data_that_looks_like_ours_stays_data(value):
    assert same(decode(encode(value)), value)
    assert same(decode(encode([value, Decimal("1.20")])), [value, Decimal("1.20")])


def test_hostile_form_data_does_not_poison_an_instance(walk):
    hostile = {"typename": "datetime", "value": "x", "$": ["t", "0001-01-01"], "data": {"$": ["zzz"]}}
    case = walk("call")
    case.complete("inside", **hostile)
    assert case.variables["$"] == hostile["$"] and case.variables["data"] == hostile["data"]


def test_moments_keep_their_kind_through_a_process(walk):
    values = {
        "a": datetime(2026, 1, 1, 8, tzinfo=CITY), "b": date(2026, 1, 1), "c": time(8, 30), "d": timedelta(hours=1),
        "e": YearsMonths(14), "f": Decimal("1.50"), "g": 2**70,
    }  # fmt: skip
    case = walk("call")
    case.complete("inside", **values)
    assert same({name: case.variables[name] for name in values}, values)


@pytest.mark.parametrize("others", [{}, {"$": ["d", "1"], "\ud800": 1}, {"long": "y" * 5000}], ids=["", "$", "packed"])
def test_one_variable_is_read_without_the_rest(program, others):
    ours = program("call")
    assert variable_of(Execution.start(ours, Environment()).dump(), "level") is None
    for level in (2, Decimal("1.50"), {"$": 1}, None):
        state = Execution.start(ours, Environment(), {**others, "level": level}).dump()
        assert same(variable_of(state, "level"), level)
    with pytest.raises(ExecutionFailed) as failed:
        variable_of(state[:-3], "level")
    assert failed.value.kind == "state_unreadable"


def test_a_newer_format_is_refused_in_clear_words(program):
    ours = program("call")
    state = Execution.start(ours, Environment()).dump()
    newer = state[:2] + bytes([state[2] + 1]) + state[3:]
    with pytest.raises(ExecutionFailed, match="newer version") as failed:
        Execution.load(ours, Environment(), newer)
    assert failed.value.kind == "state_newer"


@pytest.mark.parametrize("cut", [0, 1, 3, 4, 20, -1])
def test_damaged_state_is_refused(program, cut):
    ours = program("call")
    state = Execution.start(ours, Environment(), {"x": "y" * 5000}).dump()
    with pytest.raises(ExecutionFailed) as failed:
        Execution.load(ours, Environment(), state[:cut])
    assert failed.value.kind == "state_unreadable"


@pytest.mark.parametrize("body", [b"[1]", b"7", b"[1, [], 3]", b"{}"])
def test_state_of_another_shape_is_refused(body):
    with pytest.raises(ExecutionFailed) as refused:
        read_rows(b"CL\x01\x00" + body, 1000)
    assert refused.value.kind == "state_unreadable"


def test_state_that_does_not_fit_the_program_is_refused(program):
    state = Execution.start(program("call"), Environment()).dump()
    with pytest.raises(ExecutionFailed) as failed:
        Execution.load(program("user_task"), Environment(), state)
    assert failed.value.kind == "element_missing"


def test_large_state_is_packed_and_small_state_is_readable(program):
    ours = program("call")
    small = Execution.start(ours, Environment(), {"x": 1}).dump()
    assert orjson.loads(small[4:])[1][0][4] == {"x": 1}
    large = Execution.start(ours, Environment(), {"x": "y" * 100_000}).dump()
    assert len(large) < 3_000
    assert Execution.load(ours, Environment(), large).variables["x"] == "y" * 100_000
