"""What a drawing says, as plain data: the parser writes it, lint judges it, nodes run it. No XML, no library here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

ACTIVITIES = frozenset(
    [
        "task",
        "userTask",
        "manualTask",
        "scriptTask",
        "serviceTask",
        "sendTask",
        "receiveTask",
        "businessRuleTask",
        "callActivity",
        "subProcess",
        "transaction",
    ]
)
GATEWAYS = frozenset(["exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway"])
EVENTS = frozenset(["startEvent", "endEvent", "intermediateThrowEvent", "intermediateCatchEvent", "boundaryEvent"])
CONTAINERS = frozenset({"process", "subProcess", "transaction"})


@dataclass(slots=True)
class Flow:
    """A sequence flow; ``condition`` is FEEL text with its leading ``=`` or None."""

    id: str
    source: str
    target: str
    condition: str | None = None
    name: str = ""
    line: int | None = None


@dataclass(slots=True)
class EventDefinition:
    """What an event waits for or throws; only the fields of its ``kind`` are set.

    ``kind``: message, signal, timer, error, escalation, conditional, link, terminate, compensate, cancel.
    """

    kind: str
    reference: str = ""
    name: str = ""
    code: str | None = None
    correlation_key: str | None = None
    timer_kind: str = ""
    timer: str = ""
    condition: str = ""
    activity: str = ""
    wait: bool = True


@dataclass(slots=True)
class Loop:
    """``kind``: parallel, sequential or standard."""

    kind: str
    input_collection: str | None = None
    input_element: str | None = None
    output_collection: str | None = None
    output_element: str | None = None
    cardinality: str | None = None
    completion_condition: str | None = None
    loop_condition: str | None = None
    test_before: bool = False
    maximum: str | None = None
    behavior: str = "All"
    none_event: EventDefinition | None = None
    one_event: EventDefinition | None = None
    complex_events: list[tuple[str, EventDefinition]] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    """One input or output of an activity: ``source`` (literal, or FEEL with ``=``) into the variable ``target``."""

    source: str | None
    target: str


@dataclass(slots=True)
class Element:
    """One node of the drawing, or a container of nodes."""

    id: str
    type: str
    name: str = ""
    line: int | None = None
    file: str = ""
    parent: str = ""
    lane: str = ""
    documentation: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    incoming: list[Flow] = field(default_factory=list)
    outgoing: list[Flow] = field(default_factory=list)
    default_flow: str = ""
    event: EventDefinition | None = None
    interrupting: bool = True
    attached_to: str = ""
    loop: Loop | None = None
    children: list[str] = field(default_factory=list)
    triggered_by_event: bool = False
    for_compensation: bool = False
    compensation_handler: str = ""
    instantiate: bool = False
    assignee: str = ""
    candidate_groups: str = ""
    candidate_users: str = ""
    form_id: str = ""
    due_date: str = ""
    follow_up_date: str = ""
    priority: str = ""
    inputs: list[Mapping] = field(default_factory=list)
    outputs: list[Mapping] = field(default_factory=list)
    task_type: str = ""
    retries: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    script: str | None = None
    result_variable: str = ""
    decision_id: str = ""
    called_process: str = ""
    direction: str = ""
    propagate_parent: bool = True
    propagate_child: bool = True
    message_name: str = ""
    correlation_key: str | None = None
    version_tag: str = ""

    @property
    def runs(self) -> bool:
        """Whether it is of a kind that runs; the parser has refused any other."""
        return self.type == "process" or self.type in ACTIVITIES | GATEWAYS | EVENTS

    @property
    def is_activity(self) -> bool:
        return self.type in ACTIVITIES

    @property
    def is_container(self) -> bool:
        return self.type in CONTAINERS

    @property
    def is_event_subprocess(self) -> bool:
        return self.triggered_by_event


@dataclass(slots=True)
class Drawing:
    """One executable process: the process element itself and everything in it, by id, in document order."""

    key: str
    file: str
    elements: dict[str, Element] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)
    data_objects: dict[str, str] = field(default_factory=dict)

    @property
    def process(self) -> Element:
        return self.elements[self.key]

    def children(self, container: str) -> Iterator[Element]:
        return (self.elements[child] for child in self.elements[container].children)

    def boundaries(self, activity: str) -> Iterator[Element]:
        siblings = self.children(self.elements[activity].parent)
        return (e for e in siblings if e.type == "boundaryEvent" and e.attached_to == activity)
