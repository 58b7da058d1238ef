# ruff: noqa: E501 - tables of cases read best with one case a line
"""Diagrams of other engines: what is taken over, what is dropped, what a person has to do, and that nothing crashes."""

from __future__ import annotations

import re
import time
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from engine import forms
from engine.bpmn.dialects import Translation, translate
from engine.bpmn.dialects.feel_printer import feel, template
from engine.bpmn.dialects.juel import NotTranslatable
from engine.bpmn.dialects.scripts import translate_script
from engine.bpmn.extensions import FOREIGN
from engine.bpmn.lint import Resources
from engine.bpmn.lint_words import catalogue
from engine.bpmn.program import build_program
from engine.errors import DeploymentRejected
from engine.feel import compile_expression, from_feel

HERE = Path(__file__).parent
SAMPLES = {path.stem: path.read_bytes() for path in sorted((HERE / "foreign").glob("*.bpmn"))}
NATIVE = {path.stem: path.read_bytes() for path in sorted((HERE / "diagrams").glob("*.bpmn"))}
ZEEBE = "{http://camunda.org/schema/zeebe/1.0}"


class Reading:
    """A translation with handles for tests: elements by id, report by element."""

    def __init__(self, translation: Translation) -> None:
        self.translation = translation
        self.root = etree.fromstring(translation.xml)

    def element(self, identity: str) -> etree._Element:
        return next(e for e in self.root.iter() if e.get("id") == identity)

    def native(self, identity: str, tag: str) -> dict[str, str]:
        return dict(next(self.element(identity).iter(f"{ZEEBE}{tag}")).attrib)

    def mapping(self, identity: str) -> dict[str, str | None]:
        found = self.element(identity).find(f".//{ZEEBE}ioMapping")
        return (
            {} if found is None else {f"{etree.QName(e).localname} {e.get('target')}": e.get("source") for e in found}
        )

    def condition(self, flow: str) -> str | None:
        return self.element(flow).findtext("{*}conditionExpression")

    def said(self, kind: str, element: str = "") -> list[str]:
        return [line.what for line in self.translation.report if line.kind == kind and element in ("", line.element_id)]

    def todo(self) -> set[tuple[str, str]]:
        return {(p.code, p.element_id) for p in self.translation.todo if p.severity == "error"}


def read(name: str, known: Resources | None = None) -> Reading:
    return Reading(translate(SAMPLES[name], f"{name}.bpmn", known or Resources()))


@pytest.mark.parametrize("name", ["camunda7", "operaton"])
def test_a_camunda_7_diagram_becomes_native(name):
    file = read(name)
    assert file.native("review", "assignmentDefinition") == {
        "assignee": "= reviewer", "candidateGroups": '= ["clerk", office.group]', "candidateUsers": "anna,ben",
    }  # fmt: skip
    assert file.native("review", "formDefinition") == {"formId": "review"}
    assert file.native("review", "taskSchedule") == {
        "dueDate": "= dateTimeDue", "followUpDate": "2026-12-01T08:00:00+08:00",
    }  # fmt: skip
    assert file.native("review", "priorityDefinition") == {"priority": "50"}
    assert file.mapping("review") == {
        "input greeting": '= "你好 " + string(reviewer)', "input limits": '= ["1", area]', "input facts": '= {"kind": kind}',
        "input wild": "= null", "output verdict": '= if approved then "yes" else "no"',
    }  # fmt: skip
    assert file.native("review", "loopCharacteristics") == {
        "inputCollection": "= reviewers", "inputElement": "reviewer",
    }  # fmt: skip
    assert file.element("review").findtext(".//{*}completionCondition") == (
        "= numberOfCompletedInstances / numberOfInstances >= 0.5"
    )
    assert file.native("review", "property") == {"name": "stage", "value": "审核"}
    assert file.native("permit", "versionTag") == {"value": "2.1"}
    assert file.native("pay", "taskDefinition") == {"type": "payment"}
    assert file.native("print", "taskDefinition") == {"type": "documentPrinter"}
    assert file.mapping("print") == {"input template": "permit"}
    assert file.native("print", "header") == {"key": "resultVariable", "value": "paper"}
    assert etree.QName(file.element("compute")).localname == "scriptTask"
    assert file.native("compute", "script") == {"expression": "= area * 12", "resultVariable": "fee"}
    assert file.native("rate", "calledDecision") == {"decisionId": "permit_rate", "resultVariable": "rate_result"}
    assert file.native("total", "script") == {"expression": "= fee + 10", "resultVariable": "sum"}
    assert file.native("archive", "calledElement") == {
        "processId": "archive_case", "propagateAllParentVariables": "false", "propagateAllChildVariables": "false",
    }  # fmt: skip
    assert file.mapping("archive") == {
        "input amount": "= fee", "input large": "= area > 10", "output archive_number": "= number",
    }  # fmt: skip
    assert file.condition("f3") == '= verdict = "yes" and area > 5'
    assert file.condition("to_print") == '= kind = "event"'
    assert file.native("told", "taskDefinition") == {"type": "tell"}


