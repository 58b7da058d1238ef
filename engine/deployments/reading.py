"""Files of a bundle: where they lie, what kind they are, what hash the whole has."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from importlib.resources import files as package_files
from importlib.resources.abc import Traversable
from pathlib import Path

from engine.errors import FieldProblem, InvalidInput

KINDS = {".bpmn": "bpmn", ".dmn": "dmn", ".form": "form", ".scenario.yaml": "scenario"}


def kind_of(path: str) -> str:
    """bpmn, dmn, form or scenario, by the ending.

    Raises:
        InvalidInput: a bundle holds no such files.
    """
    for ending, kind in KINDS.items():
        if path.endswith(ending):
            return kind
    raise InvalidInput("not a file of a bundle", [FieldProblem("path", "bad_path", {"path": path[:200]})])


def load_folder(path: Path | None = None) -> dict[str, bytes]:
    """Every file of ``workflows/**`` and ``forms/*`` below ``path``, by its path; without one, what is shipped."""
    if path is not None:
        roots: list[tuple[str, Traversable]] = [(name, path / name) for name in ("workflows", "forms")]
        if not any(root.is_dir() for _, root in roots):
            roots = [("", path)]
    else:
        roots = [(name, package_files(name)) for name in ("workflows", "forms")]
    found: dict[str, bytes] = {}
    for name, root in roots:
        if root.is_dir():
            found.update(_below(root, name))
    return found


def _below(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        path = f"{prefix}/{entry.name}" if prefix else entry.name
        if entry.name.startswith((".", "_")):
            continue
        if entry.is_dir():
            yield from _below(entry, path)
        elif any(entry.name.endswith(ending) for ending in KINDS):
            yield path, entry.read_bytes()


def sha256_of(data: bytes) -> str:
    """The hash a file goes by."""
    return hashlib.sha256(data).hexdigest()


def bundle_sha256(files: Mapping[str, bytes]) -> str:
    """One hash over all paths and contents."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path}\0{sha256_of(files[path])}\n".encode())
    return digest.hexdigest()
