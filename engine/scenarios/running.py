"""Runs scenarios in sandboxes and says how each ended and what it passed."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine import clock
from engine.errors import CityLoopError
from engine.scenarios.expectations import mismatches
from engine.scenarios.reading import Scenario, Step
from engine.scenarios.sandbox import Sandbox
from engine.settings import Settings
from engine.simulation.samples import Sample
from engine.simulation.timeline import describe
from engine.worklist import decided_rules, walked_elements

DEFAULT_START = "2026-11-18T09:00+08:00"


@dataclass
class Outcome:
    """How a scenario ended: ``failure`` is empty when it is green. ``passed``: process key → element id → times."""

    path: str
    name: str
    failure: str = ""
    passed: dict[str, Counter[str]] = field(default_factory=dict)
    rules: dict[str, Counter[str]] = field(default_factory=dict)
    """Decision id → rule id → times fired."""


def run_scenario(scenario: Scenario, files: Mapping[str, bytes], settings: Settings) -> Outcome:
    """Run one scenario on its own clock in a database of its own."""
    outcome = Outcome(scenario.path, scenario.name)
    folder = Path(tempfile.mkdtemp(prefix="cityloop-scenario-"))
    place = "start"
    try:
        now = clock.parse(str(scenario.start.get("at") or DEFAULT_START))
        sandbox = Sandbox.create(settings, folder, files, now)
        try:
            sandbox.sample = Sample(
                scenario.name, 0, now, {"context": dict(scenario.context)}, scenario.expected, scenario.tests
            )
            _start(sandbox, scenario)
            for number, step in enumerate(scenario.steps, 1):
                place = f"step {number} ({step.kind} {step.what})"
                _do(sandbox, step)
                _check(sandbox, step.expect)
            place = "expect"
            _check(sandbox, scenario.expect)
        finally:
            _collect(sandbox, outcome)
            sandbox.close()
    except (CityLoopError, _Mismatch, ValueError) as error:
        outcome.failure = f"{place}: {describe(error) if isinstance(error, CityLoopError) else error}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return outcome


class _Mismatch(Exception):
    pass


def _start(sandbox: Sandbox, scenario: Scenario) -> None:
    start = scenario.start
    report = dict(start["report"]) if start.get("report") else None
    if report is not None and scenario.context:
        report.setdefault("context", dict(scenario.context))
    for other in start.get("earlier") or ():
        sandbox.open_case(other)
    process = start.get("process")
    if process is None and report is not None:
        sandbox.open_case(report)
    elif process is not None:
        sandbox.start(str(process), dict(start.get("form") or {}), report)
    else:
        raise ValueError("a scenario starts with a report, a process, or both")


def _do(sandbox: Sandbox, step: Step) -> None:
    options: Mapping[str, Any] = step.options
    match step.kind:
        case "complete":
            for _ in range(int(options.get("times", 1))):
                sandbox.complete(str(step.what), str(options.get("as", "")), options.get("form"))
        case "advance":
            sandbox.advance(str(step.what))
        case "to":
            sandbox.advance_to(clock.parse(str(step.what)))
        case "message":
            key = options.get("key")
            sandbox.message(str(step.what), None if key is None else str(key), options.get("payload") or {})
        case "signal":
            sandbox.signal(str(step.what), options.get("payload") or {}, list(options.get("areas") or ()))
        case "action":
            sandbox.action(str(step.what), str(options.get("as", "")), options.get("form") or {})
        case "fail":
            sandbox.fail(str(step.what), str(options.get("code", "")), str(options.get("message", "")))
        case "run":
            sandbox.run_on(int(step.what))


def _check(sandbox: Sandbox, expect: Mapping[str, Any]) -> None:
    if not expect:
        return
    assert sandbox.instance_id is not None, "a sandbox runs something once it is started"
    with sandbox.database.reading() as session:
        wrong = list(mismatches(session, expect, sandbox.case_id, sandbox.instance_id))
    if wrong:
        raise _Mismatch("; ".join(wrong))


def _collect(sandbox: Sandbox, outcome: Outcome) -> None:
    with sandbox.database.reading() as session:
        outcome.passed = walked_elements(session, by_process=True)
        outcome.rules = decided_rules(session)
