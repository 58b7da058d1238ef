"""``cityloop catalogue``: the shipped processes as a document a city official can review, diagrams drawn as SVG.

Drawn by the viewer itself in a headless Chromium (the test extra brings Playwright). Only what changed is drawn again:
each picture carries the hash of its diagram.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from engine.bpmn import compile_processes
from engine.bpmn.program import read_definitions
from engine.decisions import read_dmn
from engine.decisions.model import Decision, DecisionTable, DmnFile
from engine.deployments import load_folder
from engine.reference import data
from engine.settings import shipped
from web.bundles import DIST

MOST_RULES = 130
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


@click.command()
@click.option("--check", is_flag=True, help="Only say whether the document is in step; exit status 1 when it is not.")
def command(check: bool) -> None:
    """Write docs/processes.md and docs/processes/*.svg from workflows/."""
    target = shipped("docs")
    files = load_folder()
    text = document(files)
    if check:
        raise SystemExit(0 if in_step(target, files) else 1)
    stale = [path for path, content in _diagrams(files) if not _is_drawn(target, path, content)]
    for path, svg in _draw({path: files[path] for path in stale}):
        _picture(target, path).parent.mkdir(parents=True, exist_ok=True)
        _picture(target, path).write_text(f"<!-- {_hash(files[path])} -->\n{_lean(svg)}\n", "utf-8")
    wanted = {_picture(target, path) for path, _ in _diagrams(files)}
    for old in set((target / "processes").glob("*.svg")) - wanted:
        old.unlink()
    (target / "processes.md").write_text(text, "utf-8")
    click.echo(f"docs/processes.md: {len(wanted)} diagrams, {len(stale)} drawn again.")


def in_step(target: Path, files: Mapping[str, bytes]) -> bool:
    """Whether document and pictures say what the files say."""
    kept = target / "processes.md"
    drawn = all(_is_drawn(target, path, content) for path, content in _diagrams(files))
    return drawn and kept.exists() and kept.read_text("utf-8") == document(files)


def _diagrams(files: Mapping[str, bytes]) -> list[tuple[str, bytes]]:
    return sorted((path, content) for path, content in files.items() if path.endswith(".bpmn"))


def _picture(target: Path, path: str) -> Path:
    return target / "processes" / f"{Path(path).stem}.svg"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _is_drawn(target: Path, path: str, content: bytes) -> bool:
    picture = _picture(target, path)
    return picture.exists() and _hash(content) in picture.read_text("utf-8")[:100]


def _lean(svg: str) -> str:
    """Without what only an editor needs: hit areas, selection outlines, the drawing tool's comment."""
    svg = re.sub(r"<!--.*?-->|<\?xml.*?\?>|<!DOCTYPE.*?>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<(rect|polyline|path|circle)[^>]*class="djs-(hit|outline)[^"]*"[^>]*(/>|></\1>)', "", svg)
    return svg.strip()


def _draw(diagrams: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    if not diagrams:
        return
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise click.ClickException("Playwright is missing; install the extra: pip install -e '.[test]'") from error
    program = next((path for path in CHROMIUM if Path(path).exists()), None)
    if program is None:
        raise click.ClickException("There is no Chromium; run: make chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        page.route("http://catalogue.local/**", _serve)
        page.goto("http://catalogue.local/")
        page.wait_for_selector("body[data-ready]", state="attached")
        for path, content in diagrams.items():
            yield path, page.evaluate("xml => window.drawSvg(xml)", content.decode())
        browser.close()


def _serve(route: Any) -> None:
    """The page and the built bundle, from the disk: nothing is fetched."""
    name = route.request.url.removeprefix("http://catalogue.local/")
    if name:
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        route.fulfill(body=(DIST / name).read_bytes(), content_type=kind)
        return
    manifest = json.loads((DIST / "manifest.json").read_text("utf-8"))
    entry = manifest["src/svg/index.js"]["file"]
    page = f'<!doctype html><meta charset="utf-8"><body><script type="module" src="/{entry}"></script>'
    route.fulfill(body=page, content_type="text/html")


# -- the document ----------------------------------------------------------------------------------------------------


def document(files: Mapping[str, bytes]) -> str:
    """The whole catalogue as Markdown, worded by ``web/templates/catalogue.md``."""
    processes, _ = compile_processes({p: c for p, c in files.items() if p.endswith(".bpmn")})
    templates = Environment(
        loader=FileSystemLoader(shipped("web") / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown for the repository, never sent to a browser by CityLoop
    )
    roles = {row["code"]: row["name"] for row in data("roles.yaml")["roles"]}
    templates.filters |= {"line": _line, "cell": _cell, "stem": _stem, "role": lambda code: roles.get(code, code)}
    return templates.get_template("catalogue.md").render(
        kinds=data("process_words.yaml")["kinds"],
        processes=processes,
        lanes=_lanes(files),
        tables=[(path, decision) for path, file in _decisions(files) for decision in _tables(file)],
        most_rules=MOST_RULES,
    )


def _lanes(files: Mapping[str, bytes]) -> dict[str, list[str]]:
    definitions, _ = read_definitions(files)
    return {
        drawing.key: list(dict.fromkeys(e.lane for e in drawing.elements.values() if e.lane))
        for definition in definitions
        for drawing in definition.drawings
    }


def _decisions(files: Mapping[str, bytes]) -> list[tuple[str, DmnFile]]:
    return [(path, read_dmn(content, path)) for path, content in sorted(files.items()) if path.endswith(".dmn")]


def _tables(file: DmnFile) -> list[Decision]:
    return [decision for decision in file.tables() if isinstance(decision.logic, DecisionTable)]


def _stem(path: str) -> str:
    return Path(path).stem


def _line(text: object) -> str:
    return " ".join(str(text).split())


def _cell(text: object) -> str:
    return _line(text).replace("|", "\\|")
