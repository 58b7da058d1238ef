# ruff: noqa: E501 - a drawing reads best with one element a line
"""What a designer is told before publishing: every mistake at once, each with its element and what to do."""

from __future__ import annotations

import importlib.util
import re
import sys
import time
from pathlib import Path

import pytest

from engine.bpmn.lint import Resources, lint
from engine.bpmn.lint_words import catalogue, problem_text
from engine.bpmn.parser import parse
from engine.bpmn.reader import read_xml
from engine.errors import Problem

HERE = Path(__file__).parent


def _neighbour(name):
    spec = importlib.util.spec_from_file_location(f"bpmn_{name}", HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


_drawings = _neighbour("matrix_drawings")
document, event, flows, node, process = (
    _drawings.document, _drawings.event, _drawings.flows, _drawings.node, _drawings.process,
)  # fmt: skip
START, END = event("startEvent", "start"), event("endEvent", "end")


def found(*content, known=None, severity=None, root=_drawings.ROOT):
    """(code, element id) of everything the parser and lint say about a drawing."""
    tree, problems = read_xml(document(*content, root=root), "case.bpmn")
    assert tree is not None, problems
    definitions = parse(tree, "case.bpmn")
    problems = [*definitions.problems, *lint(definitions, known or Resources())]
    for problem in problems:
        assert problem_text(problem, "zh") and problem_text(problem, "en")
    return [(p.code, p.element_id) for p in problems if severity in (None, p.severity)]


def task(identity, inner="", extensions=None, **attributes):
    return node("userTask", identity, inner, extensions, **attributes)


def line(*content, path="start a end"):
    return (START, *content, END, flows(path))


def test_a_sound_drawing_has_nothing_to_complain_about():
    assert found(*line(task("a"))) == []


CASES = {
    "a user task needs somebody and a form": (
        line(task("a", extensions='<zeebe:properties><zeebe:property name="stage" value="处置"/></zeebe:properties>')),
        {("nobody_assigned", "a"), ("form_missing", "a")},
    ),
    "a service task needs a connector": (line(node("serviceTask", "a", extensions="")), {("job_type_missing", "a")}),
    "a send task needs something to send": (line(node("sendTask", "a", extensions="")), {("nothing_to_send", "a")}),
    "a script task needs FEEL": (line(node("scriptTask", "a", extensions="")), {("script_missing", "a")}),
    "a rule task needs a decision": (line(node("businessRuleTask", "a", extensions="")), {("decision_missing", "a")}),
    "a call needs a process": (line(node("callActivity", "a", extensions="")), {("called_process_missing", "a")}),
    "a receive task needs a message": (line(node("receiveTask", "a", messageRef="")), {("event_without_name", "a")}),
    "an exclusive flow needs a condition or to be the default": (
        (START, node("exclusiveGateway", "g"), task("a"), task("b"), END, flows("start g a end", "g b end")),
        {("flow_without_condition", "g-a"), ("flow_without_condition", "g-b")},
    ),
    "a default flow must leave its gateway": (
        (START, node("exclusiveGateway", "g", default="a-end"), task("a"), END, flows("start g", "a end", "g a ?= x", "g end ?= y")),
        {("default_not_outgoing", "g")},
    ),
    "a default flow has no condition": (
        (START, node("exclusiveGateway", "g", default="g-a"), task("a"), END, flows("start g", "a end", "g a ?= x", "g end ?= y")),
        {("default_with_condition", "g-a")},
    ),
    "a parallel gateway decides nothing": (
        (START, node("parallelGateway", "g"), task("a"), END, flows("start g", "a end", "g a ?= x", "g end")),
        {("condition_not_allowed", "g-a")},
    ),
    "conditions without a default may leave a token stranded": (
        (START, node("exclusiveGateway", "g"), task("a"), END, flows("start g", "a end", "g a ?= x", "g end ?= y")),
        {("no_default", "g")},
    ),
    "an event gateway leads to events": (
        (START, node("eventBasedGateway", "g"), task("a"), event("intermediateCatchEvent", "c", "timer"), END,
         flows("start g a end", "g c end")),
        {("event_gateway_target", "a")},
    ),
    "an event gateway offers a choice": (
        (START, node("eventBasedGateway", "g"), event("intermediateCatchEvent", "c", "timer"), END, flows("start g c end")),
        {("event_gateway_too_few", "g")},
    ),
    "an event behind a gateway has one way in": (
        (START, node("eventBasedGateway", "g"), event("intermediateCatchEvent", "c", "timer"),
         event("intermediateCatchEvent", "d", "signal"), task("a"), END, flows("start g c end", "g d a c")),
        {("event_gateway_target_shared", "c")},
    ),
    "nothing may stand aside": ((*line(task("a")), task("b"), flows("b end")), {("unreachable", "b")}),
    "two plain starts leave open where to begin": (
        (*line(task("a")), event("startEvent", "s2"), flows("s2 a")), {("several_plain_starts", "main")},
    ),
    "a process of nothing but a boundary starts nowhere": ((), {("nothing_starts", "main")}),
    "a start has no way in": ((*line(task("a")), flows("a start")), {("incoming_not_allowed", "start")}),
    "an end has no way out": ((*line(task("a")), flows("end a")), {("outgoing_not_allowed", "end")}),
    "a gateway leads somewhere": ((*line(task("a")), node("exclusiveGateway", "g"), flows("a g")), {("outgoing_missing", "g")}),
    "a path without an end is a dead end": ((*line(task("a")), task("b"), flows("a b")), {("dead_end", "b")}),
    "a flow stays in its subprocess": (
        line(node("subProcess", "a", event("startEvent", "s") + task("t") + flows("s t", "t end"))),
        {("flow_crosses_scope", "t-end")},
    ),
    "automatic steps must not go round for ever": (
        (START, node("scriptTask", "a"), node("scriptTask", "b"), flows("start a b a")),
        {("endless_loop", "a"), ("no_end_event", "main"), ("no_way_out", "start")},
    ),
    "automatic steps that go round until the data say otherwise are worth a look": (
        (START, node("scriptTask", "a"), node("exclusiveGateway", "g", default="g-end"), END, flows("start a g end", "g a ?= x")),
        {("loop_without_wait", "a")},
    ),
    "a loop past a person is fine": (
        (START, task("a"), node("exclusiveGateway", "g", default="g-end"), END, flows("start a g end", "g a ?= x")), set(),
    ),
    "a join behind a decision never fires": (
        (START, node("exclusiveGateway", "g", default="g-b"), task("a"), task("b"), node("parallelGateway", "j"), END,
         flows("start g b j end", "a j", "g a ?= x")),
        {("join_never_fires", "j")},
    ),
    "parallel branches should not write the same variable": (
        (START, node("parallelGateway", "g"), node("scriptTask", "a"), node("scriptTask", "b"), node("parallelGateway", "j"), END,
         flows("start g a j end", "g b j")),
        {("conflict", "g")},
    ),
    "a loop needs an end": (
        line(task("a", "<bpmn:standardLoopCharacteristics/>")), {("loop_without_end", "a")},
    ),
    "a multi-instance needs a number": (
        line(task("a", "<bpmn:multiInstanceLoopCharacteristics/>")), {("multi_instance_without_count", "a")},
    ),
    "a number of instances is not negative": (
        line(task("a", "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>= -1</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>")),
        {("count_out_of_bounds", "a")},
    ),
    "a number of instances is not absurd": (
        line(task("a", "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>10000000</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>")),
        {("count_out_of_bounds", "a")},
    ),
    "an output collection needs an output element": (
        line(task("a", '<bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="= xs" outputCollection="ys"/></bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>')),
        {("multi_instance_incomplete", "a")},
    ),
    "a boundary event is attached": (
        (*line(task("a")), event("boundaryEvent", "b", "timer", attachedToRef="nowhere"), flows("b end")),
        {("boundary_unattached", "b")},
    ),
    "an error always interrupts": (
        (*line(task("a")), event("boundaryEvent", "b", "error", attachedToRef="a", cancelActivity="false"), flows("b end")),
        {("must_interrupt", "b")},
    ),
    "an event subprocess has one start with an event": (
        (*line(task("a")), node("subProcess", "es", event("startEvent", "s") + event("endEvent", "e") + flows("s e"),
                                triggeredByEvent="true")),
        {("event_not_allowed", "s")},
    ),
    "a link needs its other half": (
        (START, event("intermediateThrowEvent", "l", "link"), flows("start l")),
        {("link_without_target", "l"), ("no_end_event", "main")},
    ),
    "a link nobody throws is not reached": (
        (*line(task("a")), event("intermediateCatchEvent", "l", "link"), flows("l end")),
        {("link_without_source", "l"), ("unreachable", "l")},
    ),
    "compensation needs a handler": (
        (*line(task("a")), event("boundaryEvent", "b", "compensate", attachedToRef="a")),
        {("compensation_without_handler", "b")},
    ),
    "a handler needs its event": (
        (*line(task("a")), task("h", isForCompensation="true")), {("compensation_handler_unattached", "h")},
    ),
    "cancel belongs into a transaction": (
        (START, event("endEvent", "c", "cancel"), flows("start c")), {("cancel_outside_transaction", "c")},
    ),
    "a cancelled transaction needs a way on": (
        line(node("transaction", "a", event("startEvent", "s") + event("endEvent", "c", "cancel") + flows("s c"))),
        {("cancel_not_caught", "c")},
    ),
    "a cycle cannot interrupt": (
        (*line(task("a")), event("boundaryEvent", "b", "timer cycle", attachedToRef="a"), flows("b end")),
        {("cycle_not_allowed", "b")},
    ),
    "a process cannot start after a duration": (
        (event("startEvent", "start", "timer"), END, flows("start end")), {("duration_start", "start")},
    ),
    "a limit has a unit": (
        line(task("a", extensions=_drawings.FORM + '<zeebe:properties><zeebe:property name="limit" value="4 hours"/></zeebe:properties>')),
        {("bad_limit", "a")},
    ),
    "a warning needs a limit and percentages": (
        line(task("a", extensions=_drawings.FORM + '<zeebe:properties><zeebe:property name="warn" value="half"/></zeebe:properties>')),
        {("bad_warn", "a"), ("warn_without_limit", "a")},
    ),
    "a limit on an event does nothing": (
        (START, event("endEvent", "end").replace("></bpmn:endEvent>", "><bpmn:extensionElements><zeebe:properties><zeebe:property name=\"limit\" value=\"4 工作时\"/></zeebe:properties></bpmn:extensionElements></bpmn:endEvent>"), flows("start end")),
        {("property_misplaced", "end")},
    ),
    "a misspelt property is told": (
        line(task("a", extensions=_drawings.FORM + '<zeebe:properties><zeebe:property name="limits" value="4 工作时"/></zeebe:properties>')),
        {("unknown_property", "a")},
    ),
    "independence refers to a user task": (
        line(task("a", extensions=_drawings.FORM + '<zeebe:properties><zeebe:property name="independentOf" value="b"/></zeebe:properties>')),
        {("independent_of_unknown", "a")},
    ),
    "broken FEEL is told": (
        line(node("scriptTask", "a", extensions='<zeebe:script expression="= 1 +" resultVariable="x"/>')), {("bad_expression", "a")},
    ),
    "an unknown function is told": (
        line(node("scriptTask", "a", extensions='<zeebe:script expression="= frobnicate(1)" resultVariable="x"/>')),
        {("bad_expression", "a")},
    ),
    "an expression of another engine is no text": (
        line(task("a", extensions='<zeebe:assignmentDefinition assignee="${owner}"/><zeebe:formDefinition formId="form"/>')),
        {("foreign_text", "a")},
    ),
    "a process does not call itself for ever": (
        line(node("callActivity", "a", extensions='<zeebe:calledElement processId="main"/>')), {("call_recursion_endless", "a")},
    ),
    "a limit is more than nothing": (
        line(task("a", extensions=_drawings.FORM + '<zeebe:properties><zeebe:property name="limit" value="0 工作时"/></zeebe:properties>')),
        {("bad_limit", "a")},
    ),
    "a misspelt variable is noticed": (
        (START, node("scriptTask", "a", extensions='<zeebe:script expression="= 1" resultVariable="amount"/>'),
         node("exclusiveGateway", "g", default="g-end"), task("b"), END, flows("start a g end", "b end", "g b ?= ammount > 1")),
        {("name_perhaps_misspelt", "g")},
    ),
    "two handlers of one error compete": (
        (*line(task("a")), *(node("subProcess", f"es{i}", event("startEvent", f"s{i}", "error") + event("endEvent", f"e{i}") + flows(f"s{i} e{i}"), triggeredByEvent="true") for i in (1, 2))),
        {("start_twice", "s2")},
    ),
    "two starts for one message compete": (
        (event("startEvent", "start", "message"), event("startEvent", "s2", "message"), END, flows("start end", "s2 end")),
        {("start_twice", "s2")},
    ),
    "two border events for one error compete": (
        (*line(task("a")), event("boundaryEvent", "b1", "error", attachedToRef="a"), event("boundaryEvent", "b2", "error", attachedToRef="a"), flows("b1 end", "b2 end")),
        {("boundary_twice", "b2")},
    ),
    "a marker on a gateway does nothing": (
        (START, node("exclusiveGateway", "x", "<bpmn:standardLoopCharacteristics loopMaximum='2'/>"), END, flows("start x end")),
        {("unsupported_element", "x")},
    ),
    "a scope belongs to a signal": (
        line(task("a", extensions=_drawings.FORM + '<zeebe:properties><zeebe:property name="scope" value="= true"/></zeebe:properties>')),
        {("property_misplaced", "a")},
    ),
    "complex gateways do not run": (
        line(node("complexGateway", "a")),
        {("unsupported_element", "a")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", CASES)
def test_told_before_publishing(title):
    content, expected = CASES[title]
    assert set(found(*content)) >= expected
    extra = {code for code, _ in set(found(*content)) - expected}
    assert extra <= {"unreachable", "no_way_out", "dead_end"}, title


@pytest.mark.parametrize(
    ("timer", "kind"),
    [
        ("PT", "timeDuration"), ("P99999999Y", "timeDuration"), ("P101Y", "timeDuration"), ("1 hour", "timeDuration"),
        ("2026-05-01T08:00:00", "timeDate"), ("tomorrow", "timeDate"), ("9999-01-01T00:00:00Z", "timeDate"),
        ("R/PT0S", "timeCycle"), ("R/PT59S", "timeCycle"), ("R1001/PT1H", "timeCycle"), ("R0/PT1H", "timeCycle"),
        ("0 0 12 * * ?", "timeCycle"),
    ],
)  # fmt: skip
def test_a_literal_timer_is_read_before_publishing(timer, kind):
    """SECURITY.md: cycles at least 60 s and at most 1,000 times, within a hundred years, with an offset."""
    definition = f"<bpmn:timerEventDefinition><bpmn:{kind}>{timer}</bpmn:{kind}></bpmn:timerEventDefinition>"
    boundary = node("boundaryEvent", "b", definition, attachedToRef="a", cancelActivity="false")
    assert {code for code, element in found(*line(task("a")), boundary, flows("b end")) if element == "b"} <= {
        "bad_timer",
        "timer_never",
    }
    assert found(*line(task("a")), boundary, flows("b end"))


@pytest.mark.parametrize("timer", ["-PT1H", "-P1M", " -P1DT1S"])
def test_a_negative_duration_is_refused_where_it_stands(timer):
    definition = (
        f"<bpmn:timerEventDefinition><bpmn:timeDuration>{timer}</bpmn:timeDuration></bpmn:timerEventDefinition>"
    )
    boundary = node("boundaryEvent", "b", definition, attachedToRef="a")
    assert found(*line(task("a")), boundary, flows("b end")) == [("timer_negative", "b")]
    waits = definition.replace(timer, "PT0S")
    assert not found(*line(task("a")), node("boundaryEvent", "b", waits, attachedToRef="a"), flows("b end"))


def test_what_a_drawing_names_must_exist():
    known = Resources(
        forms=frozenset({"receive"}), decisions=frozenset({"route"}), processes=frozenset({"filing"}),
        roles=frozenset({"dispatcher"}), connectors=frozenset({"notify"}),
    )  # fmt: skip
    content = (
        START,
        task("a", extensions='<zeebe:assignmentDefinition candidateGroups="dispatcher, dispatchr"/><zeebe:formDefinition formId="recieve"/>'),
        node("businessRuleTask", "b", extensions='<zeebe:calledDecision decisionId="rout" resultVariable="x"/>'),
        node("callActivity", "c", extensions='<zeebe:calledElement processId="archive"/>'),
        node("serviceTask", "d", extensions='<zeebe:taskDefinition type="fax"/>'),
        END, flows("start a b c d end"),
    )  # fmt: skip
    assert sorted(found(*content, known=known)) == [
        ("unknown_connector", "d"), ("unknown_decision", "b"), ("unknown_form", "a"), ("unknown_process", "c"), ("unknown_role", "a"),
    ]  # fmt: skip
    assert found(*content) == []


@pytest.mark.parametrize(
    ("condition", "told"),
    [("fee > 3", [("conflict", "g")]), ('case.urgency = "high"', [])],
    ids=["read", "not read"],
)
def test_a_field_that_parallel_forms_fill_is_told_when_it_is_read(condition, told):
    known = Resources(form_fields={"form": frozenset({"fee", "remark"})})
    drawn = (
        START, node("parallelGateway", "g"), task("a"), task("b"), node("parallelGateway", "j"),
        node("exclusiveGateway", "x", default="x-end"), task("c"), END,
        flows("start g a j x end", "g b j", f"x c ?= {condition}", "c end"),
    )  # fmt: skip
    assert found(*drawn, known=known) == told


def test_a_problem_says_where_and_what_to_do():
    tree, _ = read_xml(document(*line(task("a", extensions="", name="现场核实"))), "case.bpmn")
    problem = next(p for p in lint(parse(tree, "case.bpmn")) if p.code == "nobody_assigned")
    assert (problem.file, problem.element_id, problem.element_name, problem.severity) == (
        "case.bpmn",
        "a",
        "现场核实",
        "error",
    )
    assert problem.line > 5
    assert "候选组" in problem_text(problem, "zh") and "candidate group" in problem_text(problem, "en")


@pytest.mark.parametrize("tag", ["adHocSubProcess", "complexGateway"])
def test_what_does_not_run_is_named_itself_though_no_flow_leads_there(tag):
    assert found(*line(task("a")), node(tag, "x"), severity="error") == [("unsupported_element", "x")]


def test_processes_of_several_files_are_judged_together():
    files = []
    for name, called in (("one", "two"), ("two", "one")):
        call = node("callActivity", "c", extensions=f'<zeebe:calledElement processId="{called}"/>')
        tree, _ = read_xml(document(process(START, call, END, flows("start c end"), key=name)), f"{name}.bpmn")
        files.append(parse(tree, f"{name}.bpmn"))
    assert [(p.code, p.file) for p in lint(files)] == [
        ("call_recursion_endless", "one.bpmn"), ("call_recursion_endless", "two.bpmn"),
    ]  # fmt: skip
    tree, _ = read_xml(document(process(*line(task("a")), key="one")), "three.bpmn")
    files.append(parse(tree, "three.bpmn"))
    assert ("duplicate_process", "three.bpmn") in {(p.code, p.file) for p in lint(files)}


def test_every_code_has_words_in_both_languages():
    codes = set()
    engine = HERE.parents[2] / "engine"
    for path in (engine / "safe_xml.py", *(engine / "bpmn").rglob("*.py")):
        codes.update(
            re.findall(
                r"(?:Problem|report|problem|\.error|\.warning|\bunknown)\(\s*(?:\w+, \w+, )?\"([a-z_0-9]+)\"",
                path.read_text(),
            )
        )
    codes -= {"error", "warning"}
    assert len(codes) > 100
    for code in codes:
        words = catalogue()[code]
        assert words["zh"].strip() and words["en"].strip(), code
    unused = set(catalogue()) - codes
    assert not unused, "words for codes that nobody uses"


def test_a_drawing_of_a_hundred_elements_is_judged_within_a_second_of_work():
    chain = " ".join(f"t{i}" for i in range(100))
    content = [task(f"t{i}") for i in range(100)]
    tree, _ = read_xml(document(START, *content, END, flows(f"start {chain} end")), "long.bpmn")
    before = time.thread_time()
    assert lint(parse(tree, "long.bpmn")) == []
    assert time.thread_time() - before < 1


def test_long_chains_and_many_forks_are_judged_in_time_that_grows_with_their_size():
    """A chain of 2,000 elements and 30 fork/join sections in a row, as in the issue; nothing here recurses or doubles."""
    forks = []
    path = ["start"]
    for i in range(30):
        forks += [
            node("parallelGateway", f"f{i}"),
            task(f"l{i}"),
            task(f"r{i}"),
            node("parallelGateway", f"j{i}"),
            flows(f"f{i} r{i} j{i}"),
        ]
        path += [f"f{i}", f"l{i}", f"j{i}"]
    chain = [f"t{i}" for i in range(2000)]
    content = (START, *forks, *(task(t) for t in chain), END, flows(" ".join([*path, *chain, "end"])))
    tree, _ = read_xml(document(*content), "long.bpmn")
    before = time.thread_time()
    assert lint(parse(tree, "long.bpmn")) == []
    assert time.thread_time() - before < 10


def test_words_never_fail_on_missing_facts():
    assert "–" in problem_text(Problem("file_too_large", facts={"bytes": 5}), "zh")


def test_brackets_with_nothing_in_them_are_left_out():
    assert (
        problem_text(Problem("unknown_form", facts={"name": "x"}), "zh") == "表单“x”不存在。请选择已有的表单，或新建。"
    )


def test_evidence_is_asked_for_by_the_slots_there_are():
    said = '<zeebe:properties><zeebe:property name="evidence" value="before, after"/></zeebe:properties>'
    demanding = task("a", extensions=said)
    known = Resources(evidence_slots=frozenset({"before", "after"}))
    assert "bad_property" not in {code for code, _ in found(*line(demanding), known=known)}
    known = Resources(evidence_slots=frozenset({"near", "after"}))
    assert ("bad_property", "a") in found(*line(demanding), known=known)


@pytest.mark.parametrize(
    ("where", "length", "good"),
    [("script", 19_000, True), ("script", 21_000, False), ("output", 1_900, True), ("output", 2_100, False)],
)
def test_scripts_may_be_long_other_expressions_may_not(where, length, good):
    """SECURITY.md: 2,000 characters, scripts 20,000."""
    text = '= "' + "x" * (length - 5) + '"'
    script = text if where == "script" else "= 1"
    mapping = (
        f"<zeebe:ioMapping><zeebe:output source='{text}' target='y'/></zeebe:ioMapping>" if where == "output" else ""
    )
    extensions = f"<zeebe:script expression='{script}' resultVariable='x'/>{mapping}"
    assert (found(*line(node("scriptTask", "a", extensions=extensions))) == []) is good
