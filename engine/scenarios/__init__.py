"""The designers' own tests: a start, steps, expectations; run in a sandbox with its own clock and simulated people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.scenarios.coverage import Coverage, decision_coverage, process_coverage
from engine.scenarios.reading import Scenario, Step, read_scenarios
from engine.scenarios.running import Outcome, run_scenario
from engine.scenarios.sandbox import Sandbox
from engine.settings import Settings

ENDING = ".scenario.yaml"

__all__ = [
    "ENDING",
    "Coverage",
    "Outcome",
    "Sandbox",
    "Scenario",
    "Step",
    "decision_coverage",
    "process_coverage",
    "read_scenarios",
    "run_bundle",
    "run_scenario",
]


def run_bundle(settings: Settings, files: Mapping[str, bytes], own: Mapping[str, bytes]) -> Iterator[Outcome]:
    """Run the scenarios of ``own`` on all ``files`` (a bundle together with whatever it calls)."""
    for path, content in sorted(own.items()):
        if path.endswith(ENDING):
            for scenario in read_scenarios(path, content):
                yield run_scenario(scenario, files, settings)
