"""Gateways: where paths part and meet. Joins park one token per scope and count the arrivals of each flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.bpmn.nodes import Branch, Lineage, Node
from engine.bpmn.tokens import READY, STARTED, WAITING
from engine.bpmn.writers import common
from engine.errors import ExecutionFailed

if TYPE_CHECKING:
    from engine.bpmn.catching import CatchEvent
    from engine.bpmn.tokens import Token
    from engine.bpmn.workflow import CaseWorkflow


class ExclusiveGateway(Node):
    """The first flow whose condition holds, else the default; merges without waiting."""

    def choose(self, token: Token) -> list[Branch]:
        if len(self.branches) <= 1 and not any(b.condition for b in self.branches):
            return self.branches
        workflow = token.workflow
        scope = workflow.visible(token.scope)
        for branch in self.branches:
            if branch is self.default:
                continue
            if branch.condition is None or branch.condition.test(scope, workflow.environment, self.element.id):
                return [branch]
        if self.default is not None:
            return [self.default]
        raise ExecutionFailed("no outgoing flow's condition holds", kind="no_flow", element_id=self.element.id)


class Join(Node):
    """Parks what arrives until the gateway may go on."""

    is_join = True

    def arrive(self, workflow: CaseWorkflow, scope: Token, flow: str, lineage: Lineage) -> None:
        if not flow or len(self.element.incoming) < 2:
            super().arrive(workflow, scope, flow, lineage)
            return
        parked = workflow.parked.get((scope.id, self.name))
        if parked is None:
            parked = workflow.parked[scope.id, self.name] = workflow.place(self, scope, WAITING)
            parked.internal_data["arrived"] = {}
        parked.internal_data["arrived"].setdefault(flow, []).append(lineage)
        if all(incoming.id in parked.internal_data["arrived"] for incoming in self.element.incoming):
            self.release(parked)

    def release(self, parked: Token) -> None:
        """Use up one arrival of every flow that has one, and go on; what arrived twice stays parked."""
        workflow, scope = parked.workflow, parked.scope
        assert scope is not None
        arrived: dict[str, list[Lineage]] = parked.internal_data["arrived"]
        shared = common([lineages.pop(0) for lineages in arrived.values()])
        left = {flow: lineages for flow, lineages in arrived.items() if lineages}
        go = parked
        if left:
            parked.internal_data["arrived"] = left
            go = workflow.place(self, scope)
        else:
            del parked.internal_data["arrived"]
            del workflow.parked[scope.id, self.name]
            parked._set_state(READY)
            workflow.ready.append(parked)
        if shared:
            go.internal_data["fork"] = shared


class ParallelGateway(Join):
    """Goes on when every incoming flow has brought a token; takes all outgoing flows."""

    def choose(self, token: Token) -> list[Branch]:
        return self.branches


class InclusiveGateway(Join):
    """Goes on when no token that is still under way could bring more; takes every flow whose condition holds."""

    joins_inclusively = True
    _reach: dict[str, frozenset[str]] | None = None

    def choose(self, token: Token) -> list[Branch]:
        # One unconditional way on is no decision.
        return self.branches if len(self.branches) == 1 and self.default else super().choose(token)

    def try_fire(self, token: Token) -> bool:
        """BPMN 2.0.2, 13.4.3: a token elsewhere holds the join up when it can come along a flow that has brought none,
        unless it can also come along one that has.
        """
        arrived = token.internal_data["arrived"]
        reach = self.reach()
        missing = [flow.id for flow in self.element.incoming if flow.id not in arrived]
        scope = token.scope
        assert scope is not None
        for other in scope.inner():
            if other is token or not other.task_spec.keeps_alive:
                continue
            place = other.task_spec.element.id
            if any(place in reach[flow] for flow in missing) and not any(place in reach[flow] for flow in arrived):
                return False
        self.release(token)
        return True

    def reach(self) -> dict[str, frozenset[str]]:
        """For each incoming flow the elements a token on which can still come along it without passing here."""
        if self._reach is None:
            self._reach = {flow.id: self._reaching(flow.source) for flow in self.element.incoming}
        return self._reach

    def _reaching(self, source: str) -> frozenset[str]:
        elements = self._wf_spec.drawing.elements
        seen: set[str] = set()
        stack = [source]
        while stack:
            identity = stack.pop()
            if identity in seen or identity == self.element.id:
                continue
            seen.add(identity)
            element = elements[identity]
            stack.extend(flow.source for flow in element.incoming)
            if element.attached_to:
                stack.append(element.attached_to)
            if element.event is not None and element.event.kind == "link":
                stack.extend(
                    other.id
                    for other in elements.values()
                    if other.type == "intermediateThrowEvent"
                    and other.parent == element.parent
                    and other.event is not None
                    and other.event.kind == "link"
                    and other.event.name == element.event.name
                )
        return frozenset(seen)


class EventGateway(Node):
    """Waits for the first of several events; the others are withdrawn without a trace."""

    def activate(self, token: Token) -> bool | None:
        self.enter(token)
        for branch in self.branches:
            catch: CatchEvent = branch.target
            waiting = token.workflow.place(catch, token, WAITING)
            waiting.internal_data["via"] = branch.id
            catch.read_inputs(waiting)
            catch.arm(waiting)
        return None

    def won(self, winner: Token) -> Token:
        """The event ``winner`` has happened: it takes the gateway's place."""
        workflow, gateway = winner.workflow, winner.scope
        assert gateway is not None
        scope = gateway.scope
        workflow.note(gateway, "completed", {"flows": [winner.internal_data["via"]]})
        node, inputs = winner.task_spec, winner.data
        lineage = gateway.lineage
        workflow.remove(gateway)
        token = workflow.place(node, scope, STARTED)
        token.data = inputs
        if lineage:
            token.internal_data["fork"] = lineage
        return token
