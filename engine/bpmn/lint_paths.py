"""What can be seen on the drawing about the paths tokens take: endless loops, joins that never fire, branches that
overwrite each other. Only what is certain is an error; what is merely likely is a warning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.bpmn.lint_conflicts import check_conflicts
from engine.bpmn.lint_report import Inspection
from engine.bpmn.model import Element

_WAITING = frozenset({"userTask", "receiveTask", "intermediateCatchEvent", "eventBasedGateway", "callActivity"})
_PATIENCE = 2_000_000
_ONE_WAY = frozenset({"exclusiveGateway", "eventBasedGateway"})


def check_paths(inspection: Inspection) -> None:
    """Loops, joins and parallel branches of every scope."""
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
            check_conflicts(scope)


class Paths:
    """The flow graph of one scope; boundary events count as ways out of their activity, links as flows."""

    def __init__(self, inspection: Inspection, container: Element) -> None:
        self.inspection = inspection
        drawing = inspection.drawing
        self.nodes = {child.id: child for child in drawing.children(container.id)}
        self.next: dict[str, list[str]] = {identity: [] for identity in self.nodes}
        links = {_link(n): n.id for n in self.nodes.values() if n.type == "intermediateCatchEvent" and _is_link(n)}
        for node in self.nodes.values():
            self.next[node.id] += [flow.target for flow in node.outgoing if flow.target in self.nodes]
            if node.type == "boundaryEvent" and node.attached_to in self.nodes:
                self.next[node.attached_to].append(node.id)
            if node.type == "intermediateThrowEvent" and _link(node) in links:
                self.next[node.id].append(links[_link(node)])
        self.cyclic = {node for part in components(self.next) for node in part if _is_loop(part, self.next)}

    def waits(self, node: Element) -> bool:
        """Whether a token may rest on a node, so that a loop through it takes time."""
        if node.type in _WAITING or node.task_type:
            return not (node.type == "intermediateCatchEvent" and _is_link(node))
        if node.is_container:
            return any(self.waits(child) for child in self.inspection.drawing.children(node.id))
        return False

    def reach(self, start: Iterable[str], without: str = "") -> set[str]:
        """Everything reachable from ``start``, itself included, not going through ``without``."""
        found: set[str] = set()
        stack = [node for node in start if node != without]
        while stack:
            node = stack.pop()
            if node not in found:
                found.add(node)
                stack.extend(target for target in self.next[node] if target != without)
        return found


def _is_link(node: Element) -> bool:
    return node.event is not None and node.event.kind == "link"


def _link(node: Element) -> str | None:
    return node.event.name if node.event is not None and node.event.kind == "link" else None


def _is_loop(part: list[str], graph: dict[str, list[str]]) -> bool:
    return len(part) > 1 or part[0] in graph[part[0]]


def components(graph: dict[str, list[str]]) -> Iterator[list[str]]:
    """Strongly connected parts of a graph (Tarjan), without recursion: drawings may be long chains."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    on_stack: set[str] = set()
    stack: list[str] = []
    for root in graph:
        if root in order:
            continue
        work: list[tuple[str, Iterator[str]]] = []
        _enter(root, graph, order, low, stack, on_stack, work)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in order:
                    _enter(target, graph, order, low, stack, on_stack, work)
                    break
                if target in on_stack:
                    low[node] = min(low[node], order[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    yield _leave(node, stack, on_stack)


def _enter(
    node: str, graph: dict[str, list[str]], order: dict[str, int], low: dict[str, int], stack: list[str],
    on_stack: set[str], work: list[tuple[str, Iterator[str]]],
) -> None:  # fmt: skip
    order[node] = low[node] = len(order)
    stack.append(node)
    on_stack.add(node)
    work.append((node, iter(graph[node])))


def _leave(node: str, stack: list[str], on_stack: set[str]) -> list[str]:
    part = [stack.pop()]
    while part[-1] != node:
        part.append(stack.pop())
    on_stack.difference_update(part)
    return part


def _check_loops(paths: Paths) -> None:
    """A loop of automatic steps: an error when nothing can end it, a warning when only its data can."""
    automatic = {
        identity: [t for t in targets if not paths.waits(paths.nodes[t])]
        for identity, targets in paths.next.items()
        if not paths.waits(paths.nodes[identity])
    }
    for part in components(automatic):
        if not _is_loop(part, automatic):
            continue
        inside = set(part)
        forced = {node: [t for t in _unconditional(paths, node) if t in inside] for node in part}
        first = min((paths.nodes[node] for node in part), key=lambda e: (e.line or 0, e.id))
        names = ", ".join(sorted(part)[:8])
        if any(_is_loop(loop, forced) for loop in components(forced)):
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
    return [target for target in paths.next[identity] if _is_link(node)]


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
