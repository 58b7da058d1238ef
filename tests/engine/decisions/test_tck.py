"""The OMG's DMN conformance tests, where a folder of them is at hand: ``CITYLOOP_TCK=FOLDER``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = os.environ.get("CITYLOOP_TCK", "")


@pytest.mark.skipif(not FOLDER, reason="CITYLOOP_TCK names no folder")
def test_the_conformance_tests_pass(tmp_path: Path) -> None:
    report, adapter = tmp_path / "report.json", Path(__file__).with_name("tck_adapter.py")
    runner = Path(FOLDER) / "dmn_conformance.py"
    subprocess.run(
        [sys.executable, str(runner), "--dir", FOLDER, "--adapter", f"{adapter}:decide", "--json", str(report)],
        check=False,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        stdout=subprocess.DEVNULL,
    )
    checks = json.loads(report.read_text())
    tables = [check["passed"] for check in checks if check["kind"] == "decisionTable"]
    values = [check["passed"] for check in checks if check["want"] != "None"]
    nulls = [check["passed"] for check in checks if check["want"] == "None"]
    assert all(tables)
    assert sum(values) >= 0.98 * len(values)
    assert sum(nulls) >= 0.95 * len(nulls)