def test_form_fields_in_the_diagram_become_a_form():
    form = read("camunda7").translation.forms["start_form"]
    assert [(c["type"], c["key"], c["label"]) for c in form["components"]] == [
        ("number", "area", "面积"), ("select", "kind", "类型"), ("datetime", "until", "截止"), ("checkbox", "agreed", "同意"),
    ]  # fmt: skip
    assert form["components"][0]["validate"] == {"required": True, "min": 1}
    assert form["components"][1]["values"] == [{"label": "店铺", "value": "shop"}, {"label": "活动", "value": "event"}]
    assert form["components"][1]["defaultValue"] == "shop" and form["components"][3]["defaultValue"] is False


@pytest.mark.parametrize("name", SAMPLES)
def test_forms_made_of_a_diagram_can_be_published(name):
    for key, schema in translate(SAMPLES[name], f"{name}.bpmn").forms.items():
        assert schema["id"] == key and forms.problems(schema) == []


def test_what_needs_a_hand_is_said_and_stays_visible():
    file = read("camunda7")
    assert file.todo() == {("script_missing", "wild"), ("foreign_text", "to_wild")}
    assert "fee.each { println it }" in file.element("wild").findtext("{*}documentation")
    assert set(file.said("needs_hand")) >= {
        "camunda:initiator", "camunda:topic", "camunda:delegateExpression", "camunda:formKey", "camunda:errorCodeVariable",
        "inputParameter wild", "condition", "script groovy",
    }  # fmt: skip
    assert file.said("dropped", "review") == ["camunda:taskListener create", "camunda:asyncBefore"]


def test_groups_forms_and_decisions_are_checked_against_the_house():
    known = Resources(roles=frozenset({"clerk"}), forms=frozenset(), decisions=frozenset(), processes=frozenset())
    assert read("camunda7", known).todo() >= {
        ("unknown_form", "review"), ("unknown_decision", "rate"), ("unknown_process", "archive"),
    }  # fmt: skip


def test_a_flowable_diagram_becomes_native():
    file = read("flowable")
    assert [c["key"] for c in file.translation.forms["start_form"]["components"]] == ["day_count", "reason"]
    assert file.native("approve", "assignmentDefinition") == {"candidateGroups": "managers"}
    assert file.native("approve", "taskSchedule") == {"dueDate": '= now() + duration("P2D")'}
    assert file.native("approve", "loopCharacteristics") == {"inputCollection": "= managers", "inputElement": "manager"}
    assert file.native("mail", "taskDefinition") == {"type": "notify"}
    assert file.mapping("mail") == {"input to": "= applicant.mail", "input subject": "结果"}
    assert etree.QName(file.element("decide")).localname == "businessRuleTask"
    assert file.native("decide", "calledDecision")["decisionId"] == "leave_rules"
    assert file.native("sub", "calledElement")["propagateAllParentVariables"] == "true"
    assert file.condition("f2") == '= list contains([null, "", []], reason) or days >= 3'
    assert file.element("wait").findtext(".//{*}timeDate") == "2026-12-24T18:00:00+08:00"
    assert file.todo() == {("form_missing", "approve"), ("bad_timer", "daily")}


