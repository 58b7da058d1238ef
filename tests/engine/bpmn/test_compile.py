"""What publishing is told about a bundle's diagrams."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.bpmn import Resources, compile_processes

DIAGRAMS = Path(__file__).parent / "diagrams"
REFUSED = {"endless": "endless_loop", "endless_call": "call_recursion_endless"}


def compiled(*names, **known):
    files = {f"{name}.bpmn": (DIAGRAMS / f"{name}.bpmn").read_bytes() for name in names}
    return compile_processes(files, Resources(**known))


@pytest.mark.parametrize("path", sorted(DIAGRAMS.glob("*.bpmn")), ids=lambda path: path.stem)
def test_every_small_diagram_may_be_published(path):
    info, problems = compiled(path.stem)
    errors = {p.code for p in problems if p.severity == "error"}
    assert errors == ({REFUSED[path.stem]} if path.stem in REFUSED else set())
    assert json.loads(json.dumps(info["main"].as_dict()))["key"] == "main"


def test_the_facts_of_a_process():
    info, _ = compiled("tasks")
    main = info["main"]
    assert (main.decisions, main.connectors, main.messages) == (["route"], ["notify"], ["told"])
    assert [e.id for e in main.elements][:3] == ["s", "plain", "by_hand"]
    info, _ = compiled("user_task")
    (task,) = info["main"].tasks
    assert (task.groups, task.form_id, task.properties["limit"]) == (["clerk", "dispatcher"], "form", "4 工作时")
    assert info["main"].forms == ["form"]


def test_every_way_to_begin_is_told():
    info, _ = compiled("starts")
    assert [(s.element_id, s.kind, s.event_name or s.timer or s.condition) for s in info["main"].starts] == [
        ("plain", "none", ""),
        ("on_message", "message", "report"),
        ("on_signal", "signal", "storm"),
        ("by_cycle", "timer", "R/2026-12-01T08:00:00+08:00/P1M"),
        ("by_date", "timer", "2026-12-01T08:00:00+08:00"),
        ("when", "conditional", "=case.urgent"),
    ]
    info, _ = compiled("receive_start")
    assert [(s.element_id, s.kind, s.event_name) for s in info["main"].starts] == [("letter", "message", "letter")]
    info, _ = compiled("implicit")
    assert [(s.element_id, s.kind) for s in info["main"].starts] == [("", "none")]


def test_calls_to_processes_that_nobody_has_are_told():
    _, problems = compiled("call", processes=frozenset({"other"}), forms=frozenset())
    assert {p.code for p in problems if p.severity == "error"} >= {"unknown_form"}


def test_broken_files_are_told_beside_the_good_ones():
    files = {"good.bpmn": (DIAGRAMS / "links.bpmn").read_bytes(), "bad.bpmn": b"<", "note.txt": b"<"}
    info, problems = compile_processes(files)
    assert set(info) == {"main"} and [p.file for p in problems if p.severity == "error"] == ["bad.bpmn"]


def test_an_element_says_in_which_lane_it_is_drawn():
    info, _ = compiled("pool_and_lanes")
    assert {e.id: e.lane for e in info["main"].elements if e.type == "userTask"} == {"accept": "front", "act": "back"}
