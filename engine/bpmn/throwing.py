"""Throw and end events: what leaves a path, and what ends more than the path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.bpmn.activities import Activity, throw_message
from engine.bpmn.catching import Boundary, propagate
from engine.bpmn.compensation import Done, give_back, take_everything, take_out
from engine.bpmn.model import Element, EventDefinition
from engine.bpmn.nodes import Branch, ProcessSpec
from engine.bpmn.scripts import Formula, formula
from engine.bpmn.tokens import COMPLETED, STARTED

if TYPE_CHECKING:
    from engine.bpmn.tokens import Token


class StartEvent(Activity):
    """Where a process or subprocess begins; what started it comes in as its result."""


class Thrower:
    """One event definition, ready to be thrown."""

    def __init__(self, event: EventDefinition) -> None:
        self.event = event
        self.name = Formula(event.name)
        self.correlation = formula(event.correlation_key)

    def throw(self, token: Token) -> None:
        """Let the event happen; afterwards ``token`` may be gone."""
        workflow, element_id = token.workflow, token.task_spec.element.id
        kind = self.event.kind
        if kind == "message":
            throw_message(token, self.name, self.correlation, dict(token.data))
            return
        name = str(self.name.evaluate(workflow.visible(token), workflow.environment, element_id))
        code = self.event.code
        if kind == "signal" or not propagate(token, kind, code, dict(token.data)):
            workflow.throw(token, kind, name, code, variables=dict(token.data))


class ThrowEvent(Activity):
    """An intermediate or end event that throws a message, a signal or an escalation; or nothing."""

    def __init__(self, process: ProcessSpec, element: Element, name: str = "") -> None:
        super().__init__(process, element, name)
        self.thrower = Thrower(element.event) if element.event is not None else None

    def perform(self, token: Token) -> bool | None:
        if self.thrower is not None:
            self.thrower.throw(token)
        return True if token.id in token.workflow.tasks else None


class LinkThrow(Activity):
    """Goes on at the link of the same name."""

    def __init__(self, process: ProcessSpec, element: Element, name: str = "") -> None:
        super().__init__(process, element, name)
        self.target: Branch

    def choose(self, token: Token) -> list[Branch]:
        return [self.target]


class ErrorEnd(Activity):
    """Ends with an error. Caught by nobody, the token stays here as failed and the instance does not end."""

    def perform(self, token: Token) -> bool | None:
        workflow, event = token.workflow, self.element.event
        assert event is not None
        self.write_result(token)
        workflow.note(token, "completed")
        workflow.end_events.append(self.element.id)
        # Whoever catches it cancels this path; that the event itself was reached stays true.
        token._set_state(COMPLETED)
        if not propagate(token, "error", event.code, dict(token.data)):
            token.error()
            workflow.note(token, "failed", {"code": event.code})
            workflow.throw(token, "error", event.name, event.code, variables=dict(token.data))
        elif token.id in workflow.tasks:
            self.take(token, [])
        return None


class TerminateEnd(Activity):
    """Ends its process or subprocess with everything in it."""

    def perform(self, token: Token) -> bool | None:
        scope = token.scope
        assert scope is not None
        for other in list(scope.inner()):
            if other is not token and not isinstance(other.task_spec, Boundary):
                token.workflow.cancel_token(other)
        return True


class CompensationThrow(Activity):
    """Runs the handlers of finished activities one after the other, last finished first."""

    def perform(self, token: Token) -> bool | None:
        event = self.element.event
        assert event is not None
        token.internal_data["undo"] = self.collect(token)
        if not event.wait:
            self._go_ahead(token)
        token._set_state(STARTED)
        self.emptied(token)
        return None

    def collect(self, token: Token) -> list[Done]:
        """What has to be undone."""
        assert self.element.event is not None
        return take_out(token, self.element.event.activity)

    def emptied(self, token: Token) -> None:
        undo: list[Done] = token.internal_data["undo"]
        workflow = token.workflow
        if undo:
            entry = undo.pop(0)
            token.data = dict(entry["data"])
            self._wf_spec.task_specs[entry["handler"]].arrive(workflow, token, "", token.lineage)
        else:
            token.data = {}
            self.undone(token)

    def _on_cancel(self, my_task: Token) -> None:
        give_back(my_task)
        super()._on_cancel(my_task)

    def undone(self, token: Token) -> None:
        """All handlers are done."""
        workflow, scope = token.workflow, token.scope
        assert scope is not None
        if token.internal_data.pop("ahead", False):
            workflow.remove(token)
            workflow.scope_left(scope)
        else:
            token.complete()

    def _go_ahead(self, token: Token) -> None:
        """``waitForCompletion="false"``: the path goes on while the handlers run."""
        workflow = token.workflow
        token.internal_data["ahead"] = True
        ahead = workflow.place(self, token.scope, STARTED)
        if token.lineage:
            ahead.internal_data["fork"] = token.lineage
        self.take(ahead, self.choose(ahead))


class CancelEnd(CompensationThrow):
    """Cancels its transaction: stops all work in it, undoes what was finished, leaves by the cancel border event."""

    def collect(self, token: Token) -> list[Done]:
        transaction = token.scope
        while transaction is not None and transaction.task_spec.element.type != "transaction":
            transaction = transaction.scope
        assert transaction is not None, "lint lets cancel end events stand in transactions only"
        undo = take_everything(transaction)
        kept = token
        while kept is not transaction:
            level = kept.scope
            assert level is not None
            for other in list(level.inner()):
                if other is not kept and not (level is transaction and isinstance(other.task_spec, Boundary)):
                    token.workflow.cancel_token(other)
            kept = level
        return undo

    def undone(self, token: Token) -> None:
        workflow = token.workflow
        self.write_result(token)
        workflow.note(token, "completed")
        workflow.end_events.append(self.element.id)
        token._set_state(COMPLETED)
        if not propagate(token, "cancel", None, {}):
            token.error()
            workflow.throw(token, "error", "cancel", "uncaught_cancel")
