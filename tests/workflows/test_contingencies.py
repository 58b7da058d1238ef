"""The twelve response paths of an emergency: what every one of them must be able to do, read off their drawings."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from engine import clock
from engine.bpmn import ProcessInfo, compile_processes
from engine.decisions import DecisionSet, DecisionTable, analyse, read_dmn
from engine.domain_functions import LIBRARY
from engine.feel import Host

WORKFLOWS = Path(__file__).parents[2] / "workflows"
NAMES = {
    "typhoon_response": "防台风", "flood_response": "防汛", "road_collapse_response": "路面塌陷",
    "gas_leak_response": "燃气泄漏", "fire_response": "火灾初期", "pipe_burst_response": "供水爆管",
    "tree_fall_response": "树木倒伏", "falling_object_response": "高空坠物", "waterlogging_response": "内涝",
    "opinion_response": "舆情", "health_response": "公共卫生", "event_response": "大型活动",
}  # fmt: skip
CONTINGENCIES = sorted(NAMES)
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
TABLES = ["event_response", "response_leftovers", "response_level", "response_reporting", "response_run",
          "start_response", "tree_fall_response", "waterlogging_response"]  # fmt: skip
AUTHORITY = re.compile(r"处罚|停工令|查封|扣押|强制|裁决|定级|启动|终止")
CONTRACTOR = {"inspector", "crew", "project_manager"}


@cache
def drawn() -> dict[str, ProcessInfo]:
    files = {path.relative_to(WORKFLOWS).as_posix(): path.read_bytes() for path in WORKFLOWS.rglob("*.bpmn")}
    return compile_processes(files, library=LIBRARY)[0]


@cache
def decisions() -> DecisionSet:
    files = [read_dmn(path.read_bytes(), path.name) for path in sorted(WORKFLOWS.rglob("*.dmn"))]
    return DecisionSet(files, library=LIBRARY)


def decide(decision: str, **facts: Any) -> Any:
    return decisions().decide(decision, facts, Host(now=clock.parse("2026-09-22T09:00+08:00"))).value


def reached(key: str) -> set[str]:
    found, open_ = set(), [key]
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            open_.extend(drawn()[name].calls)
    return found


def test_there_are_twelve_and_each_has_its_name() -> None:
    found = {key: info.name for key, info in drawn().items() if info.kind == "contingency"}
    assert found == NAMES


@pytest.mark.parametrize("key", CONTINGENCIES)
def test_each_sets_its_level_runs_reports_and_hands_back_by_the_shared_parts(key: str) -> None:
    assert {"response_level", "response_run", "response_order", "response_reporting", "response_leftovers",
            "response_closing"} <= reached(key)  # fmt: skip


@pytest.mark.parametrize("key", sorted(set(NAMES) - {"event_response"}))
def test_people_act_and_report_before_anything_is_classified(key: str) -> None:
    root = etree.fromstring((WORKFLOWS / key / f"{key}.bpmn").read_bytes())
    flows = {(flow.get("sourceRef"), flow.get("targetRef")) for flow in root.iter(f"{BPMN}sequenceFlow")}
    first = {task.element_id for task in drawn()[key].tasks if task.form_id == "first_minutes"}
    assert {source for source, target in flows if target == "acted"} == first != set()
    assert {source for source, target in flows if target == "level"} == {"acted"}
    assert {target for source, target in flows if source == "at_once"} == first | {"first_report"}


@pytest.mark.parametrize("key", CONTINGENCIES)
def test_updates_are_due_again_and_again_without_stopping_the_work(key: str) -> None:
    root = etree.fromstring((WORKFLOWS / key / f"{key}.bpmn").read_bytes())
    due = root.find(".//*[@id='update_due']")
    assert due is not None and "false" in {due.get("isInterrupting"), due.get("cancelActivity")}
    assert due.find(f".//{BPMN}timeCycle") is not None


@pytest.mark.parametrize("key", sorted({*CONTINGENCIES, "response_level", "response_run", "response_order"}))
def test_the_contractor_never_sets_or_ends_a_level(key: str) -> None:
    wrong = [t.name for t in drawn()[key].tasks if CONTRACTOR & set(t.groups) and AUTHORITY.search(t.name)]
    assert wrong == []


@pytest.mark.parametrize("key", TABLES)
def test_its_tables_have_no_gap_and_contradict_themselves_nowhere(key: str) -> None:
    for name, decision in read_dmn((WORKFLOWS / key / f"{key}.dmn").read_bytes(), key).decisions.items():
        table = decision.logic
        assert isinstance(table, DecisionTable)
        found = analyse(table)
        assert not found.gaps and not found.dead_rules and not found.bad_outputs, f"{name}: {found}"
        assert table.hit_policy != "UNIQUE" or not found.overlaps, name


def test_a_signal_means_a_level_only_while_the_table_is_in_force() -> None:
    yellow = {"hazard": "typhoon", "colour": "yellow", "zone_kind": None}
    assert decide("warning_response", **yellow, issued_on="2026-09-22")["level"] == 3
    assert decide("warning_response", **yellow, issued_on="2021-10-12")["level"] == 3
    assert decide("warning_response", **yellow, issued_on="2028-01-01")["level"] == 0


def test_at_the_same_moment_one_zone_is_a_level_higher_than_the_next() -> None:
    orange = {"hazard": "flood", "colour": "orange", "issued_on": "2026-09-22"}
    assert decide("warning_response", **orange, zone_kind="ordinary")["level"] == 4
    assert decide("warning_response", **orange, zone_kind="low_lying")["level"] == 3


def test_a_response_without_signal_needs_a_sign_of_danger() -> None:
    assert decide("escalation_guard", by_signal=False, sign_count=0, proposed=3)["allowed"] is False
    assert decide("escalation_guard", by_signal=False, sign_count=1, proposed=3)["allowed"] is True
    assert decide("escalation_guard", by_signal=True, sign_count=0, proposed=5)["allowed"] is True


def change(**facts: Any) -> bool:
    usual = {"level": 2, "to_level": None, "lowering_checked": None, "danger_removed": None,
             "change_by": "emergency_command", "command_duty": "emergency_command"}  # fmt: skip
    return bool(decide("level_change", **{**usual, **facts})["allowed"])


def test_no_level_is_skipped_downward_without_a_check() -> None:
    assert change(change="lower", to_level=3)
    assert not change(change="lower", to_level=4)
    assert change(change="lower", to_level=4, lowering_checked=True)


def test_up_goes_at_once_and_by_anybody() -> None:
    assert change(change="raise", to_level=1, change_by="street_emergency")
    assert not change(change="raise", to_level=3)


def test_only_the_body_that_started_it_lowers_or_ends_it_and_only_without_danger() -> None:
    assert change(change="end", danger_removed=True)
    assert not change(change="end", danger_removed=False)
    assert not change(change="end", danger_removed=True, change_by="street_emergency")
    assert not change(change="lower", to_level=3, change_by="street_emergency")


def test_odd_jobs_stop_from_the_third_level_and_crews_are_withdrawn_from_the_second() -> None:
    def codes(level: int) -> set[str]:
        return {row["code"] for row in decide("level_actions", hazard="typhoon", level=level)}

    assert "stop_works" not in codes(4) and "stop_works" in codes(3)
    assert "secure_signs" in codes(3) and "secure_signs" not in codes(2)
    assert "withdraw" not in codes(3) and "withdraw" in codes(2)
    assert "five_stops" in codes(1)


def test_every_order_says_who_until_when_and_when_it_is_done() -> None:
    for hazard in ("typhoon", "flood", "waterlogging", "road_collapse", "opinion", "health", "event"):
        for level in (1, 2, 3, 4, 5):
            for row in decide("level_actions", hazard=hazard, level=level):
                assert row["duty"] and row["limit"] and row["receipt_limit"] and row["done_when"], row


def test_every_leftover_has_a_class_and_every_event_a_process() -> None:
    wanted = {row["leftover"] for level in range(1, 6) for hazard in ("typhoon", "flood", "health", "event")
              for row in decide("level_actions", hazard=hazard, level=level) if row["leftover"]}  # fmt: skip
    assert all(decide("leftover_class", leftover_kind=kind) for kind in wanted)
    hazards = ("typhoon", "flood", "waterlogging", "road_collapse", "gas_leak", "fire", "pipe_burst", "tree_fall",
               "falling_object", "opinion", "health", "event")  # fmt: skip
    assert {decide("response_plan", hazard=hazard)["process"] for hazard in hazards} == set(NAMES)
