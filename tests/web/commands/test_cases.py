"""``cityloop cases run``: the main job on a file, from the report to the close, held against what the file expects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from web.commands.cases import command

LITTER = {
    "id": "own-1",
    "title": "花坛边有垃圾袋",
    "description": "花坛边有三袋没有入桶的垃圾。",
    "service_type": "市容环卫服务",
    "kind": "事件",
    "category": "市容环境",
    "sub_category": "暴露生活垃圾",
    "district": "罗湖区",
    "street": "东门街道",
    "community": "",
    "place": "中兴路花坛",
    "channel": "巡查员上报",
    "reported_at": "2026-11-20T16:30+08:00",
    "urgency": "一般",
    "context": {},
    "expected": {
        "primary_route": "IN_HOUSE_FIX",
        "dmn_row": "E03",
        "owner": "服务企业环卫班组",
        "path": ["自处置/内部工单", "核查", "结案"],
        # A Friday: 90 minutes are left of the day, the rest is Monday's.
        "limit": {"value": 4, "unit": "工作时", "deadline": "2026-11-23T10:30+08:00", "provisional_calendar": False},
    },
    "tests": [],
}
AGAIN = {
    **LITTER,
    "id": "own-2",
    "title": "花坛边的垃圾没人管",
    "channel": "12345热线",
    "reported_at": "2026-11-20T17:00+08:00",
    "context": {"open_case": "own-1"},
    "expected": {"primary_route": "DUPLICATE", "owner": "受理员", "path": ["受理", "判重"]},
    "tests": ["判重"],
}


@pytest.fixture(autouse=True)
def _no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is set up yet, the shipped processes are what runs."""
    monkeypatch.setenv("CITYLOOP_DATABASE_URL", f"sqlite:///{tmp_path / 'none.sqlite3'}")


def run(tmp_path: Path, *cases: Any) -> Result:
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(case if isinstance(case, str) else json.dumps(case) for case in cases), "utf-8")
    return CliRunner().invoke(command, ["run", str(file)])


def test_a_case_and_its_duplicate_run_as_expected(tmp_path: Path) -> None:
    result = run(tmp_path, LITTER, AGAIN)
    assert result.exit_code == 0, result.output
    assert "2 cases: 2 as expected, 0 different" in result.output
    assert "LH-20261120-0001" in result.output
    assert "罗湖区服务企业环卫班组" in result.output
    assert "duplicate of LH-20261120-0001" in result.output


def test_every_difference_is_told_and_the_exit_status_says_so(tmp_path: Path) -> None:
    # People follow the expected way where they judge; what the tables decide (the limit here) they cannot bend.
    expected = {**LITTER["expected"], "limit": {"value": 3, "unit": "工作时"}, "owner": "某某公司"}  # type: ignore[dict-item]
    result = run(tmp_path, {**LITTER, "expected": expected})
    assert result.exit_code == 1
    assert "≠ limit        expected 3 工作时, found 4 工作时" in result.output
    assert "≠ owner        expected 某某公司" in result.output


def test_a_file_that_is_none_is_named_line_by_line(tmp_path: Path) -> None:
    result = run(tmp_path, "{", {**LITTER, "reported_at": ""})
    assert result.exit_code == 1
    assert "line 1: not_json" in result.output
    assert "line 2.reported_at: not_a_datetime" in result.output
