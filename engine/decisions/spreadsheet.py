"""Decision tables as spreadsheets and back. Every cell is text: what begins with ``= + - @`` is never a formula.

Above the rules stand seven head rows (what a column is, its id, title, expression or name, type, allowed values,
default); the sheet ``ids`` keeps the ids of cells. What is exported and taken in again is the same table.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from io import BytesIO
from typing import Any
from uuid import uuid4

from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell as SheetCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from engine.decisions.model import (
    AGGREGATIONS,
    HIT_POLICIES,
    Cell,
    DecisionTable,
    InputClause,
    OutputClause,
    Rule,
)
from engine.decisions.words import words
from engine.errors import FieldProblem, InvalidInput

MAX_BYTES = 4_000_000
MAX_UNPACKED = 60_000_000
MAX_ROWS = 5_000
MAX_COLUMNS = 200
HEADS = ("kind", "id", "title", "expression", "type", "allowed", "default")
_SETTINGS = ("id", "hit_policy", "aggregation", "output_label", "type_ref", "orientation")
_FIRST_RULE = 1 + len(HEADS) + 1


def export_table(table: DecisionTable, title: str = "") -> bytes:
    """The table as an .xlsx file; ``title`` is shown only."""
    book = Workbook()
    sheet = book.active
    sheet.title = "table"
    settings: list[str] = [title]
    for name in _SETTINGS:
        settings += [name, str(getattr(table, name))]
    _write_row(sheet, 1, settings)
    columns = _columns(table)
    for offset, head in enumerate(HEADS):
        _write_row(
            sheet, 2 + offset, [words()["labels"][offset], *(str(column[head]) for column in columns)], head=True
        )
    for number, rule in enumerate(table.rules):
        texts = [cell.text for cell in (*rule.inputs, *rule.outputs)]
        notes = [*rule.annotations, *("" for _ in range(len(table.annotations) - len(rule.annotations)))]
        _write_row(sheet, _FIRST_RULE + number, [rule.id, *texts, *notes, rule.description])
    sheet.freeze_panes = sheet.cell(_FIRST_RULE, 2)
    for column in sheet.columns:
        sheet.column_dimensions[column[0].column_letter].width = 22
    ids = book.create_sheet("ids")
    ids.sheet_state = "hidden"
    for number, rule in enumerate(table.rules, 1):
        _write_row(
            ids, number, [rule.id, str(len(rule.annotations)), *(cell.id for cell in (*rule.inputs, *rule.outputs))]
        )
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def _columns(table: DecisionTable) -> list[dict[str, str]]:
    def column(kind: str, **facts: str) -> dict[str, str]:
        return {**dict.fromkeys(HEADS, ""), "kind": words()["kinds"][kind], **facts}

    made = [
        column("input", id=c.id, title=c.label, expression=c.expression, type=c.type_ref, allowed=c.allowed)
        for c in table.inputs
    ]
    made += [
        column(
            "output", id=c.id, title=c.label, expression=c.name, type=c.type_ref, allowed=c.allowed, default=c.default
        )
        for c in table.outputs
    ]
    made += [column("annotation", title=name) for name in table.annotations]
    return [*made, column("description")]


def _write_row(sheet: Worksheet, row: int, texts: Sequence[str], *, head: bool = False) -> None:
    for number, text in enumerate(texts, 1):
        cell: SheetCell = sheet.cell(row, number)
        cell.number_format = "@"
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if head:
            cell.font = Font(bold=True)
            cell.fill = PatternFill("solid", fgColor="DDE6F0")
        if text:
            cell.value = text
            # openpyxl takes "=…" for a formula; the type and the quote prefix keep it text, also when it is edited.
            cell.data_type = "s"
            cell.quotePrefix = text[0] in "=+-@"


# -- back -------------------------------------------------------------------------------------------------------
def import_table(data: bytes) -> DecisionTable:
    """The table of an .xlsx file made by ``export_table`` and edited since. Rows without an id are new rules.

    Raises:
        InvalidInput: it is no such file, or a cell holds a formula; ``problems`` name the cells.
    """
    sheet, ids = _open(data)
    problems: list[FieldProblem] = []
    grid = _grid(sheet, problems)
    settings = dict(zip(grid[0][1::2], grid[0][2::2], strict=False)) if grid else {}
    if len(grid) < _FIRST_RULE - 1 or not set(_SETTINGS) <= set(settings):
        raise InvalidInput("not a decision table", [FieldProblem("A1", "spreadsheet_layout")])
    columns = _read_columns(grid, problems)
    if settings["hit_policy"] not in HIT_POLICIES:
        problems.append(FieldProblem("E1", "hit_policy", {"found": settings["hit_policy"]}))
    if settings["aggregation"] and settings["aggregation"] not in AGGREGATIONS:
        problems.append(FieldProblem("G1", "aggregation", {"found": settings["aggregation"]}))
    kept = _kept_ids(ids)
    rules, seen = [], set()
    for number, row in enumerate(grid[_FIRST_RULE - 1 :], _FIRST_RULE):
        if not any(row):
            continue
        if row[0] in seen:
            problems.append(FieldProblem(f"A{number}", "duplicate_id", {"id": row[0]}))
        seen.add(row[0] or f"row {number}")
        rules.append(_rule(row, columns, kept))
    if problems:
        raise InvalidInput("the spreadsheet cannot be taken", problems)
    return DecisionTable(
        settings["id"],
        tuple(c for _, c in columns if isinstance(c, InputClause)),
        tuple(c for _, c in columns if isinstance(c, OutputClause)),
        tuple(rules),
        settings["hit_policy"],
        settings["aggregation"],
        tuple(c for _, c in columns if isinstance(c, str) and c != _DESCRIPTION),
        settings["output_label"],
        settings["type_ref"],
        settings["orientation"],
    )


_DESCRIPTION = "\0description"
_Column = tuple[int, InputClause | OutputClause | str]


def _open(data: bytes) -> tuple[Worksheet, Worksheet | None]:
    refused = InvalidInput("no spreadsheet", [FieldProblem("file", "not_spreadsheet")])
    if len(data) > MAX_BYTES:
        raise InvalidInput("too large", [FieldProblem("file", "file_too_large", {"limit": MAX_BYTES})])
    try:
        with zipfile.ZipFile(BytesIO(data)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > MAX_UNPACKED:
                raise InvalidInput("too large", [FieldProblem("file", "file_too_large", {"limit": MAX_UNPACKED})])
            for part in map(packed.read, packed.infolist()):
                if b"<!DOCTYPE" in part:
                    raise refused
                if b"mergeCell" in part:
                    # The library makes a cell of each one a merged range covers; a rule's cell is never several.
                    raise InvalidInput("merged cells", [FieldProblem("file", "spreadsheet_merged")])
        book = load_workbook(BytesIO(data), keep_links=False)
    except InvalidInput:
        raise
    except Exception as error:
        # A damaged file fails in zipfile, its packers, the XML parser or anywhere in openpyxl: the kinds have no end.
        raise refused from error
    # A chart may bear a sheet's name too; it has no cells.
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if "table" not in sheets:
        raise refused
    return sheets["table"], sheets.get("ids")


def _grid(sheet: Worksheet, problems: list[FieldProblem]) -> list[list[str]]:
    if sheet.max_row > MAX_ROWS or sheet.max_column > MAX_COLUMNS:
        raise InvalidInput("too large", [FieldProblem("file", "spreadsheet_size", {"rows": MAX_ROWS})])
    return [[_text(cell, problems) for cell in row] for row in sheet.iter_rows()]


def _text(cell: Any, problems: list[FieldProblem]) -> str:
    """A cell as FEEL text; numbers, dates and booleans that a spreadsheet made of what was typed become FEEL again."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        problems.append(FieldProblem(cell.coordinate, "formula", {"text": str(value)[:100]}))
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        midnight = value.time() == time(0)
        return f'date("{value.date()}")' if midnight else f'date and time("{value.isoformat()}")'
    if isinstance(value, date):
        return f'date("{value}")'
    if isinstance(value, time):
        return f'time("{value.isoformat()}")'
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _read_columns(grid: list[list[str]], problems: list[FieldProblem]) -> list[_Column]:
    found: list[_Column] = []
    kinds = {word: kind for kind, word in words()["kinds"].items()}
    for index in range(1, len(grid[1])):
        head = {name: grid[1 + offset][index] for offset, name in enumerate(HEADS)}
        kind = kinds.get(head["kind"])
        if kind is None:
            if any(row[index] for row in grid[1:]):
                facts = {"column": index + 1, "found": head["kind"], "known": "、".join(kinds)}
                problems.append(FieldProblem(f"column {index + 1}", "spreadsheet_column", facts))
            continue
        identity = head["id"] or f"{kind}_{uuid4().hex[:8]}"
        if kind == "input":
            clause = InputClause(identity, head["expression"], head["title"], head["type"], head["allowed"])
            found.append((index, clause))
        elif kind == "output":
            facts_ = (head["expression"], head["title"], head["type"], head["allowed"], head["default"])
            found.append((index, OutputClause(identity, *facts_)))
        else:
            found.append((index, head["title"] if kind == "annotation" else _DESCRIPTION))
    return found


