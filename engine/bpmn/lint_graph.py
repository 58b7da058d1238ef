"""The flow graph of one scope, as the checks of paths walk it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.bpmn.lint_report import Inspection
from engine.bpmn.model import Element

_WAITING = frozenset({"userTask", "receiveTask", "intermediateCatchEvent", "eventBasedGateway", "callActivity"})


class Paths:
    """The flow graph of one scope; boundary events count as ways out of their activity, links as flows."""

    def __init__(self, inspection: Inspection, container: Element) -> None:
        self.inspection = inspection
        drawing = inspection.drawing
        self.nodes = {child.id: child for child in drawing.children(container.id)}
        self.next: dict[str, list[str]] = {identity: [] for identity in self.nodes}
        links = {_link(n): n.id for n in self.nodes.values() if n.type == "intermediateCatchEvent" and is_link(n)}
        for node in self.nodes.values():
            self.next[node.id] += [flow.target for flow in node.outgoing if flow.target in self.nodes]
            if node.type == "boundaryEvent" and node.attached_to in self.nodes:
                self.next[node.attached_to].append(node.id)
            if node.type == "intermediateThrowEvent" and _link(node) in links:
                self.next[node.id].append(links[_link(node)])
        self.cyclic = {node for part in components(self.next) for node in part if is_loop(part, self.next)}

    def waits(self, node: Element) -> bool:
        """Whether a token may rest on a node, so that a loop through it takes time."""
        if node.type in _WAITING or node.task_type:
            return not (node.type == "intermediateCatchEvent" and is_link(node))
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


def is_link(node: Element) -> bool:
    """Whether it is one end of a link."""
    return node.event is not None and node.event.kind == "link"


def _link(node: Element) -> str | None:
    return node.event.name if node.event is not None and node.event.kind == "link" else None


def is_loop(part: list[str], graph: dict[str, list[str]]) -> bool:
    """Whether a strongly connected part really turns: several nodes, or one that leads to itself."""
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
