"""What a new file of a bundle begins as."""

from __future__ import annotations

import json
from xml.sax.saxutils import quoteattr

_BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="definitions_{key}" targetNamespace="http://cityloop/workflows">
  <bpmn:process id="{key}" name={name} isExecutable="true">
    <bpmn:extensionElements>
      <zeebe:properties>
        <zeebe:property name="kind" value="{kind}" />
      </zeebe:properties>
    </bpmn:extensionElements>
    <bpmn:startEvent id="start_{key}" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="diagram_{key}">
    <bpmndi:BPMNPlane id="plane_{key}" bpmnElement="{key}">
      <bpmndi:BPMNShape id="start_{key}_di" bpmnElement="start_{key}">
        <dc:Bounds x="160" y="200" width="36" height="36" />
      </bpmndi:BPMNShape>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""  # noqa: E501

_DMN = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/" xmlns:dc="http://www.omg.org/spec/DMN/20180521/DC/" id="definitions_{key}" name={name} namespace="http://cityloop/decisions/{key}">
  <decision id="{key}" name={name}>
    <decisionTable id="{key}_table" hitPolicy="UNIQUE">
      <input id="{key}_input" label="">
        <inputExpression id="{key}_expression" typeRef="string">
          <text></text>
        </inputExpression>
      </input>
      <output id="{key}_output" name="result" typeRef="string" />
    </decisionTable>
  </decision>
  <dmndi:DMNDI>
    <dmndi:DMNDiagram id="{key}_diagram">
      <dmndi:DMNShape id="{key}_shape" dmnElementRef="{key}">
        <dc:Bounds height="80" width="180" x="160" y="100" />
      </dmndi:DMNShape>
    </dmndi:DMNDiagram>
  </dmndi:DMNDI>
</definitions>
"""  # noqa: E501

_SCENARIO = """name: {name}
start:
  at: 2026-11-18T09:00+08:00
  process: {process}
steps: []
expect: {{}}
"""


def blank_process(key: str, name: str, kind: str) -> bytes:
    """A process with nothing but its start."""
    return _BPMN.format(key=key, name=quoteattr(name), kind=kind).encode()


def blank_decision(key: str, name: str) -> bytes:
    """A decision table without rules."""
    return _DMN.format(key=key, name=quoteattr(name)).encode()


def blank_form(key: str) -> bytes:
    """A form without fields."""
    schema = {"type": "default", "id": key, "schemaVersion": 18, "components": []}
    return f"{json.dumps(schema, ensure_ascii=False, indent=2)}\n".encode()


def blank_scenario(name: str, process: str) -> bytes:
    """A scenario that only starts."""
    return _SCENARIO.format(name=json.dumps(name, ensure_ascii=False), process=process).encode()
