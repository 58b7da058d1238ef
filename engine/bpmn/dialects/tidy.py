"""Making any BPMN file one that can be worked on: encoding, ids, executable flags, what belongs to nobody."""

from __future__ import annotations

import re

from lxml import etree

from engine.bpmn.dialects.report import Sheet, bpmn
from engine.bpmn.extensions import FOREIGN
from engine.bpmn.reader import BPMN, ZEEBE

_DECLARED = re.compile(rb"^\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z][\w.-]{0,39})[\"']")
_ALLOWED = re.compile(r"[\w.-]{1,200}")
_WRITTEN_ID = re.compile(rb"\sid\s*=\s*\"([^\"<&]{1,400})\"")
_QUOTED = re.compile(r"\"([^\"<>&]{1,400})\"")
_HELD = re.compile(r">([^<>&]{1,400})<")
_NEEDS_ID = frozenset({
    "process", "task", "userTask", "manualTask", "scriptTask", "serviceTask", "sendTask", "receiveTask",
    "businessRuleTask", "callActivity", "subProcess", "transaction", "adHocSubProcess", "startEvent", "endEvent",
    "intermediateThrowEvent", "intermediateCatchEvent", "boundaryEvent", "exclusiveGateway", "parallelGateway",
    "inclusiveGateway", "eventBasedGateway", "complexGateway", "sequenceFlow",
})  # fmt: skip


def as_utf8(data: bytes) -> bytes:
    """The file as UTF-8, where it says honestly what else it is written in; else as it came."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        encoding = "utf-16"
    else:
        match = _DECLARED.match(data[:200])
        encoding = match[1].decode("ascii").lower() if match else "utf-8"
    if encoding in {"utf-8", "utf8", "us-ascii"}:
        return data
    try:
        text = data.decode(encoding)
    except (UnicodeError, LookupError):
        return data
    return re.sub(r"^(\s*<\?xml[^>]*?)\s+encoding\s*=\s*[\"'][^\"']*[\"']", r"\1", text, count=1).encode("utf-8")


def repair_ids(data: bytes, sheet: Sheet) -> bytes:
    """Replace ids that we do not allow (blanks, colons …) wherever they are used."""
    found = {m[1].decode("utf-8", "replace") for m in _WRITTEN_ID.finditer(data)}
    bad = sorted(identity for identity in found if not _ALLOWED.fullmatch(identity))
    if not bad:
        return data
    fresh: dict[str, str] = {}
    used = dict.fromkeys(found, 1)
    for identity in bad:
        name = re.sub(r"[^\w.-]", "_", identity)[:180] or "_"
        used[name] = number = used.get(name, 0) + 1
        fresh[identity] = name if number == 1 else f"{name}_{number}"
        sheet.mapped(etree.Element("x", id=fresh[identity]), f"id {identity}"[:200], fresh[identity])
    text = data.decode("utf-8", "surrogateescape")
    text = _QUOTED.sub(lambda m: f'"{fresh.get(m[1], m[1])}"', text)
    text = _HELD.sub(lambda m: f">{fresh.get(m[1], m[1])}<", text)
    return text.encode("utf-8", "surrogateescape")


def give_ids(root: etree._Element) -> None:
    """Ids for whatever must have one; the standard lets them be absent."""
    taken = {str(node.get("id")) for node in root.iter() if node.get("id")}
    number = 0
    for node in root.iter(f"{{{BPMN}}}*"):
        if etree.QName(node).localname in _NEEDS_ID and not (node.get("id") or "").strip():
            number += 1
            while f"Element_{number}" in taken:
                number += 1
            node.set("id", f"Element_{number}")


def make_executable(root: etree._Element, sheet: Sheet) -> None:
    """Where no process says it is executable, all that contain anything are meant."""
    processes = root.findall(bpmn("process"))
    if any((p.get("isExecutable") or "").strip() in {"true", "1"} for p in processes):
        return
    for process in processes:
        if any(etree.QName(child).localname in _NEEDS_ID for child in process.iterchildren(f"{{{BPMN}}}*")):
            process.set("isExecutable", "true")
            sheet.needs_hand(process, "isExecutable", "made_executable")


def drop_strangers(root: etree._Element, sheet: Sheet) -> None:
    """Take away extension elements and attributes that mean nothing here, each named once per element."""
    for holder in root.iter(bpmn("extensionElements")):
        for child in list(holder):
            space = etree.QName(child).namespace
            if space not in {ZEEBE, BPMN}:
                holder.remove(child)
                sheet.dropped(holder, _label(space, etree.QName(child).localname))
    for node in root.iter(f"{{{BPMN}}}*"):
        for name in list(node.attrib):
            tag = etree.QName(str(name))
            if tag.namespace in FOREIGN:
                node.attrib.pop(name)
                sheet.dropped(node, _label(tag.namespace, tag.localname))
        for child in list(node):
            if etree.QName(child).namespace in FOREIGN:
                node.remove(child)
                sheet.dropped(node, _label(etree.QName(child).namespace, etree.QName(child).localname))


def drop_declarations(root: etree._Element, sheet: Sheet) -> None:
    """Take away what a file says of other files and vendors; an extension that must be understood stays as a to-do."""
    for child in root.findall(bpmn("extension")) + root.findall(bpmn("import")) + root.findall(bpmn("relationship")):
        if (child.get("mustUnderstand") or "").strip() not in {"true", "1"}:
            root.remove(child)
            sheet.dropped(root, etree.QName(child).localname)


def _label(space: str | None, name: str) -> str:
    return f"{FOREIGN.get(space or '', space or '')}:{name}"


def native_root(root: etree._Element) -> etree._Element:
    """The same tree under a root that declares ``zeebe`` and no foreign dialect any more."""
    spaces = {prefix: uri for prefix, uri in root.nsmap.items() if uri not in FOREIGN and prefix != "zeebe"}
    spaces = {prefix: uri for prefix, uri in spaces.items() if uri != ZEEBE} | {"zeebe": ZEEBE}
    fresh = etree.Element(root.tag, nsmap=spaces)  # type: ignore[arg-type]  # None is the default namespace
    for name, value in root.attrib.items():
        if etree.QName(str(name)).namespace not in FOREIGN:
            fresh.set(name, value)
    fresh.text = root.text
    for child in list(root):
        fresh.append(child)
    kept = [prefix for prefix, uri in spaces.items() if prefix and uri not in FOREIGN]
    etree.cleanup_namespaces(fresh, keep_ns_prefixes=kept)
    return fresh