def test_nothing_of_another_engine_goes_in_silence():
    call = (
        '<callActivity id="x" calledElement="other" v:calledElementType="id" v:calledElementVersion="3" '
        'v:businessKey="k"><extensionElements><v:in variables="all" local="true"/></extensionElements>'
        '<multiInstanceLoopCharacteristics v:collection="people" v:elementVariable="one" '
        'v:elementIndexVariable="i"/></callActivity>'
    )
    task = (
        '<userTask id="x" v:businessCalendarName="shop" v:formRef="f" v:formRefBinding="version" v:formRefVersion="2"/>'
    )
    rate = '<businessRuleTask id="x" v:decisionRef="rate" v:resultVariable="v" v:decisionRefTenantId="t"/>'
    wanted = {
        call: {
            ("mapped", "in variables"), ("needs_hand", "in local"), ("needs_hand", "calledElementType"),
            ("needs_hand", "calledElementVersion"), ("dropped", "businessKey"), ("needs_hand", "elementIndexVariable"),
        },
        task: {("dropped", "businessCalendarName"), ("needs_hand", "formRefBinding")},
        rate: {("mapped", "decisionRef"), ("dropped", "decisionRefTenantId")},
    }  # fmt: skip
    for drawn, lines in wanted.items():
        data = (
            '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:v="http://flowable.org/bpmn">'
            f'<process id="p" isExecutable="true">{drawn}</process></definitions>'
        ).encode()
        report = translate(data, "call.bpmn").report
        assert lines <= {(line.kind, line.what.partition(":")[2]) for line in report}
        assert all(line.text("zh") and line.text("en") for line in report)


def test_an_old_activiti_diagram_gets_sound_ids_and_owners():
    file = read("activiti")
    assert file.native("write_report", "assignmentDefinition") == {"assignee": "= author"}
    assert file.native("check", "assignmentDefinition") == {"candidateUsers": "kermit", "candidateGroups": "management"}
    assert file.element("f2").get("sourceRef") == "write_report"
    assert file.element("old_style").get("isExecutable") == "true"
    assert file.native("sum", "script") == {"expression": "= a + b", "resultVariable": "total"}


def test_a_spiff_diagram_becomes_native():
    file = read("spiff")
    assert file.native("enter", "formDefinition") == {"formId": "order-schema"}
    assert file.native("enter", "assignmentDefinition") == {"candidateGroups": "sales"}
    assert file.mapping("enter") == {"input count": "= 1"}
    assert "os.system" in file.element("enter").findtext("{*}documentation")
    assert file.native("calc", "script")["expression"] == "= {total: price * count, ok: total > 100 and not(blocked)}"
    assert file.mapping("calc") == {"output total": "= script_result.total", "output ok": "= script_result.ok"}
    assert file.native("rules", "calledDecision")["decisionId"] == "discount"
    assert file.native("post", "taskDefinition") == {"type": "http"}
    assert file.mapping("post") == {"input url": "https://example.org", "input data": "= total"}
    assert file.native("each", "loopCharacteristics") == {
        "inputCollection": "= items", "inputElement": "item", "outputCollection": "results", "outputElement": "= result",
    }  # fmt: skip
    assert file.condition("yes") == "= ok = true and list contains([200, 201], answer.status)"


def test_a_camunda_8_diagram_brings_its_embedded_form():
    file = read("camunda8")
    assert file.translation.forms["userTaskForm_1"]["components"][0]["key"] == "found"
    assert file.native("look", "formDefinition") == {"formId": "userTaskForm_1"}
    assert file.said("dropped") == ["zeebe:executionListeners"]
    assert file.translation.todo == []


def test_an_analytical_diagram_becomes_a_draft_with_a_list_of_what_to_do():
    file = read("analytical")
    assert file.element("hotline").get("isExecutable") == "true"
    assert {
        ("nobody_assigned", "send"),
        ("form_missing", "send"),
        ("job_type_missing", "tell"),
        ("event_without_name", "call"),
    } <= file.todo()
    assert {("flow_without_condition", "f3"), ("flow_without_condition", "f4")} <= file.todo()
    assert file.element("f4").get("name") == "不急" and file.condition("f4") is None
    assert not [line for line in file.translation.report if line.kind == "needs_hand" and line.what == "lane"]


