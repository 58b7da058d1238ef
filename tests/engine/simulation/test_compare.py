"""Differences between what a case file expects and what became of the case."""

from dataclasses import replace
from typing import Any

from engine import clock
from engine.simulation import compare
from engine.simulation.outcome import Outcome, Party

START = clock.parse("2026-10-12T16:30+08:00")
DUE = clock.parse("2026-10-13T10:30+08:00")
OUTCOME = Outcome(
    number="FT-20261012-0001",
    status="closed",
    route="IN_HOUSE_FIX",
    decision_row="E03",
    close_condition="清理",
    close_reason="",
    duplicate_of="",
    limit="4 工作时",
    started_at=START,
    first_due_at=DUE,
    due_at=DUE,
    parties=(Party("福田区城市服务环卫班组", "crew_sanitation", START),),
    workers=(("受理员", "intake"), ("作业班组", "crew_sanitation")),
    path=("受理", "立案", "现场处置", "核查"),
)
EXPECTED = {
    "primary_route": "IN_HOUSE_FIX",
    "dmn_row": "E03",
    "owner": "服务企业环卫班组",
    "path": ["自处置/内部工单", "清理", "核查", "结案"],
    "limit": {
        "value": 4,
        "unit": "工作时",
        "deadline_rule_A_0812_1418": "2026-10-13T10:30+08:00",
        "provisional_calendar": False,
    },
}


def what(expected: dict[str, Any], outcome: Outcome = OUTCOME, **context: Any) -> list[str]:
    return [d.what for d in compare(expected, outcome, {"SC-1": "FT-1"}, context)]


def test_a_case_as_expected_has_no_difference() -> None:
    assert what(EXPECTED) == []


def test_each_fact_is_held_against_the_file() -> None:
    other = replace(
        OUTCOME, route="DISPATCH_DEPARTMENT", decision_row="E04", limit="2 工作时", first_due_at=START, status="void"
    )
    assert what(EXPECTED, other) == ["route", "row", "limit", "deadline", "path", "path", "closing"]


def test_every_named_owner_must_have_been_there() -> None:
    expected = {"owner": "水务集团；围护由服务企业环卫班组"}
    assert what(expected) == ["owner"]
    assert what(expected, replace(OUTCOME, parties=(Party("水务集团", "water", START), *OUTCOME.parties))) == []


def test_a_clock_that_begins_later_is_compared_after_its_resumption() -> None:
    later = clock.parse("2026-10-14T10:00+08:00")
    limit = {**EXPECTED["limit"], "clock_start": "2026-10-13", "deadline_rule_A_0812_1418": "2026-10-14T10:00+08:00"}  # type: ignore[dict-item]
    assert what({"limit": limit}, replace(OUTCOME, due_at=later)) == []
    assert what({"limit": limit}) == ["deadline"]


def test_a_duplicate_ends_as_one_and_names_its_original() -> None:
    expected = {"primary_route": "DUPLICATE"}
    duplicate = replace(OUTCOME, route="DUPLICATE", status="duplicate", duplicate_of="FT-1")
    assert what(expected, duplicate, open_case="SC-1") == []
    assert what(expected, replace(duplicate, duplicate_of="FT-2"), open_case="SC-1") == ["duplicate of"]
