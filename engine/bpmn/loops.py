"""Loops and multi-instance: a body around the activity that starts its instances and gathers their results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.bpmn.activities import Activity
from engine.bpmn.model import Element, Loop
from engine.bpmn.nodes import Node, ProcessSpec, fork
from engine.bpmn.scripts import Formula, required
from engine.bpmn.throwing import Thrower
from engine.errors import ExecutionFailed

if TYPE_CHECKING:
    from engine.bpmn.catching import Boundary
    from engine.bpmn.tokens import Token

COUNTERS = ("numberOfInstances", "numberOfActiveInstances", "numberOfCompletedInstances", "numberOfTerminatedInstances")


class LoopBody(Node):
    """What stands on the drawing for an activity with a loop marker; the border events hang here."""

    def __init__(self, process: ProcessSpec, element: Element, activity: Activity, loop: Loop) -> None:
        super().__init__(process, element)
        self.activity = activity
        self.loop = loop
        self.boundaries: list[Boundary] = []
        self.static_properties, self.dynamic_properties = {}, {}
        activity.body = self

    def activate(self, token: Token) -> bool | None:
        for boundary in self.boundaries:
            boundary.subscribe_in(token)
        return self.begin(token)

    def begin(self, token: Token) -> bool | None:
        """Start the first instances."""
        raise NotImplementedError

    def instance_left(self, token: Token) -> None:
        """One instance is done; its token is still there."""
        raise NotImplementedError

    def start_instance(self, body: Token, index: int, variables: Mapping[str, Any], lineage: list[str]) -> None:
        """Put an instance inside the body."""
        token = body.workflow.place(self.activity, body)
        token.data = {**variables, "loopCounter": index + 1}
        token.internal_data["index"] = index
        if lineage:
            token.internal_data["fork"] = lineage

    def start_again(self, token: Token, body: Token) -> None:
        """Begin an instance anew: what it was given stays, what it did is gone."""
        index, lineage, element = token.internal_data["index"], token.lineage, self.loop.input_element
        body.workflow.cancel_token(token)
        self.start_instance(body, index, {element: token.data[element]} if element in token.data else {}, lineage)

    def leave(self, token: Token) -> None:
        workflow = token.workflow
        for inner in list(token.inner()):
            workflow.remove(inner)
        self.take(token, self.choose(token))


class StandardLoop(LoopBody):
    """Repeats while its condition holds; the rounds share the variables around them."""

    def __init__(self, process: ProcessSpec, element: Element, activity: Activity, loop: Loop) -> None:
        super().__init__(process, element, activity, loop)
        self.condition = required(loop.loop_condition) if loop.loop_condition else None
        self.maximum = int(loop.maximum) if loop.maximum else None

    def begin(self, token: Token) -> bool | None:
        workflow = token.workflow
        workflow.note(token, "entered")
        token.internal_data["rounds"] = 0
        if self.loop.test_before and not self.again(token, 0):
            return True
        self.start_instance(token, 0, {}, token.lineage)
        return None

    def instance_left(self, token: Token) -> None:
        workflow, body = token.workflow, token.scope
        assert body is not None
        workflow.note(token, "completed")
        workflow.remove(token)
        body.internal_data["rounds"] = rounds = body.internal_data["rounds"] + 1
        if self.again(body, rounds):
            self.start_instance(body, rounds, {}, body.lineage)
        else:
            body.complete()

    def again(self, body: Token, rounds: int) -> bool:
        """Whether another round follows."""
        if self.maximum is not None and rounds >= self.maximum:
            return False
        if self.condition is None:
            return self.maximum is not None
        workflow = body.workflow
        scope = workflow.visible(body, {"loopCounter": rounds})
        return self.condition.test(scope, workflow.environment, self.element.id)


class MultiInstance(LoopBody):
    """Once for each element of a collection or so many times, at once or one after the other.

    What an instance writes stays with it; at its end the output element goes into the output collection, or, when there
    is none, its variables go out by name.
    """

    def __init__(self, process: ProcessSpec, element: Element, activity: Activity, loop: Loop) -> None:
        super().__init__(process, element, activity, loop)
        activity.isolated = True
        self.collection = required(loop.input_collection) if loop.input_collection else None
        self.cardinality = Formula(_feel(loop.cardinality)) if loop.cardinality else None
        self.output = required(loop.output_element) if loop.output_element else None
        self.condition = required(loop.completion_condition) if loop.completion_condition else None
        self.none_event = Thrower(loop.none_event) if loop.behavior == "None" and loop.none_event else None
        self.one_event = Thrower(loop.one_event) if loop.behavior == "One" and loop.one_event else None
        self.complex_events = (
            [(required(c), Thrower(e)) for c, e in loop.complex_events] if loop.behavior == "Complex" else []
        )

    def begin(self, token: Token) -> bool | None:
        workflow = token.workflow
        items = self.items(token)
        total = len(items)
        workflow.note(token, "entered", {"instances": total})
        state = token.internal_data["loop"] = {"total": total, "next": 0, "completed": 0, "terminated": 0}
        if self.loop.output_collection:
            token.internal_data["outputs"] = [None] * total
        if not total:
            self.write_outputs(token)
            return True
        if self.loop.kind == "sequential":
            if self.collection is not None:
                token.internal_data["items"] = items
            self.next_instance(token)
            return None
        lineages = fork(workflow, token.lineage, total) if total > 1 else [token.lineage]
        for index, item in enumerate(items):
            self.start_instance(token, index, self.element_of(item), lineages[index])
        state["next"] = total
        return None

    def items(self, token: Token) -> list[Any]:
        """What to run for, one entry an instance.

        Raises:
            ExecutionFailed: the collection is no list, the count no whole number, or either too large or negative.
        """
        workflow = token.workflow
        scope, environment = workflow.visible(token), workflow.environment
        if self.collection is not None:
            items = self.collection.evaluate(scope, environment, self.element.id)
            if not isinstance(items, list):
                raise ExecutionFailed(
                    "the input collection is no list", kind="collection", element_id=self.element.id,
                    expression=self.collection.source, value=repr(items)[:100],
                )  # fmt: skip
        else:
            assert self.cardinality is not None
            count = self.cardinality.evaluate(scope, environment, self.element.id)
            if isinstance(count, bool) or not isinstance(count, int) or count < 0:
                raise ExecutionFailed(
                    "the number of instances is no whole number from 0 on", kind="cardinality",
                    element_id=self.element.id, expression=self.cardinality.source, value=repr(count)[:100],
                )  # fmt: skip
            self._bound(count, environment.limits.cardinality)
            items = [None] * count
        self._bound(len(items), environment.limits.cardinality)
        return items

    def _bound(self, count: int, limit: int) -> None:
        if count > limit:
            raise ExecutionFailed(
                "too many instances", kind="cardinality", element_id=self.element.id, count=count, limit=limit
            )

    def element_of(self, item: Any) -> dict[str, Any]:
        """An instance's own variables."""
        return {self.loop.input_element: item} if self.loop.input_element else {}

    def next_instance(self, body: Token) -> None:
        """Start the next of a sequence."""
        state = body.internal_data["loop"]
        index = state["next"]
        state["next"] = index + 1
        items = body.internal_data.get("items")
        self.start_instance(body, index, self.element_of(items[index]) if items is not None else {}, body.lineage)

    def instance_left(self, token: Token) -> None:
        workflow, body = token.workflow, token.scope
        assert body is not None
        state = body.internal_data["loop"]
        state["completed"] += 1
        self.keep_output(token, body)
        active = state["next"] - state["completed"] - state["terminated"]
        counts = dict(zip(COUNTERS, (state["total"], active, state["completed"], state["terminated"]), strict=True))
        scope = workflow.visible(token, counts)
        enough = self.condition is not None and self.condition.test(scope, workflow.environment, self.element.id)
        events = self.events_after(token, counts)
        workflow.note(token, "completed")
        workflow.remove(token)
        for thrower in events:
            thrower.throw(body)
            if body.id not in workflow.tasks:
                return
        if enough or state["completed"] + state["terminated"] == state["total"]:
            self.finish(body)
        elif self.loop.kind == "sequential":
            self.next_instance(body)

    def keep_output(self, token: Token, body: Token) -> None:
        """Take an instance's result over."""
        workflow = token.workflow
        if self.loop.output_collection:
            if self.output is not None:
                value = self.output.evaluate(workflow.visible(token), workflow.environment, self.element.id)
                body.internal_data["outputs"][token.internal_data["index"]] = value
            return
        for name in token.internal_data.get("written", ()):
            if name not in (self.loop.input_element, "loopCounter"):
                workflow.write(token, body.scope, name, token.data[name])

    def events_after(self, token: Token, counts: Mapping[str, Any]) -> list[Thrower]:
        """What the ``behavior`` attribute throws for this completion."""
        if self.none_event is not None:
            return [self.none_event]
        if self.one_event is not None:
            return [self.one_event] if counts["numberOfCompletedInstances"] == 1 else []
        workflow = token.workflow
        scope = workflow.visible(token, counts)
        return [e for c, e in self.complex_events if c.test(scope, workflow.environment, self.element.id)]

    def finish(self, body: Token) -> None:
        """All done, or enough: withdraw what is still running."""
        workflow = body.workflow
        for inner in list(body.inner()):
            if inner.task_spec is self.activity:
                body.internal_data["loop"]["terminated"] += 1
                workflow.cancel_token(inner)
        self.write_outputs(body)
        body.complete()

    def write_outputs(self, body: Token) -> None:
        """The output collection, in the order of the input."""
        if self.loop.output_collection:
            body.workflow.write(body, body.scope, self.loop.output_collection, body.internal_data["outputs"])


def _feel(text: str) -> str:
    return text if text.strip().startswith("=") else f"={text}"