@pytest.mark.parametrize(
    ("name", "process", "todo"),
    [
        ("bizagi", "Id_aa", {("flow_without_condition", "Id_f3"), ("flow_without_condition", "Id_f4")}),
        ("signavio", "sid-p", set()),
        ("plain", "Process_1", set()),
    ],
)
def test_drawings_of_modelers_without_an_engine_become_drafts(name, process, todo):
    file = read(name)
    assert file.element(process).get("isExecutable") == "true"
    assert file.said("needs_hand") == ["isExecutable"] and file.todo() == todo
    vendor = [what for what in file.said("dropped") if what.startswith("http")]
    assert bool(vendor) is (name != "plain"), "what a vendor keeps for itself is named and left out"


def test_bpmn_s_own_call_names_its_process():
    assert read("plain").native("Activity_2", "calledElement")["processId"] == "hand_over"


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_foreign_is_left_and_a_second_translation_changes_nothing(name):
    first = translate(SAMPLES[name], f"{name}.bpmn")
    assert not [uri for uri in FOREIGN if uri.encode() in first.xml]
    second = translate(first.xml, f"{name}.bpmn")
    assert [line for line in second.report if line.kind == "mapped"] == []
    assert second.xml == first.xml
    assert [(p.code, p.element_id) for p in second.todo] == [(p.code, p.element_id) for p in first.todo]


@pytest.mark.parametrize("name", [n for n, data in NATIVE.items() if b"isExecutable" in data])
def test_a_native_diagram_stays_what_it_is(name):
    translation = translate(NATIVE[name], f"{name}.bpmn")
    assert translation.report == [] and translation.forms == {}
    assert build_program({"a.bpmn": translation.xml}, "main").main.drawing.elements.keys() == (
        build_program({"a.bpmn": NATIVE[name]}, "main").main.drawing.elements.keys()
    )


@pytest.mark.parametrize("name", SAMPLES)
def test_every_line_of_a_report_has_words(name):
    for line in translate(SAMPLES[name], f"{name}.bpmn").report:
        assert line.text("zh") and line.text("en")
        assert (
            line.detail in catalogue("dialect_words")
            or not re.fullmatch(r"[a-z]+_[a-z_]+", line.detail)
            or line.kind == "mapped"
        )


def test_all_details_have_words_in_both_languages():
    words = catalogue("dialect_words")
    used = set()
    for path in (HERE.parents[2] / "engine" / "bpmn" / "dialects").glob("*.py"):
        used.update(
            re.findall(
                r"(?:mapped|dropped|needs_hand)\([^()]*(?:\([^()]*\)[^()]*)*?,\s*\"([a-z_]+)\"", path.read_text()
            )
        )
    assert {name for name in used if "_" in name or name in words} - {"loopDataInputRef", "resultVariable"} <= set(
        words
    )
    for entry in words.values():
        assert entry["zh"] and entry["en"]


