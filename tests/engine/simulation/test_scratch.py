"""Databases to throw away: prepared ones are kept for the next time, and never more than a few."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.settings import Settings
from engine.simulation import scratch


def test_of_the_prepared_databases_only_the_newest_stay_on_the_disk(
    tmp_path: Path, draw: Callable[..., Any], remark: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "KEPT", 2)
    settings = Settings(data_dir=tmp_path / "var")
    monkeypatch.setattr(scratch, "_prepared", {})
    kept: list[set[Path]] = []
    for number, name in enumerate(("a", "b", "c", "c", "b")):
        folder = tmp_path / str(number)
        folder.mkdir()
        drawn = draw(name, kind="shared").user("look", "clerk").xml()
        files = {f"workflows/{name}/{name}.bpmn": drawn, "forms/remark.form": remark}
        database, _ = scratch.open_scratch(settings, folder, files)
        database.close()
        kept.append(set(scratch._prepared.values()))
    assert [len(each) for each in kept] == [1, 2, 2, 2, 2] and kept[2] == kept[3] == kept[4]
    assert not any(path.exists() for path in kept[0] - kept[2]) and all(path.exists() for path in kept[2])
