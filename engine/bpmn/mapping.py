"""What has become of a process's elements in another version: a suggestion for people to look over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from engine.bpmn.model import Drawing, Element

if TYPE_CHECKING:
    from engine.bpmn.nodes import Node
    from engine.bpmn.program import Program


def path(main: str, process_key: str, identity: str) -> str:
    """How an element is named among those of every process an instance of ``main`` runs: ``id``, in a called process
    ``process/id``.
    """
    return identity if process_key == main else f"{process_key}/{identity}"


class Renames:
    """Where elements have gone, process by process: a mapping from old paths to new ids."""

    def __init__(self, main: str, mapping: Mapping[str, str]) -> None:
        self._main, self._mapping = main, mapping

    def of(self, node: Node, identity: str | None = None) -> str:
        """The new id of the element of ``node``, or of another in its process."""
        identity = node.element.id if identity is None else identity
        return self._mapping.get(path(self._main, node.process_key, identity), identity)

    def dropped(self, node: Node) -> bool:
        """Mapped to nothing: a border event or the start of an event subprocess that the new version does without."""
        return self.of(node) == "" and not node.keeps_alive


def suggest_mapping(old: Program, new: Program) -> dict[str, str]:
    """For the ``path`` of every element and flow of ``old`` whose id is gone: the likely new id, or '' without one.

    An element is taken for the same when it is of the same type and event and has the same name, or, being the only one
    left over of its type, the same neighbours; a flow when its ends are the same.
    """
    suggested: dict[str, str] = {}
    for key, spec in old.processes.items():
        later = new.main if spec is old.main else new.processes.get(key)
        if later is not None:
            for identity, there in _suggest(spec.drawing, later.drawing).items():
                suggested[path(old.main.name, key, identity)] = there
    return suggested


def _suggest(old: Drawing, new: Drawing) -> dict[str, str]:
    gone = [e for identity, e in old.elements.items() if identity not in new.elements and e.type != "process"]
    free = {identity: e for identity, e in new.elements.items() if identity not in old.elements and e.type != "process"}
    found: dict[str, str] = {}
    for alike in (_same_name, _same_neighbours):
        for element in gone:
            if element.id in found:
                continue
            fitting = [e for e in free.values() if _same_kind(element, e) and alike(element, e)]
            if len(fitting) == 1:
                found[element.id] = fitting[0].id
                del free[fitting[0].id]
    found = {element.id: found.get(element.id, "") for element in gone}
    return {**found, **dict(_flows(old, new, found))}


def _flows(old: Drawing, new: Drawing, found: dict[str, str]) -> Iterator[tuple[str, str]]:
    ends = {(flow.source, flow.target): identity for identity, flow in new.flows.items()}
    for identity, flow in old.flows.items():
        if identity not in new.flows:
            source, target = (found.get(end, end) for end in (flow.source, flow.target))
            yield identity, ends.get((source, target), "")


def _same_kind(one: Element, other: Element) -> bool:
    kinds = [(e.type, e.event.kind if e.event else "", e.loop is None, e.triggered_by_event) for e in (one, other)]
    return kinds[0] == kinds[1]


def _same_name(one: Element, other: Element) -> bool:
    return bool(one.name) and one.name == other.name


def _same_neighbours(one: Element, other: Element) -> bool:
    def around(element: Element) -> tuple[set[str], set[str], str]:
        before = {flow.source for flow in element.incoming}
        return before, {flow.target for flow in element.outgoing}, element.attached_to

    mine, theirs = around(one), around(other)
    return bool(mine[0] & theirs[0] or mine[1] & theirs[1]) or (bool(mine[2]) and mine[2] == theirs[2])