# -- expressions -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("${a == b}", {"a": 1, "b": 1}, True),
        ("${a eq 'x' and not (b ne 2)}", {"a": "x", "b": 2}, True),
        ("${!done && amount >= 100.50}", {"done": False, "amount": 101}, True),
        ("#{empty x}", {"x": []}, True),
        ("#{empty x}", {"x": None}, True),
        ("#{empty x}", {"x": "a"}, False),
        ("${not empty x}", {"x": "a"}, True),
        ("${a ? 1 : b ? 2 : 3}", {"a": False, "b": True}, 2),
        ("${order.items[1].price * 2 + 1}", {"order": {"items": [{"price": 1}, {"price": 5}]}}, 11),
        ("${order['total price']}", {"order": {"total price": 7}}, 7),
        ("${execution.getVariable('x') div 4}", {"x": 10}, 2.5),
        ("${a - (b - c)}", {"a": 10, "b": 5, "c": 2}, 7),
        ("${(a + b) * c}", {"a": 1, "b": 2, "c": 3}, 9),
        ("${a % 3}", {"a": 10}, 1),
        ("${'Nr. ' + number}", {"number": 5}, "Nr. 5"),
        ("Nr. ${number} / ${year}", {"number": 5, "year": 2026}, "Nr. 5 / 2026"),
        ("${name.startsWith('A') && name.length() > 2}", {"name": "Anna"}, True),
        ("${names.contains('b')}", {"names": ["a", "b"]}, True),
        ("${text.contains('b')}", {"text": "abc"}, True),
        ("${items.size() == 2}", {"items": [1, 2]}, True),
        ("${x.equals('a') || x.equalsIgnoreCase('B')}", {"x": "b"}, True),
        ("${person.getName()}", {"person": {"name": "王芳"}}, "王芳"),
        ("${a == true && (b == false) == c}", {"a": True, "b": False, "c": True}, True),
        ("${-a < 0}", {"a": 1}, True),
        ("${S(json).prop('x').numberValue() gt 3}", {"json": {"x": 4}}, True),
        ('${t == "say \\"ja\\""}', {"t": 'say "ja"'}, True),
    ],
)  # fmt: skip
def test_expressions_mean_the_same_in_feel(text, variables, expected):
    translated = template(text)
    assert translated is not None and translated.startswith("= ")
    value = from_feel(compile_expression(translated[1:].strip()).evaluate(variables))
    assert value == expected


@pytest.mark.parametrize(
    "text",
    ["${bean.call(x)}", "${a = 1}", "${x -> x}", "${a[b]}", "${a", "${}", "${'open}", "${execution}", "${T(java.lang.Runtime)}",
     "${" + "(" * 60 + "a" + ")" * 60 + "}", "${" + "a+" * 2000 + "a}", "${a ? b}", "${new X()}", "${a; b}", "${if}", "${" + "a+" * 300 + "a}", "${" + "!" * 500 + "a}", "${a" + ".b" * 200 + "}"],
)  # fmt: skip
def test_what_feel_cannot_say_is_not_guessed(text):
    with pytest.raises(NotTranslatable):
        template(text)


@pytest.mark.parametrize(
    ("script", "expected", "names"),
    [
        ("x = a + 1", "a + 1", ("x",)),
        ("var x = 'a;b';", '"a;b"', ("x",)),
        ('execution.setVariable("x", a ? 1 : 2);', "if a then 1 else 2", ("x",)),
        ("// says\nx = 1\ny = x * 2", "{x: 1, y: x * 2}", ("x", "y")),
        ("x = a is not None and b not in [1, 2]", "a != null and not(list contains([1, 2], b))", ("x",)),
    ],
)
def test_simple_scripts_become_feel(script, expected, names):
    translated = translate_script(script)
    assert (translated.expression, translated.names) == (expected, names)


@pytest.mark.parametrize(
    "script", ["", "import os", "for i in x: y = i", "x = 1; x = 2", "print(x)", "x = open('f')", "x += 1"]
)
def test_other_scripts_are_left_to_a_person(script):
    with pytest.raises(NotTranslatable):
        translate_script(script)


def test_bare_conditions_are_read_without_braces():
    assert feel("amount > 100 and not done") == "amount > 100 and not(done)"


# -- nothing crashes ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "data",
    [b"", b"<", b"hello", b"\xff\xfe", b"<a/>", b"<!DOCTYPE a><a/>", "<?xml version='1.0' encoding='gbk'?><a/>".encode("gbk"),
     b'<b:BusinessProcessDiagram xmlns:b="http://www.bpmn.org/2004"/>', b'<Package xmlns="http://www.wfmc.org/2008/XPDL2.1"/>',
     b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100501/MODEL"/>', b"x" * 2_000_001,
     b"\x00" * 100, b"<?xml version='1.0' encoding='nonsense'?><a/>", b"PK\x03\x04"],
)  # fmt: skip
def test_no_bpmn_is_refused_with_a_reason(data):
    with pytest.raises(DeploymentRejected) as rejected:
        translate(data, "x.bpmn")
    assert rejected.value.problems


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ("", "nothing_executable"),
        (
            '<collaboration id="c"><participant id="p"/><participant id="q"/><messageFlow id="m" sourceRef="p" targetRef="q"/></collaboration>',
            "nothing_executable",
        ),
        ('<choreography id="c"><startEvent id="s"/></choreography>', "unsupported_element"),
        ('<process id="a"/>', "nothing_executable"),
    ],
)
def test_a_file_with_nothing_to_run_becomes_a_draft_that_says_so(inside, code):
    data = (
        f'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="x">{inside}</definitions>'
    )
    translation = translate(data.encode(), "x.bpmn")
    assert {p.code for p in translation.todo if p.severity == "error"} == {code}


