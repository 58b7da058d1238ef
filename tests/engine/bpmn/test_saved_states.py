"""States written by released versions are finished by today's code: one file of ``states`` for each kind of memory.

The files are never written again. A new format adds files of its own and a step that brings the older ones up.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from engine.bpmn import Environment, Execution

STATES = Path(__file__).parent / "states"
ENDS = {
    "parallel_join": {"x": 1},
    "multi_parallel": {"results": [9, 20, 9]},
    "boundary_events": {},
    "call": {"done": True},
    "compensation": {"failed": True},
    "event_gateway": {"text": "hello"},
    "event_subprocess_beside": {"level": 5},
}


def test_every_state_has_its_end():
    assert sorted(path.stem for path in STATES.glob("*.format1")) == sorted(ENDS)


@pytest.mark.parametrize("name", sorted(ENDS))
def test_an_old_state_goes_on_to_its_end(program, name):
    ours = program(name)
    environment = Environment(now=datetime(2026, 12, 24, tzinfo=UTC), variables={"case": {}})
    running = Execution.load(ours, environment, (STATES / f"{name}.format1").read_bytes())
    if name == "parallel_join":
        kept = running.variables
        assert kept["amount"].as_tuple() == Decimal("1.50").as_tuple() and kept["span"] == timedelta(hours=1)
        assert kept["$"] == {"$": 1}
    for _ in range(12):
        facts = running.facts()
        if facts.ended:
            break
        if facts.tasks:
            running.complete_task(facts.tasks[0].key, {"answer": 9} if name == "multi_parallel" else {})
        else:
            running.deliver(facts.waits[0].key, {"text": "hello"})
        running = Execution.load(ours, environment, running.dump())
    assert running.ended
    assert ENDS[name].items() <= running.variables.items()
