"""What waits for an event: catch events, receive tasks, boundary events and the starts of event subprocesses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.bpmn.activities import Activity, EventSubProcess, correlation_text
from engine.bpmn.facts import Facts, Timer, Wait
from engine.bpmn.gateways import EventGateway
from engine.bpmn.model import Element, EventDefinition
from engine.bpmn.nodes import Mapped, ProcessSpec
from engine.bpmn.scripts import Formula, formula, required
from engine.bpmn.timers import BadTimer, next_cycle, start_timer
from engine.bpmn.tokens import STARTED, WAITING
from engine.bpmn.writers import MAX_LINEAGE
from engine.errors import ExecutionFailed

if TYPE_CHECKING:
    from engine.bpmn.tokens import Token

OUTSIDE = frozenset({"message", "signal", "conditional"})


class Catching(Mapped):
    """A node on which a token can wait for one event."""

    def __init__(self, process: ProcessSpec, element: Element, name: str = "") -> None:
        super().__init__(process, element, name)
        event = element.event or EventDefinition("message", name=element.message_name)
        self.event = event
        self.waits_outside = event.kind in OUTSIDE or event.kind == "timer"
        self.watches_data = event.kind == "conditional"
        self.event_name = Formula(event.name)
        self.correlation = formula(element.correlation_key or event.correlation_key)
        self.timer = Formula(event.timer)
        self.condition = required(event.condition) if event.kind == "conditional" else None

    def arm(self, token: Token) -> None:
        """Start to wait: work out the due time, the name and the correlation key, once.

        Raises:
            ExecutionFailed: one of them makes no sense.
        """
        workflow, environment, element_id = token.workflow, token.workflow.environment, self.element.id
        kind = self.event.kind
        token._set_state(WAITING)
        if kind == "timer":
            value = self.timer.evaluate(workflow.visible(token), environment, element_id)
            try:
                timer = start_timer(self.event.timer_kind, value, environment.now, environment.limits)
                if timer["due"] is None:
                    raise BadTimer("the cycle is over before it begins")
            except BadTimer as error:
                raise ExecutionFailed(
                    str(error), kind="timer", element_id=element_id, expression=self.timer.source
                ) from error
            token.internal_data["timer"] = timer
        elif kind in {"message", "signal"}:
            scope = workflow.visible(token)
            if self.event_name.is_feel:
                token.internal_data["name"] = str(self.event_name.evaluate(scope, environment, element_id))
            if kind == "message" and self.correlation is not None:
                value = self.correlation.evaluate(scope, environment, element_id)
                token.internal_data["key"] = correlation_text(value, element_id)
        elif kind == "conditional":
            workflow.touched = True

    def describe(self, token: Token, facts: Facts) -> None:
        kept = token.internal_data
        if "timer" in kept:
            timer = kept["timer"]
            due = datetime.fromisoformat(timer["due"])
            facts.timers.append(Timer(token.id, self.element.id, due, timer.get("every"), self.process_key))
        elif token._state == WAITING and self.event.kind in OUTSIDE:
            name = kept.get("name", self.event_name.source)
            if self.condition is not None:
                name = " ".join(self.condition.reads(token.workflow.environment))
            scope = self.element.properties.get("scope") if self.event.kind == "signal" else None
            facts.waits.append(
                Wait(token.id, self.element.id, self.event.kind, name, kept.get("key"), scope, self.process_key)
            )

    def catches(self, kind: str, code: str | None) -> bool:
        return kind == self.event.kind and self.event.code in (None, code)

    def data_changed(self, token: Token) -> None:
        """Fire when the condition turns true; for those who stay, again only after it was false."""
        if self.condition is None or token._state != WAITING:
            return
        workflow = token.workflow
        value = self.condition.evaluate(workflow.visible(token), workflow.environment, self.element.id)
        if value not in (True, False, None):
            raise ExecutionFailed(
                "the condition is neither true nor false",
                kind="condition_not_boolean", element_id=self.element.id, expression=self.condition.source,
            )  # fmt: skip
        was = token.internal_data.get("held", False)
        if value and not was:
            token.internal_data["held"] = True
            self.trigger(token, {})
        elif not value and was:
            del token.internal_data["held"]

    def goes_on(self, token: Token) -> bool:
        """After a firing that interrupts nothing: whether the subscription stays, and its next due time."""
        timer = token.internal_data.get("timer")
        if timer is None:
            return True
        following = next_cycle(timer, token.workflow.environment.now)
        if following is None:
            token.workflow.remove(token)
            return False
        token.internal_data["timer"] = following
        return True


class CatchEvent(Activity, Catching):
    """An intermediate event, or a receive task: the path waits here."""

    def perform(self, token: Token) -> bool | None:
        if token.result is not None:
            return True  # Its message has begun this instance.
        self.arm(token)
        return None

    def trigger(self, token: Token, payload: Mapping[str, Any]) -> None:
        scope = token.scope
        if scope is not None and isinstance(scope.task_spec, EventGateway):
            token = scope.task_spec.won(token)
            self.enter(token)
        token.result = payload
        token.complete()


class Boundary(Catching):
    """An event on the border of an activity; its subscription lives as long as the activity."""

    keeps_alive = False

    def subscribe_in(self, activity: Token) -> None:
        """Wait beside the open ``activity``."""
        self.arm(activity.workflow.place(self, activity, WAITING))

    def trigger(self, token: Token, payload: Mapping[str, Any]) -> None:
        workflow, activity = token.workflow, token.scope
        assert activity is not None
        scope, lineage, caught = activity.scope, activity.lineage, token.data
        if self.element.interrupting:
            workflow.cancel_token(activity)
        else:
            lineage = side_path(activity)
            self.goes_on(token)
        born = workflow.place(self, scope, STARTED)
        if lineage:
            born.internal_data["fork"] = lineage
        born.data = dict(caught)
        self.read_inputs(born)
        self.enter(born)
        born.result = payload
        self.write_result(born)
        self.take(born, self.choose(born))


class EventSubprocessStart(Activity, Catching):
    """Starts an event subprocess: waits in the scope around it, then stands at its beginning."""

    keeps_alive = False

    def __init__(self, process: ProcessSpec, element: Element, name: str = "") -> None:
        super().__init__(process, element, name)
        self.host: EventSubProcess

    def subscribe_in(self, scope: Token) -> None:
        """Wait as long as ``scope`` is open."""
        self.arm(scope.workflow.place(self, scope, WAITING))

    def trigger(self, token: Token, payload: Mapping[str, Any]) -> None:
        workflow, scope = token.workflow, token.scope
        assert scope is not None
        lineage, caught = scope.lineage, token.data
        if self.element.interrupting:
            for inner in list(scope.inner()):
                if not isinstance(inner.task_spec, Boundary):
                    workflow.cancel_token(inner)
        else:
            lineage = side_path(scope)
            self.goes_on(token)
        host = workflow.place(self.host, scope, STARTED)
        if lineage:
            host.internal_data["fork"] = lineage
        host.data = dict(caught)
        self.host.read_inputs(host)
        self.host.enter(host)
        self.host.open(host, [self], payload)


def side_path(beside: Token) -> list[str]:
    """The lineage of a path that starts beside a scope or activity and runs along with it."""
    lineage = beside.lineage
    return lineage if len(lineage) >= MAX_LINEAGE else [*lineage, f"s{beside.workflow.next_serial()}.1"]


def propagate(token: Token, kind: str, code: str | None, payload: Mapping[str, Any], message: str = "") -> bool:
    """Bring an error, an escalation or a cancel to who catches it: innermost scope first, in a scope event subprocesses
    before the border, the exact code before a catch-all. Answers whether anybody did.

    Who catches it sees ``errorCode`` and ``errorMessage`` (or ``escalationCode``) beside what it brings.
    """
    level: Token | None = token
    while level is not None:
        catching = [t for t in level.inner() if t._state == WAITING and t.task_spec.catches(kind, code)]
        if catching:
            winner = min(catching, key=_rank)
            if kind != "cancel":
                winner.data = {f"{kind}Code": code} | ({"errorMessage": message} if message else {})
            winner.task_spec.trigger(winner, payload)
            return True
        level = level.scope
    return False


def _rank(token: Token) -> tuple[bool, bool]:
    node = token.task_spec
    return isinstance(node, Boundary), isinstance(node, Catching) and node.event.code is None
