"""Every shipped diagram, table and form: deploys without a problem, is complete, is named in two tongues."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import etree

from engine import forms
from engine.bpmn import ProcessInfo, compile_processes
from engine.bpmn.lint import Resources
from engine.decisions import DecisionSet, analyse, read_dmn
from engine.domain_functions import LIBRARY

ROOT = Path(__file__).parents[2]
WORKFLOWS, FORMS = ROOT / "workflows", ROOT / "forms"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
BOUNDS = "{http://www.omg.org/spec/DD/20100524/DC}Bounds"
WAYPOINT = "{http://www.omg.org/spec/DD/20100524/DI}waypoint"
CHOICES = [f"{BPMN}{kind}Gateway" for kind in ("exclusive", "inclusive", "eventBased", "complex")]
SCREEN = (2100, 1000)
"""Of the drawing itself; on a screen of 1600 × 1000 the widest is shown at three quarters."""


@cache
def diagrams() -> dict[str, bytes]:
    return {path.relative_to(WORKFLOWS).as_posix(): path.read_bytes() for path in sorted(WORKFLOWS.rglob("*.bpmn"))}


@cache
def tables() -> Any:
    paths = sorted(WORKFLOWS.rglob("*.dmn"))
    return [read_dmn(path.read_bytes(), path.relative_to(WORKFLOWS).as_posix()) for path in paths]


@cache
def schemas() -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FORMS.glob("*.form"))}


@cache
def compiled() -> tuple[dict[str, ProcessInfo], list[Any]]:
    roles = yaml.safe_load((ROOT / "engine/data/roles.yaml").read_text("utf-8"))["roles"]
    known = Resources(
        forms=frozenset(schemas()),
        decisions=frozenset(decision for file in tables() for decision in file.decisions),
        roles=frozenset(role["code"] for role in roles),
    )
    return compile_processes(diagrams(), known=known, library=LIBRARY)


def processes() -> list[ProcessInfo]:
    return list(compiled()[0].values())


def user_tasks() -> Iterator[tuple[ProcessInfo, Any]]:
    for process in processes():
        for task in process.tasks:
            yield process, task


def test_every_diagram_deploys_without_a_problem() -> None:
    assert [f"{p.file} {p.element_id}: {p.code} {p.facts}" for p in compiled()[1]] == []


def test_processes_lie_in_their_folders_and_say_what_kind_they_are() -> None:
    wrong = [
        process.key
        for process in processes()
        if Path(process.file).stem != process.key
        or process.kind not in {"service", "shared", "action", "contingency"}
        or not process.documentation
        or not process.version_tag
    ]
    assert wrong == []


def test_the_seven_services_are_there() -> None:
    services = yaml.safe_load((ROOT / "engine/data/services.yaml").read_text("utf-8"))["services"]
    drawn = {process.properties.get("serviceType") for process in processes() if process.kind == "service"}
    assert drawn == {service["code"] for service in services}


def test_every_human_task_has_a_group_a_form_a_limit_a_stage_and_someone_to_escalate_to() -> None:
    wrong = [
        f"{process.key}.{task.element_id}"
        for process, task in user_tasks()
        if not (task.groups or task.assignee)
        or not task.form_id
        or not all(task.properties.get(name) for name in ("limit", "escalateTo", "stage"))
    ]
    assert wrong == []


def test_whoever_decides_or_penalises_is_not_of_the_contractor() -> None:
    contractor = {"inspector", "crew", "project_manager"}
    power = re.compile(r"处罚|罚款|没收|扣押|查封|送达|强制|立案审批|裁决|作出决定")
    wrong = [
        f"{process.key}.{task.element_id}"
        for process, task in user_tasks()
        if contractor & set(task.groups) and power.search(task.name)
    ]
    assert wrong == []


def test_ids_are_english_and_names_are_chinese() -> None:
    wrong = []
    for process in processes():
        wrong += [process.key] if not (IDENTIFIER.fullmatch(process.key) and CHINESE.search(process.name)) else []
        for element in process.elements:
            named = element.name or element.type.endswith("Gateway")
            if not IDENTIFIER.fullmatch(element.id) or not named or (element.name and not CHINESE.search(element.name)):
                wrong.append(f"{process.key}.{element.id} {element.name!r}")
    assert wrong == []


@pytest.mark.parametrize("file", diagrams())
def test_every_choice_says_how_it_is_made(file: str) -> None:
    root = etree.fromstring(diagrams()[file])
    choices = [node for node in root.iter(*CHOICES) if len(node.findall(f"{BPMN}outgoing")) > 1]
    silent = [node.get("id") for node in choices if not (node.findtext(f"{BPMN}documentation") or "").strip()]
    assert silent == []


def test_every_service_is_interrupted_by_danger() -> None:
    wrong = []
    for process in processes():
        if process.kind == "service":
            starts = [e for e in process.elements if e.type == "startEvent" and e.event == "message"]
            wrong += [] if any("险情" in e.name for e in starts) else [process.key]
    assert wrong == []


@pytest.mark.parametrize("file", sorted(diagrams()))
def test_a_diagram_is_drawn_completely_and_fits_a_screen(file: str) -> None:
    root = etree.fromstring(diagrams()[file])
    drawn = {shape.get("bpmnElement") for shape in root.iter(f"{DI}BPMNShape", f"{DI}BPMNEdge")}
    parts = {"laneSet", "extensionElements", "documentation", "incoming", "outgoing"}
    wanted = {
        node.get("id")
        for process in root.iter(f"{BPMN}process")
        for node in process.iter()
        if isinstance(node.tag, str)
        and node.tag.startswith(BPMN)
        and node.get("id")
        and etree.QName(node).localname not in parts
        and not etree.QName(node).localname.endswith("EventDefinition")
        and node is not process
    }
    assert wanted - drawn == set()
    boxes = [box(bounds) for shape in root.iter(f"{DI}BPMNShape") for bounds in shape.iterchildren(BOUNDS)]
    width = max(right for _, _, right, _ in boxes) - min(left for left, *_ in boxes)
    height = max(bottom for *_, bottom in boxes) - min(top for _, top, *_ in boxes)
    assert width <= SCREEN[0] and height <= SCREEN[1], f"{width:.0f} × {height:.0f}"


@pytest.mark.parametrize("file", sorted(diagrams()))
def test_no_flow_runs_through_a_box(file: str) -> None:
    root = etree.fromstring(diagrams()[file])
    elements = {e.get("id"): e for e in root.iter() if isinstance(e.tag, str) and e.get("id")}
    boxes = {
        shape.get("bpmnElement"): box(shape.find(BOUNDS))
        for shape in root.iter(f"{DI}BPMNShape")
        if shape.get("isExpanded") != "true" and shape.get("isHorizontal") is None
    }
    wrong = []
    for edge in root.iter(f"{DI}BPMNEdge"):
        flow = elements[edge.get("bpmnElement")]
        ends = {flow.get("sourceRef"), flow.get("targetRef")}
        ends |= {elements[end].get("attachedToRef") for end in ends}
        points = [(float(p.get("x")), float(p.get("y"))) for p in edge.iter(WAYPOINT)]
        for (x1, y1), (x2, y2) in pairwise(points):
            for identity, (left, top, right, bottom) in boxes.items():
                beside = max(x1, x2) <= left + 2 or min(x1, x2) >= right - 2
                beside |= max(y1, y2) <= top + 2 or min(y1, y2) >= bottom - 2
                if not beside and identity not in ends and elements[identity].get("attachedToRef") not in ends:
                    wrong.append(f"{flow.get('id')} through {identity}")
    assert wrong == []


def box(bounds: Any) -> tuple[float, float, float, float]:
    left, top, width, height = (float(bounds.get(name)) for name in ("x", "y", "width", "height"))
    return left, top, left + width, top + height


def test_every_decision_is_known_once_and_reads_without_a_problem() -> None:
    keys = [key for file in tables() for key in file.decisions]
    assert [key for key in keys if keys.count(key) > 1 or not IDENTIFIER.fullmatch(key)] == []
    assert [problem for file in tables() for problem in file.problems] == []
    assert [
        str(problem) for problem in DecisionSet(tables(), library=LIBRARY).problems() if problem.severity == "error"
    ] == []


def test_no_table_has_rules_that_contradict_or_never_fire() -> None:
    wrong = []
    for file in tables():
        for key, decision in file.decisions.items():
            table = getattr(decision, "table", None) or getattr(decision, "expression", None)
            if getattr(table, "rules", None) is None:
                continue
            found = analyse(table)
            single = getattr(table, "hit_policy", "UNIQUE") == "UNIQUE"
            if found.dead_rules or found.bad_outputs or (single and found.overlaps):
                wrong.append(f"{key}: {found}")
    assert wrong == []


@pytest.mark.parametrize("form", sorted(schemas()))
def test_a_form_is_right_and_speaks_chinese(form: str) -> None:
    schema = schemas()[form]
    assert schema["id"] == form and IDENTIFIER.fullmatch(form)
    assert forms.problems(schema) == []
    labels = [component.get("label", "") for component in schema["components"] if component["type"] != "text"]
    assert [label for label in labels if not CHINESE.search(label)] == []


def test_every_form_is_used() -> None:
    used = {form for process in processes() for form in process.forms}
    used |= {process.properties.get("startForm", "") for process in processes()}
    assert set(schemas()) - used == set()
