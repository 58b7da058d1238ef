"""Form fields written into a foreign diagram, as form-js forms; references to forms kept elsewhere."""

from __future__ import annotations

import json
from typing import Any

from lxml import etree

from engine.bpmn.dialects.foreign import Node
from engine.bpmn.dialects.report import bpmn, name_of, put, zeebe

SCHEMA_VERSION = 18
_TYPES = {
    "string": "textfield", "long": "number", "integer": "number", "int": "number", "double": "number",
    "boolean": "checkbox", "date": "datetime", "enum": "select", "text": "textarea", "multi-line-text": "textarea",
    "file": "file", "dropdown": "select", "radio-buttons": "radio",
}  # fmt: skip
_CHECKS = {"required": "required", "minlength": "minLength", "maxlength": "maxLength", "min": "min", "max": "max"}


def translate_form(node: Node) -> None:
    """The form of a user task or start event: a key, a reference, or fields drawn into the diagram."""
    element = node.element
    fields = [field for _, data in node.take_elements("formData") for field in data]
    fields += [field for _, field in node.take_elements("formProperty")]
    key = node.take("formKey")
    reference = node.take("formRef")
    node.take("formRefVersion")
    if (binding := node.take("formRefBinding")) and binding[1] not in {"latest", "deployment"}:
        node.sheet.needs_hand(element, binding[0], "binding", binding=binding[1])
    if fields:
        form_id = f"{element.get('id') or 'start'}_form"
        node.sheet.forms[form_id] = form_of(form_id, fields, node)
        put(element, "formDefinition", formId=form_id)
        node.sheet.mapped(element, "formData", "form_made", form=form_id, count=len(fields))
        return
    given = reference or key
    if given is None:
        return
    what, text = given
    if not text or "${" in text or "#{" in text:
        node.sheet.needs_hand(element, what, "form_unclear", form=text)
        return
    form_id = name_of(text.removeprefix("camunda-forms:bpmn:")) if reference is None else text
    put(element, "formDefinition", formId=form_id)
    if what.endswith("formRef") or text.startswith("camunda-forms:") or text.endswith(".form"):
        node.sheet.mapped(element, what, "form_named", form=form_id)
    else:
        node.sheet.needs_hand(element, what, "form_elsewhere", form=form_id, key=text)


def form_of(form_id: str, fields: list[etree._Element], node: Node) -> dict[str, Any]:
    """A form-js form of embedded form fields."""
    components = [_component(field, node) for field in fields if field.get("id")]
    return {"type": "default", "id": form_id, "schemaVersion": SCHEMA_VERSION, "components": components}


def _component(field: etree._Element, node: Node) -> dict[str, Any]:
    foreign = (field.get("type") or "string").strip()
    kind = _TYPES.get(foreign)
    identity = (field.get("variable") or field.get("id") or "").strip()
    label = (field.get("label") or field.get("name") or identity).strip()
    if kind is None:
        node.sheet.needs_hand(node.element, f"form field {identity}", "field_type", type=foreign)
        kind = "textfield"
    component: dict[str, Any] = {"type": kind, "id": f"Field_{identity}", "key": identity, "label": label}
    if kind == "datetime":
        component |= {"subtype": "date", "dateLabel": label}
    if kind == "number":
        component["decimalDigits"] = 2 if foreign == "double" else 0
    if kind in {"select", "radio"}:
        component["values"] = [
            {"label": option.get("name") or option.get("id") or "", "value": option.get("id") or ""}
            for option in field if etree.QName(option).localname == "value"
        ]  # fmt: skip
    default = (field.get("defaultValue") or field.get("default") or "").strip()
    if default and "${" not in default:
        component["defaultValue"] = default if kind not in {"checkbox", "number"} else _plain(default)
    elif default:
        node.sheet.needs_hand(node.element, f"form field {identity}", "field_default", expression=default)
    if field.get("writable") == "false":
        component["readonly"] = True
    checks = _validation(field, node, component)
    if checks:
        component["validate"] = checks
    return component


def _validation(field: etree._Element, node: Node, component: dict[str, Any]) -> dict[str, Any]:
    checks: dict[str, Any] = {"required": True} if field.get("required") == "true" else {}
    for part in field.iter():
        if etree.QName(part).localname != "constraint":
            continue
        name, config = part.get("name") or "", part.get("config") or ""
        if name == "readonly":
            component["readonly"] = True
        elif name == "required":
            checks["required"] = True
        elif name in _CHECKS and _plain(config) is not None:
            checks[_CHECKS[name]] = _plain(config)
        else:
            node.sheet.needs_hand(
                node.element, f"form field {component['key']}", "field_check", check=name, config=config
            )
    return checks


def _plain(text: str) -> bool | int | float | None:
    if text in {"true", "false"}:
        return text == "true"
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e15 else None


def translate_embedded_forms(root: etree._Element, node: Node) -> None:
    """Forms of Camunda 8 that lie as JSON in the process, and the keys that point to them."""
    for form in list(root.iter(zeebe("userTaskForm"))):
        holder = form.getparent()
        assert holder is not None
        holder.remove(form)
        identity = name_of(form.get("id") or "form")
        try:
            body = json.loads(form.text or "")
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            node.sheet.needs_hand(holder, "zeebe:userTaskForm", "form_broken", form=identity)
            continue
        node.sheet.forms[identity] = {**body, "id": identity}
        node.sheet.mapped(
            holder, "zeebe:userTaskForm", "form_made", form=identity, count=len(body.get("components") or ())
        )
    for definition in list(root.iter(zeebe("formDefinition"))):
        text = str(definition.attrib.pop("formKey", "")) or str(definition.attrib.pop("externalReference", ""))
        if not text or definition.get("formId"):
            continue
        identity = name_of(text.removeprefix("camunda-forms:bpmn:"))
        definition.set("formId", identity)
        if identity in node.sheet.forms:
            node.sheet.mapped(definition, "zeebe:formKey", "form_named", form=identity)
        else:
            node.sheet.needs_hand(definition, "zeebe:formKey", "form_elsewhere", form=identity, key=text)


def drop_empty_holders(root: etree._Element) -> None:
    """Take away ``extensionElements`` with nothing left in them."""
    for holder in list(root.iter(bpmn("extensionElements"))):
        parent = holder.getparent()
        if len(holder) == 0 and parent is not None:
            parent.remove(holder)
