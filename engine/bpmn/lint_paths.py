"""What can be seen on the drawing about the paths tokens take: endless loops, joins that never fire, branches that
overwrite each other. Only what is certain is an error; what is merely likely is a warning."""

from __future__ import annotations

from engine.bpmn.lint_conflicts import check_conflicts
from engine.bpmn.lint_graph import Paths, components, is_link, is_loop
from engine.bpmn.lint_report import Inspection
from engine.bpmn.lint_variables import names_read
from engine.bpmn.model import Element

_PATIENCE = 2_000_000
_ONE_WAY = frozenset({"exclusiveGateway", "eventBasedGateway"})


def check_paths(inspection: Inspection) -> None:
    """Loops, joins and parallel branches of every scope."""
    read = names_read(inspection) if inspection.known.form_fields else frozenset()
    for container in inspection.drawing.elements.values():
        if container.is_container:
            scope = Paths(inspection, container)
            _check_loops(scope)
            _check_no_way_out(scope)
            splits = sum(len(node.outgoing) for node in scope.nodes.values() if len(node.outgoing) > 1)
            if splits * len(scope.nodes) > _PATIENCE:
                inspection.warning("too_many_paths", container, splits=splits, elements=len(scope.nodes))
                continue
            _check_joins(scope)
            check_conflicts(scope, read)


def _check_loops(paths: Paths) -> None:
    """A loop of automatic steps: an error when nothing can end it, a warning when only its data can."""
    automatic = {
        identity: [t for t in targets if not paths.waits(paths.nodes[t])]
        for identity, targets in paths.next.items()
        if not paths.waits(paths.nodes[identity])
    }
    for part in components(automatic):
        if not is_loop(part, automatic):
            continue
        inside = set(part)
        forced = {node: [t for t in _unconditional(paths, node) if t in inside] for node in part}
        first = min((paths.nodes[node] for node in part), key=lambda e: (e.line or 0, e.id))
        names = ", ".join(sorted(part)[:8])
        if any(is_loop(loop, forced) for loop in components(forced)):
            paths.inspection.error("endless_loop", first, elements=names)
        else:
            paths.inspection.warning("loop_without_wait", first, elements=names)


def _unconditional(paths: Paths, identity: str) -> list[str]:
    """Where a token goes from here whatever the data say."""
    node = paths.nodes[identity]
    flows = [flow for flow in node.outgoing if flow.target in paths.nodes]
    if node.type == "exclusiveGateway" and len(node.outgoing) > 1:
        return []
    if node.type == "inclusiveGateway" and len(node.outgoing) > 1:
        return []
    if node.outgoing:
        return [flow.target for flow in flows if not flow.condition and flow.id != node.default_flow]
    return [target for target in paths.next[identity] if is_link(node)]


def _check_no_way_out(paths: Paths) -> None:
    """Places from which no token ever comes to an end."""
    back: dict[str, list[str]] = {identity: [] for identity in paths.nodes}
    ends: list[str] = []
    for identity, targets in paths.next.items():
        for target in targets:
            back[target].append(identity)
        if not targets:
            ends.append(identity)
    reached = set(ends)
    stack = list(ends)
    while stack:
        for source in back[stack.pop()]:
            if source not in reached:
                reached.add(source)
                stack.append(source)
    trapped = [node for identity, node in paths.nodes.items() if identity not in reached]
    if trapped:
        paths.inspection.warning("no_way_out", trapped[0], elements=", ".join(n.id for n in trapped[:8]))


def _check_joins(paths: Paths) -> None:
    """Parallel joins two of whose incoming flows exclude each other, being behind different ways of one decision."""
    joins = [n for n in paths.nodes.values() if n.type == "parallelGateway" and len(n.incoming) > 1]
    begins = [n.id for n in paths.nodes.values() if not n.incoming and n.type != "boundaryEvent"]
    told: set[str] = set()
    for decider in paths.nodes.values() if joins else ():
        if decider.type not in _ONE_WAY or len(decider.outgoing) < 2 or decider.id in paths.cyclic:
            continue
        without = paths.reach(begins, without=decider.id)
        behind = {
            f.id: paths.reach([f.target], without=decider.id) for f in decider.outgoing if f.target in paths.nodes
        }
        for join in joins:
            if join.id not in told and _excluding(join, decider, without, behind):
                told.add(join.id)
                paths.inspection.warning("join_never_fires", join, decision=decider.id, decision_name=decider.name)


def _excluding(join: Element, decider: Element, without: set[str], behind: dict[str, set[str]]) -> bool:
    ways: list[set[str]] = []
    for flow in join.incoming:
        if flow.source == decider.id:
            ways.append({flow.id})
        elif flow.source not in without:
            ways.append({way for way, reached in behind.items() if flow.source in reached})
    return any(not (one & other) for i, one in enumerate(ways) for other in ways[i + 1 :] if one and other)
