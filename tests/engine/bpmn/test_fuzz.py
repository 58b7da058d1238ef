"""Random structured processes, walked by the engine and by a simple token game side by side.

After every deed both must wait for the same things, have reached the same ends and hold the same data. Saved and loaded
after every deed the engine must have the very state it has when it lived in memory from the start, and that state
holds living tokens only: what is finished leaves nothing behind that could change what follows.
``FUZZ_EXAMPLES`` sets how many processes (``make fuzz``).
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.bpmn.codec import read_rows
from engine.bpmn.execution import Execution
from engine.bpmn.limits import DEFAULTS
from engine.bpmn.lint import Resources, lint
from engine.bpmn.parser import parse
from engine.bpmn.program import Program, build_program
from engine.bpmn.reader import read_xml
from engine.bpmn.scripts import Environment
from engine.errors import ExecutionFailed

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "600"))
DEEDS = 30
ENOUGH = 300
NINE = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
KNOWN = Resources(
    roles=frozenset({"clerk"}), forms=frozenset({"form"}), processes=frozenset(), connectors=frozenset({"notify"})
)


def _neighbour(name: str) -> Any:
    full = f"bpmn_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, Path(__file__).with_name(f"{name}.py"))
        sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[full])
    return sys.modules[full]


drawings = _neighbour("oracle_drawings")
Oracle = drawings.oracle.Oracle


class Engine:
    """The engine under the same handle as the oracle: acts by the name of what waits."""

    def __init__(self, program: Program, variables: dict[str, Any], durable: bool) -> None:
        self.program, self.durable = program, durable
        self.now = NINE
        self.ends: Counter[str] = Counter()
        self.thrown: Counter[str] = Counter()
        self.execution = Execution.start(program, self.environment, variables)
        self.seen = (0, 0)
        self.keep()

    @property
    def environment(self) -> Environment:
        return Environment(now=self.now)

    def keep(self) -> None:
        self.facts = self.execution.facts()
        ends, thrown = self.facts.end_events, [t for t in self.facts.thrown if t.code != "stuck"]
        self.ends.update(ends[self.seen[0] :])
        self.thrown.update(f"{t.kind} {t.code}" for t in thrown[self.seen[1] :])
        self.state = self.execution.dump()
        assert all(t.state != "ended" for t in self.execution.tokens() if t.type != "process"), (
            "a finished token is kept"
        )
        self.seen = (len(ends), len(thrown))
        if self.durable:
            self.seen = (0, 0)
            self.execution = Execution.load(self.program, self.environment, self.state)
            assert self.execution.dump() == self.state
        self.open = self._open()

    def _open(self) -> dict[Any, Any]:
        """What waits by element and path: which of several, by order of arrival, it and its scopes are."""
        tokens = {token.key: token for token in self.execution.tokens()}
        numbers: dict[str, int] = {}
        seen: Counter[Any] = Counter()
        for token in tokens.values():
            numbers[token.key] = seen[token.element_id, token.scope]
            seen[token.element_id, token.scope] += not token.subscription
        found = {}
        for entry in (*self.facts.tasks, *self.facts.jobs, *self.facts.waits, *self.facts.timers):
            path = []
            at = tokens[entry.key]
            at = tokens[at.scope] if at.subscription else at
            while at is not None:
                if at.type != "process":
                    path.append(f"{at.element_id}.{numbers[at.key]}")
                at = tokens.get(at.scope)
            assert (entry.element_id, tuple(path)) not in found
            found[entry.element_id, tuple(path)] = entry
        return found

    def waits(self) -> list[Any]:
        return sorted(self.open)

    def act(self, name: Any, result: dict[str, Any], error: str | None = None) -> None:
        entry = self.open[name]
        kind = type(entry).__name__
        if kind == "OpenTask":
            self.execution.complete_task(entry.key, result)
        elif kind == "OpenJob" and error is not None:
            self.execution.fail_job(entry.key, error)
        elif kind == "OpenJob":
            self.execution.finish_job(entry.key, result)
        elif kind == "Wait":
            self.execution.deliver(entry.key, result)
        else:
            self.execution.fire_timer(entry.key)
        self.keep()


def nameless(state: bytes) -> tuple[int, list[list[Any]]]:
    """A saved state without the random keys of its tokens."""
    serial, rows = read_rows(state, DEFAULTS.state_bytes)
    return serial, [row[1:] for row in rows]


def endless(deed: Callable[[], object]) -> None:
    """Where the token game never rests the engine stops at its budget instead of hanging."""
    with pytest.raises(ExecutionFailed) as failed:
        deed()
    assert failed.value.kind == "budget"


def play(random: Random, size: int = 22, kind: Any = drawings.Maker) -> tuple[int, bool]:
    """Draw one process and walk it on both sides; answers the number of deeds and whether it ended."""
    maker = kind(random, size)
    data = drawings.as_bpmn(maker.processes)
    root, problems = read_xml(data, "fuzz.bpmn")
    definitions = parse(root, "fuzz.bpmn")
    problems = [p for p in (*problems, *definitions.problems, *lint(definitions, KNOWN)) if p.severity == "error"]
    assert not [p for p in problems if p.code not in {"unreachable", "endless_loop"}], problems
    program = build_program({"fuzz.bpmn": data}, "main")
    try:
        oracle = Oracle(maker.processes, "main", maker.variables)
    except drawings.oracle.Endless:
        endless(lambda: Engine(program, maker.variables, True))
        return 0, False
    if oracle.steps > ENOUGH:
        return 0, False
    engines = [Engine(program, maker.variables, durable) for durable in (False, True)]
    log: list[Any] = []
    for _ in range(DEEDS):
        for engine in engines:
            for what, here, there in (
                ("waits", engine.waits(), oracle.waits()),
                ("ended", engine.facts.ended, oracle.ended),
                ("ends", engine.ends, Counter(oracle.ends)),
                ("thrown", engine.thrown, Counter(oracle.thrown)),
                ("data", engine.execution.variables, oracle.root.data),
            ):
                assert here == there, f"{what}: engine {here}, oracle {there}\nafter {log}\n{data.decode()}"
        in_memory, loaded = (nameless(engine.state) for engine in engines)
        assert in_memory == loaded, f"saved and in memory differ after {log}\n{data.decode()}"
        waits = oracle.waits()
        if oracle.ended or not waits:
            break
        name = random.choice(waits)
        kind = name[0].rstrip("0123456789")
        timers = {t.element_id for t in engines[0].facts.timers}
        result = {} if name[0] in timers else {random.choice(drawings.VARIABLES): random.randint(0, 3)}
        error = random.choice(("E1", "E2", "E9")) if kind == "job" and random.random() < 0.3 else None
        log.append((name, result, error))
        try:
            oracle.act(name, result, error)
        except drawings.oracle.Endless:
            endless(partial(engines[1].act, name, result, error))
            break
        if oracle.steps > ENOUGH:
            break  # So many automatic steps may be over the engine's budget, or not.
        for engine in engines:
            engine.act(name, result, error)
    return len(log), oracle.ended


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_fuzz_the_engine_walks_as_the_token_game_does(random):
    play(random)


@settings(max_examples=EXAMPLES // 3 or 1, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_fuzz_tangled_flows_lose_and_double_no_token(random):
    """Gateways in the middle of loops, joins nobody balanced: the rules of BPMN still say what happens."""
    play(random, kind=drawings.Tangle)
