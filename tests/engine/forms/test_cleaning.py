"""Forms filled by well-meaning and by hostile people."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.errors import ExecutionFailed, InvalidInput
from engine.forms import clean


def form(*components: dict[str, Any]) -> dict[str, Any]:
    return {"type": "default", "id": "f", "components": list(components)}


def field(kind: str, key: str = "a", **settings: Any) -> dict[str, Any]:
    return {"type": kind, "key": key, "label": key, **settings}


def faults(schema: dict[str, Any], raw: Any, **more: Any) -> set[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        clean(schema, raw, **more)
    return {(problem.path, problem.code) for problem in caught.value.problems}


REQUIRED = {"validate": {"required": True}}
OPTIONS = {"values": [{"label": "甲", "value": "x"}, {"label": "乙", "value": "y"}]}


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("textfield", "  路面 破损 ", "路面 破损"),
        ("textarea", "一\r\n二\n", "一\n二"),
        ("number", "1,200.50", Decimal("1200.5")),
        ("number", "７", 7),
        ("number", "3.0", 3),
        ("number", 0.1, Decimal("0.1")),
        ("checkbox", "on", True),
        ("checkbox", None, False),
        ("date", "2026-02-14", date(2026, 2, 14)),
        ("time", "08:30", time(8, 30)),
        ("point", "114.05, 22.54", {"longitude": Decimal("114.05"), "latitude": Decimal("22.54")}),
        (
            "point",
            {"longitude": 114.0579, "latitude": "22.5"},
            {"longitude": Decimal("114.0579"), "latitude": Decimal("22.5")},
        ),
        ("photo", ["abcdef123", "abcdef123"], ["abcdef123"]),
        ("filepicker", "abcdef123", ["abcdef123"]),
        ("person", "clerk_lh", "clerk_lh"),
        ("organisation", "ft.intake", "ft.intake"),
        ("textfield", "", None),
        ("number", " ", None),
        ("photo", "", []),
    ],
)
def test_what_was_typed_becomes_a_value_of_its_kind(kind: str, raw: Any, value: Any) -> None:
    assert clean(form(field(kind)), {"a": raw}) == {"a": value}


def test_a_moment_without_a_zone_is_the_citys() -> None:
    found = clean(form(field("datetime", subtype="datetime")), {"a": "2026-02-14T09:00"})["a"]
    assert found == datetime.fromisoformat("2026-02-14T09:00+08:00")
    assert found.utcoffset() == timedelta(hours=8)


def test_subtypes_of_a_datetime_are_dates_and_times() -> None:
    schema = form(field("datetime", "d", subtype="date"), field("datetime", "t", subtype="time"))
    assert clean(schema, {"d": "2026-02-14", "t": "9:5"} | {"t": "09:05"}) == {"d": date(2026, 2, 14), "t": time(9, 5)}


@pytest.mark.parametrize("kind", ["textfield", "textarea", "number", "date", "point", "photo", "person"])
@pytest.mark.parametrize("raw", [None, "", "   ", " \n "])
def test_a_required_field_is_not_satisfied_by_blanks(kind: str, raw: Any) -> None:
    raw = None if kind == "photo" and raw and not raw.strip() else raw
    assert faults(form(field(kind, **REQUIRED)), {"a": raw}) == {("a", "required")}


def test_a_required_tick_has_to_be_ticked() -> None:
    assert faults(form(field("checkbox", **REQUIRED)), {"a": "false"}) == {("a", "must_be_checked")}


@pytest.mark.parametrize(
    ("settings", "raw", "code"),
    [
        ({"validate": {"minLength": 3}}, "ab", "too_short"),
        ({"validate": {"maxLength": "= limit"}}, "abcd", "too_long"),
        ({"validate": {"pattern": "^[PEXN][0-9]{2}[BC]?$"}}, "E46 or so", "wrong_pattern"),
        ({"validate": {"pattern": "\\d{3}"}}, "12345", "wrong_pattern"),
        ({"validate": {"validationType": "email"}}, "nobody", "not_an_email"),
        ({"validate": {"validationType": "phone"}}, "call me", "not_a_phone"),
    ],
)
def test_a_text_outside_its_bounds_is_refused(settings: dict[str, Any], raw: str, code: str) -> None:
    assert faults(form(field("textfield", **settings)), {"a": raw}, variables={"limit": 3}) == {("a", code)}


def test_a_chinese_pattern_in_javascripts_spelling_works() -> None:
    schema = form(field("textfield", validate={"pattern": "^[\\u4e00-\\u9fff]+$"}))
    assert clean(schema, {"a": "莲花街道"}) == {"a": "莲花街道"}


def test_a_catastrophic_pattern_ends_at_once() -> None:
    schema = form(field("textfield", validate={"pattern": "^(a+)+$"}))
    assert faults(schema, {"a": "a" * 5000 + "!"}) == {("a", "wrong_pattern")}


@pytest.mark.parametrize(
    ("raw", "code"),
    [("12", "too_large"), ("0", "too_small"), ("1.234", "too_many_decimals"), ("abc", "not_a_number")],
)
def test_a_number_outside_its_bounds_is_refused(raw: str, code: str) -> None:
    schema = form(field("number", decimalDigits=2, validate={"min": 1, "max": "= most"}))
    assert faults(schema, {"a": raw}, variables={"most": 10}) == {("a", code)}


def test_only_what_is_offered_can_be_chosen() -> None:
    schema = form(field("select", "one", **OPTIONS), field("checklist", "many", **OPTIONS))
    assert clean(schema, {"one": "x", "many": ["y", "x", "y"]}) == {"one": "x", "many": ["y", "x"]}
    assert faults(schema, {"one": "z", "many": ["x", "z"]}) == {("one", "not_an_option"), ("many", "not_an_option")}
    assert clean(schema, {"one": "", "many": None}) == {"one": None, "many": []}


def test_options_come_from_variables_and_expressions_and_keep_their_type() -> None:
    schema = form(
        field("radio", "n", valuesExpression="= for i in 1..3 return {value: i, label: string(i)}"),
        field("taglist", "t", valuesKey="around.tags"),
        field("codeTable", "c", properties={"table": "return_reasons"}),
    )
    variables = {"around": {"tags": ["a", {"value": True, "label": "ja"}]}}
    found = clean(schema, {"n": "2", "t": ["true", "a"], "c": "T3"}, variables=variables)
    assert found == {"n": 2, "t": [True, "a"], "c": "T3"}
    assert faults(schema, {"n": "4", "t": ["b"], "c": "T99"}, variables=variables) == {
        ("n", "not_an_option"),
        ("t", "not_an_option"),
        ("c", "not_an_option"),
    }


def test_what_is_hidden_is_dropped_and_not_required() -> None:
    schema = form(
        field("radio", "d", **OPTIONS),
        field("textarea", "why", conditional={"hide": '= d != "y"'}, **REQUIRED),
        field("textfield", "more", conditional={"hide": '= why = null or why = ""'}, **REQUIRED),
    )
    assert clean(schema, {"d": "x", "why": "no reason", "more": "?"}) == {"d": "x"}
    assert faults(schema, {"d": "y"}) == {("why", "required")}
    assert faults(schema, {"d": "y", "why": "so"}) == {("more", "required")}


def test_a_condition_sees_the_processs_variables() -> None:
    schema = form(field("textfield", conditional={"hide": '= route = "IN_HOUSE"'}, **REQUIRED))
    assert clean(schema, {}, variables={"route": "IN_HOUSE"}) == {}
    assert faults(schema, {}, variables={"route": "OUT"}) == {("a", "required")}


def test_groups_and_paths_nest_the_values() -> None:
    schema = form(
        {"type": "group", "label": "plain", "components": [field("textfield", "flat")]},
        {"type": "group", "path": "party", "components": [field("textfield", "name", **REQUIRED)]},
        field("textfield", "party2.phone"),
    )
    assert clean(schema, {"flat": "1", "party": {"name": "张三"}, "party2": {"phone": "5"}}) == {
        "flat": "1",
        "party": {"name": "张三"},
        "party2": {"phone": "5"},
    }
    assert faults(schema, {"party": {}}) == {("party.name", "required")}
    assert faults(schema, {"party": "hostile"}) == {("party", "wrong_type")}


def test_a_hidden_group_takes_its_fields_along() -> None:
    inner = [field("textfield", "flat", **REQUIRED)]
    schema = form({"type": "group", "label": "g", "components": inner, "conditional": {"hide": "= true"}})
    assert clean(schema, {"flat": "x"}) == {}


def test_every_row_of_a_list_is_checked_with_its_own_condition() -> None:
    rows = {
        "type": "dynamiclist",
        "path": "people",
        "components": [
            field("textfield", "name", **REQUIRED),
            field("checkbox", "other"),
            field("textfield", "what", conditional={"hide": "= not(other)"}, **REQUIRED),
        ],
    }
    raw = {"people": [{"name": "张三"}, {"name": "", "other": "on"}, {"name": "李四", "other": "on", "what": "房东"}]}
    assert faults(form(rows), raw) == {("people.1.name", "required"), ("people.1.what", "required")}
    assert clean(form(rows), {"people": raw["people"][2:]}) == {
        "people": [{"name": "李四", "other": True, "what": "房东"}]
    }
    assert faults(form(rows), {"people": [{}] * 101}) == {("people", "too_many")}


def test_read_only_fields_keep_what_the_process_says() -> None:
    schema = form(field("textfield", "a", readonly=True, **REQUIRED), field("number", "b", disabled="= locked"))
    assert clean(schema, {"a": "forged", "b": "9"}, variables={"a": "real", "locked": True}) == {"a": "real"}
    assert clean(schema, {"b": "9"}, variables={"locked": False}) == {"b": 9}


def test_unknown_keys_are_dropped() -> None:
    assert clean(form(field("textfield")), {"a": "x", "status": "closed", "__proto__": {}}) == {"a": "x"}


@pytest.mark.parametrize(
    ("kind", "raw", "code"),
    [
        ("textfield", "a\0b", "bad_characters"),
        ("textarea", "a\ud800", "bad_characters"),
        ("textfield", {"x": 1}, "wrong_type"),
        ("textfield", ["x"], "wrong_type"),
        ("textarea", "x" * 20_001, "too_long"),
        ("number", float("nan"), "not_a_number"),
        ("number", "Infinity", "not_a_number"),
        ("number", True, "not_a_number"),
        pytest.param("number", 10**5000, "too_many_digits", id="huge"),
        ("number", "9" * 5000, "too_many_digits"),
        ("number", "1e999999", "too_many_digits"),
        ("checkbox", "maybe", "wrong_type"),
        ("date", "2026-02-30", "not_a_date"),
        ("date", "0001-01-01", "not_a_date"),
        ("time", "25:00", "not_a_time"),
        ("datetime", "yesterday", "not_a_datetime"),
        ("point", "here", "not_a_point"),
        ("point", "200, 100", "not_a_point"),
        ("point", '{"longitude": NaN, "latitude": 1}', "not_a_point"),
        ("photo", ["../../etc/passwd"], "not_a_file"),
        ("photo", [{"id": 1}], "not_a_file"),
        ("photo", ["a" * 10] * 201, "too_many"),
        ("signature", ["abcdef1", "abcdef2"], "too_many"),
        ("person", "x; DROP TABLE", "not_an_option"),
        ("checklist", ["x"] * 300, "too_many"),
    ],
)
def test_a_hostile_value_is_refused_with_a_reason(kind: str, raw: Any, code: str) -> None:
    assert faults(form(field(kind, **OPTIONS)), {"a": raw}) == {("a", code)}


def test_a_day_that_has_passed_is_refused_where_the_form_says_so() -> None:
    schema = form(field("datetime", subtype="date", disallowPassedDates=True))
    today = date(2026, 2, 14)
    assert faults(schema, {"a": "2026-02-13"}, today=today) == {("a", "in_the_past")}
    assert clean(schema, {"a": "2026-02-14"}, today=today) == {"a": today}


def test_all_problems_are_told_at_once() -> None:
    schema = form(field("textfield", "a", **REQUIRED), field("number", "b"), field("select", "c", **OPTIONS))
    assert faults(schema, {"b": "x", "c": "z"}) == {("a", "required"), ("b", "not_a_number"), ("c", "not_an_option")}


def test_a_broken_expression_is_an_incident_not_an_answer() -> None:
    with pytest.raises(ExecutionFailed) as caught:
        clean(form(field("textfield", conditional={"hide": "= 1 +"})), {"a": "x"})
    assert (caught.value.element_id, caught.value.expression) == ("a", "= 1 +")


def test_something_that_is_no_form_at_all_is_refused() -> None:
    assert faults(form(field("textfield")), ["x"]) == {("", "wrong_type")}
