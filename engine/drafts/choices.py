"""What the editors offer instead of free text: forms, decisions, processes, groups, connectors, stages, variables."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.decisions import read_dmn
from engine.domain_functions import LIBRARY
from engine.drafts.files import kind_of, published_files
from engine.drafts.policies import drawings_of
from engine.feel import STANDARD
from engine.reference import data
from engine.storage import Role, ServiceType

Option = dict[str, Any]


def with_published(session: Session, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The draft's ``files`` among everything that is published."""
    return {**{path: file.content for path, file in published_files(session).items()}, **files}


def choices(session: Session, everything: Mapping[str, bytes], language: str) -> dict[str, list[Option]]:
    """Lists of ``{value, label}``, in the reader's language where there are names in both."""
    english = language == "en"
    return {
        "groups": [
            {"value": r.code, "label": r.name_en if english else r.name}
            for r in session.scalars(select(Role).order_by(Role.position, Role.code))
        ],
        "service_types": [
            {"value": s.code, "label": s.name_en if english else s.name}
            for s in session.scalars(select(ServiceType).order_by(ServiceType.position))
        ],
        "processes": [
            {"value": d.key, "label": f"{d.process.name or d.key}"}
            for d in sorted(drawings_of(everything), key=lambda d: d.key)
        ],
        "forms": [{"value": key, "label": key} for key in _form_ids(everything)],
        "decisions": _decisions(everything),
        "connectors": [_connector(code, row, english) for code, row in data("connectors.yaml")["connectors"].items()],
        "stages": [{"value": stage, "label": stage} for stage in _used(everything, "stage")],
        "evidence": [{"value": slots, "label": slots} for slots in _used(everything, "evidence")],
        **{
            name: [{"value": row["code"], "label": row["name_en"] if english else row["name"]} for row in rows]
            for name, rows in data("process_words.yaml").items()
        },
    }


def places(everything: Mapping[str, bytes]) -> dict[str, dict[str, str]]:
    """Where a form, decision or process lies: kind → id → path."""
    return {
        "form": {key: f"forms/{key}.form" for key in _form_ids(everything)},
        "process": {d.key: d.file for d in drawings_of(everything)},
        "decision": {
            decision: path
            for path, content in everything.items()
            if path.endswith(".dmn")
            for decision, _ in _named(path, content)
        },
    }


def variables(language: str) -> list[Option]:
    """What every expression sees besides the process's own variables."""
    return _entries("variables", 1 if language == "en" else 0)


def _entries(part: str, column: int) -> list[Option]:
    words = data("case_words.yaml")
    return [
        {
            "name": name,
            "type": kind,
            "info": texts[column],
            "entries": _entries(name, column) if kind == "context" and name in words else [],
        }
        for name, (kind, *texts) in words[part].items()
    ]


def functions(language: str) -> list[Option]:
    """The house's own functions for the editor's completion."""
    english = language == "en"
    return [
        {
            "name": f.name,
            "params": [p.name for p in f.parameters],
            "info": f.description_en if english else f.description_zh,
        }
        for f in LIBRARY.functions
        if not STANDARD.find(f.name)
    ]


def _form_ids(files: Mapping[str, bytes]) -> list[str]:
    return sorted(p.removeprefix("forms/").removesuffix(".form") for p in files if kind_of(p) == "form")


def _decisions(files: Mapping[str, bytes]) -> list[Option]:
    found = []
    for path, content in files.items():
        if path.endswith(".dmn"):
            found += [{"value": decision, "label": name} for decision, name in _named(path, content)]
    return sorted(found, key=lambda option: option["value"])


@lru_cache(maxsize=200)
def _named(path: str, content: bytes) -> tuple[tuple[str, str], ...]:
    return tuple((d.id, d.name or d.id) for d in read_dmn(content, path).decisions.values())


def _used(files: Mapping[str, bytes], name: str) -> list[str]:
    """Values of a property that diagrams already use, most used first."""
    counts: dict[str, int] = {}
    for drawing in drawings_of(files):
        for element in drawing.elements.values():
            value = element.properties.get(name, "")
            if value and not value.startswith("="):
                counts[value] = counts.get(value, 0) + 1
    return sorted(counts, key=lambda value: (-counts[value], value))


def _connector(code: str, row: Mapping[str, Any], english: bool) -> Option:
    def words(part: Mapping[str, Any], name: str) -> str:
        return str(part.get(f"{name}_en" if english else name) or "")

    return {
        "value": code,
        "type": code,
        "label": words(row, "name"),
        "description": words(row, "description"),
        "inputs": [
            {
                "name": i["name"],
                "label": words(i, "label"),
                "required": bool(i.get("required")),
                "choices": [{"value": c, "label": c} for c in i.get("choices", ())],
            }
            for i in row.get("inputs") or ()
        ],
        "outputs": [{"name": o["name"], "label": words(o, "label")} for o in row.get("outputs") or ()],
    }
