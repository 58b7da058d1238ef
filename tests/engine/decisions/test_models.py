"""All that is not a table: boxed expressions, knowledge models, services, requirements, imports, types."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from engine.decisions import DecisionSet, describe, read_dmn
from engine.errors import ExecutionFailed
from engine.feel import Host

HOST = Host(now=dt.datetime(2026, 2, 14, 9, tzinfo=dt.UTC))


def value(dmn: Any, *parts: str, ask: str = "d", version: str = "", **variables: Any) -> Any:
    data = dmn.definitions(*parts, version=version or dmn.V15)
    file = read_dmn(data, "d.dmn")
    assert not file.problems, file.problems
    return DecisionSet([file]).decide(ask, variables, HOST).value


def entry(name: str, logic: str) -> str:
    variable = f'<variable name="{name}"/>' if name else ""
    return f"<contextEntry>{variable}{logic}</contextEntry>"


def test_a_context_gives_its_entries_or_its_result(dmn: Any) -> None:
    two = entry("a", dmn.literal("1")) + entry("b", dmn.literal("a + 1"))
    assert value(dmn, dmn.decision("d", f"<context>{two}</context>")) == {"a": 1, "b": 2}
    assert value(dmn, dmn.decision("d", f"<context>{two}{entry('', dmn.literal('b * 10'))}</context>")) == 20


def test_relations_and_lists(dmn: Any) -> None:
    row = f"<row>{dmn.literal('x')}{dmn.literal('2')}</row>"
    relation = f'<relation><column name="a"/><column name="b"/>{row}{row}</relation>'
    assert value(dmn, dmn.decision("d", relation), x=1) == [{"a": 1, "b": 2}] * 2
    assert value(dmn, dmn.decision("d", f"<list>{dmn.literal('1')}{dmn.literal('x')}</list>"), x=5) == [1, 5]


@pytest.mark.parametrize(
    ("logic", "expected"),
    [
        ("<conditional><if>{x > 1}</if><then>{'many'}</then><else>{'one'}</else></conditional>", "many"),
        ("<filter><in>{[1,2,3,4]}</in><match>{item > x}</match></filter>", [3, 4]),
        ("<filter><in>{[{a:1},{a:5}]}</in><match>{a > x}</match></filter>", [{"a": 5}]),
        ("<filter><in>{[7,8,9]}</in><match>{x}</match></filter>", 8),
        ('<for iteratorVariable="n"><in>{[1..3]}</in><return>{n * x}</return></for>', [2, 4, 6]),
        ('<for iteratorVariable="n"><in>{[1,2,3]}</in><return>{n + sum(partial)}</return></for>', None),
        ('<some iteratorVariable="n"><in>{[1,2,3]}</in><satisfies>{n > x}</satisfies></some>', True),
        ('<every iteratorVariable="n"><in>{[1,2,3]}</in><satisfies>{n > x}</satisfies></every>', False),
        ('<every iteratorVariable="n"><in>{[]}</in><satisfies>{n > x}</satisfies></every>', True),
    ],
)
def test_boxed_choices_and_loops(dmn: Any, logic: str, expected: Any) -> None:
    # A text in braces is a literal expression; single quotes stand for FEEL's.
    made = re.sub(r"(?<=>)\{(.*?)\}(?=</)", lambda found: dmn.literal(found.group(1).replace("'", '"')), logic)
    assert value(dmn, dmn.decision("d", made), x=2) == (expected if expected is not None else [None, None, None])


def test_a_knowledge_model_is_called_and_invoked_by_name(dmn: Any) -> None:
    model = (
        '<businessKnowledgeModel id="fee" name="fee rate"><encapsulatedLogic>'
        '<formalParameter name="area" typeRef="number"/><formalParameter name="grade"/>'
        f"{dmn.table(['area', 'grade'], ['r'], [['> 1', '-', '10'], ['<= 1', '1', '5']])}"
        "</encapsulatedLogic></businessKnowledgeModel>"
    )
    knows = dmn.needs("fee", "Knowledge")
    assert value(dmn, model, dmn.decision("d", dmn.literal("fee rate(x, 1)"), requires=knows), x=2) == 10
    assert value(dmn, model, dmn.decision("d", dmn.literal("fee rate(grade: 1, area: x)"), requires=knows), x=1) == 5
    assert value(dmn, model, dmn.decision("d", dmn.literal('fee rate("no", 1)'), requires=knows)) is None
    bindings = "".join(
        f'<binding><parameter name="{name}"/>{dmn.literal(text)}</binding>'
        for name, text in (("grade", "1"), ("area", "x"))
    )
    invocation = f"<invocation>{dmn.literal('fee rate')}{bindings}</invocation>"
    assert value(dmn, model, dmn.decision("d", invocation, requires=knows), x=1) == 5


def test_a_boxed_function_closes_over_its_scope(dmn: Any) -> None:
    function = f'<functionDefinition><formalParameter name="a"/>{dmn.literal("a * x")}</functionDefinition>'
    made = f"<context>{entry('f', function)}{entry('', dmn.literal('f(4)'))}</context>"
    assert value(dmn, dmn.decision("d", made), x=3) == 12


@pytest.mark.parametrize("kind", ["Java", "PMML"])
def test_functions_of_other_kinds_are_refused_with_the_reason(dmn: Any, kind: str) -> None:
    function = f'<functionDefinition id="f" kind="{kind}">{dmn.literal("1")}</functionDefinition>'
    file = read_dmn(dmn.definitions(dmn.decision("d", function)), "d.dmn")
    assert [(p.code, p.element_id, p.facts["kind"]) for p in file.problems] == [("function_kind", "f", kind.upper())]


def test_a_decision_sees_what_it_requires_and_tells_it(dmn: Any) -> None:
    parts = [
        '<inputData id="i" name="Floor area"><variable name="Floor area" typeRef="number"/></inputData>',
        dmn.decision("big", dmn.literal("Floor area > 100"), requires=dmn.needs("i", "Input")),
        dmn.decision("d", dmn.table(["big"], ["r"], [["true", '"a"'], ["false", '"b"']]), requires=dmn.needs("big")),
    ]
    decisions = DecisionSet([read_dmn(dmn.definitions(*parts), "d.dmn")])
    decided = decisions.decide("d", {"Floor area": 120}, HOST)
    assert decided.value == "a"
    assert [(r["decision"], r["value"]) for r in decided.trace["required"]] == [("big", True)]
    assert decisions.input_names("d") == {"Floor area"}
    assert decisions.problems() == []
    assert decisions.decide("d", {"Floor area": "much"}, HOST).trace["required"][0]["reasons"]


def test_decisions_that_require_each_other_are_a_problem(dmn: Any) -> None:
    parts = [dmn.decision(a, dmn.literal(b), requires=dmn.needs(b)) for a, b in (("a", "b"), ("b", "a"))]
    decisions = DecisionSet([read_dmn(dmn.definitions(*parts), "d.dmn")])
    assert {p.code for p in decisions.problems()} == {"decision_cycle"}
    with pytest.raises(ExecutionFailed) as failed:
        decisions.decide("a", {}, HOST)
    assert failed.value.kind == "decision_cycle"


def test_a_service_hides_what_is_outside(dmn: Any) -> None:
    service = (
        '<decisionService id="s" name="s"><outputDecision href="#sum"/><inputDecision href="#b"/>'
        '<inputData href="#a"/></decisionService>'
    )
    parts = [
        '<inputData id="a" name="a"><variable name="a" typeRef="number"/></inputData>',
        dmn.decision("b", dmn.literal("1000")),
        dmn.decision("sum", dmn.literal("a * 10 + b"), requires=dmn.needs("a", "Input") + dmn.needs("b")),
        service,
        dmn.decision("d", dmn.literal("[s(1, 2), s(b: 3, a: 4), s(1)]"), requires=dmn.needs("s", "Knowledge")),
    ]
    assert value(dmn, *parts) == [12, 43, None]
    assert value(dmn, *parts, ask="s", a=5, b=6) == 56
    assert value(dmn, *parts, ask="sum", a=5) == 1050


def test_imports_bring_types_functions_and_decisions(dmn: Any) -> None:
    library = dmn.definitions(
        '<itemDefinition name="tSmall"><typeRef>number</typeRef><allowedValues><text>[0..10]</text></allowedValues>'
        "</itemDefinition>",
        '<businessKnowledgeModel id="twice" name="Twice of"><encapsulatedLogic>'
        f'<formalParameter name="n" typeRef="tSmall"/>{dmn.literal("n * 2")}</encapsulatedLogic>'
        "</businessKnowledgeModel>",
        dmn.decision("base", dmn.literal("7")),
        namespace="urn:library",
    )
    main = dmn.definitions(
        f'<import name="lib" namespace="urn:library" importType="{dmn.V15}"/>',
        dmn.decision(
            "d",
            dmn.literal("lib.Twice of(x) + lib.base"),
            type_ref="lib.tSmall",
            requires=dmn.needs("urn:library#twice", "Knowledge") + dmn.needs("urn:library#base"),
        ),
    )
    files = [read_dmn(main, "main.dmn"), read_dmn(library, "library.dmn")]
    decisions = DecisionSet(files)
    assert decisions.problems() == []
    assert decisions.decide("d", {"x": 1}, HOST).value == 9
    assert decisions.decide("d", {"x": 5}, HOST).value is None
    assert decisions.decide("d", {"x": 50}, HOST).value is None
    codes = {p.code for p in DecisionSet(files[:1]).problems()}
    assert codes == {"import_missing", "requirement_missing", "unknown_type"}


TYPES = (
    '<itemDefinition name="tGrade"><typeRef>string</typeRef><allowedValues><text>"I", "II"</text></allowedValues>'
    "</itemDefinition>"
    '<itemDefinition name="tGrades" isCollection="true"><typeRef>tGrade</typeRef>'
    "<typeConstraint><text>count(?) &lt; 3</text></typeConstraint></itemDefinition>"
    '<itemDefinition name="tPlace"><itemComponent name="grade"><typeRef>tGrade</typeRef></itemComponent>'
    '<itemComponent name="area"><typeRef>number</typeRef></itemComponent></itemDefinition>'
    '<itemDefinition name="tTree"><itemComponent name="sons" isCollection="true"><typeRef>tTree</typeRef>'
    "</itemComponent></itemDefinition>"
)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("tGrade", '"I"', "I"),
        ("tGrade", '"III"', None),
        ("tGrade", '["II"]', "II"),
        ("tGrades", '["I", "II"]', ["I", "II"]),
        ("tGrades", '["I", "III"]', None),
        ("tGrades", '["I", "I", "I"]', None),
        ("tPlace", '{grade: "I", area: 2, more: 3}', {"grade": "I", "area": 2, "more": 3}),
        ("tPlace", '{grade: "IV", area: 2}', None),
        ("tPlace", '{grade: "I"}', None),
        ("tTree", "{sons: [{sons: []}]}", {"sons": [{"sons": []}]}),
        ("boolean", '[1, "a"] instance of list<number>', False),
        ("boolean", '"III" instance of string and {grade: "I", area: 1} instance of tPlace', True),
        ("date and time", '@"2026-01-01"', dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
    ],
)
def test_values_are_held_to_their_types(dmn: Any, kind: str, text: str, expected: Any) -> None:
    assert value(dmn, TYPES, dmn.decision("d", dmn.literal(text), type_ref=kind)) == expected


def test_functions_that_never_end_are_stopped(dmn: Any) -> None:
    model = (
        '<businessKnowledgeModel id="f" name="f"><encapsulatedLogic><formalParameter name="n"/>'
        f"{dmn.literal('f(n + 1) + f(n + 2)')}</encapsulatedLogic>{dmn.needs('f', 'Knowledge')}"
        "</businessKnowledgeModel>"
    )
    with pytest.raises(ExecutionFailed):
        value(dmn, model, dmn.decision("d", dmn.literal("f(1)"), requires=dmn.needs("f", "Knowledge")))


def test_dmn_1_1_names_its_types_with_a_prefix(dmn: Any) -> None:
    extra = 'xmlns:feel="http://www.omg.org/spec/FEEL/20140401"'
    data = dmn.definitions(
        dmn.decision("d", dmn.literal("1 + 1"), type_ref="feel:number"), version=dmn.V11, extra=extra
    )
    file = read_dmn(data, "d.dmn")
    assert (file.version, file.decisions["d"].type_ref) == ("1.1", "number")
    assert DecisionSet([file]).decide("d", {}, HOST).value == 2


def test_unknown_names_are_told_where_a_decision_declares_its_inputs(dmn: Any) -> None:
    parts = [
        '<inputData id="i" name="area"/>',
        dmn.decision("d", dmn.literal("aera > 1"), requires=dmn.needs("i", "Input")),
        dmn.decision("e", dmn.literal("summ([1])")),
    ]
    problems = DecisionSet([read_dmn(dmn.definitions(*parts), "d.dmn")]).problems()
    assert [(p.facts["code"], p.facts["name"], p.facts["suggestion"]) for p in problems][:1] == [
        ("unknown_variable", "aera", "area")
    ]


def test_a_file_describes_its_decisions(dmn: Any) -> None:
    table = dmn.table([("x", '"a"')], [{"name": "r", "typeRef": "number"}], [['"a"', "1"]])
    told = describe(read_dmn(dmn.definitions(dmn.decision("d", table)), "d.dmn"))[0]
    assert (told["kind"], told["hit_policy"], told["rules"]) == ("table", "UNIQUE", ["t_r1"])
    assert told["columns"][0]["allowed"] == '"a"'
    assert told["outputs"][0]["type"] == "number"


def test_broken_and_exploding_types_are_told_and_not_used(dmn: Any) -> None:
    bad = "<itemDefinition name='tBad'><typeRef>string</typeRef><allowedValues><text>&gt; &gt;</text></allowedValues>"
    table = dmn.table(["x"], [{"name": "r", "typeRef": "tBad"}], [["1", '"a"']])
    decisions = DecisionSet([read_dmn(dmn.definitions(f"{bad}</itemDefinition>", dmn.decision("d", table)), "d.dmn")])
    assert "feel" in [problem.code for problem in decisions.problems()]
    with pytest.raises(ExecutionFailed):
        decisions.decide("d", {"x": 1}, HOST)
    bomb = "".join(
        f'<itemDefinition name="t{n}">'
        + "".join(f'<itemComponent name="c{k}"><typeRef>t{n + 1}</typeRef></itemComponent>' for k in range(10))
        + "</itemDefinition>"
        for n in range(15)
    )
    parts = (bomb, dmn.decision("d", dmn.literal("1"), type_ref="t0"))
    decisions = DecisionSet([read_dmn(dmn.definitions(*parts), "d.dmn")])
    assert "types_too_large" in [problem.code for problem in decisions.problems()]
    with pytest.raises(ExecutionFailed) as failed:
        decisions.decide("d", {}, HOST)
    assert failed.value.kind == "decision_types"
