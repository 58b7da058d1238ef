"""The designers' own tests, every file of them: what the shipped processes do, told step by step beside the diagrams.

What they cover, decisions too, is printed by ``cityloop scenarios run --uncovered``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.bpmn import compile_processes
from engine.deployments import load_folder
from engine.scenarios import ENDING, read_scenarios, run_scenario
from engine.settings import Settings

FILES = load_folder()
SCENARIOS = sorted(path for path in FILES if path.endswith(ENDING))
PROCESSES = {path: content for path, content in FILES.items() if not path.endswith(ENDING)}
"""What is deployed: one prepared database per test process, copied for every scenario."""

Told = list[dict[str, Any]]


@pytest.fixture
def tell(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Told]:
    """Run the scenarios of a file, or read how they ended when a test has run them already, in whichever process."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "scenarios-told"
    folder.mkdir(exist_ok=True)

    def told(path: str) -> Told:
        kept = folder / f"{Path(path).name}.json"
        if not kept.exists():
            settings = Settings.from_environment()
            outcomes = [run_scenario(scenario, PROCESSES, settings) for scenario in read_scenarios(path, FILES[path])]
            found = [{"name": o.name, "failure": o.failure, "passed": o.passed} for o in outcomes]
            fresh = kept.with_suffix(f".{os.getpid()}")
            fresh.write_text(json.dumps(found), "utf-8")
            fresh.rename(kept)
        result: Told = json.loads(kept.read_text("utf-8"))
        return result

    return told


@pytest.mark.parametrize("path", SCENARIOS)
def test_the_stories_beside_a_diagram_come_true(path: str, tell: Callable[[str], Told]) -> None:
    assert [f"{story['name']}: {story['failure']}" for story in tell(path) if story["failure"]] == []


def test_together_they_walk_every_element(tell: Callable[[str], Told]) -> None:
    passed = {
        (key, element)
        for path in SCENARIOS
        for story in tell(path)
        for key, elements in story["passed"].items()
        for element in elements
    }
    infos, _ = compile_processes({path: data for path, data in FILES.items() if path.endswith(".bpmn")})
    missing = [
        f"{key}.{element.id}"
        for key, info in infos.items()
        for element in info.elements
        if element.type != "process" and (key, element.id) not in passed
    ]
    assert missing == []


def test_scenario_files_have_names_of_their_own_and_no_story_is_told_twice() -> None:
    names = [Path(path).name for path in SCENARIOS]
    assert sorted({name for name in names if names.count(name) > 1}) == []
    stories = [(path, scenario.name) for path in SCENARIOS for scenario in read_scenarios(path, FILES[path])]
    assert sorted({story for story in stories if stories.count(story) > 1}) == []
