"""What scenarios passed of what there is: elements of processes, rules of decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.bpmn import compile_processes
from engine.decisions import read_dmn
from engine.instances.limits import limits
from engine.scenarios.running import Outcome

NOT_WALKED = frozenset({"process"})


@dataclass
class Coverage:
    """Of one process (or decision): how often each element (or rule) was passed, 0 included."""

    key: str
    name: str
    passed: Mapping[str, int] = field(default_factory=dict)

    @property
    def covered(self) -> int:
        return sum(1 for times in self.passed.values() if times)

    @property
    def missing(self) -> list[str]:
        return [element for element, times in self.passed.items() if not times]


def process_coverage(files: Mapping[str, bytes], outcomes: Iterable[Outcome]) -> list[Coverage]:
    """Every process of ``files`` with how often each element was passed."""
    walked: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        for key, counts in outcome.passed.items():
            walked.setdefault(key, Counter()).update(counts)
    diagrams = {path: data for path, data in files.items() if path.endswith(".bpmn")}
    processes, _ = compile_processes(diagrams, limits=limits())
    return [
        Coverage(
            key,
            info.name,
            {e.id: walked.get(key, Counter())[e.id] for e in info.elements if e.type not in NOT_WALKED},
        )
        for key, info in sorted(processes.items())
    ]


def decision_coverage(files: Mapping[str, bytes], outcomes: Iterable[Outcome]) -> list[Coverage]:
    """Every decision table of ``files`` with how often each rule fired."""
    fired: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        for key, counts in outcome.rules.items():
            fired.setdefault(key, Counter()).update(counts)
    found = []
    for path, data in sorted(files.items()):
        if path.endswith(".dmn"):
            for decision in read_dmn(data, path).tables():
                counts = fired.get(decision.id, Counter())
                found.append(Coverage(decision.id, decision.name, {rule: counts[rule] for rule in decision.rule_ids}))
    return found
