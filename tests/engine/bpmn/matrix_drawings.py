# ruff: noqa: E501 - a drawing reads best with one element a line
"""Writes small BPMN files for tests that need many of them: one line per element."""

from __future__ import annotations

from itertools import pairwise
from xml.sax.saxutils import quoteattr

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    f'<bpmn:definitions xmlns:bpmn="{BPMN}" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="test" id="definitions">\n'
)
ROOT = """
<bpmn:message id="m" name="news"><bpmn:extensionElements><zeebe:subscription correlationKey="= key"/></bpmn:extensionElements></bpmn:message>
<bpmn:signal id="sig" name="alarm"/><bpmn:error id="err" name="wrong" errorCode="E1"/>
<bpmn:escalation id="esc" name="higher" escalationCode="X1"/>
"""
DEFINITIONS = {
    "none": "",
    "message": '<bpmn:messageEventDefinition messageRef="m"/>',
    "signal": '<bpmn:signalEventDefinition signalRef="sig"/>',
    "timer": "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition>",
    "timer date": "<bpmn:timerEventDefinition><bpmn:timeDate>2026-12-01T08:00:00+08:00</bpmn:timeDate></bpmn:timerEventDefinition>",
    "timer cycle": "<bpmn:timerEventDefinition><bpmn:timeCycle>R3/PT1H</bpmn:timeCycle></bpmn:timerEventDefinition>",
    "error": '<bpmn:errorEventDefinition errorRef="err"/>',
    "escalation": '<bpmn:escalationEventDefinition escalationRef="esc"/>',
    "conditional": "<bpmn:conditionalEventDefinition><bpmn:condition>= go</bpmn:condition></bpmn:conditionalEventDefinition>",
    "link": '<bpmn:linkEventDefinition name="over there"/>',
    "terminate": "<bpmn:terminateEventDefinition/>",
    "compensate": "<bpmn:compensateEventDefinition/>",
    "cancel": "<bpmn:cancelEventDefinition/>",
    "multiple": '<bpmn:messageEventDefinition messageRef="m"/><bpmn:signalEventDefinition signalRef="sig"/>',
}
FORM = '<zeebe:assignmentDefinition candidateGroups="clerk"/><zeebe:formDefinition formId="form"/>'
EXTENSIONS = {
    "userTask": FORM,
    "scriptTask": '<zeebe:script expression="= 1" resultVariable="done"/>',
    "serviceTask": '<zeebe:taskDefinition type="notify"/>',
    "sendTask": '<zeebe:taskDefinition type="notify"/>',
    "businessRuleTask": '<zeebe:calledDecision decisionId="choose" resultVariable="chosen"/>',
    "callActivity": '<zeebe:calledElement processId="other"/>',
}


def node(tag: str, identity: str, inner: str = "", extensions: str | None = None, **attributes: object) -> str:
    """One element; tasks get what they need to run unless ``extensions`` says otherwise."""
    if extensions is None:
        extensions = EXTENSIONS.get(tag, "")
    held = f"<bpmn:extensionElements>{extensions}</bpmn:extensionElements>" if extensions else ""
    if tag == "receiveTask":
        attributes.setdefault("messageRef", "m")
    written = "".join(f" {name}={quoteattr(str(value))}" for name, value in attributes.items())
    return f'<bpmn:{tag} id="{identity}"{written}>{held}{inner}</bpmn:{tag}>\n'


def event(tag: str, identity: str, kind: str = "none", **attributes: object) -> str:
    """One event of a kind."""
    return node(tag, identity, DEFINITIONS[kind], **attributes)


def flows(*chains: str) -> str:
    """Sequence flows: ``a b c`` is two flows; ``a b?= x > 1`` has a condition. Ids are ``source-target``."""
    written = []
    for chain in chains:
        path, _, condition = chain.partition("?")
        steps = path.split()
        for source, target in pairwise(steps):
            inner = (
                f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{condition.strip().replace("<", "&lt;")}</bpmn:conditionExpression>'
                if condition
                else ""
            )
            written.append(
                f'<bpmn:sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}">{inner}</bpmn:sequenceFlow>\n'
            )
    return "".join(written)


def process(*content: str, key: str = "main", extensions: str = "") -> str:
    """One executable process."""
    return node("process", key, "".join(content), extensions, isExecutable="true")


def document(*content: str, root: str = ROOT) -> bytes:
    """A whole file; a ``content`` that is no process goes into a process ``main``."""
    if not any("<bpmn:process" in part for part in content):
        content = (process(*content),)
    return (HEAD + root + "".join(content) + "</bpmn:definitions>\n").encode()
