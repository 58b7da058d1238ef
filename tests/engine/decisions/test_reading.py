"""Hostile and broken files end in a problem with its place, never in an error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decisions import read_dmn
from engine.decisions.reader import LIMITS


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "xml_broken"),
        (b"<definitions/>", "not_dmn"),
        (b"<a><b></a>", "xml_broken"),
        ('<?xml version="1.0" encoding="UTF-16"?><a/>'.encode("utf-16"), "not_utf8"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a/>', "not_utf8"),
        (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "xml_doctype"),
        (b" " * (LIMITS.file_bytes + 1), "file_too_large"),
        (b'<definitions xmlns="urn:other"/>', "not_dmn"),
    ],
)
def test_what_is_no_dmn_is_refused(data: bytes, code: str) -> None:
    assert [problem.code for problem in read_dmn(data, "d.dmn").problems] == [code]


def test_deep_long_and_doubled_things_are_refused(dmn: Any) -> None:
    deep = dmn.definitions("<list>" * 70 + "</list>" * 70)
    assert [p.code for p in read_dmn(deep, "d").problems] == ["xml_too_deep"]
    long = dmn.definitions(dmn.decision("d", dmn.literal("1" * 10_001)))
    assert [p.code for p in read_dmn(long, "d").problems] == ["text_too_long"]
    twice = dmn.definitions(dmn.decision("d", dmn.literal("1")), dmn.decision("d", dmn.literal("2")))
    assert [p.code for p in read_dmn(twice, "d").problems] == ["duplicate_id"]


@pytest.mark.parametrize(
    ("logic", "code"),
    [
        ("", "expression_missing"),
        ('<literalExpression expressionLanguage="juel"><text>${x}</text></literalExpression>', "expression_language"),
        ('<decisionTable hitPolicy="LUCKY"><output id="o"/></decisionTable>', "hit_policy"),
        ('<decisionTable aggregation="SUM"><output id="o"/></decisionTable>', "aggregation"),
        ("<decisionTable/>", "table_without_output"),
        ('<decisionTable><output id="o" name="a"/><output id="p" name="a"/></decisionTable>', "output_names"),
        ('<decisionTable hitPolicy="PRIORITY"><output id="o"/></decisionTable>', "priority_without_values"),
        ('<decisionTable><input id="i"/><output id="o"/></decisionTable>', "input_expression"),
        ('<decisionTable><output id="o"/><rule id="r"/></decisionTable>', "rule_cells"),
        ("<conditional/>", "expression_missing"),
    ],
)
def test_tables_that_cannot_run_are_refused_with_the_element(dmn: Any, logic: str, code: str) -> None:
    problems = read_dmn(dmn.definitions(dmn.decision("d", logic)), "d.dmn").problems
    assert code in [problem.code for problem in problems]
    assert all(problem.line for problem in problems)


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=300), cut=st.integers(0, 400))
def test_reading_never_raises(dmn: Any, data: bytes, cut: int) -> None:
    good = dmn.definitions(dmn.decision("d", dmn.table(["x"], ["r"], [["1", "2"]])))
    assert read_dmn(data, "d.dmn").problems
    read_dmn(good[:cut] + data + good[cut:], "d.dmn")
