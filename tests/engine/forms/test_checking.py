"""Forms that must not be published, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.forms import FILE_TYPES, fields, present, problem_text, problems
from engine.forms.wording import catalogue
from engine.settings import shipped


def form(*components: dict[str, Any]) -> dict[str, Any]:
    return {"type": "default", "id": "f", "components": list(components)}


TEXT = {"type": "textfield", "key": "a", "label": "甲", "id": "Field_a"}


def test_two_components_of_one_id_are_refused_as_no_editor_would_open_the_form_again() -> None:
    group = {"type": "group", "id": "Group_a", "label": "组", "components": [{**TEXT, "key": "b"}]}
    assert [(p.code, p.element_id) for p in problems(form(TEXT, group))] == [("component_id_twice", "Field_a")]


@pytest.mark.parametrize(
    ("component", "code"),
    [
        ({"type": "html", "content": "<script>"}, "component_refused"),
        ({"type": "iframe", "url": "https://example.org"}, "component_refused"),
        ({"type": "expression", "key": "x", "expression": "=1"}, "component_refused"),
        ({"type": "script"}, "component_refused"),
        ({"type": "hologram", "key": "x"}, "component_unknown"),
        ({"type": "button", "label": "OK"}, "component_ignored"),
        ({"type": "textfield", "label": "x"}, "field_without_key"),
        ({"type": "textfield", "key": "2 b", "label": "x"}, "bad_field_key"),
        ({"type": "textfield", "key": "b"}, "field_without_label"),
        ({**TEXT}, "field_twice"),
        ({**TEXT, "key": "a.b"}, "field_twice"),
        ({**TEXT, "key": "b", "validate": {"pattern": "(a)\\1"}}, "bad_pattern"),
        ({**TEXT, "key": "b", "validate": {"pattern": "(?=x)"}}, "bad_pattern"),
        ({**TEXT, "key": "b", "validate": {"pattern": "(" + "a{1000}" * 40 + ")"}}, "bad_pattern"),
        ({**TEXT, "key": "b", "validate": {"minLength": "many"}}, "bad_limit"),
        ({**TEXT, "key": "b", "validate": {"minLength": 5, "maxLength": 2}}, "limits_crossed"),
        ({**TEXT, "key": "b", "validate": "required"}, "component_broken"),
        ({**TEXT, "key": "b", "conditional": "never"}, "component_broken"),
        ({**TEXT, "key": "b", "conditional": {"hide": "= 1 +"}}, "form_expression"),
        ({**TEXT, "key": "b", "conditional": {"hide": "= explode(1)"}}, "form_expression"),
        ({"type": "text", "text": "建议：{{plan.basis"}, "form_place_broken"),
        ({**TEXT, "key": "b", "description": "建议：basis}}"}, "form_place_broken"),
        ({"type": "text", "text": "建议：{{plan basis +}}"}, "form_expression"),
        ({"type": "text", "text": "建议：{{#if plan}}"}, "form_expression"),
        ({"type": "text", "text": "建议：{{ }}"}, "form_place_broken"),
        ({**TEXT, "key": "b", "label": "{{plan.basis}}"}, "form_place_unfilled"),
        ({"type": "select", "key": "b", "label": "x"}, "field_without_options"),
        ({"type": "select", "key": "b", "label": "x", "values": [{"label": "y"}]}, "option_without_value"),
        ({"type": "radio", "key": "b", "label": "x", "values": [{"value": "y"}, {"value": "y"}]}, "option_twice"),
        ({"type": "codeTable", "key": "b", "label": "x", "properties": {"table": "nothing"}}, "unknown_code_table"),
    ],
)
def test_a_form_that_cannot_run_is_told_why(component: dict[str, Any], code: str) -> None:
    found = problems(form(TEXT, {**component, "id": "Field_b"}))
    assert [problem.code for problem in found] == [code]
    for language in ("zh", "en"):
        assert "–" not in problem_text(found[0], language)


def test_a_form_without_components_or_with_too_many_is_refused() -> None:
    assert [p.code for p in problems({"id": "f"})] == ["form_without_components"]
    many = [{**TEXT, "key": f"k{n}"} for n in range(501)]
    assert [p.code for p in problems(form(*many))] == ["form_too_large"]
    deep: dict[str, Any] = {"type": "group", "label": "g", "components": []}
    for _ in range(20):
        deep = {"type": "group", "label": "g", "components": [deep]}
    assert [p.code for p in problems(form(deep))] == ["form_too_deep"]


def test_every_problem_has_words_in_both_languages() -> None:
    assert all(set(words) == {"zh", "en"} and all(words.values()) for words in catalogue().values())


@pytest.mark.parametrize("path", sorted(p.name for p in shipped("forms").iterdir() if p.name.endswith(".form")))
def test_the_shipped_forms_can_be_published_and_shown(path: str) -> None:
    schema = json.loads(shipped("forms").joinpath(path).read_text(encoding="utf-8"))
    assert [p for p in problems(schema) if p.severity == "error" and p.code != "form_expression"] == []
    assert fields(schema)
    shown = present(schema, variables={})
    assert shown
    assert not [node for node in shown if "{{" in node.text + node.description + node.label]


def test_a_text_says_what_the_process_holds_and_no_value_writes_headings_or_bold() -> None:
    schema = form(
        {"type": "text", "text": "建议：**{{plan.basis}}**，{{count(units)}} 家；{{missing}}"},
        {**TEXT, "description": "原值 {{ a }}"},
    )
    variables = {"plan": {"basis": "## 内部\n**工单**"}, "units": ["甲", "乙"], "a": "旧"}
    text, field = present(schema, variables=variables, worded=lambda value: "–" if value is None else str(value))
    assert text.text == "建议：**\u2060## 内部 *\u2060*工单*\u2060***，2 家；–"
    assert field.description == "原值 旧"


@pytest.mark.parametrize("kind", sorted(FILE_TYPES))
def test_a_new_round_keeps_the_words_of_the_last_and_asks_for_its_own_evidence(kind: str) -> None:
    proof = {"type": kind, "key": "proof", "label": "p"}
    schema = form(TEXT, proof, {"type": "dynamiclist", "path": "rows", "label": "r", "components": [TEXT, proof]})
    before = {"a": "已清理", "proof": ["one"], "rows": [{"a": "井盖", "proof": ["two"]}]}
    words, evidence, rows = present(schema, variables=before)
    assert (words.value, evidence.value) == ("已清理", None)
    assert [node.value for node in rows.rows[0]] == ["井盖", None]
    assert present(schema, before, variables=before)[1].value == ["one"], "what was typed stays"
    fixed = present(form({**proof, "readonly": True}), variables=before)
    assert fixed[0].value == ["one"], "a field that only shows still shows"


def test_a_form_is_presented_with_what_is_visible_now() -> None:
    schema = form(
        {"type": "text", "text": "# 标题"},
        {**TEXT, "validate": {"required": True, "maxLength": 5}},
        {"type": "select", "key": "s", "label": "s", "values": [{"label": "L", "value": "v"}], "defaultValue": "v"},
        {"type": "textfield", "key": "h", "label": "h", "conditional": {"hide": '= s = "v"'}},
        {"type": "dynamiclist", "path": "rows", "label": "r", "components": [{**TEXT, "key": "name"}]},
    )
    nodes = present(schema, variables={"a": "known"})
    assert [(n.type, n.name, n.value) for n in nodes] == [
        ("text", "", None),
        ("textfield", "a", "known"),
        ("select", "s", "v"),
        ("dynamiclist", "rows", None),
    ]
    assert (nodes[1].required, nodes[1].rules, nodes[2].options[0].label) == (True, {"maxLength": 5}, "L")
    assert nodes[3].rows[0][0].name == "rows.0.name"
    typed = present(schema, {"s": "", "rows": [{"name": "1"}, {"name": "2"}]})
    assert [n.name for n in typed] == ["", "a", "s", "h", "rows"]
    assert [row[0].value for row in typed[4].rows] == ["1", "2"]
