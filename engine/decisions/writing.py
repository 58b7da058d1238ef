"""A decision table put back into its DMN file: after a spreadsheet came in, or a row was edited."""

from __future__ import annotations

from copy import deepcopy

from lxml import etree

from engine.decisions.model import DecisionTable
from engine.decisions.reader import read_xml
from engine.errors import InvalidInput


def write_table(data: bytes, decision_id: str, table: DecisionTable) -> bytes:
    """The file with that decision's table replaced; everything else, and foreign attributes of what stays, is kept.

    Raises:
        InvalidInput: the file is no DMN, or the decision is not there or no table.
    """
    root, problems = read_xml(data, "")
    if root is None:
        raise InvalidInput("no DMN file", code_of_file=problems[0].code)
    namespace = etree.QName(root).namespace or ""
    decision = next((d for d in root.iter(f"{{{namespace}}}decision") if d.get("id") == decision_id), None)
    old = decision.find(f"{{{namespace}}}decisionTable") if decision is not None else None
    if decision is None or old is None:
        raise InvalidInput("no such decision table", decision_id=decision_id)
    new = _Writer(namespace, old).table(table)
    new.tail = old.tail
    decision.replace(old, new)
    made: bytes = etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")
    return made


class _Writer:
    def __init__(self, namespace: str, old: etree._Element) -> None:
        self.namespace = namespace
        self.before = {node.get("id"): node for node in old.iter() if isinstance(node.tag, str) and node.get("id")}
        self.old = old

    def element(self, name: str, identity: str = "", /, **attributes: str) -> etree._Element:
        """A new element with what its predecessor of that id had in foreign namespaces."""
        node = etree.Element(f"{{{self.namespace}}}{name}", nsmap=self.old.nsmap)  # type: ignore[arg-type]  # None is the default namespace
        before = self.before.get(identity) if identity else None
        if before is not None:
            for key, value in before.attrib.items():
                if str(key).startswith("{"):
                    node.set(key, value)
            node.extend(deepcopy(child) for child in before.iterchildren(f"{{{self.namespace}}}extensionElements"))
        if identity:
            node.set("id", identity)
        for key, value in attributes.items():
            if value:
                node.set(key, value)
        return node

    def text(self, parent: etree._Element, name: str, text: str, identity: str = "", /, **attributes: str) -> None:
        """A child with a ``text`` child."""
        node = self.element(name, identity, **attributes)
        inner = self.element("text")
        inner.text = text
        node.append(inner)
        parent.append(node)

    def table(self, table: DecisionTable) -> etree._Element:
        root = self.element(
            "decisionTable",
            table.id,
            hitPolicy=table.hit_policy,
            aggregation=table.aggregation,
            outputLabel=table.output_label,
            typeRef=table.type_ref,
            preferredOrientation=table.orientation,
        )
        for clause in table.inputs:
            node = self.element("input", clause.id, label=clause.label)
            before = self.before.get(clause.id)
            expression = before.find(f"{{{self.namespace}}}inputExpression") if before is not None else None
            identity = (expression.get("id") or "") if expression is not None else ""
            self.text(node, "inputExpression", clause.expression, identity, typeRef=clause.type_ref)
            if clause.allowed:
                self.text(node, "inputValues", clause.allowed)
            root.append(node)
        for output in table.outputs:
            node = self.element("output", output.id, name=output.name, label=output.label, typeRef=output.type_ref)
            if output.allowed:
                self.text(node, "outputValues", output.allowed)
            if output.default:
                self.text(node, "defaultOutputEntry", output.default)
            root.append(node)
        for name in table.annotations:
            root.append(self.element("annotation", name=name))
        for rule in table.rules:
            node = self.element("rule", rule.id)
            if rule.description:
                description = self.element("description")
                description.text = rule.description
                node.insert(0, description)
            for kind, cells in (("inputEntry", rule.inputs), ("outputEntry", rule.outputs)):
                for cell in cells:
                    self.text(node, kind, cell.text, cell.id)
            for note in rule.annotations:
                self.text(node, "annotationEntry", note)
            root.append(node)
        return root
