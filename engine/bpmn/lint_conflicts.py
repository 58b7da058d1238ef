"""Parallel branches that set the same variable, as far as the drawing and its forms tell."""

from __future__ import annotations

from engine.bpmn.lint_graph import Paths
from engine.bpmn.lint_report import Inspection
from engine.bpmn.model import Element, Flow

_ONE_WAY = frozenset({"exclusiveGateway", "eventBasedGateway"})


def check_conflicts(paths: Paths, read: frozenset[str]) -> None:
    """Parallel branches that set the same variable: the later one wins, which is seldom meant.

    A field that both their forms have matters only when it is among the names that are ``read``.
    """
    for node in paths.nodes.values():
        branches = _parallel_flows(node)
        if len(branches) < 2:
            continue
        reached = [paths.reach([flow.target], without=node.id) for flow in branches if flow.target in paths.nodes]
        told: set[str] = set()
        for i, one in enumerate(reached):
            for other in reached[i + 1 :]:
                _tell_conflicts(
                    paths, node, _written(paths, one - other, read), _written(paths, other - one, read), told
                )


def _parallel_flows(node: Element) -> list[Flow]:
    if node.type in _ONE_WAY:
        return []
    if node.type == "inclusiveGateway":
        return node.outgoing
    return [flow for flow in node.outgoing if not flow.condition or node.type == "parallelGateway"]


def _tell_conflicts(paths: Paths, node: Element, first: dict[str, str], second: dict[str, str], told: set[str]) -> None:
    for name, writer in first.items():
        for rival, other_writer in second.items():
            if (name == rival or name.startswith(f"{rival}.") or rival.startswith(f"{name}.")) and name not in told:
                told.add(name)
                paths.inspection.warning("conflict", node, variable=name, one=writer, other=other_writer)


def _written(paths: Paths, identities: set[str], read: frozenset[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for identity in sorted(identities):
        _collect_writes(paths.inspection, paths.nodes[identity], read, found)
    return found


def _collect_writes(inspection: Inspection, element: Element, read: frozenset[str], found: dict[str, str]) -> None:
    for name in (*writes(element), *(_filled_in(inspection, element) & read)):
        found.setdefault(name, element.id)
    if element.is_container and not element.outputs:
        for child in inspection.drawing.children(element.id):
            _collect_writes(inspection, child, read, found)


def _filled_in(inspection: Inspection, element: Element) -> frozenset[str]:
    """The fields of a task's form, unless its outputs or its loop keep them inside."""
    if element.outputs or element.loop is not None:
        return frozenset()
    return inspection.known.form_fields.get(element.form_id, frozenset())


def writes(element: Element) -> list[str]:
    """Variables that an element certainly sets outside of itself, as far as the drawing tells."""
    if element.outputs:
        return [mapping.target for mapping in element.outputs]
    if element.loop is not None and element.loop.kind != "standard":
        return [element.loop.output_collection] if element.loop.output_collection else []
    return [element.result_variable] if element.result_variable else []
