"""A DMN tree to the model: what decisions, knowledge, services, types and imports a file has."""

from __future__ import annotations

from lxml import etree

from engine.decisions.boxed_reader import BoxedReader, name_of
from engine.decisions.model import (
    Decision,
    DecisionService,
    DmnFile,
    FunctionLogic,
    Import,
    InputData,
    ItemDefinition,
    KnowledgeModel,
    Parameter,
)
from engine.decisions.reader import VERSIONS, read_xml
from engine.safe_xml import line_of

_SILENT = {"description", "extensionElements", "knowledgeSource", "textAnnotation", "association", "group"} | {
    "elementCollection", "performanceIndicator", "organizationUnit", "DMNDI"
}  # fmt: skip
_ONE_DMN = frozenset(VERSIONS) | {"http://www.omg.org/spec/DMN/20180521/MODEL"}


def read_dmn(data: bytes, file: str) -> DmnFile:
    """Read one DMN 1.1–1.5 file; everything that is wrong with it is in ``problems``, nothing is raised."""
    root, problems = read_xml(data, file)
    if root is None:
        return DmnFile(file, problems=problems)
    return _FileReader(root, file).read()


class _FileReader:
    def __init__(self, root: etree._Element, file: str) -> None:
        self.root = root
        namespace = etree.QName(root).namespace or ""
        self.boxed = BoxedReader(file, namespace, root.get("namespace") or "")
        self.result = DmnFile(file, root.get("namespace") or "", name_of(root.get("name")), VERSIONS[namespace])

    def read(self) -> DmnFile:
        self.boxed.check_language(self.root)
        imports = []
        for node in self.root.iterchildren():
            kind = self.boxed.local(node)
            if kind == "import":
                imports.append(self._import(node))
            elif kind in {"itemDefinition", "inputData", "decision", "businessKnowledgeModel", "decisionService"}:
                getattr(self, f"_{kind}")(node)
            elif not kind or kind in _SILENT:
                continue
            else:
                self.boxed.refuse("unknown_element", node, element=kind)
        self.result.imports = tuple(imports)
        self.result.problems.extend(self.boxed.problems)
        return self.result

    def _import(self, node: etree._Element) -> Import:
        kind = node.get("importType") or ""
        if kind not in _ONE_DMN:
            self.boxed.refuse("import_type", node, import_type=kind[:200])
        return Import(name_of(node.get("name")), node.get("namespace") or "", node.get("locationURI") or "")

    def _identity(self, node: etree._Element) -> tuple[str, str, str, str]:
        """id, name, name of the variable and its type."""
        name = name_of(node.get("name"))
        if not name:
            self.boxed.refuse("name_missing", node, element=self.boxed.local(node))
        variable = self.boxed.child(node, "variable")
        shown = name if variable is None else name_of(variable.get("name")) or name
        type_ref = "" if variable is None else self.boxed.type_ref(variable)
        return node.get("id") or name, name, shown, type_ref

    def _href(self, node: etree._Element) -> str:
        """``id`` in this file or ``namespace#id``."""
        href = (node.get("href") or "").strip()
        namespace, _, local = href.rpartition("#")
        if not local:
            self.boxed.refuse("href_missing", node, href=href[:200])
        return local if namespace in {"", self.result.namespace} else f"{namespace}#{local}"

    def _hrefs(self, node: etree._Element, requirement: str, *names: str) -> tuple[str, ...]:
        found: list[str] = []
        for parent in self.boxed.children(node, requirement) if requirement else (node,):
            for name in names:
                found.extend(self._href(child) for child in self.boxed.children(parent, name))
        return tuple(dict.fromkeys(found))

    def _inputData(self, node: etree._Element) -> None:
        identity, _, variable, type_ref = self._identity(node)
        self.result.inputs[identity] = InputData(identity, variable, type_ref)

    def _decision(self, node: etree._Element) -> None:
        identity, name, variable, type_ref = self._identity(node)
        logic = self.boxed.expression_in(node, f"{identity}_logic")
        self.result.decisions[identity] = Decision(
            identity,
            name,
            variable,
            logic,
            type_ref,
            self._hrefs(node, "informationRequirement", "requiredDecision"),
            self._hrefs(node, "informationRequirement", "requiredInput"),
            self._hrefs(node, "knowledgeRequirement", "requiredKnowledge"),
            self.boxed.text(node, "description"),
            line_of(node),
        )

    def _businessKnowledgeModel(self, node: etree._Element) -> None:
        identity, name, variable, type_ref = self._identity(node)
        logic = self.boxed.child(node, "encapsulatedLogic")
        function: FunctionLogic | None = None
        if logic is None:
            self.boxed.refuse("expression_missing", node, element="encapsulatedLogic")
        else:
            function = self.boxed.function(logic, logic.get("id") or f"{identity}_logic")
        required = self._hrefs(node, "knowledgeRequirement", "requiredKnowledge")
        self.result.knowledge[identity] = KnowledgeModel(
            identity, name, variable, function, type_ref, required, line_of(node)
        )

    def _decisionService(self, node: etree._Element) -> None:
        identity, name, variable, type_ref = self._identity(node)
        outputs = self._hrefs(node, "", "outputDecision")
        if not outputs:
            self.boxed.refuse("service_without_output", node)
        self.result.services[identity] = DecisionService(
            identity,
            name,
            variable,
            outputs,
            self._hrefs(node, "", "encapsulatedDecision"),
            self._hrefs(node, "", "inputDecision"),
            self._hrefs(node, "", "inputData"),
            type_ref,
            line_of(node),
        )

    def _itemDefinition(self, node: etree._Element) -> None:
        item = self._item(node)
        if item.name in self.result.types:
            self.boxed.refuse("duplicate_type", node, type=item.name)
        self.result.types[item.name] = item

    def _item(self, node: etree._Element) -> ItemDefinition:
        name = name_of(node.get("name"))
        if not name:
            self.boxed.refuse("name_missing", node, element=self.boxed.local(node))
        function = self.boxed.child(node, "functionItem")
        signature = None
        if function is not None:
            parameters = tuple(
                Parameter(name_of(p.get("name")), self.boxed.type_ref(p))
                for p in self.boxed.children(function, "parameters")
            )
            written = function.get("outputTypeRef") or ""
            signature = (parameters, self.boxed.plain_type(written, function))
        return ItemDefinition(
            name,
            self.boxed.type_ref(node),
            (node.get("isCollection") or "").strip() in {"true", "1"},
            self.boxed.text(self.boxed.child(node, "allowedValues")),
            self.boxed.text(self.boxed.child(node, "typeConstraint")),
            tuple(self._item(child) for child in self.boxed.children(node, "itemComponent")),
            signature,
            line_of(node),
        )