@pytest.mark.parametrize("encoding", ["utf-16", "gbk", "latin-1"])
def test_other_encodings_are_read_where_they_are_declared(encoding):
    text = SAMPLES["activiti"].decode().replace("旧流程", "Prozess" if encoding == "latin-1" else "旧流程")
    text = re.sub(r"[^\x00-\x7f]", "?", text) if encoding == "latin-1" else text
    data = text.replace('encoding="UTF-8"', f'encoding="{encoding}"').encode(encoding)
    assert translate(data, "a.bpmn").xml == translate(text.encode(), "a.bpmn").xml


def test_a_file_of_twenty_thousand_odd_ids_is_repaired_at_once():
    tasks = "".join(f'<task id="a {i}:b"/>' for i in range(15_000))
    data = SAMPLES["activiti"].replace(b"<startEvent", tasks.encode() + b"<startEvent", 1)
    before = time.thread_time()
    translation = translate(data, "a.bpmn")
    assert translation.xml.count(b'id="a_14_b"') == 1
    assert time.thread_time() - before < 20


def _twist(random: Random, data: bytes) -> bytes:
    """Damage a file: its tree (elements and attributes lost, doubled, renamed, moved, filled) or its bytes."""
    if random.random() < 0.3:
        broken = bytearray(data)
        for _ in range(random.randint(1, 6)):
            at = random.randrange(len(broken))
            broken[at : at + random.randint(0, 9)] = random.choice(
                (b"", b"<", b'"', b"&", b"\x00", b"${", b"\xe4", b"]]>", b"=", b"x" * 50)
            )
        return bytes(broken)
    root = etree.fromstring(data)
    for _ in range(random.randint(1, 8)):
        nodes = [n for n in root.iter(etree.Element) if n.getparent() is not None]
        if not nodes:
            break
        _twist_node(random, random.choice(nodes), random.choice(nodes), nodes)
    return etree.tostring(root)


def _twist_node(random: Random, node: etree._Element, other: etree._Element, nodes: list[etree._Element]) -> None:
    parent = node.getparent()
    assert parent is not None
    what = random.randrange(8)
    if what == 0:
        parent.remove(node)
    elif what == 1:
        node.tag = random.choice(nodes).tag
    elif what == 2 and node.attrib:
        del node.attrib[random.choice(list(node.attrib))]
    elif what == 3 and node.attrib:
        node.set(
            random.choice(list(node.attrib)),
            random.choice(("", "${", "= (", "x y", "start", "-1", "PT", "$" * 300, "${a.b(", "{{", "%s")),
        )
    elif what == 4:
        node.text = random.choice(("", "${", "= 1 +", "R/PT0S", "x" * 3000, "{", "${a", "def f(): pass", "&"))
    elif what == 5 and not any(ancestor is node for ancestor in other.iterancestors()) and other is not node:
        other.append(node)
    elif what == 6:
        for name, value in other.attrib.items():
            node.set(name, value)
    else:
        parent.insert(0, etree.fromstring(etree.tostring(node)))


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32), st.sampled_from(sorted(SAMPLES) + sorted(NATIVE)))
def test_no_file_whatever_crashes_the_import(seed, name):
    data = _twist(Random(seed), {**NATIVE, **SAMPLES}[name])
    try:
        translation = translate(data, "x.bpmn")
    except DeploymentRejected as rejected:
        assert rejected.problems
    else:
        assert all(p.code in catalogue() for p in translation.todo)
