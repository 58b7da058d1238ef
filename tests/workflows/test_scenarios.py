"""Every shipped scenario is green; together they walk every element of every process."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from engine.bpmn import compile_processes
from engine.scenarios import Outcome, read_scenarios, run_scenario
from engine.settings import Settings

ROOT = Path(__file__).parents[2]
FILES = {
    path.relative_to(ROOT).as_posix(): path.read_bytes()
    for folder in ("workflows", "forms")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".bpmn", ".dmn", ".form"}
}
SCENARIOS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "workflows").rglob("*.scenario.yaml"))
OUTCOMES: dict[str, list[Outcome]] = {}


def outcomes(path: str) -> list[Outcome]:
    if path not in OUTCOMES:
        settings = Settings.from_environment()
        scenarios = read_scenarios(path, (ROOT / path).read_bytes())
        OUTCOMES[path] = [run_scenario(scenario, FILES, settings) for scenario in scenarios]
    return OUTCOMES[path]


@pytest.mark.parametrize("path", SCENARIOS)
def test_a_shipped_scenario_is_green(path: str) -> None:
    assert [f"{outcome.name}: {outcome.failure}" for outcome in outcomes(path) if outcome.failure] == []


def test_the_scenarios_walk_every_element() -> None:
    passed: Counter[tuple[str, str]] = Counter()
    for path in SCENARIOS:
        for outcome in outcomes(path):
            for key, elements in outcome.passed.items():
                passed.update({(key, element): times for element, times in elements.items()})
    infos, _ = compile_processes({path: data for path, data in FILES.items() if path.endswith(".bpmn")})
    missing = [
        f"{key}.{element.id}"
        for key, info in infos.items()
        for element in info.elements
        if element.type != "process" and not passed[key, element.id]
    ]
    assert missing == []
