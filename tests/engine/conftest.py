"""Small processes as text, for tests of what stands on the waist: ``draw`` makes the file, ``publish`` deploys it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import quoteattr

import orjson
import pytest
from sqlalchemy.orm import Session

from engine.deployments import deploy
from engine.permissions import Actor
from engine.storage import Deployment

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'id="definitions" targetNamespace="http://cityloop">'
)


def attributes(**values: Any) -> str:
    """XML attributes of those that say something."""
    return "".join(f" {name}={quoteattr(str(value))}" for name, value in values.items() if value not in (None, ""))


def properties(values: Mapping[str, Any]) -> str:
    """A ``zeebe:properties`` block."""
    if not values:
        return ""
    rows = "".join(f"<zeebe:property{attributes(name=k, value=v)}/>" for k, v in values.items())
    return f"<zeebe:properties>{rows}</zeebe:properties>"


class Drawing:
    """A chain of steps from a start to an end; ``raw`` puts in anything else."""

    def __init__(self, key: str, **process_properties: Any) -> None:
        self.key = key
        self.properties = process_properties
        self.nodes: list[tuple[str, str]] = []
        self.outside: list[str] = []
        self.extra: list[str] = []

    def user(
        self, identity: str, group: str = "clerk", *, form: str = "remark", users: str = "", assignee: str = "",
        extra: str = "", **said: Any,
    ) -> Drawing:  # fmt: skip
        """A user task; ``said`` are its properties."""
        inside = (
            f"<zeebe:assignmentDefinition{attributes(candidateGroups=group, candidateUsers=users, assignee=assignee)}/>"
            f'<zeebe:formDefinition formId="{form}"/>{properties(said)}'
        )
        return self._add(identity, "userTask", inside, extra)

    def service(
        self, identity: str, type_: str, inputs: Mapping[str, str] | None = None, *, retries: str = "",
        outputs: Mapping[str, str] | None = None, result: str = "", extra: str = "",
    ) -> Drawing:  # fmt: skip
        """A service task of a connector."""
        mapped = "".join(f"<zeebe:input{attributes(source=v, target=k)}/>" for k, v in (inputs or {}).items())
        mapped += "".join(f"<zeebe:output{attributes(source=v, target=k)}/>" for k, v in (outputs or {}).items())
        inside = f"<zeebe:taskDefinition{attributes(type=type_, retries=retries)}/>"
        if mapped:
            inside += f"<zeebe:ioMapping>{mapped}</zeebe:ioMapping>"
        if result:
            inside += f'<zeebe:taskHeaders><zeebe:header key="resultVariable" value="{result}"/></zeebe:taskHeaders>'
        return self._add(identity, "serviceTask", inside, extra)

    def script(self, identity: str, expression: str, result: str) -> Drawing:
        """A script task."""
        inside = f"<zeebe:script{attributes(expression=expression, resultVariable=result)}/>"
        return self._add(identity, "scriptTask", inside)

    def catch(self, identity: str, definition: str) -> Drawing:
        """An intermediate catch event."""
        return self._add(identity, "intermediateCatchEvent", "", definition)

    def timer(self, identity: str, kind: str, value: str) -> Drawing:
        """An intermediate timer: kind is timeDuration, timeDate or timeCycle."""
        return self.catch(identity, timer_definition(kind, value))

    def message(self, identity: str, name: str, key: str = "=case.number") -> Drawing:
        """A message catch event."""
        self.outside.append(message(f"m_{identity}", name, key))
        return self.catch(identity, f'<bpmn:messageEventDefinition id="d_{identity}" messageRef="m_{identity}"/>')

    def throw(self, identity: str, name: str, key: str = "=case.number", **said: Any) -> Drawing:
        """A message throw event; ``said`` are its properties."""
        self.outside.append(message(f"m_{identity}", name, key))
        definition = f'<bpmn:messageEventDefinition id="d_{identity}" messageRef="m_{identity}"/>'
        return self._add(identity, "intermediateThrowEvent", properties(said), definition)

    def signal(self, identity: str, name: str, scope: str = "") -> Drawing:
        """A signal catch event."""
        self.outside.append(f'<bpmn:signal id="s_{identity}" name="{name}"/>')
        inside = properties({"scope": scope} if scope else {})
        definition = f'<bpmn:signalEventDefinition id="d_{identity}" signalRef="s_{identity}"/>'
        return self._add(identity, "intermediateCatchEvent", inside, definition)

    def raw(self, inside: str = "", outside: str = "") -> Drawing:
        """Elements as they are: in the process, or beside it."""
        self.extra.append(inside)
        self.outside.append(outside)
        return self

    def _add(self, identity: str, tag: str, extensions: str, rest: str = "") -> Drawing:
        said = f"<bpmn:extensionElements>{extensions}</bpmn:extensionElements>" if extensions else ""
        element = f'<bpmn:{tag} id="{identity}" name="{identity}">{said}{{flows}}{rest}</bpmn:{tag}>'
        self.nodes.append((identity, element))
        return self

    def xml(self, start: str = "") -> bytes:
        """The file. ``start`` is what stands inside the start event."""
        chain = ["start", *(identity for identity, _ in self.nodes), "end"]
        flows = "".join(
            f'<bpmn:sequenceFlow id="f{number}" sourceRef="{source}" targetRef="{target}"/>'
            for number, (source, target) in enumerate(pairwise(chain))
        )
        body = "".join(
            element.replace(
                "{flows}", f"<bpmn:incoming>f{number}</bpmn:incoming><bpmn:outgoing>f{number + 1}</bpmn:outgoing>"
            )
            for number, (_, element) in enumerate(self.nodes)
        )
        said = f"<bpmn:extensionElements>{properties(self.properties)}</bpmn:extensionElements>"
        return (
            f'{HEAD}{"".join(self.outside)}<bpmn:process id="{self.key}" name="{self.key}" isExecutable="true">{said}'
            f'<bpmn:startEvent id="start"><bpmn:outgoing>f0</bpmn:outgoing>{start}</bpmn:startEvent>{body}'
            f'<bpmn:endEvent id="end"><bpmn:incoming>f{len(chain) - 2}</bpmn:incoming></bpmn:endEvent>{flows}'
            f"{''.join(self.extra)}</bpmn:process></bpmn:definitions>"
        ).encode()


def timer_definition(kind: str, value: str) -> str:
    """A timer event definition."""
    return (
        f'<bpmn:timerEventDefinition id="t_{abs(hash((kind, value)))}"><bpmn:{kind} xsi:type="bpmn:tFormalExpression">'
        f"{value}</bpmn:{kind}></bpmn:timerEventDefinition>"
    )


def message(identity: str, name: str, key: str = "") -> str:
    """A message with its correlation key."""
    said = f"<zeebe:subscription{attributes(correlationKey=key)}/>" if key else ""
    inside = f"<bpmn:extensionElements>{said}</bpmn:extensionElements>"
    return f'<bpmn:message id="{identity}" name="{name}">{inside}</bpmn:message>'


def form(identity: str, *components: Mapping[str, Any]) -> bytes:
    """A form-js form."""
    return orjson.dumps({"type": "default", "id": identity, "schemaVersion": 16, "components": list(components)})


REMARK = form("remark", {"type": "textfield", "key": "remark", "label": "备注", "id": "Field_remark"})


@pytest.fixture
def remark() -> bytes:
    """A form with one text field."""
    return REMARK


@pytest.fixture
def draw() -> Callable[..., Drawing]:
    """``draw("key", kind="service", serviceType="sanitation").user("accept")…``"""
    return Drawing


@pytest.fixture
def publish(session: Session) -> Callable[..., Deployment | None]:
    """Deploy drawings (and other files) as the machine; the form ``remark`` comes along."""

    def deploy_them(*drawings: Drawing | bytes, name: str = "test", **files: bytes) -> Deployment | None:
        bundle: dict[str, bytes] = {"forms/remark.form": REMARK}
        for number, drawing in enumerate(drawings):
            key = drawing.key if isinstance(drawing, Drawing) else f"p{number}"
            bundle[f"workflows/{key}/{key}.bpmn"] = drawing.xml() if isinstance(drawing, Drawing) else drawing
        bundle.update({path.replace("__", "/"): content for path, content in files.items()})
        deployment = deploy(session, Actor.system("test"), bundle, name=name, source="test")
        session.commit()
        return deployment

    return deploy_them


REPORT: dict[str, Any] = {
    "title": "路边堆放生活垃圾袋",
    "description": "人行道树池旁堆了七八袋生活垃圾。",
    "service_type": "sanitation",
    "kind": "事件",
    "category": "市容环境",
    "sub_category": "暴露生活垃圾",
    "district": "福田区",
    "street": "莲花街道",
    "community": "景田社区",
    "place": "景田北街人行道树池旁",
    "channel": "巡查员上报",
    "urgency": "一般",
}


@pytest.fixture
def report() -> dict[str, Any]:
    """A report as a clerk enters it."""
    return dict(REPORT)
