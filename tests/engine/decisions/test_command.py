"""``cityloop decide`` for designers, and that every problem has words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from openpyxl import load_workbook

import engine
from engine.decisions import diff, read_dmn
from engine.decisions.spreadsheet import import_table
from web.commands.decide import command

ENGINE = Path(engine.__file__ or "").parent if engine.__file__ else Path(next(iter(engine.__path__)))


@pytest.fixture
def file(dmn: Any, tmp_path: Path) -> Path:
    """A small table of routes."""
    rules = [['"暴露垃圾"', "<= 1", '"crew"'], ['"暴露垃圾"', "> 1", '"street"']]
    path = tmp_path / "routes.dmn"
    path.write_bytes(dmn.definitions(dmn.decision("route", dmn.table(["category", "area"], ["r"], rules))))
    return path


def run(*words: Any) -> str:
    result = CliRunner().invoke(command, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_row_that_fired_is_shown(file: Path, tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    data.write_text(json.dumps({"category": "暴露垃圾", "area": 0.5}), encoding="utf-8")
    shown = run(file, "route", "--data", data)
    assert "= crew" in shown
    assert "<= 1" in shown
    assert json.loads(run(file, "route", "--data", data, "--json"))["rules"] == ["t_r1"]


def test_gaps_are_shown_and_the_table_goes_out(file: Path, tmp_path: Path) -> None:
    assert 'gap: category = "（其他）", area = any' in run(file, "route", "--analyse")
    assert "route" in run(file)
    run(file, "route", "--xlsx", tmp_path / "out.xlsx")
    assert len(import_table((tmp_path / "out.xlsx").read_bytes()).rules) == 2


def test_an_edited_spreadsheet_comes_back_into_the_file(file: Path, tmp_path: Path) -> None:
    before, sheet = file.read_bytes(), tmp_path / "out.xlsx"
    run(file, "route", "--xlsx", sheet)
    book = load_workbook(sheet)
    book["table"]["B10"] = '"渣土"'
    book.save(sheet)
    assert "2 rules" in run(file, "route", "--from-xlsx", sheet)
    assert diff(read_dmn(before, "routes.dmn"), read_dmn(file.read_bytes(), "routes.dmn"))
    kept = file.read_bytes()
    for wrong, said in (("=1+1", "B10: "), ("> >", "feel")):
        book["table"]["B10"] = wrong
        if said == "feel":
            book["table"]["B10"].data_type = "s"
        book.save(sheet)
        refused = CliRunner().invoke(command, [str(file), "route", "--from-xlsx", str(sheet)])
        assert refused.exit_code == 1 and said in refused.output
        assert file.read_bytes() == kept


def test_what_is_wrong_is_said(file: Path) -> None:
    file.write_text(file.read_text(encoding="utf-8").replace("&gt; 1", "&gt; &gt;"), encoding="utf-8")
    result = CliRunner().invoke(command, [str(file), "route"])
    assert result.exit_code == 1
    assert "feel" in result.output


def test_every_problem_has_words_in_both_languages() -> None:
    codes: set[str] = set()
    for path in (ENGINE / "decisions").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        codes |= set(re.findall(r'(?:refuse|(?<!Field)Problem)\(\s*"(\w+)"', text))
        codes |= set(re.findall(r'_problem\(\s*room,\s*"(\w+)"', text))
    words: dict[str, dict[str, str]] = {}
    for name in ("problem_words", "decision_problem_words"):
        words |= yaml.safe_load((ENGINE / "data" / f"{name}.yaml").read_text(encoding="utf-8"))
    assert len(codes) > 30
    assert {code for code in codes if not {"zh", "en"} <= set(words.get(code, {}))} == set()
