"""The big tables, row by row: each can be reached, and says what the diagrams rely on."""

from __future__ import annotations

import csv
import json
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from lxml import etree

from engine.decisions import DecisionSet, read_dmn
from engine.domain_functions import LIBRARY
from engine.feel import Host
from engine.workdays import parse_limit

ROOT = Path(__file__).parents[2]
DMN = "{https://www.omg.org/spec/DMN/20191111/MODEL/}"
HOST = Host(now=datetime(2026, 11, 18, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai")))


@cache
def decisions() -> DecisionSet:
    paths = sorted((ROOT / "workflows").rglob("*.dmn"))
    return DecisionSet([read_dmn(path.read_bytes(), path.as_posix()) for path in paths], library=LIBRARY)


@cache
def rules(file: str, decision: str) -> list[tuple[str, list[str]]]:
    """Rule ids with the texts of their inputs."""
    root = etree.parse(ROOT / "workflows" / file).getroot()
    table = next(d for d in root.iter(f"{DMN}decision") if d.get("id") == decision)
    found = []
    for rule in table.iter(f"{DMN}rule"):
        texts = [entry.findtext(f"{DMN}text") or "" for entry in rule.iter(f"{DMN}inputEntry")]
        found.append((rule.get("id") or "", texts))
    return found


def words(cell: str) -> list[str]:
    """The texts a cell lists; none for a dash or a not(…)."""
    return [] if cell.startswith("not(") else [json.loads(text) for text in re.findall(r'"[^"]*"', cell)]


def fired(decision: str, **variables: Any) -> tuple[Any, list[str]]:
    case = {"urgency": "一般", "sub_category": "", **variables.pop("case", {})}
    decided = decisions().decide(decision, {"case": case, **variables}, HOST)
    return decided.value, list(decided.trace["rules"])


def test_every_filing_condition_gives_its_row_a_limit_and_a_way() -> None:
    wrong = []
    for rule, (condition, override, urgency, _) in rules("filing/filing_limits.dmn", "filing_limits"):
        value, rules_fired = fired(
            "filing_limits",
            filing_condition=words(condition)[0],
            safety_override=override == "true",
            case={"urgency": (words(urgency) or ["一般"])[0]},
        )
        whole = parse_limit(value["limit"])
        routes = {"IN_HOUSE", "DISPATCH", "ENFORCEMENT", "MIXED", "EMERGENCY", "TRANSFER"}
        if rules_fired != [rule] or whole.value <= 0 or value["default_route"] not in routes or not value["source"]:
            wrong.append(rule)
    assert wrong == []


def test_every_option_names_a_condition_the_limits_know() -> None:
    known = {words(cells[0])[0] for _, cells in rules("filing/filing_limits.dmn", "filing_limits")}
    wrong = []
    for rule, (names,) in rules("filing/filing_limits.dmn", "filing_options"):
        for name in words(names) or [""]:
            options, rules_fired = fired("filing_options", case={"sub_category": name})
            if rule not in rules_fired or not {option["value"] for option in options} <= known:
                wrong.append(f"{rule} {name}")
    assert wrong == []


def test_every_item_of_the_reference_list_can_be_filed() -> None:
    rows = csv.DictReader((ROOT / "engine/data/categories.csv").read_text("utf-8").splitlines())
    items = {row["sub_category"] for row in rows if row["sub_category"]}
    missing = [item for item in sorted(items) if len(fired("filing_options", case={"sub_category": item})[0]) < 2]
    assert missing == []


def test_every_row_of_the_responsibility_table_names_duties_that_exist() -> None:
    duties = {duty["code"] for duty in yaml.safe_load((ROOT / "engine/data/duties.yaml").read_text("utf-8"))}
    wrong = []
    for rule, (row, item) in rules("responsibility/responsibility.dmn", "responsibility"):
        value, rules_fired = fired(
            "responsibility", filing={"row": words(row)[0]}, case={"sub_category": (words(item) or ["无此小类"])[0]}
        )
        named = [value[name] for name in ("in_house", "dispatch", "enforcement", "emergency")]
        if rules_fired != [rule] or not {*named, *value["joint"], *value["alternatives"]} <= duties:
            wrong.append(rule)
    assert wrong == []


@pytest.mark.parametrize(
    ("facts", "route"),
    [
        ({"danger": True, "default_route": "IN_HOUSE"}, "EMERGENCY_UPGRADE"),
        ({"fixed_on_site": True, "default_route": "MIXED"}, "IN_HOUSE_FIX"),
        ({"default_route": "IN_HOUSE"}, "IN_HOUSE_FIX"),
        ({"default_route": "DISPATCH"}, "DISPATCH_DEPARTMENT"),
        ({"default_route": "ENFORCEMENT"}, "ENFORCEMENT_HANDOFF"),
        ({"default_route": "MIXED", "party_known": True}, "ENFORCEMENT_HANDOFF"),
        ({"default_route": "MIXED"}, "IN_HOUSE_FIX"),
        ({"default_route": "EMERGENCY"}, "DISPATCH_DEPARTMENT"),
        ({"default_route": "TRANSFER"}, "TRANSFER"),
    ],
)
def test_the_route_follows_from_the_facts(facts: dict[str, Any], route: str) -> None:
    value, _ = fired("route_plan", filing={"default_route": facts.pop("default_route")}, **facts)
    assert value["route"] == route


@pytest.mark.parametrize(
    ("metres", "hours", "verdict"),
    [(18, 0.6, "duplicate"), (18, 30, "ask"), (120, 2, "ask"), (None, 2, "ask")],
)
def test_near_and_recent_cases_of_the_same_class_are_duplicates(metres: Any, hours: float, verdict: str) -> None:
    assert fired("duplicate_rule", duplicates=[{"metres": metres, "hours": hours}])[0] == verdict


def test_nothing_alike_is_new() -> None:
    assert fired("duplicate_rule", duplicates=[])[0] == "new"
