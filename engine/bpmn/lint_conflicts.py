"""Parallel branches that set the same variable, as far as the drawing tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.bpmn.lint_graph import Paths
from engine.bpmn.model import Element, Flow

_ONE_WAY = frozenset({"exclusiveGateway", "eventBasedGateway"})


def check_conflicts(paths: Paths) -> None:
    """Parallel branches that set the same variable: the later one wins, which is seldom meant."""
    for node in paths.nodes.values():
        branches = _parallel_flows(node)
        if len(branches) < 2:
            continue
        reached = [paths.reach([flow.target], without=node.id) for flow in branches if flow.target in paths.nodes]
        told: set[str] = set()
        for i, one in enumerate(reached):
            for other in reached[i + 1 :]:
                _tell_conflicts(paths, node, one - other, other - one, told)


def _parallel_flows(node: Element) -> list[Flow]:
    if node.type in _ONE_WAY:
        return []
    if node.type == "inclusiveGateway":
        return node.outgoing
    return [flow for flow in node.outgoing if not flow.condition or node.type == "parallelGateway"]


def _tell_conflicts(paths: Paths, node: Element, one: set[str], other: set[str], told: set[str]) -> None:
    first, second = _written(paths, one), _written(paths, other)
    for name, writer in first.items():
        for rival, other_writer in second.items():
            if (name == rival or name.startswith(f"{rival}.") or rival.startswith(f"{name}.")) and name not in told:
                told.add(name)
                paths.inspection.warning("conflict", node, variable=name, one=writer, other=other_writer)


def _written(paths: Paths, identities: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for identity in sorted(identities):
        _collect_writes(paths.inspection.drawing.children, paths.nodes[identity], found)
    return found


def _collect_writes(children: Callable[[str], Iterator[Element]], element: Element, found: dict[str, str]) -> None:
    for name in writes(element):
        found.setdefault(name, element.id)
    if element.is_container and not element.outputs:
        for child in children(element.id):
            _collect_writes(children, child, found)


def writes(element: Element) -> list[str]:
    """Variables that an element certainly sets outside of itself, as far as the drawing tells."""
    if element.outputs:
        return [mapping.target for mapping in element.outputs]
    if element.loop is not None and element.loop.kind != "standard":
        return [element.loop.output_collection] if element.loop.output_collection else []
    return [element.result_variable] if element.result_variable else []