def _kept_ids(ids: Worksheet | None) -> dict[str, tuple[int, list[str]]]:
    # A cell far to the right would make every row that wide; an edited table's ids stand in the first columns.
    if ids is None or ids.max_row > MAX_ROWS or ids.max_column > MAX_COLUMNS + 2:
        return {}
    rows = [[str(cell or "") for cell in row] for row in ids.iter_rows(values_only=True)]
    return {row[0]: (int(row[1]) if row[1].isdigit() else 0, row[2:]) for row in rows if len(row) > 1}


def _rule(row: list[str], columns: list[_Column], kept: dict[str, tuple[int, list[str]]]) -> Rule:
    identity = row[0] or f"rule_{uuid4().hex[:8]}"
    width, cell_ids = kept.get(identity, (-1, []))
    clauses = [(index, c) for index, c in columns if not isinstance(c, str)]
    cells: dict[type, list[Cell]] = {InputClause: [], OutputClause: []}
    for place, (index, clause) in enumerate(clauses):
        same = len(cell_ids) >= len(clauses) and cell_ids[place]
        text = row[index] if index < len(row) else ""
        cells[type(clause)].append(Cell(same or f"{identity}_{clause.id}", text))
    notes = [row[index] for index, c in columns if isinstance(c, str) and c != _DESCRIPTION]
    while notes and not notes[-1] and len(notes) > max(width, 0):
        notes.pop()
    description = next((row[index] for index, c in columns if c == _DESCRIPTION), "")
    return Rule(identity, tuple(cells[InputClause]), tuple(cells[OutputClause]), tuple(notes), description)
