"""Two versions of a table side by side."""

from __future__ import annotations

import json
from typing import Any

from engine.decisions import diff, read_dmn


def test_rows_columns_and_cells_that_changed(dmn: Any) -> None:
    old = dmn.table(["x"], ["r"], [["1", "1"], ["2", "2"], ["3", "3"]])
    new = old.replace(">2<", ">22<", 1).replace('hitPolicy="UNIQUE"', 'hitPolicy="FIRST"')
    new = new.replace("<text>x</text>", "<text>y</text>").replace('id="t_r3"', 'id="t_r9"')
    files = [read_dmn(dmn.definitions(dmn.decision("d", table)), "d.dmn") for table in (old, new)]
    found = diff(*files)
    assert json.loads(json.dumps(found)) == found
    assert {(row["what"], row["kind"], row["id"], row["setting"]) for row in found} == {
        ("changed", "decision", "d", "hit_policy"),
        ("changed", "column", "t_i1", "expression"),
        ("changed", "cell", "t_r2", "y"),
        ("added", "row", "t_r9", ""),
        ("removed", "row", "t_r3", ""),
    }
    assert next((row["old"], row["new"]) for row in found if row["kind"] == "cell") == ("2", "22")
    assert diff(files[0], files[0]) == []


def test_a_row_that_moved(dmn: Any) -> None:
    old = dmn.table(["x"], ["r"], [["1", "1"], ["2", "2"]])
    first, second = old.index('<rule id="t_r1">'), old.index('<rule id="t_r2">')
    end = old.index("</decisionTable>")
    new = old[:first] + old[second:end] + old[first:second] + old[end:]
    files = [read_dmn(dmn.definitions(dmn.decision("d", table)), "d.dmn") for table in (old, new)]
    assert [(row["what"], row["id"], row["old"], row["new"]) for row in diff(*files)] == [
        ("moved", "t_r2", "2", "1"),
        ("moved", "t_r1", "1", "2"),
    ]


def test_decisions_that_came_went_or_say_something_else(dmn: Any) -> None:
    old = dmn.definitions(dmn.decision("a", dmn.literal("1")), dmn.decision("b", dmn.literal("1")))
    new = dmn.definitions(dmn.decision("b", dmn.literal("2")), dmn.decision("c", dmn.literal("1")))
    found = diff(read_dmn(old, "d"), read_dmn(new, "d"))
    assert [(row["what"], row["id"], row["old"], row["new"]) for row in found] == [
        ("changed", "b", "1", "2"),
        ("added", "c", "", "c"),
        ("removed", "a", "a", ""),
    ]
