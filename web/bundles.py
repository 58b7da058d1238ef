"""Finds the built browser bundles by name for the templates: ``bundle_styles("app")``, ``bundle_script("app")``."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, url_for
from markupsafe import Markup

from engine.errors import CityLoopError

DIST = Path(__file__).resolve().parent / "static" / "dist"


class BundlesMissing(CityLoopError):
    """The browser bundles were never built on this machine."""

    code = "bundles_missing"


def init_app(app: Flask) -> None:
    """Give templates ``bundle_styles`` and ``bundle_script``."""
    app.add_template_global(styles, "bundle_styles")
    app.add_template_global(script, "bundle_script")


def styles(name: str) -> Markup:
    """``<link>`` elements of the bundle ``name`` and of everything it imports."""
    links = [Markup('<link rel="stylesheet" href="{}">').format(_address(file)) for file in _styles(name)]
    return Markup("\n").join(links)


def script(name: str) -> Markup:
    """The bundle's ``<script type="module">``."""
    return Markup('<script type="module" src="{}"></script>').format(_address(_entry(name)["file"]))


def _address(file: str) -> str:
    return url_for("static", filename=f"dist/{file}")


def _entry(name: str) -> dict[str, Any]:
    manifest = _manifest()
    try:
        return manifest[f"src/{name}/index.js"]
    except KeyError:
        raise BundlesMissing(f"there is no browser bundle {name!r}; run: cityloop assets", bundle=name) from None


def _styles(name: str) -> list[str]:
    """Style files of the bundle: those of the chunks it imports first, each once."""
    manifest, found, seen = _manifest(), [], set()

    def visit(entry: dict[str, Any]) -> None:
        for imported in entry.get("imports", ()):
            if imported not in seen:
                seen.add(imported)
                visit(manifest[imported])
        found.extend(file for file in entry.get("css", ()) if file not in found)

    visit(_entry(name))
    return found


def _manifest() -> dict[str, Any]:
    path = DIST / "manifest.json"
    try:
        return _read(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        raise BundlesMissing("the browser bundles are not built; run: cityloop assets") from None


@cache
def _read(path: Path, changed: int) -> dict[str, Any]:
    """The manifest, read again when the file changed (``changed`` is part of the cache's key)."""
    manifest: dict[str, Any] = json.loads(path.read_text())
    return manifest
