"""The library's functions as a list for people: a table in Markdown; the workbench shows the same facts."""

from __future__ import annotations

from typing import Any

from engine.feel.library import Function, Library


def catalogue(library: Library) -> list[dict[str, Any]]:
    """Every function once, with all its signatures: name, group, signatures, result, description_zh, description_en."""
    found: dict[str, dict[str, Any]] = {}
    for function in library.functions:
        entry = found.setdefault(
            function.name,
            {
                "name": function.name,
                "group": function.group,
                "signatures": [],
                "result": function.result,
                "description_zh": function.description_zh,
                "description_en": function.description_en,
            },
        )
        entry["signatures"].append(_signature(function))
    return list(found.values())


def _signature(function: Function) -> str:
    """``substring(string, start position, [length])``; that many alike may be given is shown once."""
    return function.signature.replace("item, items…", "item, …")


def markdown(library: Library) -> str:
    """One table a group: how it is called, what it gives, what it does in both languages."""
    lines: list[str] = []
    group = ""
    for entry in sorted(catalogue(library), key=lambda entry: _order(library).index(entry["group"])):
        if entry["group"] != group:
            group = entry["group"]
            lines += ["", f"### {group[0].upper()}{group[1:]}", "", "| Function | Gives | 说明 | What it does |"]
            lines.append("| --- | --- | --- | --- |")
        calls = "<br>".join(f"`{signature}`" for signature in entry["signatures"])
        lines.append(f"| {calls} | {entry['result']} | {entry['description_zh']} | {entry['description_en']} |")
    return "\n".join(lines[1:]) + "\n"


def _order(library: Library) -> list[str]:
    return list(dict.fromkeys(function.group for function in library.functions))
