"""Hostile and broken files end at the reader, each with a clear problem and none with a dead server."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

import pytest
from lxml import etree

from engine.bpmn import Environment, Execution, Limits, build_program, compile_processes
from engine.bpmn.reader import read_xml
from engine.errors import CityLoopError

DIAGRAMS = sorted((Path(__file__).parent / "diagrams").glob("*.bpmn"))
BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))


def codes(data, **limits):
    root, problems = read_xml(data, "x.bpmn", Limits(**limits))
    assert (root is None) == bool(problems)
    return [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "xml_broken"),
        (b"no xml at all", "xml_broken"),
        (b"<a><b></a>", "xml_broken"),
        (b"\x00\x01\x02", "xml_broken"),
        (b"\xff\xfe<\x00a\x00", "not_utf8"),
        (b"<?xml version='1.0' encoding='gb2312'?><a/>", "not_utf8"),
        (b"<html/>", "not_bpmn"),
        (b"<definitions/>", "not_bpmn"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "xml_doctype"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>', "xml_doctype"),
        (f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l9;</a>'.encode(), "xml_doctype"),
    ],
)
def test_what_is_no_bpmn_is_told_at_once(data, expected):
    begun = time.thread_time()
    assert codes(data) == [expected]
    assert time.thread_time() - begun < 1


def test_sizes_are_bounded():
    def wrap(inner):
        return f'<definitions xmlns="{BPMN}">{inner}</definitions>'.encode()

    assert codes(b"x" * 50, file_bytes=40) == ["file_too_large"]
    assert codes(wrap("<a/>" * 30), elements=30) == ["too_many_elements"]
    assert codes(wrap("<a>" * 30 + "</a>" * 30), xml_depth=20) == ["xml_too_deep"]
    assert codes(wrap("<a>" + "x" * 101 + "</a>"), text_length=100) == ["text_too_long"]
    assert codes(wrap("<a>" * 5000 + "</a>" * 5000)) in (["xml_broken"], ["xml_too_deep"])


def test_ids_are_plain_and_unique():
    data = f'<definitions xmlns="{BPMN}"><a id="x"/><a id="x"/><a id="a b"/><a id="process x"/></definitions>'.encode()
    root, problems = read_xml(data, "x.bpmn")
    assert root is None
    assert [(p.code, p.element_id) for p in problems] == [
        ("duplicate_id", "x"), ("bad_id", "a b"), ("bad_id", "process x"),
    ]  # fmt: skip


def mutated(random):
    """One of the small diagrams, damaged in one to three places."""
    root = etree.fromstring(random.choice(DIAGRAMS).read_bytes())
    for _ in range(random.randint(1, 3)):
        nodes = [node for node in root.iter() if node is not root] or [etree.SubElement(root, "a")]
        node, other = random.choice(nodes), random.choice(nodes)
        damage = random.randrange(6)
        if damage == 0:
            node.getparent().remove(node)
        elif damage == 1 and node.attrib:
            del node.attrib[random.choice(sorted(node.attrib))]
        elif damage == 2 and node.attrib:
            node.set(random.choice(sorted(node.attrib)), random.choice([other.get("id") or "", "", "=1", "-1", "true"]))
        elif damage == 3:
            node.tag = other.tag
        elif damage == 4:
            other.append(etree.fromstring(etree.tostring(node)))
        else:
            node.text = random.choice(["", "=1", "PT1H", "x", "R3/PT1H"])
    return etree.tostring(root)


@pytest.mark.parametrize("seed", range(8))
def test_no_damaged_diagram_crashes_and_what_is_accepted_runs_or_says_why_not(seed):
    random = Random(seed)
    for _ in range(60):
        files = {"x.bpmn": mutated(random)}
        info, problems = compile_processes(files)
        if any(problem.severity == "error" for problem in problems) or "main" not in info:
            continue
        environment = Environment(decide=lambda *_: 1, variables={"case": {}})
        try:
            running = Execution.start(build_program(files, "main"), environment, {"number": 1, "items": [1]})
            running.dump()
        except CityLoopError as told:
            assert told.facts["kind"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('<bpmn:sequenceFlow id="f_s_work"', '<bpmn:sequenceFlow camunda:skip="1" id="f_s_work"', "foreign_dialect"),
        (
            'sourceRef="s" targetRef="work"/>',
            (
                'sourceRef="s" targetRef="work"><bpmn:extensionElements><zeebe:listener/></bpmn:extensionElements>'
                "</bpmn:sequenceFlow>"
            ),
            "unsupported_extension",
        ),
        ("<bpmn:timerEventDefinition>", '<bpmn:timerEventDefinition camunda:late="1">', "foreign_dialect"),
        ('<bpmn:userTask id="work"', '<bpmn:userTask camunda:formKey="x" id="work"', "foreign_dialect"),
        (
            '<zeebe:formDefinition formId="form"/>',
            '<zeebe:formDefinition formId="form"/><zeebe:taskHeaders><zeebe:header key="a"/></zeebe:taskHeaders>',
            "unsupported_extension",
        ),
    ],
)
def test_nothing_that_means_something_elsewhere_is_taken_and_ignored(old, new, code):
    text = (Path(__file__).parent / "diagrams" / "boundary_events.bpmn").read_text()
    assert old in text
    text = text.replace(old, new, 1).replace(
        "xmlns:zeebe=", 'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:zeebe='
    )
    _, problems = compile_processes({"x.bpmn": text.encode()})
    assert code in {p.code for p in problems if p.severity == "error"}
