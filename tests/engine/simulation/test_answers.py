"""What a simulated person enters: the form's own word first, then its default, then something valid."""

from typing import Any

import pytest

from engine.errors import ExecutionFailed
from engine.simulation import Answerer


def fill(
    *components: dict[str, Any], variables: dict[str, Any] | None = None, facts: dict[str, Any] | None = None
) -> dict[str, Any]:
    stored: list[str] = []

    def store(slot: str, data: bytes) -> str:
        assert data.startswith(b"\x89PNG")
        stored.append(slot)
        return f"file-{slot}"

    return Answerer(variables or {}, facts or {}, store).fill({"components": components})


def test_simulate_is_feel_over_the_facts_and_earlier_answers() -> None:
    answers = fill(
        {
            "type": "select",
            "key": "result",
            "properties": {"simulate": '= if list contains(tests, "返工") then "fail" else "pass"'},
        },
        {"type": "textfield", "key": "opinion", "properties": {"simulate": '= "核查：" + result'}},
        {"type": "textfield", "key": "word", "properties": {"simulate": "literal"}},
        facts={"tests": ["返工"]},
    )
    assert answers == {"result": "fail", "opinion": "核查：fail", "word": "literal"}


def test_a_hidden_field_is_not_answered() -> None:
    answers = fill(
        {"type": "checkbox", "key": "danger", "defaultValue": False},
        {"type": "textfield", "key": "where", "validate": {"required": True}, "conditional": {"hide": "=not(danger)"}},
    )
    assert answers == {"danger": False}


def test_what_must_be_filled_is_filled_with_something_valid() -> None:
    required = {"required": True}
    answers = fill(
        {"type": "textarea", "key": "text", "validate": {"required": True, "minLength": 10}},
        {"type": "number", "key": "number", "validate": {"required": True, "min": 3}},
        {"type": "radio", "key": "one", "validate": required, "values": [{"value": "a"}, {"value": "b"}]},
        {"type": "checklist", "key": "some", "validate": required, "valuesExpression": '=["x", "y"]'},
        {"type": "select", "key": "from_key", "validate": required, "valuesKey": "offers"},
        {"type": "photo", "key": "photos", "validate": required, "properties": {"slot": "near"}},
        {"type": "textfield", "key": "optional"},
        variables={"offers": [{"value": "o1", "label": "第一"}]},
    )
    assert len(answers["text"]) >= 10
    assert answers["number"] == 3
    assert answers["one"] == "a"
    assert answers["some"] == ["x"]
    assert answers["from_key"] == "o1"
    assert answers["photos"] == ["file-near"]
    assert "optional" not in answers


def test_several_photos_by_slot() -> None:
    field = {"type": "photo", "key": "photos", "properties": {"simulate": '=["near", "far"]'}}
    assert fill(field) == {"photos": ["file-near", "file-far"]}


def test_a_broken_simulate_names_its_field() -> None:
    with pytest.raises(ExecutionFailed) as caught:
        fill({"type": "textfield", "key": "opinion", "properties": {"simulate": "= if"}})
    assert caught.value.element_id == "opinion"
