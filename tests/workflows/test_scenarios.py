"""The designers' own tests, every file of them: what the shipped processes do, told step by step beside the diagrams.

What they cover is printed by ``cityloop scenarios run --uncovered``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.deployments import load_folder
from engine.scenarios import ENDING, read_scenarios, run_scenario
from engine.settings import Settings

ROOT = Path(__file__).parents[2]
FILES = load_folder()
PROCESSES = {path: content for path, content in FILES.items() if not path.endswith(ENDING)}
"""What is deployed: one prepared database per test process, copied for every scenario."""


@pytest.mark.parametrize("path", sorted(path for path in FILES if path.endswith(ENDING)))
def test_the_stories_beside_a_diagram_come_true(path: str) -> None:
    settings = Settings.from_environment()
    red = [
        f"{scenario.name}: {outcome.failure}"
        for scenario in read_scenarios(path, FILES[path])
        if (outcome := run_scenario(scenario, PROCESSES, settings)).failure
    ]
    assert red == []


def test_every_folder_of_processes_tells_its_stories() -> None:
    drawn = {path.parent for path in (ROOT / "workflows").rglob("*.bpmn")}
    told = {path.parent for path in (ROOT / "workflows").rglob(f"*{ENDING}")}
    assert sorted(folder.name for folder in drawn - told) == []


def test_no_story_is_told_twice() -> None:
    names = [
        (path, scenario.name)
        for path, content in FILES.items()
        if path.endswith(ENDING)
        for scenario in read_scenarios(path, content)
    ]
    assert sorted({name for name in names if names.count(name) > 1}) == []
