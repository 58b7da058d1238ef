"""``cityloop assets``: browser bundles (Vite, through the nodejs wheel) and compiled translations.

Skipped when the inputs' hash is unchanged. An installed wheel carries the results and has no sources to build from.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

WEB = Path(__file__).resolve().parents[1]
FRONTEND = WEB / "frontend"
DIST = WEB / "static" / "dist"
STAMP = "inputs.sha256"


@click.command()
@click.option("--force", is_flag=True, help="Build even when nothing changed.")
def command(force: bool) -> None:
    """Build the browser bundles and compile the translations."""
    for line in (build_bundles(force=force), compile_translations()):
        if line:
            click.echo(line)


def build_bundles(*, force: bool = False) -> str:
    """Build ``web/static/dist`` from ``web/frontend`` when its sources changed; answers one line for the reader.

    Raises:
        click.ClickException: there is no Node, or npm or Vite failed; their words are passed on.
    """
    if not (FRONTEND / "package.json").exists():
        if (DIST / "manifest.json").exists():
            return "Browser bundles: as shipped."
        raise click.ClickException(f"Neither built bundles in {DIST} nor their sources in {FRONTEND}: reinstall.")
    with _one_builder_at_a_time():
        wanted = inputs_hash()
        stamp = DIST / STAMP
        if not force and stamp.exists() and stamp.read_text() == wanted:
            return "Browser bundles: nothing changed."
        click.echo("Building the browser bundles; a minute or so …")
        _install_packages()
        fresh = DIST.with_name("dist.new")
        shutil.rmtree(fresh, ignore_errors=True)
        _run("node", "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn", CITYLOOP_ASSETS_OUT=str(fresh))
        (fresh / STAMP).write_text(wanted)
        _swap(fresh)
    return f"Browser bundles: built into {DIST.relative_to(WEB.parent)}."


def inputs_hash() -> str:
    """SHA-256 over every source file below ``web/frontend``: its path and its bytes."""
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(f"{path.relative_to(FRONTEND)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def compile_translations() -> str:
    """Compile every ``.po`` below ``web/translations`` that is newer than its ``.mo``."""
    compiled = 0
    for source in sorted((WEB / "translations").glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as stream:
            catalogue = read_po(stream, locale=source.parents[1].name, abort_invalid=True)
        fresh = target.with_name(f"{target.name}.{os.getpid()}")
        with fresh.open("wb") as stream:
            write_mo(stream, catalogue)
        fresh.replace(target)
        compiled += 1
    return f"Translations: {compiled} compiled." if compiled else "Translations: nothing changed."


def _sources() -> list[Path]:
    return sorted(
        p for p in FRONTEND.rglob("*") if p.is_file() and "node_modules" not in p.parts and p.suffix != ".lock"
    )


def _install_packages() -> None:
    """``npm ci`` unless the installed packages are the lockfile's; no package may run scripts of its own."""
    lock = hashlib.sha256((FRONTEND / "package-lock.json").read_bytes()).hexdigest()
    installed = FRONTEND / "node_modules" / STAMP
    if installed.exists() and installed.read_text() == lock:
        return
    _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    installed.write_text(lock)


def _run(*words: str, **environment: str) -> None:
    """Run a Node program in ``web/frontend``; Node comes from the wheel beside this Python, else from the machine."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    program = shutil.which(words[0], path=path)
    if program is None:
        raise click.ClickException(f"{words[0]} is missing; install the extra: pip install -e '.[assets]'")
    done = subprocess.run(
        [program, *words[1:]],
        cwd=FRONTEND,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise click.ClickException(f"{' '.join(words)} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


def _swap(fresh: Path) -> None:
    """Put the fresh bundles in place; a running server sees the old or the new folder, never half of one."""
    old = DIST.with_name("dist.old")
    shutil.rmtree(old, ignore_errors=True)
    if DIST.exists():
        DIST.rename(old)
    fresh.rename(DIST)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _one_builder_at_a_time() -> Iterator[None]:
    """Tests run in several processes; whoever comes second waits and then finds the work done."""
    DIST.parent.mkdir(parents=True, exist_ok=True)
    with (FRONTEND / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
