"""Case files: every line is a case or named as what is wrong with it."""

import json

import pytest

from engine import clock
from engine.errors import InvalidInput
from engine.simulation import read_samples

LINE = {
    "id": "A1",
    "title": "路边有垃圾",
    "service_type": "市容环卫服务",
    "reported_at": "2026-10-12T16:30+08:00",
    "context": {"open_case": "A0"},
    "expected": {"primary_route": "IN_HOUSE_FIX"},
    "tests": ["返工"],
    "place_note": "not part of the report",
}


def lines(*cases: object) -> list[str]:
    return [case if isinstance(case, str) else json.dumps(case) for case in cases]


def test_a_line_becomes_a_report_with_what_is_expected_of_it() -> None:
    (sample,) = read_samples(lines(LINE, "  "))
    assert sample.id == "A1"
    assert sample.reported_at == clock.parse("2026-10-12T08:30+00:00")
    assert sample.report["title"] == "路边有垃圾"
    assert "place_note" not in sample.report
    assert sample.context == {"open_case": "A0"}
    assert sample.expected["primary_route"] == "IN_HOUSE_FIX"
    assert sample.tests == ("返工",)


def test_every_bad_line_is_named_with_its_field() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_samples(
            lines(
                "{",
                "[1]",
                {**LINE, "id": " "},
                {**LINE, "id": "A2", "reported_at": "yesterday"},
                {**LINE, "id": "A3", "expected": "closed"},
                LINE,
                LINE,
            )
        )
    assert [(p.path, p.code) for p in caught.value.problems] == [
        ("line 1", "not_json"),
        ("line 2", "not_an_object"),
        ("line 3.id", "required"),
        ("line 4.reported_at", "not_a_datetime"),
        ("line 5.expected", "wrong_type"),
        ("line 7.id", "duplicate_id"),
    ]
